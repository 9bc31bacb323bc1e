//! What a caller's value becomes: within the limits, as the contract has it, and whole on the other side of the wire.

use std::sync::Arc;

use super::any::Any;
use super::reader;
use super::{Bytes, reader::Read};
use crate::export::encode;
use crate::record::{
    Array, Attributes, Content, Event, Limits, Scope, SpanId, SpanKind, SpanRecord, Status, Text, TraceId,
    Value, keys, prefix,
};

/// Nesting that the capture follows, and how much longer than the limit a text may be for its size to be told.
const MAX_DEPTH: usize = 128;
const PATIENCE: usize = 16;

/// Any value goes through the capture and the encoder to a body that a strict reader accepts and reads as the same span.
pub fn value(data: &[u8]) {
    let mut bytes = Bytes(data);
    let limits = Limits { value_bytes: usize::from(u16::from_le_bytes(bytes.array())) };
    let value = Any::read(&mut bytes);
    let rest = bytes.rest();

    let mut attributes = Attributes::new();
    attributes.capture("property", &value, limits);
    let captured = attributes.get("property");
    match Content::of(&value, limits) {
        None => unreachable!("nobody was told what {value:?} is"),
        Some(Content::Null) => {
            assert!(matches!(value.bare(), Any::None | Any::Unit), "{value:?}");
            assert_eq!(captured, Some("null".into()));
        }
        Some(Content::Value(typed)) => {
            check_typed(&value, &typed);
            // NaN equals NaN as text.
            assert_eq!(format!("{captured:?}"), format!("{:?}", Some(typed)));
        }
        Some(Content::Text(text)) => {
            check_text(&value, &text, limits);
            assert_eq!(captured, Some(Value::String(text.kept)));
        }
    }
    assert!(attributes.capture_text(&keys::INPUT, &value, limits), "{value:?} can be read");
    if let Some(text) = attributes.managed_text(keys::INPUT) {
        check_text(&value, &text, limits);
    }
    let record = record(attributes, &rest);
    assert_eq!(sent(&record).as_ref(), Ok(&reader::shown(&record)));
}

/// A text that is too long is cut between two characters and tells its size; any other is untouched.
pub fn truncation(data: &[u8]) {
    let mut bytes = Bytes(data);
    let limit = usize::from(u16::from_le_bytes(bytes.array()));
    let limits = Limits { value_bytes: limit };
    let text = bytes.rest();

    assert_eq!(prefix(&text, limit), longest_prefix(&text, limit));
    let borrowed = Text::of_str(&text, limits);
    check_cut(&text, &borrowed, limit);
    let owned = Text::of_string(text.clone(), limits);
    assert_eq!(owned, borrowed);
    assert!(owned.kept.into_owned().capacity() <= text.len().min(limit), "the memory of the whole is kept");
    check_text(&Any::Seq(vec![Any::Text(text.clone())]), &Text::of_json(&[&text], limits), limits);

    let again = Text::of_str(&borrowed.kept, limits);
    assert_eq!((&*again.kept, again.cut_from), (&*borrowed.kept, None), "it is cut once");
    let mut attributes = Attributes::new();
    attributes.set_text("k", borrowed);
    let size = attributes.get("bento.truncated.k");
    assert_eq!(size, (text.len() > limit).then(|| Value::from(text.len() as u64)));
}

/// The same by another way: characters are added as long as they fit.
fn longest_prefix(text: &str, limit: usize) -> &str {
    let ends = text.char_indices().map(|(start, character)| start + character.len_utf8());
    &text[..ends.take_while(|end| *end <= limit).last().unwrap_or(0)]
}

fn check_cut(whole: &str, text: &Text<'_>, limit: usize) {
    assert_eq!(text.kept, longest_prefix(whole, limit));
    assert_eq!(text.cut_from, (text.kept.len() < whole.len()).then_some(whole.len()));
}

/// A value that kept its type is what the caller gave (`wire.md`, "Values").
fn check_typed(value: &Any, typed: &Value<'_>) {
    let is_right = match (value.bare(), typed) {
        (Any::Bool(given), Value::Bool(kept)) => given == kept,
        (Any::Signed(given), Value::Int(kept)) => given == kept,
        (Any::Unsigned(given), Value::Int(kept)) => i128::from(*given) == i128::from(*kept),
        (Any::Wide(given), Value::Int(kept)) => *given == i128::from(*kept),
        (Any::WideUnsigned(given), Value::Int(kept)) => u128::try_from(*kept) == Ok(*given),
        (Any::Single(given), Value::Double(kept)) => {
            f64::from(*given).to_bits() == kept.to_bits() || given.is_nan()
        }
        (Any::Double(given), Value::Double(kept)) => given.to_bits() == kept.to_bits(),
        (Any::Seq(given) | Any::Tuple(given), Value::Array(kept)) => is_array_of(given, kept),
        _ => false,
    };
    assert!(is_right, "{value:?} became {typed:?}");
}

fn is_array_of(given: &[Any], kept: &Array) -> bool {
    let mut kept: Vec<Value<'_>> = match kept {
        Array::Bool(items) => items.iter().map(|item| Value::Bool(*item)).collect(),
        Array::Int(items) => items.iter().map(|item| Value::Int(*item)).collect(),
        Array::Double(items) => items.iter().map(|item| Value::Double(*item)).collect(),
        Array::String(items) => items.iter().map(|item| Value::from(item.as_str())).collect(),
    };
    let same_length = given.len() == kept.len();
    for (given, kept) in given.iter().zip(kept.drain(..)) {
        match (given.bare(), kept) {
            (Any::Text(given), Value::String(kept)) => assert_eq!(*given, kept),
            (Any::Char(given), Value::String(kept)) => assert_eq!(given.to_string(), kept),
            (Any::UnitVariant, Value::String(kept)) => assert_eq!(kept, "Unit"),
            (_, kept) => check_typed(given, &kept),
        }
    }
    same_length
}

/// A text is the caller's string, or the JSON that serde makes of the value, as far as limits and faults let it.
fn check_text(value: &Any, text: &Text<'_>, limits: Limits) {
    let limit = limits.value_bytes;
    assert!(text.kept.len() <= limit, "{} bytes at a limit of {limit}", text.kept.len());
    match value.bare() {
        Any::Text(whole) => return check_cut(whole, text, limit),
        Any::Char(whole) => return check_cut(&whole.to_string(), text, limit),
        Any::UnitVariant => return check_cut("Unit", text, limit),
        _ => {}
    }
    let mut whole = Vec::new();
    let outcome = serde_json::to_writer(&mut whole, value);
    let whole = String::from_utf8_lossy(&whole);
    assert!(whole.starts_with(&*text.kept), "{} does not begin {whole}", text.kept);
    match (&text.fault, outcome) {
        (None, Ok(())) => check_cut(&whole, text, limit),
        (None, Err(error)) => assert!(text.fault.is_some(), "nobody is told of {error}"),
        (Some(fault), Ok(())) => {
            let is_deep = whole.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count() > MAX_DEPTH;
            assert!(is_deep || whole.len() > limit.saturating_mul(PATIENCE), "no need of {fault:?}");
        }
        (Some(_), Err(_)) => {}
    }
}

/// A span that carries `attributes`, and `text` wherever else a span has text.
fn record(attributes: Attributes, text: &str) -> SpanRecord {
    let (Some(trace_id), Some(span_id)) = (TraceId::from_u128(0xAB), SpanId::from_u64(0xCD)) else {
        unreachable!("neither is zero")
    };
    SpanRecord {
        trace_id,
        span_id,
        parent: None,
        trace_state: None,
        name: text.to_owned(),
        kind: SpanKind::Internal,
        start: 1,
        end: 2,
        attributes,
        events: vec![Event::exception(text, text, 1)],
        links: Vec::new(),
        status: Status::Error(text.to_owned()),
        resource: Arc::default(),
        scope: Scope::ours(),
        notes: crate::record::Notes::default(),
    }
}

/// The span as it arrives.
fn sent(record: &SpanRecord) -> Read<String> {
    let mut body = Vec::new();
    encode(&[record], &mut body).map_err(|error| error.to_string())?;
    match &reader::read(&body)?[..] {
        [arrived] => Ok(reader::shown(arrived)),
        others => Err(format!("{} spans", others.len())),
    }
}
