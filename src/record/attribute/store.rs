//! The memory of attributes: items of fixed size, and their texts one behind another.

use std::borrow::Cow;
use std::fmt;
use std::mem::size_of;

use super::index::Index;
use super::long;
use crate::record::key::Wording;
use crate::record::{Array, Key, Scalar, Value};

/// Who has set an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Property,
    Managed,
}

/// What becomes of an attribute.
pub(crate) enum Edit {
    Keep,
    Remove,
    Replace(Value<'static>),
}

#[derive(Clone, Default)]
pub(super) struct Store {
    items: Vec<Item>,
    /// Keys and short texts.
    texts: String,
    /// Bytes of them that no item refers to any more.
    unused: usize,
    large: Vec<Large>,
    /// How many of the items the SDK manages.
    managed: usize,
    /// A bit for every key that was ever added: most keys are told to be new by it.
    seen: u64,
    index: Option<Box<Index>>,
}

#[derive(Clone, Copy, Debug)]
struct Item {
    key: Name,
    hash: u32,
    origin: Origin,
    value: Slot,
}

#[derive(Clone, Copy, Debug)]
enum Name {
    Lasting(&'static str),
    Written(Place),
}

/// A piece of the texts.
#[derive(Clone, Copy, Debug)]
struct Place {
    start: u32,
    len: u32,
}

#[derive(Clone, Copy, Debug)]
enum Slot {
    Scalar(Scalar),
    Text(Place),
    Large(u32),
}

/// A value with memory of its own: it is moved, not copied.
#[derive(Clone, Debug)]
enum Large {
    Text(String),
    Array(Array),
}

/// Longer texts are kept apart.
const SHORT: usize = 1024;
/// So many unused bytes are left where they are.
const WASTE: usize = 4096;
/// What is kept for the next span.
const KEPT_TEXTS: usize = 1024;
const KEPT_ITEMS: usize = 24;
const KEPT_LARGE: usize = 4;

impl Store {
    pub(super) const fn new() -> Self {
        Self {
            items: Vec::new(),
            texts: String::new(),
            unused: 0,
            large: Vec::new(),
            managed: 0,
            seen: 0,
            index: None,
        }
    }

    pub(super) fn roomy() -> Self {
        const ITEMS: usize = 16;
        const TEXTS: usize = 512;
        Self { items: Vec::with_capacity(ITEMS), texts: String::with_capacity(TEXTS), ..Self::new() }
    }

    /// Sets a value, unless it is a property's and the SDK manages its key.
    pub(super) fn set(&mut self, key: &Key<'_>, value: Value<'_>, origin: Origin) -> bool {
        if let Some(index) = self.position(key) {
            let former = self.items[index];
            if former.origin == Origin::Managed && origin == Origin::Property {
                return false;
            }
            self.forget(former.value);
            let value = self.keep(value);
            self.managed += usize::from(former.origin != origin);
            self.items[index] = Item { origin, value, ..former };
            self.tidy();
        } else {
            let value = self.keep(value);
            self.add(key, value, origin);
        }
        true
    }

    /// The same for a text, which mostly is short and the first of its key.
    pub(super) fn set_str(&mut self, key: &Key<'_>, text: &str, origin: Origin) -> bool {
        if text.len() > SHORT || self.position(key).is_some() {
            return self.set(key, text.into(), origin);
        }
        let value = Slot::Text(self.write(text));
        self.add(key, value, origin);
        true
    }

    /// The same for what has a size of its own.
    pub(super) fn set_scalar(&mut self, key: &Key<'_>, scalar: Scalar, origin: Origin) -> bool {
        if self.position(key).is_some() {
            return self.set(key, scalar.into(), origin);
        }
        self.add(key, Slot::Scalar(scalar), origin);
        true
    }

    /// The same for all that another one holds.
    pub(super) fn set_all(&mut self, others: &Self) {
        for Item { key, hash, origin, value } in others.items.iter().copied() {
            let name = match key {
                Name::Lasting(name) => Wording::Lasting(name),
                Name::Written(place) => Wording::Passing(others.text(place)),
            };
            let key = Key { name, hash };
            match value {
                Slot::Text(place) => self.set_str(&key, others.text(place), origin),
                Slot::Scalar(scalar) => self.set_scalar(&key, scalar, origin),
                Slot::Large(_) => self.set(&key, others.value(value), origin),
            };
        }
    }

    /// Becomes the same as another one, in memory of its own.
    pub(super) fn copy(&mut self, other: &Self) {
        self.clear();
        self.items.extend_from_slice(&other.items);
        self.texts.push_str(&other.texts);
        self.large.extend(other.large.iter().map(|large| match large {
            Large::Text(text) => Large::Text(long::own(text)),
            Large::Array(array) => Large::Array(array.clone()),
        }));
        (self.unused, self.managed, self.seen) = (other.unused, other.managed, other.seen);
        self.index.clone_from(&other.index);
    }

    pub(super) fn get(&self, key: &Key<'_>) -> Option<(Value<'_>, Origin)> {
        let item = self.items[self.position(key)?];
        Some((self.value(item.value), item.origin))
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, Value<'_>, Origin)> + Clone {
        self.items.iter().map(|item| (self.name(item.key), self.value(item.value), item.origin))
    }

    /// Changes each item as it is told to.
    pub(super) fn edit(&mut self, mut change: impl FnMut(&str, Value<'_>) -> Edit) {
        let mut index = 0;
        while let Some(item) = self.items.get(index).copied() {
            match change(self.name(item.key), self.value(item.value)) {
                Edit::Keep => index += 1,
                Edit::Remove => {
                    self.items.remove(index);
                    self.index = None;
                    self.managed -= usize::from(item.origin == Origin::Managed);
                    if let Name::Written(place) = item.key {
                        self.unused += place.len as usize;
                    }
                    self.forget(item.value);
                }
                Edit::Replace(value) => {
                    self.forget(item.value);
                    self.items[index].value = self.keep(value);
                    index += 1;
                }
            }
        }
        // What was taken out may be what must not be kept anywhere.
        if self.unused > 0 {
            self.gather();
        }
    }

    /// How many items the SDK does not manage.
    pub(super) fn properties(&self) -> usize {
        self.items.len() - self.managed
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn heap_size(&self) -> usize {
        let large = |large: &Large| match large {
            Large::Text(text) => text.capacity(),
            Large::Array(array) => array.heap_size(),
        };
        self.items.capacity() * size_of::<Item>()
            + self.texts.capacity()
            + self.large.capacity() * size_of::<Large>()
            + self.large.iter().map(large).sum::<usize>()
            + self.index.as_ref().map_or(0, |index| index.heap_size())
    }

    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.items.shrink_to(KEPT_ITEMS);
        self.texts.clear();
        self.texts.shrink_to(KEPT_TEXTS);
        for large in self.large.drain(..) {
            if let Large::Text(text) = large {
                long::give_back(text);
            }
        }
        self.large.shrink_to(KEPT_LARGE);
        (self.unused, self.managed, self.seen) = (0, 0, 0);
        self.index = None;
    }

    // A slot that is handed over in memory is waited for.
    #[inline]
    fn add(&mut self, key: &Key<'_>, value: Slot, origin: Origin) {
        let name = match key.name {
            Wording::Lasting(name) => Name::Lasting(name),
            Wording::Passing(name) => Name::Written(self.write(name)),
        };
        self.managed += usize::from(origin == Origin::Managed);
        self.seen |= bit(key);
        self.items.push(Item { key: name, hash: key.hash, origin, value });
        if self.items.len() >= Index::WORTHWHILE {
            self.note_last();
        }
    }

    /// Enters the newest item into the index, the first time all of them.
    #[cold]
    fn note_last(&mut self) {
        let noted = if self.index.is_some() { self.items.len() - 1 } else { 0 };
        let places = self.index.get_or_insert_default();
        for (position, item) in self.items.iter().enumerate().skip(noted) {
            places.add(item.hash, index(position));
        }
    }

    #[inline]
    fn position(&self, key: &Key<'_>) -> Option<usize> {
        if self.seen & bit(key) == 0 { None } else { self.search(key) }
    }

    #[cold]
    fn search(&self, key: &Key<'_>) -> Option<usize> {
        let is_it = |item: &Item| item.hash == key.hash && self.name(item.key) == key.name();
        let first = match &self.index {
            None => 0,
            Some(index) => index.first(key.hash)?,
        };
        self.items.iter().skip(first).position(is_it).map(|found| first + found)
    }

    fn name(&self, name: Name) -> &str {
        match name {
            Name::Lasting(name) => name,
            Name::Written(place) => self.text(place),
        }
    }

    fn text(&self, place: Place) -> &str {
        let start = place.start as usize;
        self.texts.get(start..start + place.len as usize).unwrap_or_default()
    }

    fn value(&self, slot: Slot) -> Value<'_> {
        match slot {
            Slot::Scalar(scalar) => scalar.into(),
            Slot::Text(place) => self.text(place).into(),
            Slot::Large(index) => match &self.large[index as usize] {
                Large::Text(text) => text.as_str().into(),
                Large::Array(array) => Value::Array(Cow::Borrowed(array)),
            },
        }
    }

    fn keep(&mut self, value: Value<'_>) -> Slot {
        match value {
            Value::Bool(value) => Slot::Scalar(Scalar::Bool(value)),
            Value::Int(value) => Slot::Scalar(Scalar::Int(value)),
            Value::Double(value) => Slot::Scalar(Scalar::Double(value)),
            Value::String(text) if text.len() <= SHORT => Slot::Text(self.write(&text)),
            Value::String(Cow::Borrowed(text)) => self.keep_large(Large::Text(long::own(text))),
            Value::String(Cow::Owned(text)) => self.keep_large(Large::Text(text)),
            Value::Array(array) => self.keep_large(Large::Array(array.into_owned())),
        }
    }

    fn keep_large(&mut self, large: Large) -> Slot {
        self.large.push(large);
        Slot::Large(index(self.large.len() - 1))
    }

    fn write(&mut self, text: &str) -> Place {
        let start = index(self.texts.len());
        self.texts.push_str(text);
        Place { start, len: index(text.len()) }
    }

    fn forget(&mut self, value: Slot) {
        match value {
            Slot::Text(place) => self.unused += place.len as usize,
            Slot::Large(gone) => {
                self.large.swap_remove(gone as usize);
                let moved = index(self.large.len());
                for item in &mut self.items {
                    if let Slot::Large(index) = &mut item.value
                        && *index == moved
                    {
                        *index = gone;
                    }
                }
            }
            Slot::Scalar(_) => {}
        }
    }

    /// Gathers the texts, where most of what is there is no longer used: a value may be set for ever anew.
    fn tidy(&mut self) {
        if self.unused <= WASTE.max(self.texts.len() / 2) {
            return;
        }
        self.gather();
    }

    fn gather(&mut self) {
        let former = std::mem::take(&mut self.texts);
        let piece = |place: Place| {
            former
                .get(place.start as usize..)
                .and_then(|rest| rest.get(..place.len as usize))
                .unwrap_or_default()
        };
        for item in &mut self.items {
            let mut write = |place: &mut Place| {
                let start = index(self.texts.len());
                self.texts.push_str(piece(*place));
                place.start = start;
            };
            if let Name::Written(place) = &mut item.key {
                write(place);
            }
            if let Slot::Text(place) = &mut item.value {
                write(place);
            }
        }
        self.unused = 0;
    }
}

fn bit(key: &Key<'_>) -> u64 {
    1 << (key.hash & 63)
}

/// Lengths are far below the limit: 1,024 properties, keys up to 1 MiB, texts up to a KiB, and as much again unused.
fn index(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Shows what is there, and not what memory still holds of what was there.
impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries().map(|(key, value, _)| (key, value))).finish()
    }
}

impl PartialEq for Store {
    fn eq(&self, other: &Self) -> bool {
        self.entries().eq(other.entries())
    }
}

#[cfg(test)]
mod tests;
