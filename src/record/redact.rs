//! What a host says of values before they leave: its redaction hooks, and a value as they see it.

mod pass;

use std::fmt;
use std::sync::Arc;

use super::Value;
use crate::foreign::Foreign;

/// A redaction hook: it sees every value of a span before the span is queued, and may replace or remove it, or drop the
/// whole span.
///
/// Closures are hooks; the type of their argument has to be written out. For state and a name of your own, implement it.
///
/// ```
/// struct Tenants(Vec<String>);
///
/// impl bento::Redact for Tenants {
///     fn redact(&self, field: &mut bento::Field<'_>) {
///         if let Some(text) = field.text() {
///             let masked = self.0.iter().fold(text.to_owned(), |text, tenant| text.replace(tenant, "[tenant]"));
///             field.replace(masked);
///         }
///     }
/// }
///
/// let hook = Tenants(vec!["Acme".to_owned()]);
/// let spans = bento::testing::builder().redact(hook).capture(|| bento::track_ai("greet").input("Hi Acme").send());
/// assert_eq!(spans.find("greet").unwrap().attribute("input.value"), Some("Hi [tenant]".into()));
/// ```
///
/// # What it sees
///
/// - Every attribute under its key on the wire: inputs and outputs, properties, identity, the SDK's own; of an array of
///   texts, such as the tags, each element. Also those of events (`exception.message`) and of links.
/// - What is no attribute: the span's name, the message of its error, the names of events and the trace state, under
///   the keys [`Field::NAME`], [`Field::STATUS_MESSAGE`], [`Field::EVENT_NAME`] and [`Field::TRACE_STATE`].
///
/// It does not see keys as values of their own, nor the resource and the instrumentation scope, which are the host's own
/// words.
///
/// # When it runs
///
/// As a span ends, on the thread that ends it, after limits and identity and before the queue: nothing that it took out
/// is kept anywhere. So it should be quick, and it must not wait for what that thread holds. A hook that panics costs the
/// value that it was given, which is replaced by a text that says so; [`Status::panics`](crate::Status::panics) counts
/// it. A span that a hook itself emits is not sent, because there is nobody to redact it, and is counted as
/// [`LossReason::Redacted`](crate::LossReason::Redacted).
pub trait Redact: Send + Sync {
    /// Looks at one value.
    ///
    /// ```
    /// use bento::Redact;
    ///
    /// let no_output = |field: &mut bento::Field<'_>| {
    ///     if field.key() == "output.value" {
    ///         field.remove();
    ///     }
    /// };
    /// let both = move |field: &mut bento::Field<'_>| {
    ///     no_output.redact(field);
    ///     // … and more
    /// };
    /// let builder = bento::builder().redact(both);
    /// ```
    fn redact(&self, field: &mut Field<'_>);
}

impl<F: Fn(&mut Field<'_>) + Send + Sync> Redact for F {
    fn redact(&self, field: &mut Field<'_>) {
        self(field);
    }
}

impl<H: Redact> Redact for Foreign<H> {
    fn redact(&self, field: &mut Field<'_>) {
        self.with(|hook| hook.redact(field));
    }
}

/// A value on its way out, as a [redaction hook](Redact) sees it. Left alone, it goes as it is.
///
/// ```
/// let hook = |field: &mut bento::Field<'_>| match (field.key(), field.text()) {
///     ("input.value" | "output.value", Some(text)) if text.contains("confidential") => field.replace("[withheld]"),
///     ("internal.ticket", _) => field.remove(),
///     (bento::Field::NAME, Some("health_check")) => field.drop_span(),
///     _ => {}
/// };
/// let spans = bento::testing::builder().redact(hook).capture(|| {
///     bento::track_ai("health_check").send();
///     bento::track_ai("answer").input("a confidential report").property("internal.ticket", 17).send();
/// });
/// let answer: Vec<_> = spans.find("answer").unwrap().attributes().collect();
/// assert_eq!((spans.len(), answer), (1, vec![("input.value", "[withheld]".into())]));
/// ```
///
/// Several hooks see a value in the order in which they were given, each as the one before it has left it.
pub struct Field<'a> {
    key: &'a str,
    original: Original<'a>,
    is_cut: bool,
    change: Change,
}

enum Original<'a> {
    Text(&'a str),
    Value(&'a Value<'a>),
}

/// What becomes of a value.
enum Change {
    Kept,
    Replaced(String),
    Removed,
    SpanDropped,
}

impl Field<'_> {
    /// The key that the span's name is seen under.
    ///
    /// ```
    /// let hook = |field: &mut bento::Field<'_>| if field.key() == bento::Field::NAME { field.replace("step") };
    /// let spans = bento::testing::builder().redact(hook).capture(|| bento::track_ai("plan for Acme").send());
    /// assert_eq!(spans.tree(), "step");
    /// ```
    ///
    /// A name that is removed becomes `unnamed`, because OTLP wants one.
    pub const NAME: &'static str = "bento.span.name";
    /// The key that the message of a span's error is seen under; `exception.message` is another copy of it.
    ///
    /// ```
    /// let hook = |field: &mut bento::Field<'_>| if field.key() == bento::Field::STATUS_MESSAGE { field.remove() };
    /// let spans = bento::testing::builder().redact(hook).capture(|| bento::tool_span("search").error("no").send());
    /// assert_eq!(spans.find("search").unwrap().error(), Some(""));
    /// ```
    pub const STATUS_MESSAGE: &'static str = "bento.status.message";
    /// The key that the name of an event is seen under. One that is removed becomes `unnamed`.
    ///
    /// ```
    /// let hook = |field: &mut bento::Field<'_>| match field.key() {
    ///     bento::Field::EVENT_NAME => assert_eq!(field.text(), Some("exception")),
    ///     _ => {}
    /// };
    /// let spans = bento::testing::builder().redact(hook).capture(|| bento::tool_span("search").error("no").send());
    /// assert_eq!(spans.panics(), 0);
    /// ```
    pub const EVENT_NAME: &'static str = "bento.event.name";
    /// The key that the W3C trace state of a span or a link is seen under; only spans that come by `bento::otel` have
    /// one. Replacing it removes it, because half of one would spoil all of it.
    ///
    /// ```
    /// let hook = |field: &mut bento::Field<'_>| if field.key() == bento::Field::TRACE_STATE { field.remove() };
    /// let builder = bento::builder().redact(hook);
    /// ```
    pub const TRACE_STATE: &'static str = "bento.trace_state";

    /// The key of the attribute, or one of the four above.
    ///
    /// ```
    /// let hook = |field: &mut bento::Field<'_>| if field.key().starts_with("internal.") { field.remove() };
    /// let builder = bento::builder().redact(hook);
    /// ```
    pub fn key(&self) -> &str {
        self.key
    }

    /// The text, where the value is one. Numbers, booleans and their arrays are not; see [`value`](Field::value).
    ///
    /// ```
    /// let hook = |field: &mut bento::Field<'_>| {
    ///     if let Some(text) = field.text().filter(|text| text.contains("Acme")) {
    ///         field.replace(text.replace("Acme", "[tenant]"));
    ///     }
    /// };
    /// let builder = bento::builder().redact(hook);
    /// ```
    ///
    /// Inputs, outputs and properties that are objects are their JSON text.
    pub fn text(&self) -> Option<&str> {
        match (&self.change, &self.original) {
            (Change::Replaced(text), _) => Some(text),
            (Change::Kept, Original::Text(text)) => Some(text),
            (Change::Kept, Original::Value(_)) | (Change::Removed | Change::SpanDropped, _) => None,
        }
    }

    /// The value, whatever its type; null once it was removed, and where it is no number that JSON has.
    ///
    /// ```
    /// let hook = |field: &mut bento::Field<'_>| if field.value().as_i64() == Some(42) { field.remove() };
    /// let spans = bento::testing::builder().redact(hook).capture(|| bento::track_ai("plan").property("n", 42).send());
    /// assert_eq!(spans.find("plan").unwrap().attribute("n"), None);
    /// ```
    pub fn value(&self) -> serde_json::Value {
        match (self.text(), &self.change, &self.original) {
            (Some(text), ..) => text.into(),
            (None, Change::Kept, Original::Value(value)) => (*value).clone().into(),
            (None, ..) => serde_json::Value::Null,
        }
    }

    /// Whether the limits have cut the text, so that it may end amid a word, perhaps also where an earlier hook has
    /// replaced it; see [`Builder::value_bytes`](crate::Builder::value_bytes). The same goes for the output of a span that
    /// has not ended, which is seen in [live mode](crate::guide::live): more of it may be to come.
    ///
    /// ```
    /// // What is no longer whole can no longer be checked.
    /// let hook = |field: &mut bento::Field<'_>| if field.is_cut() { field.replace("[too long]") };
    /// let builder = bento::builder().redact(hook);
    /// ```
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Puts a text in the value's place, whatever its type was. It is held to the same limits. What a `Serialize` said of
    /// the former value, under `bento.unserializable.<key>`, goes.
    ///
    /// ```
    /// let hook = |field: &mut bento::Field<'_>| if field.key() == "gen_ai.user.id" { field.replace("somebody") };
    /// let spans = bento::testing::builder().redact(hook).capture(|| bento::track_ai("plan").user_id("u42").send());
    /// assert_eq!(spans.find("plan").unwrap().attribute("gen_ai.user.id"), Some("somebody".into()));
    /// ```
    pub fn replace(&mut self, text: impl Into<String>) {
        if !matches!(self.change, Change::SpanDropped) {
            self.change = Change::Replaced(text.into());
        }
    }

    /// Takes the attribute, or the element of an array, out of the span; an array goes with its last element.
    ///
    /// ```
    /// let hook = |field: &mut bento::Field<'_>| match (field.key(), field.text()) {
    ///     ("langfuse.tags", Some(tag)) if tag.starts_with("team:") => field.remove(),
    ///     _ => {}
    /// };
    /// let call = || bento::track_ai("plan").tags(["env:prod", "team:search"]).send();
    /// let spans = bento::testing::builder().redact(hook).capture(call);
    /// assert_eq!(spans.find("plan").unwrap().attribute("langfuse.tags"), Some(serde_json::json!(["env:prod"])));
    /// ```
    pub fn remove(&mut self) {
        if !matches!(self.change, Change::SpanDropped) {
            self.change = Change::Removed;
        }
    }

    /// Drops the whole span; its children are sent as before. It is counted as
    /// [`LossReason::Redacted`](crate::LossReason::Redacted), and no flush reports it, because it was asked for.
    ///
    /// ```
    /// let hook = |field: &mut bento::Field<'_>| {
    ///     if field.key() == "gen_ai.user.id" && field.text() == Some("opted-out") {
    ///         field.drop_span();
    ///     }
    /// };
    /// let call = || bento::track_ai("plan").user_id("opted-out").send();
    /// assert!(bento::testing::builder().redact(hook).capture(call).is_empty());
    /// ```
    pub fn drop_span(&mut self) {
        self.change = Change::SpanDropped;
    }
}

impl fmt::Debug for Field<'_> {
    /// Shows the key alone: the value is what must not be shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Field").field("key", &self.key).finish_non_exhaustive()
    }
}

/// The hooks in force, in the order in which they were given.
#[derive(Clone, Default)]
pub(crate) struct Hooks(Arc<Vec<Arc<dyn Redact>>>);

impl Hooks {
    /// One that drops every span.
    pub(crate) fn closed() -> Self {
        let mut hooks = Self::default();
        hooks.push(|field: &mut Field<'_>| field.drop_span());
        hooks
    }

    pub(crate) fn push(&mut self, hook: impl Redact + 'static) {
        Arc::make_mut(&mut self.0).push(Arc::new(Foreign::new(hook)));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} hooks", self.0.len())
    }
}
