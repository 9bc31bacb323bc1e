//! A span that is written when it is over.

use std::time::{Duration, SystemTime};

use super::place::{Ids, Place, send, send_pending, surroundings};
use super::{Client, Context, Draft, Identity};
use crate::record::{SpanId, TraceId, keys, nanos, unix_nanos};

/// A span without children, written when it is over.
#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) span_id: SpanId,
    pub(crate) draft: Draft,
}

/// What is settled of a leaf that is sent before it is over, too.
#[derive(Debug)]
pub(crate) struct Preview {
    trace_id: TraceId,
    /// Whether its trace is.
    is_kept: bool,
    implicit: Option<Box<Identity>>,
    /// The end of its latest form; the next one's is later.
    end: u64,
}

impl Leaf {
    pub(crate) fn new(draft: Draft) -> Self {
        Self { span_id: SpanId::random(), draft }
    }

    /// In live mode, settles what is to be sent of it before it is over.
    pub(crate) fn preview(context: &Context, client: &Client) -> Option<Preview> {
        if !client.is_live {
            return None;
        }
        let trace_id = Place::within(context).trace_id;
        let is_kept = client.keeps(trace_id);
        let implicit = is_kept.then(|| client.identity(context.overrides())).flatten();
        Some(Preview { trace_id, is_kept, implicit, end: 0 })
    }

    /// Sends it before it is over, with the text that has been gathered for its output, of which so many bytes had come.
    /// Gives how many bytes that took, if it may be shown again.
    pub(crate) fn show(
        &self,
        preview: &mut Preview,
        output: Option<(&str, usize)>,
        context: &Context,
        client: &Client,
    ) -> Option<usize> {
        if !client.is_live || !preview.is_kept {
            return None;
        }
        let mut pending = self.draft.pending();
        if let Some((text, size)) = output {
            pending.set_gathered(&keys::OUTPUT, text, size);
        }
        if let Some(overrides) = context.overrides() {
            pending.fill_properties(&overrides.properties);
        }
        let place = preview.place(context);
        place.sign(&mut pending, preview.implicit.as_deref());
        let (start, now) = times(self.draft.started_at(), None, SystemTime::now());
        preview.end = now.max(preview.end.saturating_add(1));
        let bytes = pending.size();
        send_pending(client, &self.ids(&place), (start, preview.end), pending);
        Some(bytes)
    }

    /// Hands the span on as a child of `context`'s, or as a root in a trace of its own; or counts it, where its trace is
    /// not kept.
    pub(crate) fn send(self, context: &Context, client: &Client) -> SpanId {
        self.send_to(&Place::within(context), context, client)
    }

    /// The same for one that was sent before.
    pub(crate) fn send_again(self, preview: &Preview, context: &Context, client: &Client) -> SpanId {
        self.send_to(&preview.place(context), context, client)
    }

    fn send_to(self, place: &Place<'_>, context: &Context, client: &Client) -> SpanId {
        let ids = self.ids(place);
        let Self { span_id, mut draft } = self;
        if !client.admits(place.trace_id) {
            draft.discard();
            return span_id;
        }
        let implicit = surroundings(context, client, &mut draft);
        if let Some(trace) = place.trace {
            trace.mirror(&draft, implicit.as_deref());
        }
        place.sign(&mut draft, implicit.as_deref());
        let times = times(draft.started_at(), draft.duration(), SystemTime::now());
        send(client, &ids, times, draft);
        span_id
    }

    fn ids(&self, place: &Place<'_>) -> Ids {
        Ids { trace_id: place.trace_id, span_id: self.span_id, parent: place.parent }
    }
}

impl Preview {
    /// Where it hangs. A root has drawn its trace when it was first sent, or it would have another in each form.
    fn place<'a>(&self, context: &'a Context) -> Place<'a> {
        Place { trace_id: self.trace_id, ..Place::within(context) }
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
