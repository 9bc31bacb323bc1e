//! Identity: the user, the session and the tags of a span, and where they may come from.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use crate::foreign::guarded;
use crate::record::{Array, Attributes, Limits, Text, Value, keys, prefix};

/// What is known of who a span belongs to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Identity {
    pub(crate) user: Option<String>,
    pub(crate) session: Option<String>,
    pub(crate) tags: Option<Vec<String>>,
}

impl Identity {
    /// Fields of `self`, and where it has none those of `fallback`.
    pub(crate) fn or(self, fallback: &Self) -> Self {
        Self {
            user: self.user.or_else(|| fallback.user.clone()),
            session: self.session.or_else(|| fallback.session.clone()),
            tags: self.tags.or_else(|| fallback.tags.clone()),
        }
    }

    pub(crate) fn write(self, attributes: &mut Attributes, limits: Limits) {
        if let Some(user) = self.user {
            attributes.set_text(keys::USER_ID, Text::of_string(user, limits));
        }
        if let Some(session) = self.session {
            attributes.set_text(keys::CONVERSATION_ID, Text::of_string(session, limits));
        }
        if let Some(mut tags) = self.tags {
            let size: usize = tags.iter().map(String::len).sum();
            if size > limits.value_bytes {
                cut(&mut tags, limits.value_bytes);
                attributes.set(format!("{}{}", keys::TRUNCATED, keys::TAGS), size as u64);
            }
            attributes.set(keys::TAGS, Value::Array(Array::String(tags)));
        }
    }
}

/// Keeps the first `room` bytes of a list of texts.
fn cut(texts: &mut Vec<String>, mut room: usize) {
    texts.retain_mut(|text| {
        let had_room = room > 0;
        text.truncate(prefix(text, room).len());
        room -= text.len();
        had_room
    });
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

    fn resolve(&self, source: Option<&Source<T>>) -> Option<T> {
        match self {
            Self::Inherit => source?.value(),
            Self::Set(value) => Some(value.clone()),
            Self::Clear => None,
        }
    }
}

/// What `propagate_attributes` says of every span in its scope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) user: Field<String>,
    pub(crate) session: Field<String>,
    pub(crate) tags: Field<Vec<String>>,
    pub(crate) properties: Attributes,
}

impl Overrides {
    pub(crate) fn over(self, outer: Option<&Self>) -> Self {
        let Some(outer) = outer else { return self };
        let mut properties = outer.properties.clone();
        for (key, value) in self.properties {
            properties.set(key, value);
        }
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
    pub(crate) fn resolve(&self, overrides: Option<&Overrides>) -> Identity {
        static INHERIT: Overrides = Overrides::inherit();
        let overrides = overrides.unwrap_or(&INHERIT);
        Identity {
            user: overrides.user.resolve(self.user.as_ref()),
            session: overrides.session.resolve(self.session.as_ref()),
            tags: overrides.tags.resolve(self.tags.as_ref()),
        }
    }

    /// Replaces the sources that `newer` names.
    pub(crate) fn update(&mut self, newer: Self) {
        self.user = newer.user.or(self.user.take());
        self.session = newer.session.or(self.session.take());
        self.tags = newer.tags.or(self.tags.take());
    }
}

/// A value, or a closure that is called for each span.
#[derive(Clone)]
pub(crate) enum Source<T> {
    Value(T),
    Closure(Arc<dyn Fn() -> Option<T> + Send + Sync>),
}

impl<T: Clone> Source<T> {
    /// The value now. A closure that panics costs this field only.
    fn value(&self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value.clone()),
            Self::Closure(closure) => ask(&**closure),
        }
    }
}

/// Calls a source. A span that a source itself emits asks none, or there would be no end to it.
fn ask<T>(closure: &dyn Fn() -> Option<T>) -> Option<T> {
    thread_local! {
        static ASKING: Cell<bool> = const { Cell::new(false) };
    }
    if ASKING.replace(true) {
        return None;
    }
    let value = guarded(closure).ok().flatten();
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

/// What [`Builder::user_id`](crate::Builder::user_id), `session_id` and `tags` take: a value, or a closure that is
/// called for each span and gives a value or an `Option` of one. A closure that panics costs that field only.
///
/// ```
/// # fn current_user() -> Option<String> { None }
/// let builder = bento::builder().user_id(current_user).session_id("s1").tags(|| vec!["env:prod".to_owned()]);
/// ```
pub trait IdentitySource<T, Form>: sealed::Sealed<T, Form> {}

impl<T, Form, S: sealed::Sealed<T, Form>> IdentitySource<T, Form> for S {}

/// What is taken as tags: one string, which makes a list of one, or a list of strings.
///
/// ```
/// bento::update_current_trace().tags("env:prod").apply();
/// bento::update_current_trace().tags(["env:prod", "team:search"]).apply();
/// ```
pub trait IntoTags {
    /// The tags as a list.
    ///
    /// ```
    /// use bento::IntoTags;
    ///
    /// assert_eq!("env:prod".into_tags(), ["env:prod"]);
    /// assert_eq!(["env:prod", "nightly"].into_tags(), ["env:prod", "nightly"]);
    /// ```
    fn into_tags(self) -> Vec<String>;
}

impl IntoTags for &str {
    fn into_tags(self) -> Vec<String> {
        vec![self.to_owned()]
    }
}

impl IntoTags for String {
    fn into_tags(self) -> Vec<String> {
        vec![self]
    }
}

impl<S: Into<String>> IntoTags for Vec<S> {
    fn into_tags(self) -> Vec<String> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<S: Into<String>, const N: usize> IntoTags for [S; N] {
    fn into_tags(self) -> Vec<String> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<S: AsRef<str>> IntoTags for &[S] {
    fn into_tags(self) -> Vec<String> {
        self.iter().map(|tag| tag.as_ref().to_owned()).collect()
    }
}

pub(crate) mod sealed {
    use std::sync::Arc;

    use super::{IntoTags, Source};

    /// How a source was written, so that values and closures do not overlap.
    #[derive(Debug)]
    pub struct ByValue;
    /// How a source was written, so that values and closures do not overlap.
    #[derive(Debug)]
    pub struct ByClosure;

    pub trait Sealed<T, Form> {
        #[expect(private_interfaces, reason = "the trait is sealed: only this crate calls it")]
        fn into_source(self) -> Source<T>;
    }

    impl Sealed<String, ByValue> for &str {
        #[expect(private_interfaces, reason = "the trait is sealed: only this crate calls it")]
        fn into_source(self) -> Source<String> {
            Source::Value(self.to_owned())
        }
    }

    impl Sealed<String, ByValue> for String {
        #[expect(private_interfaces, reason = "the trait is sealed: only this crate calls it")]
        fn into_source(self) -> Source<String> {
            Source::Value(self)
        }
    }

    impl<T: IntoTags> Sealed<Vec<String>, ByValue> for T {
        #[expect(private_interfaces, reason = "the trait is sealed: only this crate calls it")]
        fn into_source(self) -> Source<Vec<String>> {
            Source::Value(self.into_tags())
        }
    }

    impl<T, R: Into<Option<T>>, F: Fn() -> R + Send + Sync + 'static> Sealed<T, ByClosure> for F {
        #[expect(private_interfaces, reason = "the trait is sealed: only this crate calls it")]
        fn into_source(self) -> Source<T> {
            Source::Closure(Arc::new(move || self().into()))
        }
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
}

#[cfg(test)]
mod tests {
    use super::*;

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
            Overrides { user: Field::Set("scope".into()), tags: Field::Clear, ..Overrides::default() };
        let identity = sources().resolve(Some(&overrides));
        assert_eq!(
            identity,
            Identity { user: Some("scope".into()), session: Some("asked".into()), tags: None }
        );
        let inner = Overrides { user: Field::Clear, ..Overrides::default() }.over(Some(&overrides));
        assert_eq!(sources().resolve(Some(&inner)).user, None);
        assert_eq!(sources().resolve(Some(&inner)).tags, None);
    }

    #[test]
    fn a_panicking_closure_costs_its_field_only() {
        let mut sources = sources();
        sources.session = Some(Source::Closure(Arc::new(|| std::panic::resume_unwind(Box::new("boom")))));
        let identity = sources.resolve(None);
        assert_eq!((identity.user.as_deref(), identity.session), (Some("init"), None));
    }

    #[test]
    fn one_string_is_a_list_of_one_tag() {
        assert_eq!("a".into_tags(), ["a"]);
        assert_eq!(["a", "b"].into_tags(), ["a", "b"]);
        assert_eq!(["a"].as_slice().into_tags(), ["a"]);
    }
}
