//! Attributes for every span in a scope.

use serde_core::Serialize;

use crate::record::Limits;
use crate::running;
use crate::scope::{Context, Field, InContextExt, IntoTags, Overrides, current, set_property, text};

/// Attributes for a scope; see [`propagate_attributes`].
///
/// ```
/// let attributes = bento::propagate_attributes().user_id("u42").tags("nightly");
/// attributes.enter(|| bento::track_ai("plan").send());
/// ```
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
    Propagation { limits: running::limits(None), overrides: Overrides::default() }
}

impl Propagation {
    /// Whose spans these are; `None` inherits.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| {
    ///     bento::propagate_attributes().user_id("u42").enter(|| bento::track_ai("plan").send());
    /// });
    /// let plan = spans.find("plan").expect("it was emitted");
    /// assert_eq!(plan.attribute("gen_ai.user.id"), Some("u42".into()));
    /// ```
    pub fn user_id(mut self, user: impl Serialize) -> Self {
        self.overrides.user = text(&user, self.limits).map_or(self.overrides.user, Field::Set);
        self
    }

    /// The conversation they belong to; `None` inherits.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| {
    ///     bento::propagate_attributes().session_id("c1").enter(|| bento::track_ai("plan").send());
    /// });
    /// let plan = spans.find("plan").expect("it was emitted");
    /// assert_eq!(plan.attribute("gen_ai.conversation.id"), Some("c1".into()));
    /// ```
    pub fn session_id(mut self, session: impl Serialize) -> Self {
        self.overrides.session = text(&session, self.limits).map_or(self.overrides.session, Field::Set);
        self
    }

    /// The tags they carry: one string or a list.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| {
    ///     bento::propagate_attributes().tags("nightly").enter(|| bento::track_ai("plan").send());
    /// });
    /// let plan = spans.find("plan").expect("it was emitted");
    /// assert_eq!(plan.attribute("langfuse.tags"), Some(serde_json::json!(["nightly"])));
    /// ```
    pub fn tags(mut self, tags: impl IntoTags) -> Self {
        self.overrides.tags = tags.into_tags().map_or(self.overrides.tags, Field::Set);
        self
    }

    /// A property for each of them; a span's own property of that name comes first.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| {
    ///     bento::propagate_attributes().property("attempt", 2).enter(|| bento::track_ai("plan").send());
    /// });
    /// let plan = spans.find("plan").expect("it was emitted");
    /// assert_eq!(plan.attribute("attempt"), Some(2.into()));
    /// ```
    pub fn property(mut self, key: impl AsRef<str>, value: impl Serialize) -> Self {
        set_property(&mut self.overrides.properties, key.as_ref(), &value, self.limits);
        self
    }

    /// No user, whatever an outer scope or `init` says.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| {
    ///     bento::propagate_attributes().user_id("u42").enter(|| {
    ///         bento::propagate_attributes().clear_user_id().enter(|| bento::track_ai("plan").send())
    ///     })
    /// });
    /// let plan = spans.find("plan").expect("it was emitted");
    /// assert_eq!(plan.attribute("gen_ai.user.id"), None);
    /// ```
    pub fn clear_user_id(mut self) -> Self {
        self.overrides.user = Field::Clear;
        self
    }

    /// No conversation, whatever an outer scope or `init` says.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| {
    ///     bento::propagate_attributes().session_id("c1").enter(|| {
    ///         bento::propagate_attributes().clear_session_id().enter(|| bento::track_ai("plan").send())
    ///     })
    /// });
    /// let plan = spans.find("plan").expect("it was emitted");
    /// assert_eq!(plan.attribute("gen_ai.conversation.id"), None);
    /// ```
    pub fn clear_session_id(mut self) -> Self {
        self.overrides.session = Field::Clear;
        self
    }

    /// No tags, whatever an outer scope or `init` says.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| {
    ///     bento::propagate_attributes().tags("nightly").enter(|| {
    ///         bento::propagate_attributes().clear_tags().enter(|| bento::track_ai("plan").send())
    ///     })
    /// });
    /// let plan = spans.find("plan").expect("it was emitted");
    /// assert_eq!(plan.attribute("langfuse.tags"), None);
    /// ```
    pub fn clear_tags(mut self) -> Self {
        self.overrides.tags = Field::Clear;
        self
    }

    /// The current context with these attributes, to hand to a thread or a task.
    ///
    /// ```
    /// let context = bento::propagate_attributes().user_id("u42").context();
    /// std::thread::spawn(move || context.enter(|| bento::track_ai("plan").send())).join().unwrap();
    /// ```
    pub fn context(self) -> Context {
        current().with_overrides(self.overrides)
    }

    /// Runs an async closure with these attributes in force.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # async fn job() -> u32 { bento::track_ai("plan").send(); 7 }
    /// let answer = bento::propagate_attributes().user_id("u42").run(async || job().await).await;
    /// assert_eq!(answer, 7);
    /// # });
    /// ```
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
