//! What is known of a span while it is being written.

use std::fmt;

use serde_core::Serialize;

use super::Identity;
use super::entries::entries_of;
use crate::foreign::guarded;
use crate::record::{Attributes, Content, Event, Key, Limits, Status, Text, Value, keys};

/// The contents of a span to be. Keys that the SDK manages are kept apart from the caller's properties, because they
/// win a collision (`wire.md`, "From call to attribute to column").
#[derive(Clone)]
pub(crate) struct Draft {
    limits: Limits,
    properties: Attributes,
    managed: Attributes,
    pub(crate) identity: Identity,
    failure: Option<Failure>,
}

#[derive(Clone)]
struct Failure {
    kind: String,
    message: Text,
}

/// Whoever prints a guard or a builder does not mean to print what a redaction hook would hide.
impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft").finish_non_exhaustive()
    }
}

impl Draft {
    /// As many keys as the SDK manages on a usual call.
    const USUAL: usize = 8;

    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            properties: Attributes::new(),
            managed: Attributes::with_capacity(Self::USUAL),
            identity: Identity::default(),
            failure: None,
        }
    }

    /// An input or output; null is left out.
    pub(crate) fn set_content<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) {
        let text = guarded(|| Content::text_of(value, self.limits));
        if let Some(text) = text.unwrap_or_else(|_| Some(unreadable())) {
            self.managed.set_text(key, text);
        }
    }

    /// A text that the SDK has gathered itself, of which `size` bytes had come.
    pub(crate) fn set_gathered(&mut self, key: &'static str, text: String, size: usize) {
        let cut_from = (text.len() < size).then_some(size);
        self.managed.set_text(key, Text { kept: text, cut_from, fault: None });
    }

    pub(crate) fn set_managed(&mut self, key: &'static str, value: impl Into<Value>) {
        match value.into() {
            Value::String(text) => self.managed.set_text(key, Text::of_string(text, self.limits)),
            value => self.managed.set(key, value),
        }
    }

    /// A property of the caller's. Null is kept, as text: a property is never dropped silently.
    pub(crate) fn set_property<T: Serialize + ?Sized>(&mut self, key: impl Into<Key>, value: &T) {
        set_property(&mut self.properties, key, value, self.limits);
    }

    /// A property for each entry of what serialises as an object; anything else whole, under the key `properties`.
    pub(crate) fn set_properties<T: Serialize + ?Sized>(&mut self, properties: &T) {
        match guarded(|| entries_of(properties, self.limits)) {
            Ok(Ok(entries)) => self.properties.replace_from(entries),
            Ok(Err(_)) | Err(_) => self.set_property("properties", properties),
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// Takes over what `other` says.
    pub(crate) fn merge(&mut self, other: Self) {
        self.properties.replace_from(other.properties);
        self.managed.replace_from(other.managed);
        self.failure = self.failure.take().or(other.failure);
    }

    /// Token usage, under the GenAI and the OpenInference keys.
    pub(crate) fn set_tokens(&mut self, input: u64, output: u64) {
        self.set_managed(keys::INPUT_TOKENS, input);
        self.set_managed(keys::OUTPUT_TOKENS, output);
        self.set_managed(keys::PROMPT_TOKENS, input);
        self.set_managed(keys::COMPLETION_TOKENS, output);
        self.set_managed(keys::TOTAL_TOKENS, input.saturating_add(output));
    }

    pub(crate) fn set_cached_tokens(&mut self, cached: u64) {
        self.set_managed(keys::CACHED_TOKENS, cached);
        self.set_managed(keys::CACHED_PROMPT_TOKENS, cached);
    }

    /// Marks the span as failed. The first failure stands: what follows is mostly its consequence.
    pub(crate) fn fail(&mut self, kind: &str, message: &dyn fmt::Display) {
        if self.failure.is_none() {
            let message =
                guarded(|| message.to_string()).unwrap_or_else(|_| "its `Display` panicked".to_owned());
            let message = Text::of_string(message, self.limits);
            self.failure = Some(Failure { kind: kind.to_owned(), message });
        }
    }

    /// Properties that hold where the caller gave none.
    pub(super) fn fill_properties(&mut self, others: &Attributes) {
        self.properties.fill_from(others);
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Everything as OTLP has it; `end` is the time of a failure.
    pub(super) fn finish(self, identity: Identity, end: u64) -> (Attributes, Vec<Event>, Status) {
        let mut attributes = self.properties;
        attributes.reserve(Self::USUAL);
        for (key, value) in self.managed {
            attributes.set(key, value);
        }
        if attributes.dropped() > 0 {
            attributes.set(keys::DROPPED_PROPERTIES, attributes.dropped());
        }
        identity.write(&mut attributes, self.limits);
        match self.failure {
            None => (attributes, Vec::new(), Status::Unset),
            Some(Failure { kind, message }) => {
                if let Some(size) = message.cut_from {
                    attributes.set(keys::TRUNCATED_MESSAGE, size as u64);
                }
                let event = Event::exception(&kind, &message.kept, end);
                (attributes, vec![event], Status::Error(message.kept))
            }
        }
    }
}

/// A value as text: a string as it is, anything else its JSON text, null nothing.
pub(crate) fn text<T: Serialize + ?Sized>(value: &T, limits: Limits) -> Option<Text> {
    guarded(|| Content::text_of(value, limits)).ok().flatten()
}

pub(crate) fn set_property<T: Serialize + ?Sized>(
    properties: &mut Attributes,
    key: impl Into<Key>,
    value: &T,
    limits: Limits,
) {
    let key = match key.into() {
        Key::Owned(key) => Key::Owned(Text::of_string(key, Limits::NAMES).kept),
        key @ Key::Borrowed(_) => key,
    };
    if !properties.admit(&key) {
        return;
    }
    match guarded(|| Content::of(value, limits)).unwrap_or_else(|_| Content::Text(unreadable())) {
        Content::Null => properties.set(key, "null"),
        Content::Value(value) => properties.set(key, value),
        Content::Text(text) => properties.set_text(key, text),
    }
}

fn unreadable() -> Text {
    Text { kept: String::new(), cut_from: None, fault: Some("its `Serialize` panicked".to_owned()) }
}
