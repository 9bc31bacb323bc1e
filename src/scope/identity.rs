//! Identity: the user, the session and the tags of a span, and where they may come from.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use crate::foreign::Panics;
use crate::record::{Attributes, Limits, Text, cut_all};

/// What is known of who a span belongs to.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Identity {
    pub(crate) user: Option<Text<'static>>,
    pub(crate) session: Option<Text<'static>>,
    pub(crate) tags: Option<Tags>,
}

/// Tags within the limits.
#[derive(Clone, PartialEq)]
pub(crate) struct Tags {
    pub(super) kept: Vec<String>,
    /// Their size in bytes before the cut, where one was made.
    pub(super) cut_from: Option<usize>,
}

impl Tags {
    pub(crate) fn new(mut tags: Vec<String>, limits: Limits) -> Self {
        let cut_from = cut_all(&mut tags, limits.value_bytes);
        Self { kept: tags, cut_from }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Identity {
    pub(crate) fn is_empty(&self) -> bool {
        self.user.is_none() && self.session.is_none() && self.tags.is_none()
    }

    /// Fields of `self`, and where it has none those of `fallback`.
    pub(crate) fn or(self, fallback: &Self) -> Self {
        Self {
            user: self.user.or_else(|| fallback.user.clone()),
            session: self.session.or_else(|| fallback.session.clone()),
            tags: self.tags.or_else(|| fallback.tags.clone()),
        }
    }
}

/// What a scope says of one field.
#[derive(Clone, Debug, Default)]
pub(crate) enum Field<T> {
    #[default]
    Inherit,
    Set(T),
    Clear,
}

impl<T: Clone> Field<T> {
    /// What an inner scope and the outer one say together.
    fn over(self, outer: &Self) -> Self {
        match self {
            Self::Inherit => outer.clone(),
            said => said,
        }
    }

    fn or_ask(&self, source: impl FnOnce() -> Option<T>) -> Option<T> {
        match self {
            Self::Inherit => source(),
            Self::Set(value) => Some(value.clone()),
            Self::Clear => None,
        }
    }
}

/// What `propagate_attributes` says of every span in its scope.
#[derive(Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) user: Field<Text<'static>>,
    pub(crate) session: Field<Text<'static>>,
    pub(crate) tags: Field<Vec<String>>,
    pub(crate) properties: Attributes,
}

impl fmt::Debug for Overrides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overrides").finish_non_exhaustive()
    }
}

impl Overrides {
    const fn inherit() -> Self {
        Self {
            user: Field::Inherit,
            session: Field::Inherit,
            tags: Field::Inherit,
            properties: Attributes::new(),
        }
    }

    pub(crate) fn over(self, outer: Option<&Self>) -> Self {
        let Some(outer) = outer else { return self };
        let mut properties = outer.properties.clone();
        properties.replace_from(&self.properties);
        Self {
            user: self.user.over(&outer.user),
            session: self.session.over(&outer.session),
            tags: self.tags.over(&outer.tags),
            properties,
        }
    }
}

/// The sources of identity given at `init`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    pub(crate) user: Option<Source<String>>,
    pub(crate) session: Option<Source<String>>,
    pub(crate) tags: Option<Source<Vec<String>>>,
}

impl Sources {
    /// Identity as the scope and then these sources know it.
    pub(crate) fn resolve(&self, overrides: Option<&Overrides>, limits: Limits, panics: &Panics) -> Identity {
        static INHERIT: Overrides = Overrides::inherit();
        let overrides = overrides.unwrap_or(&INHERIT);
        Identity {
            user: overrides.user.or_ask(|| text_of(self.user.as_ref(), limits, panics)),
            session: overrides.session.or_ask(|| text_of(self.session.as_ref(), limits, panics)),
            tags: overrides
                .tags
                .or_ask(|| self.tags.as_ref()?.value(panics))
                .map(|tags| Tags::new(tags, limits)),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.user.is_none() && self.session.is_none() && self.tags.is_none()
    }

    /// Replaces the sources that `newer` names.
    pub(crate) fn update(&mut self, newer: Self) {
        self.user = newer.user.or(self.user.take());
        self.session = newer.session.or(self.session.take());
        self.tags = newer.tags.or(self.tags.take());
    }
}

fn text_of(source: Option<&Source<String>>, limits: Limits, panics: &Panics) -> Option<Text<'static>> {
    Some(Text::of_string(source?.value(panics)?, limits))
}

/// A value, or a closure that is called for each span.
#[derive(Clone)]
pub(crate) enum Source<T> {
    Value(T),
    Closure(Arc<dyn Fn() -> Option<T> + Send + Sync>),
}

impl<T: Clone> Source<T> {
    /// The value now. A closure that panics costs this field only.
    fn value(&self, panics: &Panics) -> Option<T> {
        match self {
            Self::Value(value) => Some(value.clone()),
            Self::Closure(closure) => ask(&**closure, panics),
        }
    }
}

/// Calls a source. A span that a source itself emits asks none, or there would be no end to it.
fn ask<T>(closure: &dyn Fn() -> Option<T>, panics: &Panics) -> Option<T> {
    thread_local! {
        static ASKING: Cell<bool> = const { Cell::new(false) };
    }
    if ASKING.replace(true) {
        return None;
    }
    let value = panics.contain(closure).flatten();
    ASKING.set(false);
    value
}

impl<T> fmt::Debug for Source<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value(_) => "a value",
            Self::Closure(_) => "a closure",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &'static str) -> Text<'static> {
        Text::of_str(text, Limits::default())
    }

    fn sources() -> Sources {
        Sources {
            user: Some(Source::Value("init".to_owned())),
            session: Some(Source::Closure(Arc::new(|| Some("asked".to_owned())))),
            tags: Some(Source::Value(vec!["a".to_owned()])),
        }
    }

    #[test]
    fn a_scope_inherits_sets_or_clears_each_field() {
        let overrides =
            Overrides { user: Field::Set(text("scope")), tags: Field::Clear, ..Overrides::default() };
        let panics = Panics::new("");
        let resolve = |overrides| sources().resolve(Some(overrides), Limits::default(), &panics);
        let identity = resolve(&overrides);
        assert_eq!(
            identity,
            Identity { user: Some(text("scope")), session: Some(text("asked")), tags: None }
        );
        let inner = Overrides { user: Field::Clear, ..Overrides::default() }.over(Some(&overrides));
        assert_eq!((resolve(&inner).user, resolve(&inner).tags.map(|tags| tags.kept)), (None, None));
    }

    #[test]
    fn a_panicking_closure_costs_its_field_only() {
        let mut sources = sources();
        sources.session = Some(Source::Closure(Arc::new(|| std::panic::resume_unwind(Box::new("boom")))));
        let panics = Panics::new("a source panicked");
        let identity = sources.resolve(None, Limits::default(), &panics);
        assert_eq!((identity.user, identity.session), (Some(text("init")), None));
        assert_eq!(panics.count(), 1);
    }
}
