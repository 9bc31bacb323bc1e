//! What a record meets that is taken in: the bounds, and the oldest one, which makes room.

use super::{Batch, Entry, Phase, Queue};
use crate::error::LossReason;
use crate::record::{Records, SpanRecord};

/// A record that is to be taken in.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) size: usize,
    record: Box<SpanRecord>,
}

impl Arrival {
    pub(crate) fn of(record: Box<SpanRecord>) -> Self {
        Self { size: record.size(), record }
    }
}

/// What a push came to.
#[derive(Debug, Default)]
pub(crate) struct Pushed {
    /// Whether the worker has something to do now.
    pub(crate) wake: bool,
    /// Whether the keeper has.
    pub(crate) keep: bool,
    /// Whether something was lost that somebody waits for.
    pub(crate) settles: bool,
    /// What had to go, to be freed by the caller once the lock is released.
    pub(crate) evicted: Records,
}

impl Queue {
    /// Takes a record in; past the bounds the oldest one goes.
    pub(crate) fn push(&mut self, record: Box<SpanRecord>) -> Pushed {
        let mut pushed = Pushed::default();
        self.take_all_in(std::iter::once(Arrival::of(record)), &mut pushed);
        pushed
    }

    /// The same for many, which add to what they come to.
    pub(crate) fn take_all_in(&mut self, arrivals: impl Iterator<Item = Arrival>, pushed: &mut Pushed) {
        let was_due = self.has_full_batch();
        for arrival in arrivals {
            self.take_in(arrival, pushed);
        }
        if !was_due && self.has_full_batch() {
            pushed.wake = true;
            pushed.keep |= self.disk.is_on();
        }
        pushed.settles |= !pushed.evicted.is_empty() && self.tickets.is_any_open();
    }

    fn take_in(&mut self, arrival: Arrival, pushed: &mut Pushed) {
        let Arrival { size, record } = arrival;
        let is_pending = record.notes.is_pending;
        let number = self.next_number;
        self.next_number += 1;
        self.accounts.accepted += 1;
        if self.phase != Phase::Open {
            self.lose(&[number], LossReason::NotRunning);
            return;
        }
        pushed.wake |= std::mem::take(&mut self.is_resting);
        if is_pending && !self.has_room(1, size) {
            // It makes nobody else go: its span is sent when it ends.
            self.give_up(&[number]);
            pushed.evicted.push(record);
            return;
        }
        if self.bytes_in_hand() + size > self.policy.queue_bytes {
            // There is no room for it, whoever goes.
            self.overflow.drop_one();
            self.lose(&[number], LossReason::BytesFull);
            pushed.evicted.push(record);
            return;
        }
        if self.has_pending && !self.has_room(1, size) {
            self.evict_pending(&mut pushed.evicted);
        }
        while self.spans >= self.policy.queue_spans {
            if !self.evict(LossReason::QueueFull, &mut pushed.evicted) {
                break;
            }
        }
        while self.bytes + size > self.policy.queue_bytes {
            if !self.evict(LossReason::BytesFull, &mut pushed.evicted) {
                break;
            }
        }
        pushed.keep |= self.waiting.is_empty() && self.disk.is_on();
        self.spans += 1;
        self.bytes += size;
        self.waiting_bytes += size;
        self.has_pending |= is_pending;
        self.waiting.push_back(Entry { number, size, is_pending, sent_at: None, record });
    }

    fn has_room(&self, spans: usize, bytes: usize) -> bool {
        self.spans + spans <= self.policy.queue_spans && self.bytes + bytes <= self.policy.queue_bytes
    }

    /// Whether so much more can be taken in without anything else to be done about it than that.
    pub(crate) fn has_room_for(&self, spans: usize, bytes: usize) -> bool {
        self.phase == Phase::Open
            && !self.is_resting
            && !self.disk.is_on()
            && spans <= self.policy.queue_spans / 2
            && self.has_room(spans, bytes)
            && (self.has_full_batch()
                || !self.policy.is_full_batch(self.waiting.len() + spans, self.waiting_bytes + bytes))
    }

    /// Makes room: what is on disk too leaves the memory, otherwise the oldest record is lost.
    fn evict(&mut self, reason: LossReason, evicted: &mut Records) -> bool {
        let on_disk = self.retrying.iter().position(Batch::is_on_disk);
        let on_disk = on_disk.and_then(|index| self.retrying.remove(index)).or_else(|| self.disk.take_kept());
        if let Some(batch) = on_disk {
            self.leave_to_disk(&batch);
            evicted.extend(batch.entries.into_iter().map(|entry| entry.record));
            return true;
        }
        let Some(entry) = self.take_oldest() else { return false };
        self.spans -= 1;
        self.bytes -= entry.size;
        self.overflow.drop_one();
        self.lose(&[entry.number], reason);
        evicted.push(entry.record);
        true
    }

    /// Makes room by all forms of spans that had not ended, but for those in a thread's hands and those that the disk will
    /// keep.
    fn evict_pending(&mut self, evicted: &mut Records) {
        self.has_pending = false;
        let batches = self.retrying.iter_mut().filter(|batch| !batch.is_on_disk());
        let lists = batches.map(|batch| &mut batch.entries).chain(std::iter::once(&mut self.waiting));
        let (mut gone, mut waiting_bytes) = (Vec::new(), 0);
        for entries in lists {
            let (pending, complete): (Vec<_>, Vec<_>) =
                std::mem::take(entries).into_iter().partition(|entry| entry.is_pending);
            *entries = complete.into();
            waiting_bytes = entries.iter().map(|entry| entry.size).sum();
            gone.extend(pending);
        }
        // The list of those that wait came last.
        self.waiting_bytes = waiting_bytes;
        self.retrying.retain(|batch| !batch.entries.is_empty());
        self.spans -= gone.len();
        self.bytes -= gone.iter().map(|entry| entry.size).sum::<usize>();
        let mut numbers: Vec<u64> = gone.iter().map(|entry| entry.number).collect();
        numbers.sort_unstable();
        self.give_up(&numbers);
        evicted.extend(gone.into_iter().map(|entry| entry.record));
    }

    /// Enters forms of spans that had not ended and that are not sent; `numbers` are in ascending order.
    pub(super) fn give_up(&mut self, numbers: &[u64]) {
        self.accounts.withheld.add(LossReason::Superseded, numbers.len() as u64);
        self.tickets.note(|ticket| ticket.settle_partly(numbers, 0));
    }

    fn take_oldest(&mut self) -> Option<Entry> {
        let Some(batch) = self.retrying.front_mut() else {
            return self.waiting.pop_front().inspect(|entry| self.waiting_bytes -= entry.size);
        };
        let entry = batch.entries.pop_front();
        if batch.entries.is_empty() {
            self.retrying.pop_front();
        }
        entry
    }
}
