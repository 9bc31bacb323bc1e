//! Trajectories: a turn or a run of an agent, with everything inside it.

use super::Outcome;
use super::guard::{self, Guard, Opening};
use super::setters::{guard_setters, setters};
use crate::error::FinishError;
use crate::running;
use crate::scope::{Context, Draft, Ending, Role};

/// A trajectory that is about to begin; see [`begin`].
///
/// ```
/// let begin = bento::begin("user_turn").user_id("u42").input("Hi");
/// let turn = begin.start();
/// ```
#[derive(Debug)]
#[must_use = "nothing begins until `start`, `run` or `enter`"]
pub struct Begin {
    pub(crate) opening: Opening,
    pub(crate) draft: Draft,
}

/// An open trajectory. Dropping it finishes it; during a panic it is marked as failed.
///
/// What is emitted meanwhile in the same task (or thread, where there is no task) becomes its child, also across
/// `.await`. It is `Send`. Under `join!` and `select!` prefer [`Begin::run`], which is exact there too.
///
/// ```
/// let spans = bento::testing::capture(|| {
///     let turn = bento::begin("user_turn").start();
///     bento::track_ai("answer").send();
///     turn.output("Paris");
/// });
/// assert_eq!(spans.tree(), "user_turn\n  answer");
/// ```
#[derive(Debug)]
#[must_use = "dropping the guard finishes the trajectory: keep it in a variable while the work goes on"]
pub struct Trajectory {
    guard: Guard,
}

/// Begins a trajectory: a user's turn, a job, the run of an agent.
///
/// Inside another one it is nested: a sub-agent's steps show inside its caller's run.
///
/// ```
/// # fn main() -> Result<(), bento::FinishError> {
/// # let question = "What is the capital of France?";
/// let turn = bento::begin("user_turn").user_id("u42").convo_id("c1").input(question).start();
/// bento::track_ai("plan").model("gpt-4o").send();
/// turn.output("Paris").finish()?;
/// # Ok(())
/// # }
/// ```
///
/// As a wrapped future it is exact under `join!` and `select!` and on any executor:
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # async fn agent(question: &str) -> Result<String, std::io::Error> { Ok(question.to_owned()) }
/// let reply = bento::begin("user_turn").run(async |turn| {
///     turn.property("channel", "mail");
///     agent("What is the capital of France?").await
/// }).await?;
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
///
/// An empty event is sent as `unnamed`, because OTLP wants a name.
pub fn begin(event: impl AsRef<str>) -> Begin {
    Begin::within(None, event.as_ref())
}

impl Begin {
    setters!(identity of Begin);
    setters!(content of Begin);
    setters!(properties of Begin);
    setters!(model of Begin);
    setters!(kind of Begin);

    pub(crate) fn within(context: Option<Context>, event: &str) -> Self {
        let limits = running::limits(context.as_ref());
        Self {
            opening: Opening { role: Role::Trajectory, within: context.map(Box::new), own_trace: false },
            draft: Draft::named(event, limits),
        }
    }

    /// Gives the trajectory a trace of its own, also where it begins inside another one.
    ///
    /// ```
    /// let turn = bento::begin("user_turn").start();
    /// let job = bento::begin("nightly").own_trace().start();
    /// assert_ne!(job.trace_id(), turn.trace_id());
    /// ```
    pub fn own_trace(mut self) -> Self {
        self.opening.own_trace = true;
        self
    }

    /// Begins, and gives a guard that finishes when it is dropped.
    ///
    /// ```
    /// let spans = bento::testing::capture(|| {
    ///     let _turn = bento::begin("user_turn").start(); // open until the end of the scope
    ///     bento::tool_span("search").send();
    /// });
    /// assert_eq!(spans.tree(), "user_turn\n  search [tool]");
    /// ```
    pub fn start(self) -> Trajectory {
        Trajectory { guard: Guard::seated(self.opening, self.draft) }
    }

    /// Runs an async closure inside the trajectory, which begins when the future is first polled and ends with it.
    ///
    /// An `Err` marks it as failed and is handed back unchanged. If the future is dropped before its end, the
    /// trajectory is marked with `bento.cancelled`.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let spans = bento::testing::capture_async(async {
    ///     let agent = async |name| bento::begin(name).run(async |_| bento::track_ai("answer").send()).await;
    ///     tokio::join!(agent("hotels"), agent("flights"));
    /// }).await;
    /// assert_eq!(spans.tree(), "hotels\n  answer\nflights\n  answer");
    /// # });
    /// ```
    pub async fn run<T: Outcome>(self, work: impl AsyncFnOnce(&Trajectory) -> T) -> T {
        guard::run(self.opening, self.draft, |guard| Trajectory { guard }, |turn| &turn.guard, work).await
    }

    /// Runs a closure inside the trajectory. An `Err` marks it as failed and is handed back unchanged.
    ///
    /// ```
    /// let sum = bento::begin("sum").enter(|turn| {
    ///     turn.input([1, 2]);
    ///     1 + 2
    /// });
    /// ```
    pub fn enter<T: Outcome>(self, work: impl FnOnce(&Trajectory) -> T) -> T {
        guard::enter(self.opening, self.draft, |guard| Trajectory { guard }, |turn| &turn.guard, work)
    }
}

impl Trajectory {
    guard_setters!(of Trajectory);

    /// The conversation this trajectory belongs to, where it is known.
    ///
    /// ```
    /// let turn = bento::begin("user_turn").convo_id("c1").start();
    /// assert_eq!(turn.convo_id().as_deref(), Some("c1"));
    /// ```
    pub fn convo_id(&self) -> Option<String> {
        self.guard.span().session()
    }

    /// Ends the trajectory now. A second finish does nothing.
    ///
    /// ```
    /// let turn = bento::begin("user_turn").start();
    /// let agent = bento::begin("agent").start();
    /// assert_eq!(turn.finish().unwrap_err().code(), "out_of_order");
    /// agent.finish()?;
    /// turn.finish()?;
    /// # Ok::<(), bento::FinishError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FinishError::OutOfOrder`] while a trajectory begun inside this one is open. Both stay usable.
    pub fn finish(&self) -> Result<(), FinishError> {
        if self.guard.span().is_open()
            && let Some(inner) = self.guard.open_inside()
            && let Some(inner) = inner.name()
        {
            return Err(FinishError::OutOfOrder { inner });
        }
        self.guard.end(Ending::Finished);
        Ok(())
    }
}
