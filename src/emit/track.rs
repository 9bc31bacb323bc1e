//! One model call.

use super::setters::setters;
use crate::record::SpanId;
use crate::running;
use crate::scope::{Context, Draft, Leaf, current};

/// A model call that is about to be emitted; see [`track_ai`].
///
/// ```
/// let call = bento::track_ai("answer").model("gpt-4o").input("Hi");
/// let id = call.output("Hello!").tokens(12, 7).send();
/// ```
#[derive(Debug)]
#[must_use = "nothing is emitted until `send` or `stream`"]
pub struct TrackAi {
    /// The context the call was asked for in, where it is not the current one.
    within: Option<Box<Context>>,
    pub(super) draft: Draft,
}

/// A call of a model: a child of the innermost open span, or a trace of its own outside of any.
///
/// ```
/// # use serde_json::json;
/// let id = bento::track_ai("answer")
///     .user_id("u42").convo_id("c1").model("gpt-4o").provider("openai")
///     .input("Hi").output(json!({"a": 1})).tokens(12, 7).property("experiment", 17)
///     .send();
/// ```
///
/// An empty event is sent as `unnamed`, because OTLP wants a name.
pub fn track_ai(event: impl AsRef<str>) -> TrackAi {
    TrackAi::within(None, event.as_ref())
}

impl TrackAi {
    setters!(identity of TrackAi);
    setters!(model of TrackAi);
    setters!(content of TrackAi);
    setters!(properties of TrackAi);
    setters!(kind of TrackAi);
    setters!(error of TrackAi);
    setters!(time of TrackAi);

    pub(crate) fn within(context: Option<Context>, event: &str) -> Self {
        let limits = running::limits(context.as_ref());
        Self { within: context.map(Box::new), draft: Draft::named(event, limits) }
    }

    /// Emits the call and gives its id. It never blocks, fails or panics: what cannot be delivered is counted.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| {
    ///     let id = bento::track_ai("answer").send();
    ///     assert_eq!(id.to_string().len(), 16); // hex digits
    /// });
    /// assert_eq!(spans.tree(), "answer");
    /// ```
    pub fn send(self) -> SpanId {
        let leaf = Leaf::new(self.draft);
        running::emit(leaf, self.within.as_deref())
    }

    pub(super) fn into_leaf(self) -> (Context, Leaf) {
        let leaf = Leaf::new(self.draft);
        (self.within.map_or_else(current, |context| *context), leaf)
    }
}
