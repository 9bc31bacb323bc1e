//! Attributes against a list of them that nothing is clever about.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::*;
use crate::record::Array;

/// One thing that is done to attributes.
#[derive(Clone, Debug)]
enum Step {
    Set(String, Value<'static>, Origin),
    SetText(String, Text<'static>, Origin),
    Capture(String, String),
    MarkCut(String, usize),
    /// What becomes of the first items; the rest stays.
    Edit(Vec<Fate>),
    ReplaceFrom(Vec<Step>),
    FillFrom(Vec<Step>),
    Clear,
}

#[derive(Clone, Debug)]
enum Fate {
    Keep,
    Remove,
    Replace(Value<'static>),
}

/// Few, so that they meet; some of one length, beginning and end, some called like markers.
fn key() -> impl Strategy<Value = String> {
    let keys = vec![
        "",
        "a",
        "b",
        "c",
        "bento.unnamed",
        "input.value",
        "12345678 a 12345678",
        "12345678 b 12345678",
        "bento.truncated.a",
        "bento.unserializable.a",
        "bento.truncated.b",
    ];
    select(keys).prop_map(str::to_owned)
}

/// Short ones and long ones, which are kept apart.
fn text() -> impl Strategy<Value = String> {
    let length = prop_oneof![3 => 0..20_usize, 2 => 900..1_200_usize];
    (select(vec!["x", "é"]), length).prop_map(|(character, length)| character.repeat(length))
}

fn value() -> impl Strategy<Value = Value<'static>> {
    prop_oneof![
        1 => any::<bool>().prop_map(Value::Bool),
        1 => any::<i64>().prop_map(Value::Int),
        1 => (-1e6..1e6).prop_map(Value::Double),
        4 => text().prop_map(Value::from),
        2 => vec(text(), 0..3).prop_map(|items| Array::String(items).into()),
        1 => vec(any::<i64>(), 0..3).prop_map(|items| Array::Int(items).into()),
    ]
}

fn bounded() -> impl Strategy<Value = Text<'static>> {
    let fault = option::weighted(0.2, text());
    (text(), option::weighted(0.4, 0..1_000_usize), fault).prop_map(|(kept, cut_from, fault)| Text {
        kept: kept.into(),
        cut_from,
        fault,
    })
}

fn origin() -> impl Strategy<Value = Origin> {
    prop_oneof![2 => Just(Origin::Property), 1 => Just(Origin::Managed)]
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![3 => Just(Fate::Keep), 1 => Just(Fate::Remove), 2 => value().prop_map(Fate::Replace)]
}

/// What writes; a scope, which fills, says nothing but properties.
fn write(origin: impl Strategy<Value = Origin> + Clone) -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (key(), value(), origin.clone()).prop_map(|(key, value, origin)| Step::Set(key, value, origin)),
        2 => (key(), text()).prop_map(|(key, text)| Step::Capture(key, text)),
        2 => (key(), bounded(), origin).prop_map(|(key, text, origin)| Step::SetText(key, text, origin)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => write(origin().boxed()),
        1 => (key(), any::<u16>()).prop_map(|(key, size)| Step::MarkCut(key, size.into())),
        3 => vec(fate(), 0..8).prop_map(Step::Edit),
        2 => vec(write(origin().boxed()), 0..8).prop_map(Step::ReplaceFrom),
        2 => vec(write(Just(Origin::Property)), 0..8).prop_map(Step::FillFrom),
        1 => Just(Step::Clear),
    ]
}

#[derive(Default)]
struct Model {
    items: Vec<(String, Value<'static>, Origin)>,
    /// Whether anything was ever marked: only then are keys that look like markers taken for some.
    has_markers: bool,
}

impl Model {
    fn origin_of(&self, key: &str) -> Option<Origin> {
        self.items.iter().find(|(known, ..)| known == key).map(|(.., origin)| *origin)
    }

    fn set(&mut self, key: &str, value: Value<'static>, origin: Origin) -> bool {
        match self.origin_of(key) {
            Some(Origin::Managed) if origin == Origin::Property => return false,
            Some(_) => {
                if self.has_markers {
                    self.items.retain(|(known, ..)| !marks(known, key));
                }
                if let Some((_, kept, by)) = self.items.iter_mut().find(|(known, ..)| known == key) {
                    (*kept, *by) = (value, origin);
                }
            }
            None => self.items.push((key.to_owned(), value, origin)),
        }
        true
    }

    fn mark(&mut self, key: &str, value: Value<'static>, origin: Origin) {
        // What is set about a marker says nothing of a marker of the marker.
        let had_markers = std::mem::take(&mut self.has_markers);
        self.set(key, value, origin);
        self.has_markers = had_markers;
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Set(key, value, origin) => {
                self.set(named(key), value.clone(), *origin);
            }
            Step::Capture(key, text) => {
                self.set(named(key), text.clone().into(), Origin::Property);
            }
            Step::SetText(key, Text { kept, cut_from, fault }, origin) => {
                let key = named(key);
                if self.set(key, kept.clone().into_owned().into(), *origin) {
                    self.has_markers |= cut_from.is_some() || fault.is_some();
                    if let Some(size) = cut_from {
                        self.mark(&format!("bento.truncated.{key}"), (*size as u64).into(), *origin);
                    }
                    if let Some(fault) = fault {
                        self.mark(&format!("bento.unserializable.{key}"), fault.clone().into(), *origin);
                    }
                }
            }
            Step::MarkCut(key, size) => {
                self.has_markers = true;
                self.mark(&format!("bento.truncated.{key}"), (*size as u64).into(), Origin::Managed);
            }
            Step::Edit(fates) => self.edit(fates),
            Step::ReplaceFrom(steps) => self.take_over(&Self::after(steps), |_, _| true),
            Step::FillFrom(steps) => {
                self.take_over(&Self::after(steps), |own, key| own.origin_of(key).is_none());
            }
            Step::Clear => *self = Self::default(),
        }
    }

    fn edit(&mut self, fates: &[Fate]) {
        let mut removed = Vec::new();
        for ((key, value, _), fate) in self.items.iter_mut().zip(fates) {
            match fate {
                Fate::Keep => {}
                Fate::Remove => removed.push(key.clone()),
                Fate::Replace(new) => *value = new.clone(),
            }
        }
        self.items.retain(|(key, ..)| !removed.iter().any(|removed| removed == key || marks(key, removed)));
    }

    /// Values first, then the markers of all but those that were left.
    fn take_over(&mut self, others: &Self, is_wanted: impl Fn(&Self, &str) -> bool) {
        self.has_markers |= others.has_markers;
        let is_marker = |key: &str| others.has_markers && others.items.iter().any(|(of, ..)| marks(key, of));
        let mut left = Vec::new();
        for (key, value, origin) in others.items.iter().filter(|(key, ..)| !is_marker(key)) {
            if !is_wanted(self, key) || !self.set(key, value.clone(), *origin) {
                left.push(key);
            }
        }
        for (key, value, origin) in others.items.iter().filter(|(key, ..)| is_marker(key)) {
            if left.iter().any(|left| marks(key, left)) {
                left.push(key);
            } else {
                self.mark(key, value.clone(), *origin);
            }
        }
    }

    fn after(steps: &[Step]) -> Self {
        let mut model = Self::default();
        for step in steps {
            model.take(step);
        }
        model
    }
}

fn named(key: &str) -> &str {
    if key.is_empty() { "bento.unnamed" } else { key }
}

/// One of the SDK's own keys is not copied.
fn own(key: &str) -> Key<'_> {
    if key == keys::INPUT.name() { keys::INPUT } else { key.into() }
}

fn marks(marker: &str, key: &str) -> bool {
    marker == format!("bento.truncated.{key}") || marker == format!("bento.unserializable.{key}")
}

fn take(attributes: &mut Attributes, step: &Step) {
    let after = |steps: &[Step]| {
        let mut attributes = Attributes::new();
        for step in steps {
            take(&mut attributes, step);
        }
        attributes
    };
    match step {
        Step::Set(key, value, Origin::Property) => attributes.set(key, value.clone()),
        Step::Set(key, value, Origin::Managed) => attributes.set_managed(&own(key), value.clone()),
        Step::SetText(key, text, Origin::Property) => attributes.set_text(key, text.borrowed()),
        Step::SetText(key, text, Origin::Managed) => attributes.set_managed_text(&own(key), text.borrowed()),
        Step::Capture(key, text) => attributes.capture(key, text, Limits::default()),
        Step::MarkCut(key, size) => attributes.mark_cut(key, *size),
        Step::Edit(fates) => {
            let mut fates = fates.iter();
            attributes.edit(|_, _| match fates.next() {
                Some(Fate::Keep) | None => Edit::Keep,
                Some(Fate::Remove) => Edit::Remove,
                Some(Fate::Replace(value)) => Edit::Replace(value.clone()),
            });
        }
        Step::ReplaceFrom(steps) => attributes.replace_from(&after(steps)),
        Step::FillFrom(steps) => attributes.fill_from(&after(steps)),
        Step::Clear => attributes.clear(),
    }
}

proptest! {
    #[test]
    #[cfg_attr(miri, ignore = "it takes minutes there; the tests by hand cover the same code")]
    fn attributes_are_what_a_plain_list_of_them_would_be(steps in vec(step(), 0..60)) {
        let (mut attributes, mut model) = (Attributes::new(), Model::default());
        for step in &steps {
            take(&mut attributes, step);
            model.take(step);
            let expected: Vec<_> = model.items.iter().map(|(key, value, _)| (&**key, value.clone())).collect();
            prop_assert_eq!(attributes.iter().collect::<Vec<_>>(), expected, "after {:?}", step);
            for (key, value, origin) in &model.items {
                prop_assert_eq!(attributes.get(key), Some(value.clone()));
                let managed = Some(value).filter(|_| *origin == Origin::Managed);
                prop_assert_eq!(attributes.managed(key), managed.cloned());
            }
            prop_assert_eq!(attributes.get("nobody's"), None);
            prop_assert_eq!(attributes.is_empty(), model.items.is_empty());
            let properties = model.items.iter().filter(|(.., origin)| *origin == Origin::Property).count();
            prop_assert_eq!(attributes.store.properties(), properties);
            // Sixteen items at most, each with a key and a text of a few KiB.
            prop_assert!(attributes.heap_size() < 256 * 1024, "{} bytes", attributes.heap_size());
        }
        prop_assert_eq!(&attributes.clone(), &attributes);
    }
}
