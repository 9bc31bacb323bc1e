//! What is asked of a store.

use crate::{RunState, RunStatus, SpanId, SpanStatus, Timestamp, TraceId};

/// Which runs. What is empty or `None` narrows nothing; the values of one list are alternatives.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) window: Window,
    /// Every word begins a word of the run.
    pub(crate) text: Option<String>,
    pub(crate) statuses: Vec<RunStatus>,
    pub(crate) states: Vec<RunState>,
    pub(crate) tags: Vec<String>,
    pub(crate) models: Vec<String>,
    /// No run has findings yet, so that asking for some leaves none.
    pub(crate) finding_kinds: Vec<String>,
}

/// When a run started: from `start` on, before `end`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Window {
    pub(crate) start: Option<Timestamp>,
    pub(crate) end: Option<Timestamp>,
}

/// A page of runs.
#[derive(Clone, Debug)]
pub(crate) struct RunQuery {
    pub(crate) workspace: String,
    pub(crate) filter: Filter,
    pub(crate) sort: Sort,
    /// The last run of the page before.
    pub(crate) after: Option<Position>,
    pub(crate) limit: usize,
}

/// An order of runs; equals stand in the order of their arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sort {
    pub(crate) by: SortBy,
    pub(crate) direction: Direction,
}

/// What runs are put in order by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SortBy {
    StartTime,
    Duration,
    /// Runs without a known cost count as the cheapest.
    Cost,
    TotalTokens,
    SpanCount,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

/// A place in an order of runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// What the run was put in order by, as the store counts it: nanoseconds, picodollars, tokens, spans.
    pub(crate) value: i64,
    pub(crate) trace_id: TraceId,
}

/// A page of a run's spans.
#[derive(Clone, Debug)]
pub(crate) struct SpanQuery {
    /// The spans that started after this moment.
    pub(crate) after: Option<Timestamp>,
    /// The spans that come after this one.
    pub(crate) after_id: Option<SpanId>,
    pub(crate) status: Option<SpanStatus>,
    pub(crate) limit: usize,
    pub(crate) detail: Detail,
}

/// How much of a span is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// What a list shows: no input, output, attributes and events.
    Row,
    Full,
    /// The same, of as many spans as have this many bytes of text together, and of one at least.
    FullWithin(usize),
}

/// A stretch of time, from a full minute, hour or day of UTC on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bucket {
    Minute,
    Hour,
    Day,
}

impl RunQuery {
    /// The newest runs of a workspace.
    pub(crate) fn newest(workspace: &str, limit: usize) -> Self {
        Self {
            workspace: workspace.to_owned(),
            filter: Filter::default(),
            sort: Sort::NEWEST_FIRST,
            after: None,
            limit,
        }
    }
}

impl SpanQuery {
    /// The first spans of a run.
    pub(crate) const fn first(limit: usize, detail: Detail) -> Self {
        Self { after: None, after_id: None, status: None, limit, detail }
    }
}

impl Sort {
    /// The order that nobody has to ask for.
    pub(crate) const NEWEST_FIRST: Self = Self { by: SortBy::StartTime, direction: Direction::Descending };
}

impl Bucket {
    /// In nanoseconds.
    pub(crate) const fn length(self) -> u64 {
        match self {
            Self::Minute => 60_000_000_000,
            Self::Hour => 3_600_000_000_000,
            Self::Day => 86_400_000_000_000,
        }
    }
}
