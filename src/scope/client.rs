//! What an emission needs to know of the SDK it belongs to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use bento_fork::generation;

use super::{Ending, Identity, OpenSpan, Overrides, Sources};
use crate::pipeline::Sink;
use crate::record::{Limits, Resource, Scope, SpanId};

/// Where spans go, within what limits and as whom. One is made at each start of the SDK, one by each capture.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) limits: Limits,
    pub(crate) resource: Arc<Resource>,
    pub(crate) scope: Arc<Scope>,
    /// Which process it was made in.
    generation: u32,
    sources: RwLock<Arc<Sources>>,
    open: Mutex<HashMap<SpanId, Weak<OpenSpan>>>,
}

impl Client {
    pub(crate) fn new(sink: Arc<dyn Sink>, limits: Limits, resource: Resource, sources: Sources) -> Self {
        Self {
            sink,
            limits,
            resource: Arc::new(resource),
            scope: Scope::ours(),
            generation: generation(),
            sources: RwLock::new(Arc::new(sources)),
            open: Mutex::default(),
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

    /// Takes over the sources that `newer` names. The former ones, and what they own, are for the caller to drop where
    /// no lock is held.
    pub(crate) fn update_sources(&self, newer: Sources) -> Arc<Sources> {
        let mut sources = self.sources.write().unwrap_or_else(PoisonError::into_inner);
        let mut updated = Sources::clone(&sources);
        updated.update(newer);
        std::mem::replace(&mut *sources, Arc::new(updated))
    }

    pub(super) fn identity(&self, overrides: Option<&Overrides>) -> Identity {
        // Asked without the lock: a source may call back.
        let sources = Arc::clone(&self.sources.read().unwrap_or_else(PoisonError::into_inner));
        sources.resolve(overrides, self.limits)
    }

    pub(super) fn opened(&self, span: &Arc<OpenSpan>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.insert(span.span_id, Arc::downgrade(span));
    }

    pub(super) fn ended(&self, span: SpanId) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&span);
    }

    /// Sends every span that is still open, marked as unfinished.
    pub(crate) fn end_open_spans(&self) {
        let open = std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner));
        for span in open.into_values().filter_map(|span| span.upgrade()) {
            span.end(Ending::Unfinished);
        }
    }
}
