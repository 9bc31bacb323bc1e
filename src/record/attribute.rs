//! Attributes: the values OTLP knows, under keys that stand once in a span.

use std::borrow::Cow;
use std::mem::size_of;

use super::{Text, keys};

pub(crate) type Key = Cow<'static, str>;

/// A value as OTLP carries it. Anything richer travels as its JSON text (`wire.md`, "Values").
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Bool(bool),
    Int(i64),
    Double(f64),
    String(String),
    Array(Array),
}

/// An array of one scalar type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Array {
    Bool(Vec<bool>),
    Int(Vec<i64>),
    Double(Vec<f64>),
    String(Vec<String>),
}

impl Value {
    /// Bytes on the heap, for the byte budget of the queue.
    pub(crate) fn heap_size(&self) -> usize {
        match self {
            Self::Bool(_) | Self::Int(_) | Self::Double(_) => 0,
            Self::String(text) => text.capacity(),
            Self::Array(Array::Bool(items)) => items.capacity(),
            Self::Array(Array::Int(items)) => items.capacity() * size_of::<i64>(),
            Self::Array(Array::Double(items)) => items.capacity() * size_of::<f64>(),
            Self::Array(Array::String(items)) => {
                items.capacity() * size_of::<String>() + items.iter().map(String::capacity).sum::<usize>()
            }
        }
    }
}

impl From<&Value> for serde_json::Value {
    fn from(value: &Value) -> Self {
        match value {
            Value::Bool(value) => (*value).into(),
            Value::Int(value) => (*value).into(),
            Value::Double(value) => (*value).into(),
            Value::String(value) => value.as_str().into(),
            Value::Array(Array::Bool(items)) => items.clone().into(),
            Value::Array(Array::Int(items)) => items.clone().into(),
            Value::Array(Array::Double(items)) => items.clone().into(),
            Value::Array(Array::String(items)) => items.clone().into(),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Double(value)
    }
}

impl From<u64> for Value {
    /// Counts beyond `i64`, which no real one reaches, saturate.
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

/// A span carries at most this many properties, so that no map of a host's can make it unbounded.
const MAX_PROPERTIES: usize = 1024;

/// Attributes in the order in which their keys were first set.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Attributes {
    items: Vec<(Key, Value)>,
    /// Whether any of them is a marker, which goes with the value it is about.
    has_markers: bool,
    /// Properties past the maximum.
    dropped: u64,
}

impl Attributes {
    pub(crate) const fn new() -> Self {
        Self { items: Vec::new(), has_markers: false, dropped: 0 }
    }

    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { items: Vec::with_capacity(capacity), ..Self::new() }
    }

    pub(crate) fn reserve(&mut self, additional: usize) {
        self.items.reserve(additional);
    }

    /// Sets `key`, replacing an earlier value: a key stands once in a span.
    pub(crate) fn set(&mut self, key: impl Into<Key>, value: impl Into<Value>) {
        let mut key = key.into();
        if key.is_empty() {
            key = Cow::Borrowed(keys::UNNAMED);
        }
        if let Some((_, slot)) = self.items.iter_mut().find(|(known, _)| *known == key) {
            *slot = value.into();
            if self.has_markers {
                // What the limits cost the earlier value says nothing of this one.
                for prefix in [keys::TRUNCATED, keys::UNSERIALIZABLE] {
                    self.items.retain(|(known, _)| known.strip_prefix(prefix) != Some(&*key));
                }
            }
        } else {
            self.items.push((key, value.into()));
        }
    }

    /// Sets `key` to a text, followed by markers for what the limits cost it.
    pub(crate) fn set_text(&mut self, key: impl Into<Key>, text: Text) {
        let key = key.into();
        let cut = text.cut_from.map(|size| (marker(keys::TRUNCATED, &key), Value::from(size as u64)));
        let fault = text.fault.map(|fault| (marker(keys::UNSERIALIZABLE, &key), Value::from(fault)));
        self.set(key, text.kept);
        for (marker, value) in cut.into_iter().chain(fault) {
            self.has_markers = true;
            self.set(marker, value);
        }
    }

    /// Tells that the value of `key` was cut from this size.
    pub(crate) fn mark_cut(&mut self, key: &str, size: usize) {
        self.has_markers = true;
        self.set(format!("{}{key}", keys::TRUNCATED), size as u64);
    }

    /// The keys whose values were cut.
    pub(crate) fn cut_keys(&self) -> Vec<Key> {
        let cut = self.iter().filter_map(|(key, _)| key.strip_prefix(keys::TRUNCATED));
        cut.map(|key| Key::Owned(key.to_owned())).collect()
    }

    /// Changes each value, or removes it where `keep` says no. The markers of one that is removed go with it.
    pub(crate) fn edit(&mut self, mut keep: impl FnMut(&Key, &mut Value) -> bool) {
        let mut removed: Vec<Key> = Vec::new();
        self.items.retain_mut(|(key, value)| {
            let keeps = keep(key, value);
            if !keeps {
                removed.push(key.clone());
            }
            keeps
        });
        if !removed.is_empty() {
            self.items.retain(|(key, _)| !removed.iter().any(|removed| subject(key) == removed));
        }
    }

    /// Whether there is room for a property; one without is counted.
    pub(crate) fn admit(&mut self, key: &str) -> bool {
        // A marker comes with its value.
        let is_marker = subject(key) != key;
        let admitted = is_marker || self.items.len() < MAX_PROPERTIES || self.get(key).is_some();
        self.dropped += u64::from(!admitted);
        admitted
    }

    /// Properties that there was no room for.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Takes over everything that `others` say, as long as there is room.
    pub(crate) fn replace_from(&mut self, others: Self) {
        self.has_markers |= others.has_markers;
        self.dropped += others.dropped;
        for (key, value) in others.items {
            if self.admit(&key) {
                self.set(key, value);
            }
        }
    }

    /// Takes over what `self` has no value for.
    pub(crate) fn fill_from(&mut self, others: &Self) {
        self.has_markers |= others.has_markers;
        self.dropped += others.dropped;
        // A marker goes with the value it is about.
        let missing: Vec<bool> = others.iter().map(|(key, _)| self.get(subject(key)).is_none()).collect();
        for ((key, value), missing) in others.iter().zip(missing) {
            if missing && self.admit(key) {
                self.set(key.clone(), value.clone());
            }
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.items.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, (Key, Value)> {
        self.items.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Bytes on the heap, for the byte budget of the queue.
    pub(crate) fn heap_size(&self) -> usize {
        self.items.capacity() * size_of::<(Key, Value)>()
            + self.items.iter().map(|(key, value)| owned_bytes(key) + value.heap_size()).sum::<usize>()
    }
}

impl<'a> IntoIterator for &'a Attributes {
    type Item = &'a (Key, Value);
    type IntoIter = std::slice::Iter<'a, (Key, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Attributes {
    type Item = (Key, Value);
    type IntoIter = std::vec::IntoIter<(Key, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<K: Into<Key>> FromIterator<(K, Value)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(items: I) -> Self {
        let mut attributes = Self::default();
        for (key, value) in items {
            attributes.set(key, value);
        }
        attributes
    }
}

/// What an attribute is about: for a marker the key that it marks.
fn subject(key: &str) -> &str {
    [keys::TRUNCATED, keys::UNSERIALIZABLE].iter().find_map(|prefix| key.strip_prefix(prefix)).unwrap_or(key)
}

fn marker(prefix: &str, key: &Key) -> Key {
    Key::Owned(format!("{prefix}{key}"))
}

/// Bytes on the heap of a key, or of another text of its kind.
pub(super) fn owned_bytes(key: &Key) -> usize {
    match key {
        Cow::Borrowed(_) => 0,
        Cow::Owned(text) => text.capacity(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_key_wins_and_keeps_its_place() {
        let mut attributes = Attributes::default();
        attributes.set("a", "1");
        attributes.set("b", true);
        attributes.set("a", "2");
        let all: Vec<_> = attributes.iter().cloned().collect();
        assert_eq!(all, vec![("a".into(), Value::from("2")), ("b".into(), Value::Bool(true))]);
    }

    #[test]
    fn the_markers_of_a_value_go_with_it() {
        let mut attributes = Attributes::default();
        let cut = Text { kept: "a".into(), cut_from: Some(9), fault: None };
        attributes.set_text("k", cut);
        assert_eq!(attributes.get("bento.truncated.k"), Some(&Value::Int(9)));
        let mut others = Attributes::default();
        let failed = Text { kept: "[".into(), cut_from: None, fault: Some("deep".into()) };
        others.set_text("k", failed);
        attributes.replace_from(others);
        assert_eq!(attributes.get("bento.truncated.k"), None);
        assert_eq!(attributes.get("bento.unserializable.k"), Some(&Value::from("deep")));
        attributes.set("k", 1.5);
        assert_eq!(attributes.iter().count(), 1);
    }

    #[test]
    fn a_marker_stands_once_and_is_not_filled_in_for_a_value_that_was_not() {
        let cut = || Text { kept: "a".into(), cut_from: Some(9), fault: None };
        let mut attributes = Attributes::default();
        attributes.set("bento.truncated.k", "the host's own");
        attributes.set_text("k", cut());
        let keys: Vec<_> = attributes.iter().map(|(key, _)| key.as_ref()).collect();
        assert_eq!(keys, ["bento.truncated.k", "k"]);

        let mut others = Attributes::default();
        others.set_text("p", cut());
        others.set_text("q", cut());
        let mut attributes = Attributes::default();
        attributes.set("p", 1.5);
        attributes.fill_from(&others);
        let keys: Vec<_> = attributes.iter().map(|(key, _)| key.as_ref()).collect();
        assert_eq!(keys, ["p", "q", "bento.truncated.q"]);
    }

    #[test]
    #[cfg_attr(miri, ignore = "two million comparisons of keys take more than five minutes there")]
    fn the_number_of_properties_is_bounded_and_the_rest_counted() {
        let mut attributes = Attributes::default();
        for number in 0..2_000 {
            let key = number.to_string();
            if attributes.admit(&key) {
                attributes.set(key, true);
            }
        }
        assert_eq!((attributes.iter().count(), attributes.dropped()), (MAX_PROPERTIES, 976));
        assert!(attributes.admit("7"), "it has its place");
        let mut filled = Attributes::default();
        filled.set("own", true);
        filled.fill_from(&attributes);
        assert_eq!((filled.iter().count(), filled.dropped()), (MAX_PROPERTIES, 977));
    }

    #[test]
    fn the_empty_key_gets_a_name() {
        let mut attributes = Attributes::default();
        attributes.set("", 1.5);
        assert_eq!(attributes.get(keys::UNNAMED), Some(&Value::Double(1.5)));
    }
}
