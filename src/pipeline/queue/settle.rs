//! What becomes of a batch, and of those who wait for it.

use std::collections::VecDeque;
use std::ops::Range;
use std::task::Waker;
use std::time::{Duration, Instant};

use super::{InHand, Phase, Place, Pushed, Queue};
use crate::error::{DeliveryError, LossReason};
use crate::export::{Verdict, backoff};
use crate::pipeline::accounts::Telling;
use crate::pipeline::batch::{Batch, Entry, unheld};
use crate::pipeline::spool::SpoolFile;
use crate::record::Records;

/// A batch is retried until it is this old.
const GIVE_UP_AFTER: Duration = Duration::from_secs(5 * 60);
/// A whole exchange with the backend takes at most this long (`sdk.md`, "Delivery").
const LONGEST_REQUEST: Duration = Duration::from_secs(10);
/// How much longer than its deadline a shutdown lets the disk take.
const KEEP_GRACE: Duration = Duration::from_millis(500);
/// What takes so much longer than it was to take tells that the process was frozen.
const FREEZE: Duration = Duration::from_secs(2);

/// What settling a batch came to.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// Why it is lost, where a verdict that left hope has become a loss.
    pub(crate) lost: Option<LossReason>,
    /// Files that are no longer needed.
    pub(crate) files: Vec<SpoolFile>,
    /// Records that are no longer needed.
    pub(crate) spent: VecDeque<Entry>,
}

impl Settled {
    fn of(batch: Batch) -> Self {
        Self { lost: None, files: unheld(batch.copies), spent: batch.entries }
    }
}

impl Queue {
    /// The moment by which a request begun now must have ended.
    pub(crate) fn request_deadline(&self, now: Instant) -> Instant {
        self.not_after_deadline(now + LONGEST_REQUEST)
    }

    /// Enters what became of the batch in flight.
    pub(crate) fn settle(
        &mut self,
        mut batch: Batch,
        verdict: Verdict,
        now: Instant,
        random: u64,
    ) -> Settled {
        let since = self.in_flight.take().map_or(now, |in_flight| in_flight.since);
        batch.thaw(self.thaw(now, since + LONGEST_REQUEST));
        if self.phase == Phase::Closed {
            if !batch.is_on_disk() {
                // The deadline of the shutdown passed while it was on its way; it has been counted.
                return Settled::default();
            }
            // Its copies have been counted in its place.
            self.spans += batch.len();
            self.bytes += batch.bytes();
            self.disk.count_out(&batch.numbers());
        }
        match verdict {
            Verdict::Accepted { rejected, message } => {
                self.release(&batch);
                self.deliver_forms(&batch, rejected, message);
                Settled::of(batch)
            }
            Verdict::Refused { reason, cause } => self.fail(batch, reason, cause),
            Verdict::TooLarge { cause } if batch.len() == 1 => {
                let reason = LossReason::Refused { status: 413 };
                Settled { lost: Some(reason), ..self.fail(batch, reason, cause) }
            }
            Verdict::Retry { cause, .. } | Verdict::TooLarge { cause } if self.phase == Phase::Closed => {
                self.accounts.last_error = Some(cause);
                self.leave_to_disk(&batch);
                Settled::default()
            }
            Verdict::TooLarge { .. } => {
                self.has_pending |= batch.has_pending();
                let [first, second] = batch.halves(now);
                self.retrying.push_front(second);
                self.retrying.push_front(first);
                Settled::default()
            }
            Verdict::Retry { cause, .. } if batch.is_on_disk() && batch.has_old(GIVE_UP_AFTER, now) => {
                self.accounts.last_error = Some(cause);
                self.leave_to_disk(&batch);
                Settled::default()
            }
            Verdict::Retry { after, cause } => self.retry(batch, after, cause, now, random),
        }
    }

    /// Keeps a batch for another try, but for what was tried for too long.
    fn retry(
        &mut self,
        mut batch: Batch,
        after: Option<Duration>,
        cause: String,
        now: Instant,
        random: u64,
    ) -> Settled {
        let old = batch.split_off_old(GIVE_UP_AFTER, now);
        let settled = if old.is_empty() {
            self.accounts.last_error = Some(cause);
            Settled::default()
        } else {
            let reason = LossReason::GivenUp;
            Settled { lost: Some(reason), ..self.fail(Batch::new(old, now), reason, cause) }
        };
        if !batch.entries.is_empty() {
            let not_before = now + self.pause(batch.attempts, after, now, random);
            self.has_pending |= batch.has_pending();
            let attempts = batch.attempts.saturating_add(1);
            self.retrying.push_back(Batch { not_before, attempts, ..batch });
        }
        settled
    }

    /// How long to wait before the next try. A pause that the backend asks for holds everything back.
    pub(super) fn pause(
        &mut self,
        attempts: u32,
        after: Option<Duration>,
        now: Instant,
        random: u64,
    ) -> Duration {
        self.throttled_until = after.map(|after| now + after).or(self.throttled_until);
        // A `Retry-After` of zero, or of a date that has passed, is no invitation to hammer.
        backoff(attempts, random).max(after.unwrap_or_default())
    }

    /// Time in which the process did not run makes no batch older: `expected` is when it meant to go on.
    /// Gives how long it was frozen.
    pub(super) fn thaw(&mut self, now: Instant, expected: Instant) -> Duration {
        let late = now.saturating_duration_since(expected);
        let frozen = if late >= FREEZE { late } else { Duration::ZERO };
        for batch in &mut self.retrying {
            batch.thaw(frozen);
        }
        frozen
    }

    /// Counts a panic of the worker, and as lost what it had in hand.
    pub(crate) fn abandon(&mut self) {
        self.count_panic();
        let Some(InHand { numbers, pending, bytes, place, .. }) = self.in_flight.take() else { return };
        match (self.phase, place) {
            // Counted when the deadline of the shutdown passed.
            (Phase::Closed, Place::Memory) => return,
            (Phase::Closed, Place::Both) | (_, Place::Disk) => self.disk.count_out(&numbers),
            (_, Place::Memory | Place::Both) => {
                self.spans -= numbers.len();
                self.bytes -= bytes;
            }
        }
        self.lose_forms(&numbers, &pending, LossReason::Exporter);
    }

    /// Counts a panic of the exporter; the batch it had is settled as any other.
    pub(crate) fn count_panic(&mut self) {
        self.accounts.panics += 1;
    }

    fn fail(&mut self, batch: Batch, reason: LossReason, cause: String) -> Settled {
        self.accounts.last_error = Some(cause);
        self.release(&batch);
        self.lose_forms(&batch.numbers(), &batch.pending_numbers(), reason);
        Settled::of(batch)
    }

    fn release(&mut self, batch: &Batch) {
        self.spans -= batch.len();
        self.bytes -= batch.bytes();
    }

    /// Enters records that the backend has, but for `rejected` of them; `numbers` are in ascending order.
    pub(super) fn deliver(&mut self, numbers: &[u64], rejected: u64, message: Option<String>) {
        let rejected = rejected.min(numbers.len() as u64);
        self.accounts.delivered += numbers.len() as u64 - rejected;
        self.accounts.lost.add(LossReason::Rejected, rejected);
        self.accounts.last_error = message.or(self.accounts.last_error.take());
        self.tickets.note(|ticket| ticket.settle_partly(numbers, rejected));
    }

    /// The same for a batch in which there may be forms of spans that had not ended. Which ones were rejected is not known:
    /// those of spans that had ended, as far as there are so many.
    fn deliver_forms(&mut self, batch: &Batch, rejected: u64, message: Option<String>) {
        let (numbers, pending) = (batch.numbers(), batch.pending_numbers().len());
        let rejected = rejected.min(numbers.len() as u64);
        let lost = rejected.min((numbers.len() - pending) as u64);
        self.accounts.withheld.add(LossReason::Superseded, rejected - lost);
        self.deliver(&numbers, lost, message);
        self.accounts.delivered -= rejected - lost;
    }

    /// Enters records that are lost, but for those that are only forms of spans that had not ended: the form that comes
    /// at the end answers for the span. Both are in ascending order.
    pub(super) fn lose_forms(&mut self, numbers: &[u64], pending: &[u64], reason: LossReason) {
        if pending.is_empty() {
            self.lose(numbers, reason);
            return;
        }
        let is_complete = |number: &u64| pending.binary_search(number).is_err();
        let complete: Vec<u64> = numbers.iter().copied().filter(is_complete).collect();
        self.lose(&complete, reason);
        self.give_up(pending);
    }

    /// Enters records that are lost and that nobody waits for.
    pub(super) fn lose_untracked(&mut self, reason: LossReason, spans: u64) {
        self.accounts.lost.add(reason, spans);
    }

    /// Enters records that are lost; `numbers` are in ascending order.
    pub(super) fn lose(&mut self, numbers: &[u64], reason: LossReason) {
        self.accounts.lost.add(reason, numbers.len() as u64);
        self.tickets.note(|ticket| ticket.lose(numbers, reason));
    }

    /// Makes everything held due, and gives a ticket that follows it.
    pub(crate) fn open_ticket(&mut self, now: Instant, telling: Telling) -> u64 {
        self.send_before = self.next_number;
        for batch in &mut self.retrying {
            batch.not_before = batch.not_before.min(now);
        }
        self.disk.hasten(now);
        let waiting = self.spans + self.disk.own_spans();
        self.tickets.open(self.next_number, waiting as u64, &self.accounts.lost, telling)
    }

    /// Takes records in, makes them due, and gives a ticket that follows just them.
    pub(crate) fn push_all(&mut self, records: Records) -> (u64, Vec<Pushed>) {
        let before = self.next_number + records.len() as u64;
        let ticket = self.tickets.open_for(self.next_number, before);
        self.send_before = before;
        (ticket, records.into_iter().map(|record| self.push(record)).collect())
    }

    /// Whether all that the ticket follows is delivered or lost.
    pub(crate) fn is_settled(&self, ticket: u64) -> bool {
        self.tickets.is_settled(ticket)
    }

    /// Has `waker` called when the ticket is settled, and hands back the one it replaces, to be dropped without a lock.
    pub(crate) fn watch(&mut self, ticket: u64, waker: Option<Waker>) -> Option<Waker> {
        self.tickets.watch(ticket, waker)
    }

    /// Ends a ticket with its verdict.
    pub(crate) fn close_ticket(&mut self, ticket: u64) -> Result<(), DeliveryError> {
        let unsettled = self.tickets.range(ticket).filter(|_| !self.tickets.is_settled(ticket));
        let spooled = unsettled.map_or(0, |range| self.on_disk(&range));
        self.tickets.close(ticket, spooled, self.accounts.last_error.as_deref())
    }

    /// The wakers of those whose tickets have been settled, to be called when no lock is held.
    pub(crate) fn take_ready(&mut self) -> Vec<Waker> {
        self.tickets.take_ready()
    }

    /// Ends a ticket that nobody waits for any more.
    pub(crate) fn forget_ticket(&mut self, ticket: u64) {
        self.tickets.forget(ticket);
    }

    /// Takes no more spans, and sends what is held until `deadline`.
    pub(crate) fn drain(&mut self, deadline: Instant) {
        if self.phase == Phase::Open {
            self.phase = Phase::Draining { deadline };
        }
    }

    /// Whether records are taken in.
    pub(crate) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Whether nothing will become of what is still held, in this process.
    pub(crate) fn is_over(&self) -> bool {
        self.phase == Phase::Closed && self.in_flight.is_none()
    }

    /// When the drain under way ends. What is still to be brought to the disk has a moment more.
    pub(crate) fn drain_end(&self) -> Option<Instant> {
        match self.phase {
            Phase::Draining { deadline } if self.is_kept() => Some(deadline),
            Phase::Draining { deadline } => Some(deadline + KEEP_GRACE),
            Phase::Open | Phase::Closed => None,
        }
    }

    /// Leaves to the disk what is there, and counts the rest as lost to the deadline of the shutdown.
    pub(crate) fn close(&mut self) {
        if self.phase == Phase::Closed {
            return;
        }
        self.phase = Phase::Closed;
        let keeping = self.disk.in_hand();
        let (mut lost, mut pending) =
            keeping.map(|keeping| (keeping.numbers.clone(), keeping.pending.clone())).unwrap_or_default();
        match &self.in_flight {
            Some(in_flight) if in_flight.place == Place::Memory => {
                lost.extend(&in_flight.numbers);
                pending.extend(&in_flight.pending);
            }
            Some(in_flight) if in_flight.place == Place::Both => self.disk.count_in(in_flight.numbers.len()),
            Some(_) | None => {}
        }
        for batch in std::mem::take(&mut self.retrying) {
            if batch.is_on_disk() {
                self.leave_to_disk(&batch);
            } else {
                lost.extend(batch.numbers());
                pending.extend(batch.pending_numbers());
            }
        }
        while let Some(batch) = self.disk.take_kept() {
            self.leave_to_disk(&batch);
        }
        for entry in std::mem::take(&mut self.waiting) {
            lost.push(entry.number);
            pending.extend(entry.is_pending.then_some(entry.number));
        }
        lost.sort_unstable();
        pending.sort_unstable();
        self.lose_forms(&lost, &pending, LossReason::ShutdownDeadline);
        (self.spans, self.bytes, self.waiting_bytes) = (0, 0, 0);
    }

    /// How many records with a number in `range` are on disk.
    pub(crate) fn on_disk(&self, range: &Range<u64>) -> u64 {
        let within = |mine: &Range<u64>| mine.end.min(range.end).saturating_sub(mine.start.max(range.start));
        let in_flight = self.in_flight.iter().filter(|in_flight| in_flight.place != Place::Memory);
        let in_flight = in_flight.flat_map(|in_flight| &in_flight.numbers);
        let retrying = self.retrying.iter().filter(|batch| batch.is_on_disk());
        let retrying = retrying.flat_map(|batch| batch.entries.iter().map(|entry| &entry.number));
        let single = in_flight.chain(retrying).filter(|number| range.contains(number)).count() as u64;
        self.disk.ranges().map(within).sum::<u64>() + single
    }
}

#[cfg(test)]
mod tests;
