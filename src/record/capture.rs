//! From a caller's value to what a span carries (`wire.md`, "Values"): scalars and flat arrays keep their type,
//! everything else becomes its JSON text, bounded while it is written.

mod scalar;
#[cfg(any(test, fuzzing))]
mod told;

use std::borrow::Cow;
use std::cell::Cell;
use std::io;

use serde_core::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};

#[cfg(any(test, fuzzing))]
pub(crate) use self::told::Content;
use super::limits::prefix;
use super::{Array, Limits, Scalar};

/// Deeper nesting is cut: it is what `serde_json` itself refuses to read, and far below what a stack can take.
const MAX_DEPTH: usize = 128;

/// A text within the limits, and what the limits cost it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Text<'a> {
    pub(crate) kept: Cow<'a, str>,
    /// The size in bytes before the cut, where one was made.
    pub(crate) cut_from: Option<usize>,
    /// Why serialisation stopped early, where it did; `kept` holds what was written until then.
    pub(crate) fault: Option<String>,
}

/// Who is told what a value is on the wire; where it is told more than once, the last one counts. JSON null is told
/// apart, because an argument that is null is left out.
pub(crate) trait Take {
    fn null(&mut self);

    fn scalar(&mut self, scalar: Scalar);

    fn array(&mut self, array: Array);

    fn text(&mut self, text: Text<'_>);

    /// A text that the limits have cost nothing.
    fn whole(&mut self, text: &str) {
        self.text(Text { kept: Cow::Borrowed(text), cut_from: None, fault: None });
    }
}

impl<'a> Text<'a> {
    pub(crate) fn of_string(text: String, limits: Limits) -> Self {
        if text.len() > limits.value_bytes {
            // Cutting in place would keep the memory of the whole.
            return Text::of_str(&text, limits).into_owned();
        }
        Self { kept: Cow::Owned(text), cut_from: None, fault: None }
    }

    pub(crate) fn of_str(text: &'a str, limits: Limits) -> Self {
        let kept = prefix(text, limits.value_bytes);
        Self {
            cut_from: (kept.len() < text.len()).then_some(text.len()),
            kept: Cow::Borrowed(kept),
            fault: None,
        }
    }

    /// The compact JSON text of `value`.
    pub(crate) fn of_json<T: Serialize + ?Sized>(value: &T, limits: Limits) -> Self {
        let mut memory = Vec::new();
        json(value, limits, &mut memory).into_owned()
    }

    pub(crate) fn borrowed(&self) -> Text<'_> {
        Text { kept: Cow::Borrowed(&self.kept), cut_from: self.cut_from, fault: self.fault.clone() }
    }

    pub(crate) fn into_owned(self) -> Text<'static> {
        Text { kept: Cow::Owned(self.kept.into_owned()), cut_from: self.cut_from, fault: self.fault }
    }
}

/// Tells what `value` becomes as a property.
pub(crate) fn read<T: Serialize + ?Sized>(value: &T, limits: Limits, take: &mut dyn Take) {
    if scalar::read(value, limits, take).is_err() {
        read_json(value, limits, take);
    }
}

/// Tells the compact JSON text of `value`.
pub(crate) fn read_json<T: Serialize + ?Sized>(value: &T, limits: Limits, take: &mut dyn Take) {
    with_memory(|memory| take.text(json(value, limits, memory)));
}

/// Runs `work` with memory for a text, which is used again; a `Serialize` that captures values itself gets its own.
fn with_memory(work: impl FnOnce(&mut Vec<u8>)) {
    /// What is kept for the next text.
    const KEPT: usize = 16 * 1024;
    thread_local! {
        static MEMORY: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    let mut memory = MEMORY.try_with(Cell::take).unwrap_or_default();
    work(&mut memory);
    memory.clear();
    memory.shrink_to(KEPT);
    MEMORY.try_with(|kept| kept.set(memory)).ok();
}

/// The compact JSON text of `value`, written into `memory`.
fn json<'a, T: Serialize + ?Sized>(value: &T, limits: Limits, memory: &'a mut Vec<u8>) -> Text<'a> {
    let mut writer = BoundedWriter { kept: memory, written: 0, limit: limits.value_bytes };
    let formatter = DepthLimit { compact: CompactFormatter, depth: 0 };
    let mut serializer = serde_json::Serializer::with_formatter(&mut writer, formatter);
    let fault = value.serialize(&mut serializer).err().map(|error| error.to_string());
    writer.finish(fault)
}

/// A text this many times longer than the limit is not read to its end, only to learn how long it is.
const PATIENCE: usize = 16;

/// Keeps the first `limit` bytes and counts the rest, up to a point.
struct BoundedWriter<'a> {
    kept: &'a mut Vec<u8>,
    written: usize,
    limit: usize,
}

impl<'a> BoundedWriter<'a> {
    fn finish(self, fault: Option<String>) -> Text<'a> {
        let cut_from = (self.kept.len() < self.written).then_some(self.written);
        let kept = match std::str::from_utf8(self.kept) {
            Ok(text) => text,
            // The limit fell inside a character.
            Err(error) => {
                let valid = self.kept.get(..error.valid_up_to()).unwrap_or_default();
                std::str::from_utf8(valid).unwrap_or_default()
            }
        };
        Text { kept: Cow::Borrowed(kept), cut_from, fault }
    }
}

impl io::Write for BoundedWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.limit.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.written += bytes.len();
        if self.written / PATIENCE > self.limit {
            return Err(io::Error::other(format!("longer than {} bytes", self.written)));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Compact JSON that stops, with what it has, where nesting goes too deep for a stack.
struct DepthLimit {
    compact: CompactFormatter,
    depth: usize,
}

impl DepthLimit {
    fn deeper(&mut self) -> io::Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(io::Error::other(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(())
    }
}

impl Formatter for DepthLimit {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.deeper()?;
        self.compact.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        self.compact.end_array(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.deeper()?;
        self.compact.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        self.compact.end_object(writer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::record::{Attributes, Value, keys};

    /// What `value` becomes as an input.
    fn text_of<T: Serialize + ?Sized>(value: &T, limits: Limits) -> Option<Text<'static>> {
        let mut attributes = Attributes::new();
        assert!(attributes.capture_text(&keys::INPUT, value, limits), "it can be read");
        attributes.managed_text(keys::INPUT).map(Text::into_owned)
    }

    fn property<T: Serialize + ?Sized>(value: &T) -> Option<Content> {
        Content::of(value, Limits::default())
    }

    fn text<T: Serialize + ?Sized>(value: &T) -> Option<String> {
        text_of(value, Limits::default()).map(|text| text.kept.into_owned())
    }

    fn array(array: Array) -> Content {
        Content::Value(array.into())
    }

    fn as_text(content: Option<Content>) -> Option<String> {
        match content? {
            Content::Text(text) => Some(text.kept.into_owned()),
            Content::Null | Content::Value(_) => None,
        }
    }

    #[test]
    fn scalars_and_flat_arrays_keep_their_type() {
        assert_eq!(property(&true), Some(Content::Value(Value::Bool(true))));
        assert_eq!(property(&-7_i8), Some(Content::Value(Value::Int(-7))));
        assert_eq!(property(&1.5_f32), Some(Content::Value(Value::Double(1.5))));
        assert_eq!(property(&Some(3)), Some(Content::Value(Value::Int(3))));
        assert_eq!(property(&[1, 2]), Some(array(Array::Int(vec![1, 2]))));
        assert_eq!(property(&json!(["a"])), Some(array(Array::String(vec!["a".into()]))));
        assert_eq!(property::<[u8; 0]>(&[]), Some(array(Array::String(Vec::new()))));
    }

    #[test]
    fn strings_are_untouched_and_everything_else_is_json_text() {
        assert_eq!(as_text(property("x")).as_deref(), Some("x"));
        assert_eq!(as_text(property(&json!({"a": 1}))).as_deref(), Some(r#"{"a":1}"#));
        assert_eq!(as_text(property(&json!([1, "a"]))).as_deref(), Some(r#"[1,"a"]"#));
        assert_eq!(as_text(property(&json!([1, null]))).as_deref(), Some("[1,null]"));
        assert_eq!(as_text(property(&json!([[1], [2]]))).as_deref(), Some("[[1],[2]]"));
        assert_eq!(as_text(property(&u64::MAX)).as_deref(), Some("18446744073709551615"));
        assert_eq!(property(&json!(null)), Some(Content::Null));
    }

    #[test]
    fn inputs_are_strings_untouched_or_json_text() {
        assert_eq!(text("say \"hi\"").as_deref(), Some("say \"hi\""));
        assert_eq!(text("").as_deref(), Some(""));
        assert_eq!(text(&json!({"ü": [1.5]})).as_deref(), Some(r#"{"ü":[1.5]}"#));
        assert_eq!(text(&42).as_deref(), Some("42"));
        assert_eq!(text(&f64::NAN).as_deref(), Some("null"));
        assert_eq!(text(&None::<&str>), None);
    }

    #[test]
    fn a_long_value_is_cut_between_characters_and_tells_its_size() {
        let limits = Limits { value_bytes: 8 };
        let cut = text_of("ééééé", limits);
        assert_eq!(cut, Some(Text { kept: "éééé".into(), cut_from: Some(10), fault: None }));
        let cut = text_of(&json!({"k": "ééé"}), limits);
        assert_eq!(cut, Some(Text { kept: r#"{"k":"é"#.into(), cut_from: Some(14), fault: None }));
        let cut = Content::of(&["aaaa", "bbbb"], limits);
        let text = Text { kept: r#"["aaaa","#.into(), cut_from: Some(15), fault: None };
        assert_eq!(cut, Some(Content::Text(text)));
    }

    #[test]
    #[cfg_attr(miri, ignore = "making a thousand levels one by one takes minutes there")]
    fn nesting_past_the_limit_keeps_what_was_written() {
        let mut deep = json!(1);
        for _ in 0..1_000 {
            deep = json!([deep]);
        }
        let text = text_of(&deep, Limits::default());
        let (text, fault) = text.map(|text| (text.kept.into_owned(), text.fault)).unwrap_or_default();
        assert_eq!(text, "[".repeat(MAX_DEPTH));
        assert!(fault.is_some_and(|fault| fault.contains("128 levels")));
    }

    #[test]
    fn a_failing_serialisation_is_told_not_lost() {
        let odd = std::collections::BTreeMap::from([(vec![1], 2)]);
        let text = text_of(&odd, Limits::default());
        assert!(text.is_some_and(|text| text.fault.is_some()));
    }
}
