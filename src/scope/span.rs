//! A span from its start to its end, and the trace it belongs to.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use super::{Client, Context, Draft, Identity};
use crate::record::{Limits, SpanId, TraceId, keys, unix_nanos};

/// What an open span is for: only trajectories must be finished in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Trajectory,
    Tool,
}

/// How a span ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Finished,
    /// Its future was dropped.
    Cancelled,
    /// The code it stands for panicked, with this message.
    Panicked(String),
    /// The SDK shut down, or the process ended, before it did.
    Unfinished,
}

/// A span that is open, or was; children may still attach to it.
pub(crate) struct OpenSpan {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    pub(crate) role: Role,
    /// Whether its trace is kept. One that is not is written no further, and only counted.
    pub(crate) is_sampled: bool,
    parent: Option<SpanId>,
    trace: Arc<Trace>,
    client: Arc<Client>,
    /// Nanoseconds since the Unix epoch.
    start: u64,
    life: Mutex<Life>,
}

#[expect(
    clippy::large_enum_variant,
    reason = "most are open; a box would be one more allocation for each span"
)]
enum Life {
    Open(Body),
    /// With what it was sent as.
    Ended {
        session: Option<String>,
    },
}

struct Body {
    draft: Draft,
    /// Identity as the scope and the sources of `init` knew it at the start.
    implicit: Identity,
}

/// What the spans of one trace share: the backend reads a trace's identity from its root.
struct Trace {
    root: Weak<OpenSpan>,
    clock: Clock,
    shared: Mutex<TraceIdentity>,
}

/// The time of one trace: all of it from the monotonic clock, so that its spans fit one another.
struct Clock {
    began: Instant,
    began_at: u64,
}

impl Clock {
    fn start() -> Self {
        Self { began: Instant::now(), began_at: unix_nanos(SystemTime::now()) }
    }

    /// Nanoseconds since the Unix epoch.
    fn now(&self) -> u64 {
        self.began_at.saturating_add(nanos(self.began.elapsed()))
    }
}

#[derive(Default)]
struct TraceIdentity {
    /// What `update_current_trace` said, for the spans that end after it.
    updates: Identity,
    /// What replaces the root's identity: the newest of `update_current_trace` and the children's own arguments.
    replacing: Identity,
    /// What fills the root's identity where it has none.
    filling: Identity,
}

impl fmt::Debug for OpenSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenSpan")
            .field("trace_id", &self.trace_id)
            .field("span_id", &self.span_id)
            .finish_non_exhaustive()
    }
}

/// Where a new span hangs.
struct Place {
    trace_id: TraceId,
    parent: Option<SpanId>,
    trace: Option<Arc<Trace>>,
}

impl Place {
    fn within(context: &Context) -> Self {
        match context.parent_ids() {
            None => Self::root(),
            Some((trace_id, parent)) => {
                let own = context.span().filter(|span| span.client.is_here());
                let trace = own.map(|span| Arc::clone(&span.trace));
                Self { trace_id, parent: Some(parent), trace }
            }
        }
    }

    fn root() -> Self {
        Self { trace_id: TraceId::random(), parent: None, trace: None }
    }
}

impl OpenSpan {
    /// Opens a span in `context`, or as the root of a trace of its own.
    pub(crate) fn start(
        context: &Context,
        client: Arc<Client>,
        role: Role,
        mut draft: Draft,
        own_trace: bool,
    ) -> Arc<Self> {
        let place = if own_trace { Place::root() } else { Place::within(context) };
        let implicit = surroundings(context, &client, &mut draft);
        if let Some(trace) = &place.trace {
            trace.mirror(&draft, &implicit);
        }
        let is_sampled = client.keeps(place.trace_id);
        let span = Arc::new_cyclic(|itself| {
            let (trace, start) = match place.trace {
                Some(trace) => {
                    let start = trace.clock.now();
                    (trace, start)
                }
                None => {
                    let trace = Trace::new(itself.clone());
                    let start = trace.clock.began_at;
                    (Arc::new(trace), start)
                }
            };
            Self {
                trace_id: place.trace_id,
                span_id: SpanId::random(),
                role,
                is_sampled,
                parent: place.parent,
                trace,
                client,
                start,
                life: Mutex::new(Life::Open(Body { draft, implicit })),
            }
        });
        span.client.opened(&span);
        span
    }

    /// Adds to what the span will carry; nothing, once it has ended. The caller's own code, which may well call back,
    /// has written the draft before the span is locked.
    pub(crate) fn add(&self, draft: Draft) {
        if let Some(mut life) = self.life()
            && let Life::Open(body) = &mut *life
        {
            body.draft.merge(draft);
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.life().is_some_and(|life| matches!(*life, Life::Open(_)))
    }

    /// The name of a span that is open.
    pub(crate) fn name(&self) -> Option<String> {
        match &*self.life()? {
            Life::Open(body) => Some(body.draft.name().to_owned()),
            Life::Ended { .. } => None,
        }
    }

    pub(crate) fn parent(&self) -> Option<SpanId> {
        self.parent
    }

    pub(crate) fn limits(&self) -> Limits {
        self.client.limits
    }

    /// The session as this span would carry it if it ended now, or as it did when it ended; else its trace's.
    pub(crate) fn session(&self) -> Option<String> {
        let own = match &*self.life()? {
            Life::Open(Body { draft, implicit }) => {
                let identity = self.trace.resolve(self.is_root(), draft, implicit);
                identity.session.map(|session| session.kept.into_owned())
            }
            Life::Ended { session } => session.clone(),
        };
        own.or_else(|| self.trace.root.upgrade().filter(|root| root.span_id != self.span_id)?.session())
    }

    /// Replaces what the trace says of itself, and adds the rest to its root.
    pub(crate) fn update_trace(&self, identity: &Identity, draft: Draft) {
        if !self.client.is_here() {
            return;
        }
        {
            let mut shared = self.trace.shared();
            shared.updates = identity.clone().or(&shared.updates);
            shared.replacing = identity.clone().or(&shared.replacing);
        }
        if let Some(root) = self.trace.root.upgrade() {
            root.add(draft);
        }
    }

    /// Ends the span and hands it on; a second end does nothing.
    pub(crate) fn end(&self, ending: Ending) {
        let mut draft = {
            let Some(mut life) = self.life() else { return };
            let Body { mut draft, implicit } =
                match std::mem::replace(&mut *life, Life::Ended { session: None }) {
                    Life::Open(body) => body,
                    ended @ Life::Ended { .. } => {
                        *life = ended;
                        return;
                    }
                };
            self.trace.write_identity(self.is_root(), &mut draft, &implicit);
            *life = Life::Ended { session: draft.session().map(|session| session.kept.into_owned()) };
            draft
        };
        self.client.ended(self.span_id);
        if !self.client.admits(self.trace_id) {
            return;
        }
        match ending {
            Ending::Finished => {}
            Ending::Cancelled => draft.set_managed(&keys::CANCELLED, true),
            Ending::Panicked(message) => draft.fail("panic", &message),
            Ending::Unfinished => draft.set_managed(&keys::UNFINISHED, true),
        }
        let ids = Ids { trace_id: self.trace_id, span_id: self.span_id, parent: self.parent };
        send(&self.client, &ids, (self.start, self.trace.clock.now().max(self.start)), draft);
    }

    /// `None` in a forked child: the span is its parent's, who sends it, and may have locked it for ever.
    fn life(&self) -> Option<MutexGuard<'_, Life>> {
        let is_here = self.client.is_here();
        is_here.then(|| self.life.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_root(&self) -> bool {
        std::ptr::eq(self.trace.root.as_ptr(), self)
    }
}

impl Trace {
    fn new(root: Weak<OpenSpan>) -> Self {
        Self { root, clock: Clock::start(), shared: Mutex::default() }
    }

    /// Takes note of a child's identity for the root: the child's own arguments replace, the rest fills.
    fn mirror(&self, draft: &Draft, implicit: &Identity) {
        let explicit = draft.identity();
        let mut shared = self.shared();
        shared.replacing = explicit.or(&shared.replacing);
        shared.filling = std::mem::take(&mut shared.filling).or(implicit);
    }

    /// Whose span it is, from what the draft says of it in so many words and from everything else that is known.
    fn resolve(&self, is_root: bool, draft: &Draft, implicit: &Identity) -> Identity {
        let explicit = draft.identity();
        let shared = self.shared();
        if is_root {
            shared.replacing.clone().or(&explicit).or(implicit).or(&shared.filling)
        } else {
            explicit.or(&shared.updates).or(implicit)
        }
    }

    /// Writes the same into the draft.
    fn write_identity(&self, is_root: bool, draft: &mut Draft, implicit: &Identity) {
        let shared = self.shared();
        if is_root {
            draft.replace_identity(&shared.replacing);
            draft.fill_identity(implicit);
            draft.fill_identity(&shared.filling);
        } else {
            draft.fill_identity(&shared.updates);
            draft.fill_identity(implicit);
        }
    }

    fn shared(&self) -> MutexGuard<'_, TraceIdentity> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A span without children, written when it is over.
#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) span_id: SpanId,
    pub(crate) draft: Draft,
    pub(crate) started_at: Option<SystemTime>,
    pub(crate) duration: Option<Duration>,
}

impl Leaf {
    pub(crate) fn new(draft: Draft, started_at: Option<SystemTime>, duration: Option<Duration>) -> Self {
        Self { span_id: SpanId::random(), draft, started_at, duration }
    }

    /// Hands the span on as a child of `context`'s, or as a root in a trace of its own; or counts it, where its trace is
    /// not kept.
    pub(crate) fn send(self, context: &Context, client: &Client) -> SpanId {
        let Self { span_id, mut draft, started_at, duration } = self;
        let place = Place::within(context);
        if !client.admits(place.trace_id) {
            return span_id;
        }
        let implicit = surroundings(context, client, &mut draft);
        let now = match &place.trace {
            None => {
                draft.fill_identity(&implicit);
                unix_nanos(SystemTime::now())
            }
            Some(trace) => {
                trace.mirror(&draft, &implicit);
                trace.write_identity(false, &mut draft, &implicit);
                trace.clock.now()
            }
        };
        let ids = Ids { trace_id: place.trace_id, span_id, parent: place.parent };
        send(client, &ids, times(started_at, duration, now), draft);
        span_id
    }
}

/// Adds to a new span what its scope says of every span; gives the identity that the scope and the sources know.
fn surroundings(context: &Context, client: &Client, draft: &mut Draft) -> Identity {
    let overrides = context.overrides();
    if let Some(overrides) = overrides {
        draft.fill_properties(&overrides.properties);
    }
    client.identity(overrides)
}

struct Ids {
    trace_id: TraceId,
    span_id: SpanId,
    parent: Option<SpanId>,
}

/// The one way from a finished span to the queue.
fn send(client: &Client, ids: &Ids, (start, end): (u64, u64), draft: Draft) {
    let mut record = draft.finish(end);
    (record.trace_id, record.span_id, record.parent) = (ids.trace_id, ids.span_id, ids.parent);
    (record.start, record.end) = (start, end);
    client.accept(record);
}

/// Start and end of a leaf, from what the caller knows of them; what is missing ends now.
fn times(started_at: Option<SystemTime>, duration: Option<Duration>, now: u64) -> (u64, u64) {
    let long = duration.map_or(0, nanos);
    match started_at.map(unix_nanos) {
        Some(start) if duration.is_some() => (start, start.saturating_add(long)),
        Some(start) => (start, now.max(start)),
        None => (now.saturating_sub(long).max(1), now),
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_never_ends_before_it_starts() {
        let nanos = 1_000_000_000;
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let second = Duration::from_secs(1);
        let times = |started_at, duration, now: SystemTime| times(started_at, duration, unix_nanos(now));
        assert_eq!(times(None, None, at(10)), (10 * nanos, 10 * nanos));
        assert_eq!(times(None, Some(second), at(10)), (9 * nanos, 10 * nanos));
        assert_eq!(times(Some(at(5)), None, at(10)), (5 * nanos, 10 * nanos));
        assert_eq!(times(Some(at(5)), Some(second), at(10)), (5 * nanos, 6 * nanos));
        assert_eq!(times(Some(at(20)), None, at(10)), (20 * nanos, 20 * nanos));
        assert_eq!(times(None, Some(Duration::MAX), at(10)), (1, 10 * nanos));
    }
}
