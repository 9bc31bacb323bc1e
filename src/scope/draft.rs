//! What is known of a span while it is being written.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use serde_core::Serialize;

use super::Identity;
use super::entries::entries_of;
use super::identity::Tags;
use crate::foreign::guarded;
use crate::record::{
    Array, Attributes, Edit, Event, Failure, Key, Limits, SpanRecord, Status, Text, Value, clear_scratch,
    fresh, keys, prefix, recycle, scratch, unreadable,
};

/// A span while it is being written.
pub(crate) struct Draft(Box<SpanRecord>);

/// Whoever prints a guard or a builder does not mean to print what a redaction hook would hide.
impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft").finish_non_exhaustive()
    }
}

impl Draft {
    pub(crate) fn new(limits: Limits) -> Self {
        let mut record = fresh();
        record.notes.limits = limits;
        Self(record)
    }

    /// For what is added to another one.
    pub(crate) fn addition(limits: Limits) -> Self {
        let mut record = scratch();
        record.notes.limits = limits;
        Self(record)
    }

    /// OTLP wants a name; an empty one is told apart from one that was forgotten.
    pub(crate) fn named(name: &str, limits: Limits) -> Self {
        let mut draft = Self::new(limits);
        draft.0.name.push_str(if name.is_empty() { "unnamed" } else { name });
        draft
    }

    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// What is known so far, for a span that has not ended: whether it fails is not known before.
    pub(super) fn pending(&self) -> Self {
        let mut record = fresh();
        record.name.push_str(&self.0.name);
        record.attributes.copy(&self.0.attributes);
        record.notes.limits = self.0.notes.limits;
        record.notes.is_pending = true;
        Self(record)
    }

    /// An input or output; null is left out.
    pub(crate) fn set_content<T: Serialize + ?Sized>(&mut self, key: &Key<'_>, value: &T) {
        if !self.0.attributes.capture_text(key, value, self.0.notes.limits) {
            self.0.attributes.set_managed_text(key, unreadable());
        }
    }

    /// A text that the SDK has gathered itself, of which `size` bytes had come.
    pub(crate) fn set_gathered<'a>(&mut self, key: &Key<'_>, text: impl Into<Cow<'a, str>>, size: usize) {
        let kept = text.into();
        let cut_from = (kept.len() < size).then_some(size);
        self.0.attributes.set_managed_text(key, Text { kept, cut_from, fault: None });
    }

    pub(crate) fn set_managed<'a>(&mut self, key: &Key<'_>, value: impl Into<Value<'a>>) {
        self.0.attributes.set_managed(key, value);
    }

    /// A property of the caller's. Null is kept, as text: a property is never dropped silently.
    pub(crate) fn set_property<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) {
        set_property(&mut self.0.attributes, key, value, self.0.notes.limits);
    }

    /// A property for each entry of what serialises as an object; anything else whole, under the key `properties`.
    pub(crate) fn set_properties<T: Serialize + ?Sized>(&mut self, properties: &T) {
        match guarded(|| entries_of(properties, self.0.notes.limits)) {
            Ok(Ok(entries)) => self.0.attributes.replace_from(&entries),
            Ok(Err(_)) | Err(_) => self.set_property("properties", properties),
        }
    }

    pub(crate) fn set_user<T: Serialize + ?Sized>(&mut self, user: &T) {
        self.set_identity(&keys::USER_ID, user);
    }

    pub(crate) fn set_session<T: Serialize + ?Sized>(&mut self, session: &T) {
        self.set_identity(&keys::CONVERSATION_ID, session);
    }

    /// Null leaves what was said before, and so does what cannot be read.
    fn set_identity<T: Serialize + ?Sized>(&mut self, key: &Key<'_>, value: &T) {
        let (limits, attributes) = (self.limits(), &mut self.0.attributes);
        let was_signed = std::mem::replace(&mut self.0.notes.is_signed, true);
        if was_signed && attributes.managed(*key).is_some() {
            if let Some(text) = text(value, limits) {
                attributes.set_managed_text(key, text);
            }
        } else if !attributes.capture_text(key, value, limits) {
            attributes.edit(|other, _| if other == key.name() { Edit::Remove } else { Edit::Keep });
        }
    }

    pub(crate) fn set_tags(&mut self, tags: Option<Vec<String>>) {
        if let Some(tags) = tags {
            self.0.notes.is_signed = true;
            self.write_tags(Tags::new(tags, self.0.notes.limits));
        }
    }

    pub(super) fn is_signed(&self) -> bool {
        self.0.notes.is_signed
    }

    /// What was said in so many words of whose span it is.
    pub(super) fn identity(&self) -> Identity {
        if !self.is_signed() {
            return Identity::default();
        }
        let attributes = &self.0.attributes;
        let text = |key| attributes.managed_text(key).map(Text::into_owned);
        let tags = match attributes.managed(keys::TAGS) {
            Some(Value::Array(tags)) => match tags.into_owned() {
                Array::String(kept) => Some(Tags { kept, cut_from: attributes.cut_from(keys::TAGS) }),
                _ => None,
            },
            _ => None,
        };
        Identity { user: text(keys::USER_ID), session: text(keys::CONVERSATION_ID), tags }
    }

    /// Whether it says anything else of whose span it is than `known`.
    pub(super) fn says_more_than(&self, known: &Identity) -> bool {
        let attributes = &self.0.attributes;
        let is_new = |key, known: &Option<Text<'static>>| {
            attributes.managed_text(key).is_some_and(|said| Some(&said) != known.as_ref())
        };
        self.is_signed()
            && (is_new(keys::USER_ID, &known.user)
                || is_new(keys::CONVERSATION_ID, &known.session)
                || attributes.managed(keys::TAGS).is_some())
    }

    /// The session that was said in so many words.
    pub(super) fn session(&self) -> Option<Text<'_>> {
        self.0.attributes.managed_text(keys::CONVERSATION_ID)
    }

    /// Writes what of `identity` has not been said yet.
    pub(super) fn fill_identity(&mut self, identity: &Identity) {
        if identity.is_empty() {
            return;
        }
        let Identity { user, session, tags } = identity;
        let attributes = &self.0.attributes;
        let is_new = |key| attributes.managed(key).is_none();
        let user = user.as_ref().filter(|_| is_new(keys::USER_ID));
        let session = session.as_ref().filter(|_| is_new(keys::CONVERSATION_ID));
        let tags = tags.as_ref().filter(|_| is_new(keys::TAGS));
        self.write_identity(user, session, tags);
    }

    /// Writes `identity` in the place of what was said.
    pub(super) fn replace_identity(&mut self, identity: &Identity) {
        if identity.is_empty() {
            return;
        }
        self.write_identity(identity.user.as_ref(), identity.session.as_ref(), identity.tags.as_ref());
    }

    fn write_identity(
        &mut self,
        user: Option<&Text<'static>>,
        session: Option<&Text<'static>>,
        tags: Option<&Tags>,
    ) {
        let attributes = &mut self.0.attributes;
        if let Some(user) = user {
            attributes.set_managed_text(&keys::USER_ID, user.borrowed());
        }
        if let Some(session) = session {
            attributes.set_managed_text(&keys::CONVERSATION_ID, session.borrowed());
        }
        if let Some(tags) = tags {
            self.write_tags(tags.clone());
        }
    }

    fn write_tags(&mut self, Tags { kept, cut_from }: Tags) {
        self.0.attributes.set_managed(&keys::TAGS, Array::String(kept));
        if let Some(size) = cut_from {
            self.0.attributes.mark_cut(keys::TAGS.name(), size);
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        self.0.notes.limits
    }

    /// Takes over what `other` says.
    pub(crate) fn merge(&mut self, other: Self) {
        let Self(mut other) = other;
        self.0.attributes.replace_from(&other.attributes);
        self.0.notes.failure = self.0.notes.failure.take().or(other.notes.failure.take());
        clear_scratch(other);
    }

    /// Token usage, under the GenAI and the OpenInference keys.
    pub(crate) fn set_tokens(&mut self, input: u64, output: u64) {
        self.set_managed(&keys::INPUT_TOKENS, input);
        self.set_managed(&keys::OUTPUT_TOKENS, output);
        self.set_managed(&keys::PROMPT_TOKENS, input);
        self.set_managed(&keys::COMPLETION_TOKENS, output);
        self.set_managed(&keys::TOTAL_TOKENS, input.saturating_add(output));
    }

    pub(crate) fn set_cached_tokens(&mut self, cached: u64) {
        self.set_managed(&keys::CACHED_TOKENS, cached);
        self.set_managed(&keys::CACHED_PROMPT_TOKENS, cached);
    }

    /// Marks the span as failed. The first failure stands: what follows is mostly its consequence.
    pub(crate) fn fail(&mut self, kind: &str, message: &dyn fmt::Display) {
        if self.0.notes.failure.is_none() {
            let message =
                guarded(|| message.to_string()).unwrap_or_else(|_| "its `Display` panicked".to_owned());
            let message = Text::of_string(message, self.0.notes.limits);
            self.0.notes.failure = Some(Box::new(Failure { kind: kind.to_owned(), message }));
        }
    }

    /// When it started, where that is not known from elsewhere.
    pub(crate) fn set_start(&mut self, at: SystemTime) {
        self.0.notes.started_at = Some(at);
    }

    pub(crate) fn started_at(&self) -> Option<SystemTime> {
        self.0.notes.started_at
    }

    pub(crate) fn set_duration(&mut self, duration: Duration) {
        self.0.notes.duration = Some(duration);
    }

    pub(super) fn duration(&self) -> Option<Duration> {
        self.0.notes.duration
    }

    /// Properties that hold where the caller gave none.
    pub(super) fn fill_properties(&mut self, others: &Attributes) {
        self.0.attributes.fill_from(others);
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.0.notes.failure.is_some()
    }

    /// Bytes that it holds.
    pub(super) fn size(&self) -> usize {
        self.0.size()
    }

    /// Lets its memory serve another span.
    pub(super) fn discard(self) {
        recycle(self.0);
    }

    /// The record as OTLP has it, but for its ids and times; `end` is the time of a failure.
    pub(super) fn finish(self, end: u64) -> Box<SpanRecord> {
        let Self(mut record) = self;
        if record.name.len() > Limits::NAMES.value_bytes {
            let size = record.name.len();
            record.name = Text::of_str(&record.name, Limits::NAMES).kept.into_owned();
            record.attributes.set_managed(&keys::TRUNCATED_NAME, size as u64);
        }
        let dropped = record.attributes.dropped();
        if dropped > 0 {
            record.attributes.set_managed(&keys::DROPPED_PROPERTIES, dropped);
        }
        if let Some(failure) = record.notes.failure.take() {
            let Failure { kind, message: Text { kept, cut_from, .. } } = *failure;
            if let Some(size) = cut_from {
                record.attributes.set_managed(&keys::TRUNCATED_MESSAGE, size as u64);
            }
            record.events.push(Event::exception(&kind, &kept, end));
            record.status = Status::Error(kept.into_owned());
        }
        record
    }
}

/// A value as text: a string as it is, anything else its JSON text, null nothing.
pub(crate) fn text<T: Serialize + ?Sized>(value: &T, limits: Limits) -> Option<Text<'static>> {
    let mut attributes = Attributes::new();
    let is_read = attributes.capture_text(&keys::UNNAMED, value, limits);
    attributes.managed_text(keys::UNNAMED).filter(|_| is_read).map(Text::into_owned)
}

pub(crate) fn set_property<T: Serialize + ?Sized>(
    properties: &mut Attributes,
    key: &str,
    value: &T,
    limits: Limits,
) {
    let key = prefix(key, Limits::NAMES.value_bytes);
    // A span that is complete must not be taken for one that is not.
    if key != keys::PENDING.name() && properties.admit(key) {
        properties.capture(key, value, limits);
    }
}
