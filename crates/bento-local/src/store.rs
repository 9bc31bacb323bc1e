//! Where spans are kept: in memory, one row a span, keyed by trace and span id. It grows until the server stops.
//!
//! The methods are few and know nothing of HTTP or of roll-ups, so that another store can stand behind them.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::{Span, SpanId, Timestamp, TraceId};

#[derive(Debug, Default)]
pub(crate) struct Store {
    traces: Mutex<Traces>,
}

#[derive(Debug, Default)]
struct Traces {
    by_id: HashMap<TraceId, Trace>,
    /// When a span last arrived, for the traces that nobody has taken as settled yet.
    unsettled: HashMap<TraceId, Instant>,
}

#[derive(Debug)]
struct Trace {
    spans: HashMap<SpanId, Arc<Span>>,
    /// The spans that have children, whether they have arrived or not.
    parents: HashSet<SpanId>,
    started: Timestamp,
    has_root: bool,
}

impl Store {
    /// Keeps the spans. One that is there already stays as it is, so a batch that is sent again changes nothing.
    pub(crate) fn insert(&self, spans: Vec<Span>, now: Instant) {
        let mut traces = self.lock();
        for span in spans {
            let trace_id = span.trace_id;
            let trace = traces.by_id.entry(trace_id).or_insert_with(|| Trace {
                spans: HashMap::new(),
                parents: HashSet::new(),
                started: span.start_time,
                has_root: false,
            });
            if !trace.spans.contains_key(&span.span_id) {
                trace.insert(span);
                traces.unsettled.insert(trace_id, now);
            }
        }
    }

    /// The spans of a trace in no order, `None` for one that is not here.
    pub(crate) fn spans(&self, trace_id: TraceId) -> Option<Vec<Arc<Span>>> {
        let traces = self.lock();
        Some(traces.by_id.get(&trace_id)?.spans.values().cloned().collect())
    }

    /// All traces, the one that started last first.
    pub(crate) fn newest_first(&self) -> Vec<TraceId> {
        let traces = self.lock();
        let mut keys: Vec<_> = traces.by_id.iter().map(|(id, trace)| Reverse((trace.started, *id))).collect();
        drop(traces);
        keys.sort_unstable();
        keys.into_iter().map(|Reverse((_, id))| id).collect()
    }

    /// The traces that have their root and got no span for `quiet`, each once until another span arrives.
    pub(crate) fn take_settled(&self, now: Instant, quiet: Duration) -> Vec<TraceId> {
        let mut traces = self.lock();
        let Traces { by_id, unsettled } = &mut *traces;
        let settled = |id: &TraceId, last: &Instant| {
            now.saturating_duration_since(*last) >= quiet && by_id.get(id).is_some_and(|trace| trace.has_root)
        };
        let mut taken: Vec<_> = unsettled.extract_if(|id, last| settled(id, last)).collect();
        taken.sort_unstable_by_key(|(_, last)| *last);
        taken.into_iter().map(|(id, _)| id).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Traces> {
        // Nothing in here can leave the maps half-changed, so a thread that panicked takes no data with it.
        self.traces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Trace {
    /// A child may come before its parent or after it. What is known of a span is settled here, once, so that reading
    /// it only shares it.
    fn insert(&mut self, span: Span) {
        self.started = self.started.min(span.start_time);
        if let Some(parent_id) = span.parent_id {
            if self.parents.insert(parent_id)
                && let Some(parent) = self.spans.get_mut(&parent_id)
            {
                parent.has_child();
            }
        } else {
            self.has_root = true;
        }
        let mut span = Arc::new(span);
        if self.parents.contains(&span.span_id) {
            span.has_child();
        }
        self.spans.insert(span.span_id, span);
    }
}
