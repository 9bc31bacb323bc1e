//! What every new span needs: its place in a trace, and what is said of it from around.

use std::sync::Arc;

use super::trace::Trace;
use super::{Client, Context, Draft, Identity};
use crate::record::{SpanId, TraceId};

/// Where a new span hangs.
pub(super) struct Place<'a> {
    pub(super) trace_id: TraceId,
    pub(super) parent: Option<SpanId>,
    pub(super) trace: Option<&'a Arc<Trace>>,
}

impl<'a> Place<'a> {
    pub(super) fn within(context: &'a Context) -> Self {
        match context.parent_ids() {
            None => Self::root(),
            Some((trace_id, parent)) => Self {
                trace_id,
                parent: Some(parent),
                trace: context.span().and_then(|span| span.trace_here()),
            },
        }
    }

    pub(super) fn root() -> Self {
        Self { trace_id: TraceId::random(), parent: None, trace: None }
    }
}

/// Adds to a new span what its scope says of every span; gives the identity that the scope and the sources know.
pub(super) fn surroundings(context: &Context, client: &Client, draft: &mut Draft) -> Option<Box<Identity>> {
    let overrides = context.overrides();
    if let Some(overrides) = overrides {
        draft.fill_properties(&overrides.properties);
    }
    client.identity(overrides)
}

impl Place<'_> {
    /// Writes into a draft that is not the root's whose span it is.
    pub(super) fn sign(&self, draft: &mut Draft, implicit: Option<&Identity>) {
        match (self.trace, implicit) {
            (Some(trace), implicit) => trace.sign(draft, false, implicit),
            (None, Some(implicit)) => draft.fill_identity(implicit),
            (None, None) => {}
        }
    }
}

pub(super) struct Ids {
    pub(super) trace_id: TraceId,
    pub(super) span_id: SpanId,
    pub(super) parent: Option<SpanId>,
}

/// The same for a span that has not ended; apart, so that the way of those that have is as short as without.
#[cold]
pub(super) fn send_pending(client: &Client, ids: &Ids, times: (u64, u64), draft: Draft) {
    send(client, ids, times, draft);
}

/// The one way from a finished span to the queue.
pub(super) fn send(client: &Client, ids: &Ids, (start, end): (u64, u64), draft: Draft) {
    let mut record = draft.finish(end);
    (record.trace_id, record.span_id, record.parent) = (ids.trace_id, ids.span_id, ids.parent);
    (record.start, record.end) = (start, end);
    client.accept(record);
}
