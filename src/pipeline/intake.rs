//! Where callers put records down: each thread on one of several trays, so that they do not wait for one another. A full
//! tray is carried to the queue, and so is every tray before anybody looks at the queue: a record that was put down is
//! as good as queued.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

use super::queue::{Arrival, Pushed, Queue};
use super::sync::{Mutex, MutexGuard, thread_number};

/// Trays, and records on one of them. Loom tries them all, and has no use for more.
pub(super) const TRAYS: usize = if cfg!(bento_loom) { 2 } else { 4 };
pub(super) const RECORDS: usize = if cfg!(bento_loom) { 2 } else { 16 };
/// Bytes of the records on a tray.
const BYTES: usize = 32 * 1024;

/// What may lie on all trays together: the queue has to have room for it.
pub(super) const MOST_RECORDS: usize = TRAYS * RECORDS;
pub(super) const MOST_BYTES: usize = TRAYS * BYTES;

#[derive(Debug, Default)]
pub(super) struct Intake {
    trays: [Tray; TRAYS],
    /// Whether the queue may not have room for what could lie here, or would have something to do if it had it: then
    /// nothing lies here. It changes only with the queue locked.
    is_closed: AtomicBool,
}

/// On memory of its own: what lies next to it changes with every record of another thread.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Tray(Mutex<Pile>);

#[derive(Debug, Default)]
struct Pile {
    arrivals: Vec<Arrival>,
    bytes: usize,
    is_closed: bool,
}

impl Intake {
    /// Puts a record down, if there is room for it; whether it has filled the tray.
    pub(super) fn put(&self, arrival: Arrival) -> Result<bool, Arrival> {
        if self.is_closed.load(Ordering::Relaxed) {
            return Err(arrival);
        }
        let mut pile = self.trays[mine()].pile();
        if pile.is_closed || pile.arrivals.len() >= RECORDS || pile.bytes + arrival.size > BYTES {
            return Err(arrival);
        }
        pile.bytes += arrival.size;
        pile.arrivals.push(arrival);
        Ok(pile.arrivals.len() >= RECORDS)
    }

    /// Carries what lies on this thread's tray to the queue.
    pub(super) fn carry_mine(&self, queue: &mut Queue, pushed: &mut Pushed) {
        if self.is_closed.load(Ordering::Relaxed) {
            return;
        }
        self.trays[mine()].pile().carry(queue, pushed);
    }

    /// Carries everything to the queue.
    pub(super) fn carry_all(&self, queue: &mut Queue, pushed: &mut Pushed) {
        for tray in &self.trays {
            tray.pile().carry(queue, pushed);
        }
    }

    /// Lets records lie here only as long as the queue has room for all that could.
    pub(super) fn follow(&self, queue: &mut Queue, pushed: &mut Pushed) {
        let is_closed = !queue.has_room_for(MOST_RECORDS, MOST_BYTES);
        if self.is_closed.load(Ordering::Relaxed) == is_closed {
            return;
        }
        self.is_closed.store(is_closed, Ordering::Relaxed);
        for tray in &self.trays {
            let mut pile = tray.pile();
            pile.is_closed = is_closed;
            pile.carry(queue, pushed);
        }
    }
}

impl Tray {
    fn pile(&self) -> MutexGuard<'_, Pile> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pile {
    fn carry(&mut self, queue: &mut Queue, pushed: &mut Pushed) {
        self.bytes = 0;
        if !self.arrivals.is_empty() {
            queue.take_all_in(self.arrivals.drain(..), pushed);
        }
    }
}

/// The tray of this thread.
fn mine() -> usize {
    thread_number() % TRAYS
}
