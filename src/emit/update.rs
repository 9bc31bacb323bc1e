//! Saying more of what is open already, from anywhere inside it.

use serde_core::Serialize;

use super::setters::setters;
use crate::init;
use crate::scope::{Draft, IntoTags, current};

/// A change to the current trace; see [`update_current_trace`].
#[derive(Debug)]
#[must_use = "nothing changes until `apply`"]
pub struct TraceUpdate {
    draft: Draft,
}

/// A change to the current span; see [`update_current_span`].
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
    TraceUpdate { draft: Draft::new(init::client(&current()).limits) }
}

/// Says more of the innermost open span, wherever in it this is called. Outside of any it does nothing.
///
/// ```
/// # fn search() { bento::update_current_span().output("12 hits").property("cache", "miss").apply(); }
/// bento::tool_span("search").enter(|_| search());
/// ```
pub fn update_current_span() -> SpanUpdate {
    SpanUpdate { draft: Draft::new(init::client(&current()).limits) }
}

impl TraceUpdate {
    setters!(properties);

    /// Whose trace this is; `None` changes nothing.
    pub fn user_id(mut self, user: impl Serialize) -> Self {
        self.draft.identity.user = self.draft.text(&user).or(self.draft.identity.user);
        self
    }

    /// The conversation it belongs to; `None` changes nothing.
    pub fn session_id(mut self, session: impl Serialize) -> Self {
        self.draft.identity.session = self.draft.text(&session).or(self.draft.identity.session);
        self
    }

    /// The tags it carries: one string or a list.
    pub fn tags(mut self, tags: impl IntoTags) -> Self {
        self.draft.identity.tags = Some(tags.into_tags());
        self
    }

    /// Makes the change.
    pub fn apply(self) {
        if let Some(span) = current().span() {
            span.update_trace(self.draft);
        }
    }
}

impl SpanUpdate {
    setters!(content);
    setters!(properties);
    setters!(model);
    setters!(error);

    /// Makes the change.
    pub fn apply(self) {
        if let Some(span) = current().span() {
            span.add(self.draft);
        }
    }
}
