//! What an emission needs to know of the SDK it belongs to.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
#[cfg(feature = "otel")]
use std::time::Instant;

use bento_fork::generation;

use super::registry::Registry;
use super::{Ending, Identity, Overrides, Sources};
use crate::error::LossReason;
use crate::foreign::Panics;
#[cfg(feature = "otel")]
use crate::pipeline::Delivery;
use crate::pipeline::Sink;
use crate::record::{Hooks, Limits, Ratio, Resource, Scope, SpanRecord, TraceId, keys};

/// Where spans go, within what limits, as whom, and what of them. One is made at each start of the SDK, one by each
/// capture.
pub(crate) struct Client {
    sink: Arc<dyn Sink>,
    pub(crate) limits: Limits,
    pub(crate) resource: Arc<Resource>,
    pub(crate) scope: Arc<Scope>,
    /// Which process it was made in.
    generation: u32,
    kept: Ratio,
    /// Whether open spans are sent, too.
    pub(super) is_live: bool,
    /// So that without sources nothing is paid for them but this look.
    has_sources: AtomicBool,
    sources: RwLock<Arc<Sources>>,
    source_panics: Panics,
    /// So that without hooks nothing is paid for them but this look.
    has_hooks: AtomicBool,
    hooks: RwLock<Hooks>,
    hook_panics: Panics,
    pub(super) open: Registry,
}

/// It leads to the queue, where the spans of everybody wait.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Client {
    pub(crate) fn new(sink: Arc<dyn Sink>, limits: Limits, resource: Resource, sources: Sources) -> Self {
        Self {
            sink,
            limits,
            resource: Arc::new(resource),
            scope: Scope::ours(),
            generation: generation(),
            kept: Ratio::ALL,
            is_live: false,
            has_sources: AtomicBool::new(!sources.is_empty()),
            sources: RwLock::new(Arc::new(sources)),
            source_panics: Panics::new(
                "a closure given as `user_id`, `session_id` or `tags` panicked, and spans go without what it was to give",
            ),
            has_hooks: AtomicBool::new(false),
            hooks: RwLock::default(),
            hook_panics: Panics::new("a redaction hook panicked, and the values it was given are withheld"),
            open: Registry::default(),
        }
    }

    /// Whether it is of this process; a forked child finds that of its parent, whose locks it must not take.
    pub(super) fn is_here(&self) -> bool {
        self.generation == generation()
    }

    /// The sources, for a forked child; none where another thread was changing them at the moment of the fork.
    pub(crate) fn inherited_sources(&self) -> Sources {
        self.sources.try_read().map_or_else(|_| Sources::default(), |sources| Sources::clone(&sources))
    }

    /// The hooks, for a forked child; where another thread was changing them at the moment of the fork, one that lets
    /// nothing pass.
    pub(crate) fn inherited_hooks(&self) -> Hooks {
        if !self.has_hooks.load(Ordering::Acquire) {
            return Hooks::default();
        }
        self.hooks.try_read().map_or_else(|_| Hooks::closed(), |hooks| hooks.clone())
    }

    /// Keeps this ratio of traces only.
    pub(crate) fn sampled(mut self, kept: Ratio) -> Self {
        self.kept = kept;
        self
    }

    /// Sends open spans, too.
    pub(crate) fn live(mut self, is_live: bool) -> Self {
        self.is_live = is_live;
        self
    }

    /// Takes over the hooks of `newer`, if it names any. The former ones are for the caller to drop where no lock is
    /// held.
    pub(crate) fn update_hooks(&self, newer: Hooks) -> Hooks {
        if newer.is_empty() {
            return newer;
        }
        let former =
            std::mem::replace(&mut *self.hooks.write().unwrap_or_else(PoisonError::into_inner), newer);
        self.has_hooks.store(true, Ordering::Release);
        former
    }

    /// Takes over the sources that `newer` names. The former ones, and what they own, are for the caller to drop where
    /// no lock is held.
    pub(crate) fn update_sources(&self, newer: Sources) -> Arc<Sources> {
        let mut sources = self.sources.write().unwrap_or_else(PoisonError::into_inner);
        let mut updated = Sources::clone(&sources);
        updated.update(newer);
        self.has_sources.store(!updated.is_empty(), Ordering::Release);
        std::mem::replace(&mut *sources, Arc::new(updated))
    }

    /// Lets go of the host's closures, when nothing that is emitted here is sent any more: a thread that does not emit
    /// may remember the client for as long as it lives.
    pub(crate) fn retire(&self) {
        let hooks = std::mem::take(&mut *self.hooks.write().unwrap_or_else(PoisonError::into_inner));
        let sources = std::mem::take(&mut *self.sources.write().unwrap_or_else(PoisonError::into_inner));
        // Where no lock is held, because it is foreign code.
        drop((hooks, sources));
    }

    /// What the scope and the sources know, if they know anything.
    pub(super) fn identity(&self, overrides: Option<&Overrides>) -> Option<Box<Identity>> {
        if overrides.is_none() && !self.has_sources.load(Ordering::Acquire) {
            return None;
        }
        // Asked without the lock: a source may call back.
        let sources = Arc::clone(&self.sources.read().unwrap_or_else(PoisonError::into_inner));
        let identity = sources.resolve(overrides, self.limits, &self.source_panics);
        (!identity.is_empty()).then(|| Box::new(identity))
    }

    /// Whether the spans of this trace are sent.
    pub(super) fn keeps(&self, trace: TraceId) -> bool {
        self.kept.keeps(trace)
    }

    /// The same for a span that is over; one that is not sent is counted.
    pub(crate) fn admits(&self, trace: TraceId) -> bool {
        let keeps = self.keeps(trace);
        if !keeps {
            self.sink.withhold(LossReason::SampledOut);
        }
        keeps
    }

    /// Hands a span of the SDK's own on whose trace is kept, as the redaction hooks leave it.
    pub(super) fn accept(&self, mut record: Box<SpanRecord>) {
        // A record that was used before has mostly the right ones, which spares a count that all threads share.
        if !Arc::ptr_eq(&record.resource, &self.resource) {
            record.resource = Arc::clone(&self.resource);
        }
        if !Arc::ptr_eq(&record.scope, &self.scope) {
            record.scope = Arc::clone(&self.scope);
        }
        self.pass_on(record);
    }

    /// Hands a span on whose trace is kept, as the redaction hooks leave it.
    pub(crate) fn pass_on(&self, record: Box<SpanRecord>) {
        if let Some(mut record) = self.redacted(record) {
            if record.notes.is_pending {
                // A hook that lets nothing pass but what it knows would make it look complete.
                record.attributes.set_managed(&keys::PENDING, true);
            }
            self.sink.accept(record);
        }
    }

    /// The same for many, and is over when they are delivered or lost, or at `deadline`.
    #[cfg(feature = "otel")]
    pub(crate) fn deliver(
        &self,
        records: impl Iterator<Item = Box<SpanRecord>>,
        deadline: Instant,
    ) -> Delivery {
        let records = records.filter_map(|record| self.redacted(record)).collect();
        self.sink.deliver(records, deadline)
    }

    fn redacted(&self, record: Box<SpanRecord>) -> Option<Box<SpanRecord>> {
        if !self.has_hooks.load(Ordering::Acquire) {
            return Some(record);
        }
        // Asked without the lock: a hook may call back.
        let hooks = self.hooks.read().unwrap_or_else(PoisonError::into_inner).clone();
        let record = hooks.redact(record, self.limits, &self.hook_panics);
        if record.is_none() {
            self.sink.withhold(LossReason::Redacted);
        }
        record
    }

    /// Panics of identity sources and redaction hooks.
    pub(crate) fn panics(&self) -> u64 {
        self.source_panics.count() + self.hook_panics.count()
    }

    /// Sends every span that is still open, marked as unfinished.
    pub(crate) fn end_open_spans(&self) {
        for span in self.open.take_all().into_iter().filter_map(|span| span.upgrade()) {
            span.end(Ending::Unfinished);
        }
    }
}
