//! Tool calls.

use super::Outcome;
use super::guard::{self, Guard, Opening};
use super::setters::{guard_setters, setters};
use crate::record::{SpanId, keys};
use crate::running;
use crate::scope::{Context, Draft, Ending, Leaf, Role};

/// A tool call that is about to start; see [`tool_span`].
///
/// ```
/// let call = bento::tool_span("search").input("bento");
/// let id = call.output("12 hits").send();
/// ```
#[derive(Debug)]
#[must_use = "nothing is emitted until `run`, `enter`, `start` or `send`"]
pub struct ToolSpan {
    pub(crate) opening: Opening,
    pub(crate) draft: Draft,
}

/// An open tool call. Dropping it finishes it; during a panic it is marked as failed.
///
/// ```
/// # fn fetch() -> Result<u32, std::io::Error> { Ok(1) }
/// # fn main() -> Result<(), std::io::Error> {
/// let tool = bento::tool_span("search").start();
/// tool.output(tool.record(fetch())?).property("cache", "miss");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "dropping the guard finishes the tool span: keep it in a variable while the tool works"]
pub struct Tool {
    guard: Guard,
}

/// A call of a tool, as a child of what is current.
///
/// ```
/// # use serde_json::json;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # async fn fetch(q: &str) -> Result<Vec<String>, std::io::Error> { Ok(vec![q.to_owned()]) }
/// let hits = bento::tool_span("search").input(json!({"q": "bento"})).run(async |tool| {
///     let hits = fetch("bento").await?;
///     tool.output(&hits);
///     Ok::<_, std::io::Error>(hits)
/// }).await?;
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
///
/// It is marked with the kind `tool`. An empty name is sent as `unnamed`, because OTLP wants one.
pub fn tool_span(name: impl AsRef<str>) -> ToolSpan {
    ToolSpan::within(None, name.as_ref())
}

impl ToolSpan {
    setters!(content of ToolSpan);
    setters!(properties of ToolSpan);
    setters!(error of ToolSpan);
    setters!(time of ToolSpan);

    pub(crate) fn within(context: Option<Context>, name: &str) -> Self {
        let limits = running::limits(context.as_ref());
        let mut draft = Draft::named(name, limits);
        draft.set_managed(&keys::KIND, "tool");
        Self { opening: Opening { role: Role::Tool, within: context.map(Box::new), own_trace: false }, draft }
    }

    /// Starts the call, and gives a guard that finishes when it is dropped.
    ///
    /// ```
    /// # fn fetch() -> Result<u32, std::io::Error> { Ok(1) }
    /// # fn main() -> Result<(), std::io::Error> {
    /// let tool = bento::tool_span("search").start();
    /// let hits = tool.record(fetch())?;
    /// tool.output(hits);
    /// # Ok(())
    /// # }
    /// ```
    pub fn start(self) -> Tool {
        Tool { guard: Guard::seated(self.opening, self.draft) }
    }

    /// Runs an async closure as the call. An `Err` marks it as failed and is handed back unchanged. If the future is
    /// dropped before its end, the call is marked with `bento.cancelled`.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let spans = bento::testing::capture_async(async {
    ///     let found = bento::tool_span("search").run(async |_| Err::<u32, _>("no hits")).await;
    ///     assert_eq!(found, Err("no hits"));
    /// }).await;
    /// assert_eq!(spans.tree(), "search [tool] !");
    /// # });
    /// ```
    pub async fn run<T: Outcome>(self, work: impl AsyncFnOnce(&Tool) -> T) -> T {
        guard::run(self.opening, self.draft, |guard| Tool { guard }, |tool| &tool.guard, work).await
    }

    /// Runs a closure as the call. An `Err` marks it as failed and is handed back unchanged.
    ///
    /// ```
    /// let sum = bento::tool_span("add").input([1, 2]).enter(|tool| {
    ///     tool.output(3);
    ///     3
    /// });
    /// assert_eq!(sum, 3);
    /// ```
    pub fn enter<T: Outcome>(self, work: impl FnOnce(&Tool) -> T) -> T {
        guard::enter(self.opening, self.draft, |guard| Tool { guard }, |tool| &tool.guard, work)
    }

    /// Emits a call that is over, and gives its id.
    ///
    /// ```
    /// # use std::time::Duration;
    /// bento::tool_span("search").input("bento").output("12 hits").duration(Duration::from_millis(80)).send();
    /// ```
    pub fn send(self) -> SpanId {
        let leaf = Leaf::new(self.draft);
        running::emit(leaf, self.opening.within.as_deref())
    }
}

impl Tool {
    guard_setters!(of Tool);

    /// Ends the call now. A second finish does nothing.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| {
    ///     let tool = bento::tool_span("search").start();
    ///     tool.finish();
    ///     bento::track_ai("answer").send(); // no child of it any more
    /// });
    /// assert_eq!(spans.tree(), "search [tool]\nanswer");
    /// ```
    pub fn finish(&self) {
        self.guard.end(Ending::Finished);
    }
}
