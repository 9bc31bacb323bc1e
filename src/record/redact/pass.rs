//! One span's way past the hooks.

use std::cell::Cell;
use std::sync::Arc;

use super::{Change, Field, Hooks, Original, Redact};
use crate::foreign::Panics;
use crate::record::{
    Array, Attributes, Edit, Key, Limits, Name, SpanRecord, Status, Text, Value, cut_all, keys,
};

/// Stands for a value whose hook panicked: it may be just what the hook was there for.
const WITHHELD: &str = "[withheld: a redaction hook panicked]";
/// Stands for a name that was removed.
const UNNAMED: &str = "unnamed";

thread_local! {
    static AT_WORK: Cell<bool> = const { Cell::new(false) };
}

impl Hooks {
    /// The record as the hooks leave it, or nothing. A span that a hook itself emits is not sent: with the hooks it would
    /// emit the next one, without them it would be told in the clear.
    pub(crate) fn redact(
        &self,
        mut record: Box<SpanRecord>,
        limits: Limits,
        panics: &Panics,
    ) -> Option<Box<SpanRecord>> {
        if AT_WORK.try_with(|at_work| at_work.replace(true)).unwrap_or(false) {
            return None;
        }
        let mut pass = Pass { hooks: &self.0, limits, panics, dropped: false };
        pass.span(&mut record);
        let dropped = pass.dropped;
        AT_WORK.try_with(|at_work| at_work.set(false)).ok();
        (!dropped).then_some(record)
    }
}

struct Pass<'a> {
    hooks: &'a [Arc<dyn Redact>],
    limits: Limits,
    panics: &'a Panics,
    /// Whether a hook wants the span dropped: the rest of it is shown to none.
    dropped: bool,
}

impl Pass<'_> {
    fn span(&mut self, record: &mut SpanRecord) {
        let is_cut = |marker| record.attributes.get(marker).is_some();
        let (name_cut, message_cut) = (is_cut(keys::TRUNCATED_NAME), is_cut(keys::TRUNCATED_MESSAGE));
        let name_size = self.text(Field::NAME, name_cut, &mut record.name, UNNAMED, Limits::NAMES);
        let message_size = match &mut record.status {
            Status::Error(message) => self.text(Field::STATUS_MESSAGE, message_cut, message, "", self.limits),
            Status::Unset | Status::Ok => None,
        };
        self.trace_state(&mut record.trace_state);
        self.attributes(&mut record.attributes, record.notes.is_pending.then_some(keys::OUTPUT.name()));
        for event in &mut record.events {
            let mut name = event.name.to_string();
            let size = self.text(Field::EVENT_NAME, false, &mut name, UNNAMED, Limits::NAMES);
            if name != event.name {
                event.name = Name::Owned(name);
            }
            // The message of an exception was cut as that of the span.
            self.attributes(&mut event.attributes, message_cut.then_some(keys::EXCEPTION_MESSAGE.name()));
            mark(&mut event.attributes, keys::TRUNCATED_NAME, size);
        }
        for link in &mut record.links {
            self.trace_state(&mut link.trace_state);
            self.attributes(&mut link.attributes, None);
        }
        mark(&mut record.attributes, keys::TRUNCATED_NAME, name_size);
        mark(&mut record.attributes, keys::TRUNCATED_MESSAGE, message_size);
    }

    /// What the hooks make of one value.
    fn ask(&mut self, key: &str, is_cut: bool, original: Original<'_>) -> Change {
        if self.dropped {
            return Change::Kept;
        }
        let mut field = Field { key, original, is_cut, change: Change::Kept };
        for hook in self.hooks {
            let is_sound = self.panics.contain(|| hook.redact(&mut field)).is_some();
            match field.change {
                Change::SpanDropped => {
                    self.dropped = true;
                    break;
                }
                _ if !is_sound => return Change::Replaced(WITHHELD.to_owned()),
                Change::Removed => break,
                Change::Kept | Change::Replaced(_) => {}
            }
        }
        field.change
    }

    /// A text that is no attribute; gives the size of a replacement that the limits have cut.
    fn text(
        &mut self,
        key: &str,
        is_cut: bool,
        text: &mut String,
        instead: &str,
        limits: Limits,
    ) -> Option<usize> {
        match self.ask(key, is_cut, Original::Text(text)) {
            Change::Kept | Change::SpanDropped => return None,
            // An empty name is none.
            Change::Replaced(new) if !new.is_empty() => {
                let Text { kept, cut_from, .. } = Text::of_string(new, limits);
                *text = kept.into_owned();
                return cut_from;
            }
            Change::Replaced(_) | Change::Removed => instead.clone_into(text),
        }
        None
    }

    fn trace_state(&mut self, state: &mut Option<String>) {
        let Some(header) = state else { return };
        match self.ask(Field::TRACE_STATE, false, Original::Text(header)) {
            Change::Kept | Change::SpanDropped => {}
            Change::Replaced(_) | Change::Removed => *state = None,
        }
    }

    /// All attributes. What was replaced has no fault any more: the marker of one could repeat what was there. `also_cut`
    /// is the key of one whose marker is elsewhere, or of an output of which more may be to come.
    fn attributes(&mut self, attributes: &mut Attributes, also_cut: Option<&str>) {
        let cut = attributes.cut_keys();
        let mut too_long: Vec<(String, Text<'static>)> = Vec::new();
        let mut sizes: Vec<(String, usize)> = Vec::new();
        let mut replaced: Vec<String> = Vec::new();
        attributes.edit(|key, value| {
            let is_cut = also_cut == Some(key) || cut.iter().any(|cut| cut == key);
            let change = match &value {
                Value::Array(array) => match &**array {
                    Array::String(items) if !items.is_empty() => {
                        let mut items = items.clone();
                        self.items(key, is_cut, &mut items);
                        // Its key goes with the last of them: that may be what a hook will not have sent.
                        if items.is_empty() {
                            return Edit::Remove;
                        }
                        let size = cut_all(&mut items, self.limits.value_bytes);
                        sizes.extend(size.map(|size| (key.to_owned(), size)));
                        return Edit::Replace(Array::String(items).into());
                    }
                    _ => self.ask(key, is_cut, Original::Value(&value)),
                },
                Value::String(text) => self.ask(key, is_cut, Original::Text(text)),
                other => self.ask(key, is_cut, Original::Value(other)),
            };
            match change {
                Change::Kept | Change::SpanDropped => Edit::Keep,
                Change::Removed => Edit::Remove,
                Change::Replaced(text) => {
                    replaced.push(key.to_owned());
                    if text.len() <= self.limits.value_bytes {
                        return Edit::Replace(text.into());
                    }
                    too_long.push((key.to_owned(), Text::of_string(text, self.limits)));
                    Edit::Keep
                }
            }
        });
        if !replaced.is_empty() {
            attributes.edit(|key, _| {
                let subject = key.strip_prefix(keys::UNSERIALIZABLE);
                let goes = subject.is_some_and(|subject| replaced.iter().any(|replaced| replaced == subject));
                if goes { Edit::Remove } else { Edit::Keep }
            });
        }
        for (key, text) in too_long {
            attributes.set_managed_text(&(&key).into(), text);
        }
        for (key, size) in sizes {
            attributes.mark_cut(&key, size);
        }
    }

    /// Each text of an array.
    fn items(&mut self, key: &str, is_cut: bool, items: &mut Vec<String>) {
        items.retain_mut(|item| match self.ask(key, is_cut, Original::Text(item)) {
            Change::Kept | Change::SpanDropped => true,
            Change::Removed => false,
            Change::Replaced(text) => {
                *item = text;
                true
            }
        });
    }
}

fn mark(attributes: &mut Attributes, marker: Key<'_>, size: Option<usize>) {
    if let Some(size) = size {
        attributes.set_managed(&marker, size as u64);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::resume_unwind;

    use super::*;
    use crate::record::{Event, Link, Resource, Scope, SpanId, SpanKind, TraceId};

    fn record() -> SpanRecord {
        let mut attributes = Attributes::new();
        attributes.set_text("long", Text { kept: "secr".into(), cut_from: Some(9), fault: None });
        attributes.set("tags", Array::String(vec!["a".into(), "b".into()]));
        attributes.set("number", 7_u64);
        let mut why = Attributes::new();
        why.set("why", "retry");
        SpanRecord {
            trace_id: TraceId::random(),
            span_id: SpanId::random(),
            parent: None,
            trace_state: Some("vendor=x".into()),
            name: "plan".into(),
            kind: SpanKind::Internal,
            start: 1,
            end: 2,
            attributes,
            events: vec![Event::exception("Kind", "no hits", 2)],
            links: vec![Link {
                trace_id: TraceId::random(),
                span_id: SpanId::random(),
                trace_state: Some("vendor=y".into()),
                attributes: why,
            }],
            status: Status::Error("no hits".into()),
            resource: Arc::new(Resource::default()),
            scope: Scope::ours(),
            notes: crate::record::Notes::default(),
        }
    }

    fn hooks(hook: impl Redact + 'static) -> Hooks {
        let mut hooks = Hooks::default();
        hooks.push(hook);
        hooks
    }

    fn redacted(hooks: &Hooks, limits: Limits) -> (Option<SpanRecord>, u64) {
        let panics = Panics::new("a hook panicked");
        let record = hooks.redact(Box::new(record()), limits, &panics);
        (record.map(|record| *record), panics.count())
    }

    /// Everything in the record that is text, with its key.
    fn texts(record: &SpanRecord) -> String {
        let attributes = |attributes: &Attributes| format!("{:?}", attributes.iter().collect::<Vec<_>>());
        let events =
            record.events.iter().map(|event| format!("{} {}", event.name, attributes(&event.attributes)));
        let links = record
            .links
            .iter()
            .map(|link| format!("{:?} {}", link.trace_state, attributes(&link.attributes)));
        let rest: Vec<String> = events.chain(links).collect();
        format!(
            "{} {:?} {:?} {} {}",
            record.name,
            record.trace_state,
            record.status,
            attributes(&record.attributes),
            rest.join(" ")
        )
    }

    #[test]
    fn a_hook_sees_everything_once_and_under_its_key() {
        let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let hooks = hooks(move |field: &mut Field<'_>| {
            let cut = if field.is_cut() { " (cut)" } else { "" };
            if let Ok(mut log) = log.lock() {
                log.push(format!("{}={}{cut}", field.key(), field.value()));
            }
        });
        let before = texts(&record());
        let (record, _) = redacted(&hooks, Limits::default());
        assert_eq!(record.map(|record| texts(&record)), Some(before), "left alone, it goes as it is");
        let seen = seen.lock().map(|seen| seen.join("\n")).unwrap_or_default();
        let expected = r#"bento.span.name="plan"
bento.status.message="no hits"
bento.trace_state="vendor=x"
long="secr" (cut)
bento.truncated.long=9
tags="a"
tags="b"
number=7
bento.event.name="exception"
exception.type="Kind"
exception.message="no hits"
bento.trace_state="vendor=y"
why="retry""#;
        assert_eq!(seen, expected);
    }

    #[test]
    fn what_is_replaced_leaves_no_trace() {
        let hooks = hooks(|field: &mut Field<'_>| field.replace("x"));
        let texts = redacted(&hooks, Limits::default()).0.map(|record| texts(&record)).unwrap_or_default();
        for secret in ["plan", "secr", "\"a\"", "7", "no hits", "Kind", "vendor", "retry"] {
            assert!(!texts.contains(secret), "{secret} in {texts}");
        }
    }

    #[test]
    fn what_is_removed_goes_with_its_markers() {
        let hooks = hooks(|field: &mut Field<'_>| {
            if !field.key().starts_with("bento.truncated.") {
                field.remove();
            }
        });
        let record = redacted(&hooks, Limits::default()).0;
        let record = record.map(|record| {
            let tags = record.attributes.get("tags").map(Value::into_owned);
            (record.attributes.iter().count(), tags, record.name, record.status, record.trace_state)
        });
        let expected = (0, None, "unnamed".to_owned(), Status::Error(String::new()), None);
        assert_eq!(record, Some(expected));
    }

    #[test]
    fn what_is_replaced_takes_its_fault_along() {
        let mut spoilt = record();
        let fault = |text: &str| Text { kept: "{".into(), cut_from: Some(9), fault: Some(text.into()) };
        spoilt.attributes.set_text("card", fault("no number: 4111"));
        spoilt.attributes.set_text("kept", fault("too deep"));
        let hooks = hooks(|field: &mut Field<'_>| {
            if field.key() == "card" {
                field.replace("[card]");
            }
        });
        let record = hooks.redact(Box::new(spoilt), Limits::default(), &Panics::new("a hook panicked"));
        let attributes = record.map(|record| record.attributes).unwrap_or_default();
        let get = |key: &str| attributes.get(key);
        assert_eq!(get("card"), Some("[card]".into()));
        assert_eq!(get("bento.unserializable.card"), None);
        assert_eq!(get("bento.truncated.card"), Some(Value::Int(9)), "it was cut all the same");
        assert_eq!(get("bento.unserializable.kept"), Some("too deep".into()));
    }

    #[test]
    fn hooks_see_what_the_one_before_has_left_until_one_takes_it_out() {
        let mut hooks = hooks(|field: &mut Field<'_>| match field.key() {
            Field::NAME => field.replace("first"),
            "number" => field.remove(),
            _ => {}
        });
        hooks.push(|field: &mut Field<'_>| {
            if let Some(text) = field.text().filter(|text| *text == "first") {
                field.replace(format!("{text}, second"));
            }
            // It is gone: nobody is asked any more.
            assert!(field.key() != "number");
        });
        let (record, panics) = redacted(&hooks, Limits::default());
        assert_eq!((record.map(|record| record.name).as_deref(), panics), (Some("first, second"), 0));
    }

    #[test]
    fn a_panic_withholds_its_value_and_no_other() {
        let hooks = hooks(|field: &mut Field<'_>| {
            if matches!(field.key(), "why" | "exception.message" | Field::NAME | Field::STATUS_MESSAGE) {
                field.replace("half done");
                resume_unwind(Box::new("boom"));
            }
        });
        let (record, panics) = redacted(&hooks, Limits::default());
        let texts = record.map(|record| texts(&record)).unwrap_or_default();
        assert_eq!((texts.matches(WITHHELD).count(), panics), (4, 4), "{texts}");
        assert!(
            texts.contains("secr") && !texts.contains("no hits") && !texts.contains("half done"),
            "{texts}"
        );
    }

    #[test]
    fn a_span_can_be_dropped_even_by_a_hook_that_panics_then() {
        let drops = |field: &mut Field<'_>| {
            if field.key() == "why" {
                field.drop_span();
                field.replace("too late");
                resume_unwind(Box::new("boom"));
            }
        };
        let (record, panics) = redacted(&hooks(drops), Limits::default());
        assert!(record.is_none());
        assert_eq!(panics, 1);
    }

    #[test]
    fn what_a_hook_writes_is_held_to_the_limits() {
        let hooks = hooks(|field: &mut Field<'_>| {
            if matches!(field.key(), "number" | "tags" | Field::STATUS_MESSAGE) {
                field.replace("xxxx");
            }
        });
        let record = redacted(&hooks, Limits { value_bytes: 3 }).0;
        let found = record.map(|record| {
            let get = |key: &str| record.attributes.get(key).map(Value::into_owned);
            let values = [get("number"), get("tags"), get("bento.truncated.tags")];
            (
                values,
                record.status.clone(),
                get(keys::TRUNCATED_MESSAGE.name()),
                get("bento.truncated.number"),
            )
        });
        let tags = Value::from(Array::String(vec!["xxx".into()]));
        let values = [Some(Value::from("xxx")), Some(tags), Some(Value::Int(8))];
        let four = Some(Value::Int(4));
        assert_eq!(found, Some((values, Status::Error("xxx".into()), four.clone(), four)));
    }
}
