//! Attributes for every span in a scope.

use serde_core::Serialize;

use crate::init;
use crate::record::Limits;
use crate::scope::{Context, Field, FutureExt, IntoTags, Overrides, current, set_property, text};

/// Attributes for a scope; see [`propagate_attributes`].
#[derive(Debug)]
#[must_use = "nothing is propagated until `run`, `enter` or `context`"]
pub struct Propagation {
    limits: Limits,
    overrides: Overrides,
}

/// Sets, for every span emitted in a scope, who it belongs to: each field is inherited, set or cleared.
///
/// A call's own argument and [`update_current_trace`](crate::update_current_trace) come before it, what was given at
/// `init` after it.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # async fn job() { bento::track_ai("plan").send(); }
/// bento::propagate_attributes().user_id("u42").clear_tags().run(async || job().await).await;
/// # });
/// ```
pub fn propagate_attributes() -> Propagation {
    Propagation { limits: init::client(&current()).limits, overrides: Overrides::default() }
}

impl Propagation {
    /// Whose spans these are; `None` inherits.
    pub fn user_id(mut self, user: impl Serialize) -> Self {
        self.overrides.user = text(&user, self.limits).map_or(self.overrides.user, Field::Set);
        self
    }

    /// The conversation they belong to; `None` inherits.
    pub fn session_id(mut self, session: impl Serialize) -> Self {
        self.overrides.session = text(&session, self.limits).map_or(self.overrides.session, Field::Set);
        self
    }

    /// The tags they carry: one string or a list.
    pub fn tags(mut self, tags: impl IntoTags) -> Self {
        self.overrides.tags = Field::Set(tags.into_tags());
        self
    }

    /// A property for each of them; a span's own property of that name comes first.
    pub fn property(mut self, key: impl AsRef<str>, value: impl Serialize) -> Self {
        set_property(&mut self.overrides.properties, key.as_ref().to_owned(), &value, self.limits);
        self
    }

    /// No user, whatever an outer scope or `init` says.
    pub fn clear_user_id(mut self) -> Self {
        self.overrides.user = Field::Clear;
        self
    }

    /// No conversation, whatever an outer scope or `init` says.
    pub fn clear_session_id(mut self) -> Self {
        self.overrides.session = Field::Clear;
        self
    }

    /// No tags, whatever an outer scope or `init` says.
    pub fn clear_tags(mut self) -> Self {
        self.overrides.tags = Field::Clear;
        self
    }

    /// The current context with these attributes, to hand to a thread or a task.
    pub fn context(self) -> Context {
        current().with_overrides(self.overrides)
    }

    /// Runs an async closure with these attributes in force.
    pub async fn run<T>(self, work: impl AsyncFnOnce() -> T) -> T {
        let context = self.context();
        async { work().await }.in_context(context).await
    }

    /// Runs a closure with these attributes in force.
    ///
    /// ```
    /// bento::propagate_attributes().session_id("c1").enter(|| bento::track_ai("plan").send());
    /// ```
    pub fn enter<T>(self, work: impl FnOnce() -> T) -> T {
        self.context().enter(work)
    }
}
