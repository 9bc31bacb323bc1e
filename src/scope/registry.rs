//! The spans that are open, so that the end of the SDK finds them.

use std::sync::{Mutex, MutexGuard, PoisonError, Weak};

use super::OpenSpan;
use crate::record::SpanId;

/// Its parts have a lock each, so that threads rarely meet.
#[derive(Debug, Default)]
pub(super) struct Registry([Mutex<Slots>; 8]);

#[derive(Debug, Default)]
struct Slots {
    spans: Vec<Option<Weak<OpenSpan>>>,
    free: Vec<usize>,
}

/// Where a span is registered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    part: usize,
    index: usize,
}

impl Registry {
    pub(super) fn enter(&self, id: SpanId, span: Weak<OpenSpan>) -> Slot {
        let part = id.spread_over(self.0.len());
        let mut slots = self.slots(part);
        let index = if let Some(index) = slots.free.pop() {
            slots.spans[index] = Some(span);
            index
        } else {
            slots.spans.push(Some(span));
            slots.spans.len() - 1
        };
        Slot { part, index }
    }

    pub(super) fn leave(&self, slot: Slot) {
        let mut slots = self.slots(slot.part);
        slots.spans[slot.index] = None;
        slots.free.push(slot.index);
        if slots.free.len() == slots.spans.len() {
            // Many may have been open at one time, which need not come again.
            slots.free.clear();
            slots.spans.clear();
            slots.free.shrink_to(KEPT);
            slots.spans.shrink_to(KEPT);
        }
    }

    /// Takes out every span; their slots stay theirs until they leave them.
    pub(super) fn take_all(&self) -> Vec<Weak<OpenSpan>> {
        let parts = 0..self.0.len();
        parts
            .flat_map(|part| self.slots(part).spans.iter_mut().filter_map(Option::take).collect::<Vec<_>>())
            .collect()
    }

    fn slots(&self, part: usize) -> MutexGuard<'_, Slots> {
        self.0[part].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Slots whose memory is kept when all are free.
const KEPT: usize = 64;
