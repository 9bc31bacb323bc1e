//! What changed: runs, and spans of the runs that are watched, as far as they are few.

use std::collections::{HashMap, HashSet};

use crate::{Span, SpanId, TraceId};

/// Runs, or spans of one run, that are told of in a round; when it is more, whoever watches loads anew.
const MOST: usize = 500;

/// What changed and is still to be told.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct News {
    /// To lists.
    pub(crate) runs: Few<HashSet<TraceId>>,
    /// To those who watch a run.
    pub(crate) spans: HashMap<TraceId, Few<Changed>>,
}

/// Something, unless it is too much of it, or unknown.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Few<T> {
    These(T),
    TooMany,
}

/// The spans of a run that are new or changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Changed {
    pub(crate) spans: HashSet<SpanId>,
    /// The spans above them, which may be taken for something else now that they have children.
    pub(crate) parents: HashSet<SpanId>,
}

/// What a batch changes in the runs that were watched when it began.
#[derive(Debug, Default)]
pub(crate) struct Gathered(pub(super) HashMap<TraceId, Few<Changed>>);

impl Gathered {
    /// Of these runs it is known that no span changed.
    pub(crate) fn nothing_of(runs: impl IntoIterator<Item = TraceId>) -> Self {
        Self(runs.into_iter().map(|run| (run, Few::default())).collect())
    }

    pub(crate) fn add(&mut self, span: &Span) {
        if let Some(changed) = self.0.get_mut(&span.trace_id) {
            changed.add(span);
        }
    }
}

impl<T: Default> Default for Few<T> {
    fn default() -> Self {
        Self::These(T::default())
    }
}

impl Few<HashSet<TraceId>> {
    pub(super) fn add(&mut self, run: TraceId) {
        if let Self::These(runs) = self {
            runs.insert(run);
            if runs.len() > MOST {
                *self = Self::TooMany;
            }
        }
    }
}

impl Few<Changed> {
    fn add(&mut self, span: &Span) {
        let one =
            Changed { spans: HashSet::from([span.span_id]), parents: span.parent_id.into_iter().collect() };
        self.join(Self::These(one));
    }

    pub(super) fn join(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::These(known), Self::These(other)) => {
                known.spans.extend(other.spans);
                known.parents.extend(other.parents);
                if known.spans.len() > MOST {
                    *self = Self::TooMany;
                }
            }
            (_, Self::TooMany) => *self = Self::TooMany,
            (Self::TooMany, _) => {}
        }
    }
}
