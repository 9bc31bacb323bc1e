//! Where runs are kept. The trait is what a database has to be able to do; `sqlite` is the one there is.
//!
//! A store knows nothing of HTTP, of OTLP or of prices. Its calls block: they are made on threads that may.

mod filter;
mod sqlite;

use std::error::Error;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

pub(crate) use self::filter::{
    Bucket, Detail, Direction, Filter, Position, RunQuery, Sort, SortBy, SpanQuery, Window,
};
pub(crate) use self::sqlite::{Place, Sqlite};
use crate::price::Usd;
use crate::{RunState, Span, SpanId, Summary, Timestamp, TraceId};

/// The workspace that a fresh store has.
pub(crate) const WORKSPACE: &str = "local";

/// A database of runs, shared between threads.
pub(crate) trait Store: Send + Sync + fmt::Debug {
    /// Begins to write what has arrived by now. One writes at a time; others wait.
    fn begin(&self, now: Timestamp) -> Result<Box<dyn Batch + '_>, StoreError>;

    /// All workspaces, the oldest first.
    fn workspaces(&self) -> Result<Vec<Workspace>, StoreError>;

    /// Adds a workspace; `false` if its id is taken.
    fn add_workspace(&self, workspace: &Workspace) -> Result<bool, StoreError>;

    /// Gives a workspace another name; `false` if there is none of that id.
    fn rename_workspace(&self, id: &str, name: &str) -> Result<bool, StoreError>;

    /// A page of runs.
    fn runs(&self, query: &RunQuery) -> Result<Page<Summary>, StoreError>;

    /// One run, and the workspace it is in.
    fn run(&self, id: TraceId) -> Result<Option<(String, Summary)>, StoreError>;

    /// These runs, as far as they are here, each with the workspace it is in.
    fn these_runs(&self, ids: &[TraceId]) -> Result<Vec<(String, Summary)>, StoreError>;

    /// These spans of a run without their texts, by start time, and those of the `assumed` whose kind nobody said.
    fn these_spans(&self, run: TraceId, ids: &[SpanId], assumed: &[SpanId]) -> Result<Vec<Span>, StoreError>;

    /// A page of a run's spans, by start time, with or without their texts; empty for a run that is not here.
    fn spans(&self, id: TraceId, query: &SpanQuery) -> Result<Page<Span>, StoreError>;

    /// One span with its texts: this run's, or else that of the run that came last if several have a span of that id.
    fn span(&self, id: SpanId, run: Option<TraceId>) -> Result<Option<Span>, StoreError>;

    /// What the runs that pass the filter add up to.
    fn totals(&self, workspace: &str, filter: &Filter) -> Result<Totals, StoreError>;

    /// The same for each bucket of time that has runs, by time.
    fn timeline(
        &self,
        workspace: &str,
        filter: &Filter,
        bucket: Bucket,
    ) -> Result<Vec<(Timestamp, Totals)>, StoreError>;

    /// Says of runs whose root has not ended that they are unfinished, if nothing was heard of them since that moment: which,
    /// at most a thousand at a time.
    fn give_up(&self, heard_before: Timestamp) -> Result<Vec<TraceId>, StoreError>;

    /// Lets go of the oldest runs as long as there is more than may be kept, a part at a time.
    fn retain(&self, retention: &Retention, now: Timestamp) -> Result<Retained, StoreError>;
}

/// Spans on their way into the store: kept when it is committed, forgotten when it is dropped.
pub(crate) trait Batch {
    /// Adds a span, and says whether that changed anything. A complete span that is there stays as it is; a pending one makes
    /// way for the complete one, and for a pending one that ends later.
    fn add(&mut self, workspace: &str, span: &Span) -> Result<bool, StoreError>;

    /// Once this returns, what was added survives the end of the process and of the machine's power.
    fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// A part of a list.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// Whether the list goes on.
    pub(crate) more: bool,
}

/// Where runs are kept apart from those of others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Workspace {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// What some runs add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Totals {
    pub(crate) runs: u64,
    pub(crate) errors: u64,
    /// By [`RunState::ALL`].
    pub(crate) states: [u64; RunState::ALL.len()],
    pub(crate) spans: u64,
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    pub(crate) cost: Option<Usd>,
    pub(crate) duration: Duration,
}

impl Totals {
    /// Prompt and completion tokens together.
    pub(crate) fn total_tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}

/// How much is kept.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Retention {
    /// Runs that began longer ago go.
    pub(crate) age: Option<Duration>,
    /// What the runs may take in the store, indices and all.
    pub(crate) bytes: Option<u64>,
}

/// What was let go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Retained {
    pub(crate) removed: Vec<TraceId>,
    /// Whether there is more to let go.
    pub(crate) more: bool,
}

/// Why the store did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// It is full, or somebody else has held it for too long: worth another try later.
    #[error("the store cannot be written: {0}")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The span that a page is to begin after is not in the run.
    #[error("there is no span {0} in this run")]
    NoSuchSpan(SpanId),
    /// The question took too long.
    #[error("the search took too long; narrow the time window or the filters")]
    TooSlow,
    /// It holds something that it should not, or something in it is broken.
    #[error("the store failed: {0}")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}
