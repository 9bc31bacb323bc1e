//! For tests: what would be sent, without network or key.
//!
//! ```
//! # fn handle(question: &str) {
//! #     let _turn = bento::begin("user_turn").input(question).start();
//! #     bento::track_ai("plan").send();
//! #     bento::tool_span("search").send();
//! # }
//! let spans = bento::testing::capture(|| handle("hi"));
//! assert_eq!(spans.tree(), "user_turn\n  plan\n  search [tool]");
//! ```
//!
//! A capture belongs to its closure or future, and to the threads and tasks that its context is handed to: tests that
//! run side by side do not see each other's spans.

mod capture;

use std::collections::HashMap;
use std::fmt::Write;

pub use capture::{Builder, builder, capture, capture_async};

use crate::export::encode;
use crate::record::{SpanRecord, Status, keys};
use crate::{SpanId, TraceId};

/// Captured spans.
///
/// ```
/// let spans = bento::testing::capture(|| bento::track_ai("plan").send());
/// for span in &spans {
///     println!("{}", span.name());
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Spans {
    captured: Vec<Span>,
    withheld: u64,
    panics: u64,
}

/// One captured span.
///
/// ```
/// let spans = bento::testing::capture(|| bento::track_ai("plan").send());
/// let plan = spans.find("plan").expect("it was emitted");
/// assert_eq!(plan.error(), None);
/// ```
#[derive(Clone, Debug)]
pub struct Span(SpanRecord);

impl Spans {
    /// Every span, in the order in which they ended.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| {
    ///     let _turn = bento::begin("user_turn").start();
    ///     bento::tool_span("search").error("no hits").send();
    /// });
    /// let names: Vec<_> = spans.iter().map(|span| span.name()).collect();
    /// assert_eq!(names, ["search", "user_turn"]);
    /// ```
    pub fn iter(&self) -> std::slice::Iter<'_, Span> {
        self.captured.iter()
    }

    /// How many there are.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| {
    ///     let _turn = bento::begin("user_turn").start();
    ///     bento::tool_span("search").error("no hits").send();
    /// });
    /// assert_eq!(spans.len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        self.captured.len()
    }

    /// Whether nothing was emitted.
    ///
    /// ```
    /// assert!(bento::testing::capture(|| ()).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.captured.is_empty()
    }

    /// How many more there would be if a redaction hook had not dropped them.
    ///
    /// ```
    /// let hook = |field: &mut bento::Field<'_>| field.drop_span();
    /// let spans = bento::testing::builder().redact(hook).capture(|| bento::track_ai("plan").send());
    /// assert_eq!((spans.len(), spans.withheld()), (0, 1));
    /// ```
    pub fn withheld(&self) -> u64 {
        self.withheld
    }

    /// Panics of redaction hooks, each of which has cost the value that the hook was given.
    ///
    /// ```
    /// let hook = |field: &mut bento::Field<'_>| assert!(field.text() != Some("odd"));
    /// let spans = bento::testing::builder().redact(hook).capture(|| bento::track_ai("plan").input("odd").send());
    /// assert_eq!(spans.panics(), 1);
    /// assert_eq!(
    ///     spans.find("plan").unwrap().attribute("input.value"),
    ///     Some("[withheld: a redaction hook panicked]".into()),
    /// );
    /// ```
    pub fn panics(&self) -> u64 {
        self.panics
    }

    /// The first span of that name to have ended.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| bento::track_ai("plan").send());
    /// assert!(spans.find("plan").is_some());
    /// assert!(spans.find("search").is_none());
    /// ```
    pub fn find(&self, name: &str) -> Option<&Span> {
        self.iter().find(|span| span.name() == name)
    }

    /// The spans as an indented tree: a line each, children under their parent in the order in which they started,
    /// the kind in brackets where one is set, `!` where the span failed.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| {
    ///     let _turn = bento::begin("user_turn").start();
    ///     bento::tool_span("search").error("no hits").send();
    /// });
    /// assert_eq!(spans.tree(), "user_turn\n  search [tool] !");
    /// ```
    pub fn tree(&self) -> String {
        let mut children: HashMap<Option<SpanId>, Vec<&Span>> = HashMap::new();
        for span in self {
            let parent = span.parent_id().filter(|id| self.iter().any(|other| other.id() == *id));
            children.entry(parent).or_default().push(span);
        }
        for siblings in children.values_mut() {
            siblings.sort_by_key(|span| span.0.start);
        }
        let mut pending: Vec<(usize, &Span)> = Vec::new();
        let mut below = |parent, depth, pending: &mut Vec<_>| {
            let siblings = children.remove(&parent).unwrap_or_default();
            pending.extend(siblings.into_iter().rev().map(|span| (depth, span)));
        };
        below(None, 0, &mut pending);
        let mut lines = Vec::with_capacity(self.len());
        while let Some((depth, span)) = pending.pop() {
            lines.push(span.line(depth));
            below(Some(span.id()), depth + 1, &mut pending);
        }
        lines.join("\n")
    }

    /// The spans as the body of one request to the backend, before it is compressed: compact OTLP/JSON, for a snapshot
    /// or for another tool to read. How many spans and bytes a request may carry does not count here; who sends them is
    /// an SDK without settings.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| bento::track_ai("plan").input("Hi").send());
    /// let body: serde_json::Value = serde_json::from_slice(&spans.otlp_json())?;
    /// let plan = &body["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    /// assert_eq!(plan["name"], "plan");
    /// assert_eq!(plan["attributes"][0]["value"]["stringValue"], "Hi");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn otlp_json(&self) -> Vec<u8> {
        let records: Vec<&SpanRecord> = self.iter().map(|span| &span.0).collect();
        let mut body = Vec::new();
        // Writing to memory cannot fail.
        encode(&records, &mut body).ok();
        body
    }
}

impl<'a> IntoIterator for &'a Spans {
    type Item = &'a Span;
    type IntoIter = std::slice::Iter<'a, Span>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Span {
    /// The name: the event or the tool.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| bento::track_ai("plan").send());
    /// assert_eq!(spans.iter().next().unwrap().name(), "plan");
    /// ```
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The id, as the call gave it.
    ///
    /// ```
    /// let mut id = None;
    /// let spans = bento::testing::capture(|| id = Some(bento::track_ai("plan").send()));
    /// assert_eq!(spans.find("plan").map(|plan| plan.id()), id);
    /// ```
    pub fn id(&self) -> SpanId {
        self.0.span_id
    }

    /// The id of the trace.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| {
    ///     let _turn = bento::begin("user_turn").start();
    ///     bento::tool_span("search").error("no hits").send();
    /// });
    /// assert_eq!(spans.find("search").unwrap().trace_id(), spans.find("user_turn").unwrap().trace_id());
    /// ```
    pub fn trace_id(&self) -> TraceId {
        self.0.trace_id
    }

    /// The id of the parent, where there is one.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| {
    ///     let _turn = bento::begin("user_turn").start();
    ///     bento::tool_span("search").error("no hits").send();
    /// });
    /// assert_eq!(spans.find("search").unwrap().parent_id(), Some(spans.find("user_turn").unwrap().id()));
    /// ```
    pub fn parent_id(&self) -> Option<SpanId> {
        self.0.parent
    }

    /// The value of an attribute, under its key on the wire.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| bento::track_ai("plan").model("gpt-4o").send());
    /// let plan = spans.find("plan").expect("it was emitted");
    /// assert_eq!(plan.attribute("gen_ai.request.model"), Some("gpt-4o".into()));
    /// assert_eq!(plan.attribute("gen_ai.system"), None);
    /// ```
    pub fn attribute(&self, key: &str) -> Option<serde_json::Value> {
        self.0.attributes.get(key).map(Into::into)
    }

    /// Every attribute, under its key on the wire.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| bento::track_ai("plan").property("attempt", 2).send());
    /// let attributes: Vec<_> = spans.find("plan").unwrap().attributes().collect();
    /// assert_eq!(attributes, [("attempt", 2.into())]);
    /// ```
    pub fn attributes(&self) -> impl Iterator<Item = (&str, serde_json::Value)> {
        self.0.attributes.iter().map(|(key, value)| (key, value.into()))
    }

    /// The message of the error, where the span failed.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| {
    ///     let _turn = bento::begin("user_turn").start();
    ///     bento::tool_span("search").error("no hits").send();
    /// });
    /// assert_eq!(spans.find("search").unwrap().error(), Some("no hits"));
    /// ```
    pub fn error(&self) -> Option<&str> {
        match &self.0.status {
            Status::Error(message) => Some(message),
            Status::Unset | Status::Ok => None,
        }
    }

    /// The type of the error as the compiler names it, where the span failed.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| {
    ///     let _turn = bento::begin("user_turn").start();
    ///     bento::tool_span("search").error("no hits").send();
    /// });
    /// assert_eq!(spans.find("search").unwrap().error_type(), Some("str"));
    /// ```
    pub fn error_type(&self) -> Option<&str> {
        let event = self.0.events.iter().find(|event| event.name == keys::EXCEPTION_EVENT)?;
        event.attributes.text(keys::EXCEPTION_TYPE)
    }

    /// When it started.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| bento::track_ai("plan").send());
    /// let plan = spans.find("plan").expect("it was emitted");
    /// assert!(plan.start_time() <= std::time::SystemTime::now());
    /// ```
    pub fn start_time(&self) -> std::time::SystemTime {
        std::time::UNIX_EPOCH + std::time::Duration::from_nanos(self.0.start)
    }

    /// How long it took.
    ///
    /// ```
    /// let long = std::time::Duration::from_millis(80);
    /// let spans = bento::testing::capture(|| bento::track_ai("plan").duration(long).send());
    /// assert_eq!(spans.find("plan").unwrap().duration(), long);
    /// ```
    pub fn duration(&self) -> std::time::Duration {
        std::time::Duration::from_nanos(self.0.end - self.0.start)
    }

    fn line(&self, depth: usize) -> String {
        let mut line = format!("{:1$}{2}", "", depth * 2, self.name());
        if let Some(kind) = self.0.attributes.text(keys::KIND) {
            // Writing to a string cannot fail.
            write!(line, " [{kind}]").ok();
        }
        if self.error().is_some() {
            line.push_str(" !");
        }
        line
    }
}
