//! Saying more of what is open already, from anywhere inside it.

use serde_core::Serialize;

use super::setters::setters;
use crate::running;
use crate::scope::{Draft, Identity, IntoTags, Tags, current, text};

/// A change to the current trace; see [`update_current_trace`].
///
/// ```
/// let update = bento::update_current_trace().user_id("u42").tags("env:prod");
/// update.apply();
/// ```
#[derive(Debug)]
#[must_use = "nothing changes until `apply`"]
pub struct TraceUpdate {
    identity: Identity,
    draft: Draft,
}

/// A change to the current span; see [`update_current_span`].
///
/// ```
/// let update = bento::update_current_span().output("12 hits").property("cache", "miss");
/// update.apply();
/// ```
#[derive(Debug)]
#[must_use = "nothing changes until `apply`"]
pub struct SpanUpdate {
    draft: Draft,
}

/// Says who the current trace belongs to, on its root and on the spans to come, wherever in it this is called. Properties
/// go to its root.
///
/// Outside of any trajectory it does nothing.
///
/// ```
/// let turn = bento::begin("user_turn").start();
/// bento::update_current_trace().user_id("u42").property("plan", "pro").apply();
/// ```
pub fn update_current_trace() -> TraceUpdate {
    TraceUpdate { identity: Identity::default(), draft: Draft::new(running::limits(None)) }
}

/// Says more of the innermost open span, wherever in it this is called. Outside of any it does nothing.
///
/// ```
/// # fn search() { bento::update_current_span().output("12 hits").property("cache", "miss").apply(); }
/// bento::tool_span("search").enter(|_| search());
/// ```
pub fn update_current_span() -> SpanUpdate {
    SpanUpdate { draft: Draft::new(running::limits(None)) }
}

impl TraceUpdate {
    setters!(properties of TraceUpdate);

    /// Whose trace this is; `None` changes nothing.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| {
    ///     let _turn = bento::begin("user_turn").start();
    ///     bento::tool_span("search").enter(|_| bento::update_current_trace().user_id("u42").apply());
    /// });
    /// let turn = spans.find("user_turn").expect("it was emitted");
    /// assert_eq!(turn.attribute("gen_ai.user.id"), Some("u42".into()));
    /// ```
    pub fn user_id(mut self, user: impl Serialize) -> Self {
        self.identity.user = text(&user, self.draft.limits()).or(self.identity.user);
        self
    }

    /// The conversation it belongs to; `None` changes nothing.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| {
    ///     let _turn = bento::begin("user_turn").start();
    ///     bento::tool_span("search").enter(|_| bento::update_current_trace().session_id("c1").apply());
    /// });
    /// let turn = spans.find("user_turn").expect("it was emitted");
    /// assert_eq!(turn.attribute("gen_ai.conversation.id"), Some("c1".into()));
    /// ```
    pub fn session_id(mut self, session: impl Serialize) -> Self {
        self.identity.session = text(&session, self.draft.limits()).or(self.identity.session);
        self
    }

    /// The tags it carries: one string or a list.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| {
    ///     let _turn = bento::begin("user_turn").start();
    ///     bento::tool_span("search").enter(|_| bento::update_current_trace().tags("env:prod").apply());
    /// });
    /// let turn = spans.find("user_turn").expect("it was emitted");
    /// assert_eq!(turn.attribute("langfuse.tags"), Some(serde_json::json!(["env:prod"])));
    /// ```
    pub fn tags(mut self, tags: impl IntoTags) -> Self {
        let tags = tags.into_tags().map(|tags| Tags::new(tags, self.draft.limits()));
        self.identity.tags = tags.or(self.identity.tags);
        self
    }

    /// Makes the change.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| {
    ///     let _turn = bento::begin("user_turn").user_id("u1").start();
    ///     bento::update_current_trace().user_id("u42").apply();
    ///     bento::track_ai("answer").send();
    /// });
    /// assert!(spans.iter().all(|span| span.attribute("gen_ai.user.id") == Some("u42".into())));
    /// ```
    pub fn apply(self) {
        if let Some(span) = current().span() {
            span.update_trace(&self.identity, self.draft);
        }
    }
}

impl SpanUpdate {
    setters!(content of SpanUpdate);
    setters!(properties of SpanUpdate);
    setters!(model of SpanUpdate);
    setters!(error of SpanUpdate);

    /// Makes the change.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| {
    ///     bento::tool_span("search").enter(|_| bento::update_current_span().output("12 hits").apply());
    /// });
    /// let search = spans.find("search").expect("it was emitted");
    /// assert_eq!(search.attribute("output.value"), Some("12 hits".into()));
    /// ```
    pub fn apply(self) {
        if let Some(span) = current().span() {
            span.add(self.draft);
        }
    }
}
