//! Attributes: values under keys that stand once in a span.
//!
//! All keys and short texts of a span stand one behind another in one piece of memory, which outlives the span and is
//! used again: writing one allocates nothing.

mod index;
mod long;
mod store;

use std::borrow::Cow;

use serde_core::Serialize;

pub(crate) use self::store::Edit;
use self::store::{Origin, Store};

use super::{Array, Key, Limits, Scalar, Take, Text, Value, keys, read, read_json};
use crate::foreign::runs;

/// A span carries at most this many properties, so that no map of a host's can make it unbounded.
const MAX_PROPERTIES: usize = 1024;

/// Attributes in the order in which their keys were first set. Those that the SDK manages win over properties of the
/// same key, whichever comes first (`wire.md`, "From call to attribute to column").
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Attributes {
    store: Store,
    /// Whether any of them is a marker, which goes with the value it is about.
    has_markers: bool,
    /// Properties past the maximum.
    dropped: u64,
}

impl Attributes {
    pub(crate) const fn new() -> Self {
        Self { store: Store::new(), has_markers: false, dropped: 0 }
    }

    /// With room for what a usual span carries.
    pub(super) fn roomy() -> Self {
        Self { store: Store::roomy(), ..Self::new() }
    }

    /// Sets a property, replacing an earlier value: a key stands once in a span.
    pub(crate) fn set<'k, 'v>(&mut self, key: impl Into<Key<'k>>, value: impl Into<Value<'v>>) {
        self.put(&key.into(), value.into(), Origin::Property);
    }

    /// The same for what the SDK itself has to say.
    pub(crate) fn set_managed<'v>(&mut self, key: &Key<'_>, value: impl Into<Value<'v>>) {
        self.put(key, value.into(), Origin::Managed);
    }

    /// Sets a property to a text, followed by markers for what the limits cost it.
    #[cfg(any(feature = "otel", test, fuzzing))]
    pub(crate) fn set_text(&mut self, key: &str, text: Text<'_>) {
        self.put_text(&key.into(), text, Origin::Property);
    }

    /// The same for what the SDK itself has to say.
    pub(crate) fn set_managed_text(&mut self, key: &Key<'_>, text: Text<'_>) {
        self.put_text(key, text, Origin::Managed);
    }

    /// Tells that the value of `key` was cut from this size.
    pub(crate) fn mark_cut(&mut self, key: &str, size: usize) {
        self.mark(keys::TRUNCATED, key, (size as u64).into(), Origin::Managed);
    }

    /// A value of the caller's as a property. Null is kept, as text: a property is never dropped silently.
    pub(crate) fn capture<T: Serialize + ?Sized>(&mut self, key: &str, value: &T, limits: Limits) {
        let key = key.into();
        let mut put = Put { attributes: self, key: &key, origin: Origin::Property, has_type: false };
        if !runs(|| read(value, limits, &mut put)) {
            self.put_text(&key, unreadable(), Origin::Property);
        }
    }

    /// A value of the caller's as a text of the SDK's: a string untouched, anything else its JSON text. Null is left out.
    /// Whether it could be read.
    pub(crate) fn capture_text<T: Serialize + ?Sized>(
        &mut self,
        key: &Key<'_>,
        value: &T,
        limits: Limits,
    ) -> bool {
        let mut put = Put { attributes: self, key, origin: Origin::Managed, has_type: false };
        runs(|| {
            read(value, limits, &mut put);
            if put.has_type {
                read_json(value, limits, &mut put);
            }
        })
    }

    /// Whether it was set; a property is not where the SDK manages its key.
    fn put(&mut self, key: &Key<'_>, value: Value<'_>, origin: Origin) -> bool {
        let key = named(key);
        if let (Value::String(Cow::Borrowed(text)), false) = (&value, self.has_markers) {
            return self.store.set_str(key, text, origin);
        }
        let replaces = self.has_markers && self.store.get(key).is_some();
        let was_set = self.store.set(key, value, origin);
        if was_set && replaces {
            // What the limits cost an earlier value says nothing of this one.
            self.store
                .edit(|other, _| if is_marker_of(other, key.name()) { Edit::Remove } else { Edit::Keep });
        }
        was_set
    }

    fn put_text(&mut self, key: &Key<'_>, text: Text<'_>, origin: Origin) {
        let (key, Text { kept, cut_from, fault }) = (named(key), text);
        if !self.put(key, Value::String(kept), origin) {
            return;
        }
        if let Some(size) = cut_from {
            self.mark(keys::TRUNCATED, key.name(), (size as u64).into(), origin);
        }
        if let Some(fault) = fault {
            self.mark(keys::UNSERIALIZABLE, key.name(), fault.into(), origin);
        }
    }

    fn mark(&mut self, prefix: &str, key: &str, value: Value<'_>, origin: Origin) {
        self.has_markers = true;
        self.store.set(&format!("{prefix}{key}").as_str().into(), value, origin);
    }

    /// The keys whose values were cut.
    pub(crate) fn cut_keys(&self) -> Vec<String> {
        self.iter().filter_map(|(key, _)| key.strip_prefix(keys::TRUNCATED)).map(str::to_owned).collect()
    }

    /// Changes each value as it is told to. The markers of one that is removed go with it.
    pub(crate) fn edit(&mut self, mut change: impl FnMut(&str, Value<'_>) -> Edit) {
        let mut removed: Vec<String> = Vec::new();
        self.store.edit(|key, value| {
            let edit = change(key, value);
            if matches!(edit, Edit::Remove) {
                removed.push(key.to_owned());
            }
            edit
        });
        if !removed.is_empty() {
            let goes = |key: &str| removed.iter().any(|removed| is_marker_of(key, removed));
            self.store.edit(|key, _| if goes(key) { Edit::Remove } else { Edit::Keep });
        }
    }

    /// Whether there is room for a property; one without is counted.
    pub(crate) fn admit(&mut self, key: &str) -> bool {
        let admitted =
            self.store.properties() < MAX_PROPERTIES || self.store.get(named(&key.into())).is_some();
        self.dropped += u64::from(!admitted);
        admitted
    }

    /// Properties that there was no room for.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Takes over everything that `others` say, as long as there is room.
    pub(crate) fn replace_from(&mut self, others: &Self) {
        let is_plain = !self.has_markers && !others.has_markers && others.dropped == 0;
        if is_plain && self.store.properties() + others.store.properties() <= MAX_PROPERTIES {
            self.store.set_all(&others.store);
        } else {
            self.take_over(others, |_, _| true);
        }
    }

    /// Takes over what `self` has no value for, as long as there is room.
    pub(crate) fn fill_from(&mut self, others: &Self) {
        self.take_over(others, |own, key| own.get(key).is_none());
    }

    /// A marker goes with the value it is about, and with one that is not taken over it is not either.
    fn take_over(&mut self, others: &Self, is_wanted: impl Fn(&Self, &str) -> bool) {
        self.has_markers |= others.has_markers;
        self.dropped += others.dropped;
        let is_marker =
            |key: &str| others.has_markers && subject(key) != key && others.get(subject(key)).is_some();
        let mut left: Vec<&str> = Vec::new();
        for (key, value, origin) in others.store.entries().filter(|(key, ..)| !is_marker(key)) {
            let is_taken = is_wanted(self, key)
                && (origin == Origin::Managed || self.admit(key))
                && self.put(&key.into(), value, origin);
            if !is_taken && others.has_markers {
                left.push(key);
            }
        }
        // They come last: a value that is set takes the markers of the one before with it.
        for (key, value, origin) in others.store.entries().filter(|(key, ..)| is_marker(key)) {
            if left.contains(&subject(key)) {
                left.push(key);
            } else {
                self.store.set(&key.into(), value, origin);
            }
        }
    }

    /// Becomes the same as another one, in memory of its own.
    pub(crate) fn copy(&mut self, other: &Self) {
        self.store.copy(&other.store);
        (self.has_markers, self.dropped) = (other.has_markers, other.dropped);
    }

    pub(crate) fn get<'k>(&self, key: impl Into<Key<'k>>) -> Option<Value<'_>> {
        self.store.get(&key.into()).map(|(value, _)| value)
    }

    /// The same where it is a text.
    #[cfg(feature = "testing")]
    pub(crate) fn text(&self, key: Key<'_>) -> Option<&str> {
        match self.get(key)? {
            Value::String(Cow::Borrowed(text)) => Some(text),
            _ => None,
        }
    }

    /// What the SDK itself has said under a key.
    pub(crate) fn managed<'k>(&self, key: impl Into<Key<'k>>) -> Option<Value<'_>> {
        self.store.get(&key.into()).filter(|(_, origin)| *origin == Origin::Managed).map(|(value, _)| value)
    }

    /// The same for a text, with what the limits have cost it.
    pub(crate) fn managed_text(&self, key: Key<'_>) -> Option<Text<'_>> {
        let Some(Value::String(kept)) = self.managed(key) else { return None };
        let mut text = Text { kept, cut_from: None, fault: None };
        if self.has_markers {
            text.cut_from = self.cut_from(key);
            let marker = format!("{}{}", keys::UNSERIALIZABLE, key.name());
            if let Some(Value::String(fault)) = self.managed(&marker) {
                text.fault = Some(fault.into_owned());
            }
        }
        Some(text)
    }

    /// The size of the value before it was cut, where it was.
    pub(crate) fn cut_from(&self, key: Key<'_>) -> Option<usize> {
        if !self.has_markers {
            return None;
        }
        match self.managed(&format!("{}{}", keys::TRUNCATED, key.name()))? {
            Value::Int(size) => usize::try_from(size).ok(),
            _ => None,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Value<'_>)> + Clone {
        self.store.entries().map(|(key, value, _)| (key, value))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.store.is_empty()
    }

    /// Bytes on the heap, for the byte budget of the queue.
    pub(crate) fn heap_size(&self) -> usize {
        self.store.heap_size()
    }

    /// Forgets everything, but keeps some of the memory.
    pub(crate) fn clear(&mut self) {
        self.store.clear();
        (self.has_markers, self.dropped) = (false, 0);
    }
}

impl<K: AsRef<str>, V: Into<Value<'static>>> FromIterator<(K, V)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(items: I) -> Self {
        let mut attributes = Self::default();
        for (key, value) in items {
            attributes.set(key.as_ref(), value);
        }
        attributes
    }
}

/// Puts a value that is read under a key.
struct Put<'a> {
    attributes: &'a mut Attributes,
    key: &'a Key<'a>,
    origin: Origin,
    /// Whether it is no text, where only a text will do.
    has_type: bool,
}

impl Put<'_> {
    /// Whether nothing but the value has to be set.
    fn is_plain(&self) -> bool {
        !self.attributes.has_markers && !self.key.name().is_empty()
    }
}

impl Take for Put<'_> {
    fn null(&mut self) {
        if self.origin == Origin::Property {
            self.whole("null");
        }
    }

    fn scalar(&mut self, scalar: Scalar) {
        self.has_type = self.origin == Origin::Managed;
        if self.has_type {
            return;
        }
        if self.is_plain() {
            self.attributes.store.set_scalar(self.key, scalar, self.origin);
        } else {
            self.attributes.put(self.key, scalar.into(), self.origin);
        }
    }

    fn array(&mut self, array: Array) {
        self.has_type = self.origin == Origin::Managed;
        if !self.has_type {
            self.attributes.put(self.key, array.into(), self.origin);
        }
    }

    fn text(&mut self, text: Text<'_>) {
        self.has_type = false;
        self.attributes.put_text(self.key, text, self.origin);
    }

    fn whole(&mut self, text: &str) {
        self.has_type = false;
        if self.is_plain() {
            self.attributes.store.set_str(self.key, text, self.origin);
        } else {
            self.attributes.put(self.key, text.into(), self.origin);
        }
    }
}

/// Stands for a value whose `Serialize` panicked.
pub(crate) fn unreadable() -> Text<'static> {
    Text { kept: "".into(), cut_from: None, fault: Some("its `Serialize` panicked".to_owned()) }
}

/// OTLP knows no empty key.
fn named<'a>(key: &'a Key<'a>) -> &'a Key<'a> {
    if key.name().is_empty() { &keys::UNNAMED } else { key }
}

fn is_marker_of(marker: &str, key: &str) -> bool {
    subject(marker) == key && marker != key
}

/// What an attribute is about: for a marker the key that it marks.
fn subject(key: &str) -> &str {
    [keys::TRUNCATED, keys::UNSERIALIZABLE].iter().find_map(|prefix| key.strip_prefix(prefix)).unwrap_or(key)
}

#[cfg(test)]
mod tests;
