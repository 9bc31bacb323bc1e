//! A span that is open, from its start to its end.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use super::place::{Ids, Place, send, send_pending, surroundings};
use super::registry::Slot;
use super::trace::Trace;
use super::{Client, Context, Draft, Identity};
use crate::record::{Limits, SpanId, TraceId, keys, nanos, unix_nanos};

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
    /// Where it is not that of the trace: the SDK was started anew in between.
    other_client: Option<Arc<Client>>,
    slot: Slot,
    started_at: SystemTime,
    started: Instant,
    /// So that nobody locks to find it over.
    is_over: AtomicBool,
    life: Mutex<Life>,
}

enum Life {
    Open(Body),
    /// With what it was sent as.
    Ended {
        session: Option<String>,
    },
}

struct Body {
    draft: Draft,
    /// Identity as the scope and the sources of `init` knew it at the start, if they did.
    implicit: Option<Box<Identity>>,
}

impl fmt::Debug for OpenSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenSpan")
            .field("trace_id", &self.trace_id)
            .field("span_id", &self.span_id)
            .finish_non_exhaustive()
    }
}

impl OpenSpan {
    /// Opens a span in `context`, or as the root of a trace of its own; in live mode it is sent as far as it is known.
    pub(crate) fn start(
        context: &Context,
        client: &Arc<Client>,
        role: Role,
        mut draft: Draft,
        own_trace: bool,
    ) -> Arc<Self> {
        let place = if own_trace { Place::root() } else { Place::within(context) };
        let implicit = surroundings(context, client, &mut draft);
        if let Some(trace) = place.trace {
            trace.mirror(&draft, implicit.as_deref());
        }
        let is_sampled = client.keeps(place.trace_id);
        let pending = (client.is_live && is_sampled).then(|| {
            let mut pending = draft.pending();
            place.sign(&mut pending, implicit.as_deref());
            pending
        });
        let span_id = SpanId::random();
        let span = Arc::new_cyclic(|itself| {
            let slot = client.open.enter(span_id, itself.clone());
            let (trace, other_client) = match place.trace {
                None => (Arc::new(Trace::new(itself.clone(), Arc::clone(client))), None),
                Some(trace) => {
                    let is_other = !Arc::ptr_eq(&trace.client, client);
                    (Arc::clone(trace), is_other.then(|| Arc::clone(client)))
                }
            };
            Self {
                trace_id: place.trace_id,
                span_id,
                role,
                is_sampled,
                parent: place.parent,
                trace,
                other_client,
                slot,
                started_at: SystemTime::now(),
                started: Instant::now(),
                is_over: AtomicBool::new(false),
                life: Mutex::new(Life::Open(Body { draft, implicit })),
            }
        });
        if let Some(pending) = pending {
            let start = unix_nanos(span.started_at);
            send_pending(client, &span.ids(), (start, start), pending);
        }
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
        self.client().is_here() && !self.is_over.load(Ordering::Acquire)
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
        self.client().limits
    }

    /// The session as this span would carry it if it ended now, or as it did when it ended; else its trace's.
    pub(crate) fn session(&self) -> Option<String> {
        let own = match &*self.life()? {
            Life::Open(Body { draft, implicit }) => {
                self.trace.session(draft, self.trace.is_root(self), implicit.as_deref())
            }
            Life::Ended { session } => session.clone(),
        };
        let of_root = || self.trace.root().filter(|root| root.span_id != self.span_id)?.session();
        own.or_else(of_root).or_else(|| self.trace.session_of_root())
    }

    /// Replaces what the trace says of itself, and adds the rest to its root.
    pub(crate) fn update_trace(&self, identity: &Identity, draft: Draft) {
        if !self.client().is_here() {
            return;
        }
        self.trace.update(identity);
        if let Some(root) = self.trace.root() {
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
            self.is_over.store(true, Ordering::Release);
            self.trace.sign(&mut draft, self.trace.is_root(self), implicit.as_deref());
            if self.trace.is_root(self) {
                self.trace.keep_session(draft.session());
            } else if self.role == Role::Trajectory {
                // Nobody asks a tool.
                *life = Life::Ended { session: draft.session().map(|session| session.kept.into_owned()) };
            }
            draft
        };
        self.client().open.leave(self.slot);
        if !self.client().admits(self.trace_id) {
            draft.discard();
            return;
        }
        match ending {
            Ending::Finished => {}
            Ending::Cancelled => draft.set_managed(&keys::CANCELLED, true),
            Ending::Panicked(message) => draft.fail("panic", &message),
            Ending::Unfinished => draft.set_managed(&keys::UNFINISHED, true),
        }
        let start = unix_nanos(self.started_at);
        let end = start.saturating_add(nanos(self.started.elapsed()));
        send(self.client(), &self.ids(), (start, end), draft);
    }

    fn ids(&self) -> Ids {
        Ids { trace_id: self.trace_id, span_id: self.span_id, parent: self.parent }
    }

    /// `None` in a forked child: the span is its parent's, who sends it, and may have locked it for ever.
    fn life(&self) -> Option<MutexGuard<'_, Life>> {
        let is_here = self.client().is_here();
        is_here.then(|| self.life.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn client(&self) -> &Arc<Client> {
        self.other_client.as_ref().unwrap_or(&self.trace.client)
    }

    /// Its trace, unless it is its parent process's.
    pub(super) fn trace_here(&self) -> Option<&Arc<Trace>> {
        self.client().is_here().then_some(&self.trace)
    }
}
