//! A whole run: what it adds up to, and its spans.

use crate::{RunState, Span, Summary};

/// Everything with one trace id.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Run {
    /// What it adds up to.
    pub summary: Summary,
    /// The spans, by start time.
    pub spans: Vec<Span>,
}

impl Run {
    /// Adds up the spans of one trace; `None` if there are none.
    pub(crate) fn of(mut spans: Vec<Span>) -> Option<Self> {
        spans.sort_unstable_by_key(|span| (span.start_time, span.span_id));
        let (first, others) = spans.split_first()?;
        let mut summary = Summary::of(first);
        for span in others {
            summary.add(span);
        }
        Some(Self { summary, spans })
    }

    /// The same, in the state that the backend tells: that nothing is heard of a run any more its spans do not tell.
    pub(crate) fn in_state(mut self, told: Option<&str>) -> Self {
        self.summary.is_quiet = told == Some(RunState::Unfinished.as_str());
        self
    }

    /// The span without a parent, the earliest if there are several; `None` as long as it has not arrived.
    pub fn root(&self) -> Option<&Span> {
        self.spans.iter().find(|span| span.parent_id.is_none())
    }
}
