//! A span that is written when it is over.

use std::time::{Duration, SystemTime};

use super::place::{Ids, Place, send, surroundings};
use super::{Client, Context, Draft};
use crate::record::{SpanId, nanos, unix_nanos};

/// A span without children, written when it is over.
#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) span_id: SpanId,
    pub(crate) draft: Draft,
}

impl Leaf {
    pub(crate) fn new(draft: Draft) -> Self {
        Self { span_id: SpanId::random(), draft }
    }

    /// Hands the span on as a child of `context`'s, or as a root in a trace of its own; or counts it, where its trace is
    /// not kept.
    pub(crate) fn send(self, context: &Context, client: &Client) -> SpanId {
        let Self { span_id, mut draft } = self;
        let place = Place::within(context);
        if !client.admits(place.trace_id) {
            draft.discard();
            return span_id;
        }
        let implicit = surroundings(context, client, &mut draft);
        match (place.trace, &implicit) {
            (Some(trace), implicit) => {
                trace.mirror(&draft, implicit.as_deref());
                trace.sign(&mut draft, false, implicit.as_deref());
            }
            (None, Some(implicit)) => draft.fill_identity(implicit),
            (None, None) => {}
        }
        let ids = Ids { trace_id: place.trace_id, span_id, parent: place.parent };
        let times = times(draft.started_at(), draft.duration(), SystemTime::now());
        send(client, &ids, times, draft);
        span_id
    }
}

/// Start and end of a leaf, from what the caller knows of them; what is missing ends now.
fn times(started_at: Option<SystemTime>, duration: Option<Duration>, now: SystemTime) -> (u64, u64) {
    let now = unix_nanos(now);
    let long = duration.map_or(0, nanos);
    match started_at.map(unix_nanos) {
        Some(start) if duration.is_some() => (start, start.saturating_add(long)),
        Some(start) => (start, now.max(start)),
        None => (now.saturating_sub(long).max(1), now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_never_ends_before_it_starts() {
        let nanos = 1_000_000_000;
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let second = Duration::from_secs(1);
        assert_eq!(times(None, None, at(10)), (10 * nanos, 10 * nanos));
        assert_eq!(times(None, Some(second), at(10)), (9 * nanos, 10 * nanos));
        assert_eq!(times(Some(at(5)), None, at(10)), (5 * nanos, 10 * nanos));
        assert_eq!(times(Some(at(5)), Some(second), at(10)), (5 * nanos, 6 * nanos));
        assert_eq!(times(Some(at(20)), None, at(10)), (20 * nanos, 20 * nanos));
        assert_eq!(times(None, Some(Duration::MAX), at(10)), (1, 10 * nanos));
    }
}
