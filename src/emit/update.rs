//! Saying more of what is open already, from anywhere inside it.

use serde_core::Serialize;

use super::setters::setters;
use crate::init;
use crate::record::{Attributes, Limits};
use crate::scope::{Draft, Identity, IntoTags, current, set_property, text};

/// A change to the current trace; see [`update_current_trace`].
#[derive(Debug)]
#[must_use = "nothing changes until `apply`"]
pub struct TraceUpdate {
    limits: Limits,
    identity: Identity,
    properties: Attributes,
}

/// A change to the current span; see [`update_current_span`].
#[derive(Debug)]
#[must_use = "nothing changes until `apply`"]
pub struct SpanUpdate {
    draft: Draft,
}

/// Says who the current trace belongs to, on its root and on the spans to come, wherever in it this is called.
///
/// Outside of any trajectory it does nothing.
///
/// ```
/// let turn = bento::begin("user_turn").start();
/// bento::update_current_trace().user_id("u42").property("plan", "pro").apply();
/// ```
pub fn update_current_trace() -> TraceUpdate {
    TraceUpdate {
        limits: init::client(&current()).limits,
        identity: Identity::default(),
        properties: Attributes::new(),
    }
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
    /// Whose trace this is; `None` changes nothing.
    pub fn user_id(mut self, user: impl Serialize) -> Self {
        self.identity.user = text(&user, self.limits).or(self.identity.user);
        self
    }

    /// The conversation it belongs to; `None` changes nothing.
    pub fn session_id(mut self, session: impl Serialize) -> Self {
        self.identity.session = text(&session, self.limits).or(self.identity.session);
        self
    }

    /// The tags it carries: one string or a list.
    pub fn tags(mut self, tags: impl IntoTags) -> Self {
        self.identity.tags = Some(tags.into_tags());
        self
    }

    /// A property of the root span.
    pub fn property(mut self, key: impl AsRef<str>, value: impl Serialize) -> Self {
        set_property(&mut self.properties, key.as_ref().to_owned(), &value, self.limits);
        self
    }

    /// Makes the change.
    pub fn apply(self) {
        if let Some(span) = current().span() {
            span.update_trace(&self.identity, self.properties);
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
