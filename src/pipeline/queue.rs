//! The bounded queue and its rules, as a state machine over time that is passed in: no thread, no clock, no network.

use std::collections::VecDeque;
use std::task::Waker;
use std::time::{Duration, Instant};

use super::accounts::{Accounts, Telling, Ticket, Tickets};
use super::batch::{Batch, Entry};
use super::overflow::Overflow;
use crate::config::Settings;
use crate::error::{DeliveryError, LossReason};
use crate::export::{Verdict, backoff};
use crate::record::SpanRecord;

/// A batch is retried until it is this old.
const GIVE_UP_AFTER: Duration = Duration::from_secs(5 * 60);

/// Bounds of the queue and of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) queue_spans: usize,
    pub(crate) queue_bytes: usize,
    pub(crate) batch_spans: usize,
    pub(crate) batch_bytes: usize,
    pub(crate) interval: Duration,
}

impl Policy {
    /// Bytes at which a request is worth while, or needed before the queue runs out of room.
    fn full_bytes(&self) -> usize {
        self.batch_bytes.min(self.queue_bytes / 4)
    }

    pub(crate) fn of(settings: &Settings) -> Self {
        Self {
            queue_spans: Settings::QUEUE_SPANS,
            queue_bytes: settings.queue_bytes,
            batch_spans: settings.batch_spans,
            batch_bytes: Settings::BATCH_BYTES,
            interval: settings.batch_interval,
        }
    }
}

/// What the worker does next.
#[derive(Debug)]
pub(crate) enum Step {
    Send(Batch),
    /// So many spans were dropped in an episode of overflow.
    TellOverflow(u64),
    /// Nothing before this moment, unless something is pushed, flushed or stopped.
    Wait(Instant),
    Stop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    Draining { deadline: Instant },
    Closed,
}

/// Everything that is accepted and not yet settled, and the books about it.
#[derive(Debug)]
pub(crate) struct Queue {
    policy: Policy,
    phase: Phase,
    waiting: VecDeque<Entry>,
    retrying: VecDeque<Batch>,
    /// Number and bytes of all records held: waiting, retrying and in flight.
    spans: usize,
    bytes: usize,
    /// Bytes of the records that wait, and of those in flight.
    waiting_bytes: usize,
    in_flight_bytes: usize,
    next_number: u64,
    /// Records with a number below this one are due, however few.
    send_before: u64,
    next_tick: Instant,
    /// The backend asked for silence until then.
    throttled_until: Option<Instant>,
    accounts: Accounts,
    tickets: Tickets,
    overflow: Overflow,
}

/// What a push came to.
#[derive(Debug, Default)]
pub(crate) struct Pushed {
    /// Whether the worker has something to do now.
    pub(crate) wake: bool,
    /// What had to go, to be freed by the caller once the lock is released.
    pub(crate) evicted: Vec<SpanRecord>,
}

impl Queue {
    pub(crate) fn new(policy: Policy, now: Instant) -> Self {
        Self {
            next_tick: now + policy.interval,
            policy,
            phase: Phase::Open,
            waiting: VecDeque::new(),
            retrying: VecDeque::new(),
            spans: 0,
            bytes: 0,
            waiting_bytes: 0,
            in_flight_bytes: 0,
            next_number: 0,
            send_before: 0,
            throttled_until: None,
            accounts: Accounts::default(),
            tickets: Tickets::default(),
            overflow: Overflow::default(),
        }
    }

    /// Spans accepted that are neither delivered nor lost.
    pub(crate) fn held(&self) -> usize {
        self.spans
    }

    pub(crate) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    /// Takes a record in; past the bounds the oldest one goes.
    pub(crate) fn push(&mut self, record: SpanRecord) -> Pushed {
        let mut pushed = Pushed::default();
        let number = self.next_number;
        self.next_number += 1;
        self.accounts.accepted += 1;
        if self.phase != Phase::Open {
            self.lose(&[number], LossReason::NotRunning);
            return pushed;
        }
        let size = record.size();
        if self.in_flight_bytes + size > self.policy.queue_bytes {
            // There is no room for it, whoever goes.
            self.overflow.drop_one();
            self.lose(&[number], LossReason::BytesFull);
            pushed.evicted.push(record);
            return pushed;
        }
        while self.held() >= self.policy.queue_spans {
            let Some(oldest) = self.evict(LossReason::QueueFull) else { break };
            pushed.evicted.push(oldest);
        }
        while self.bytes + size > self.policy.queue_bytes {
            let Some(oldest) = self.evict(LossReason::BytesFull) else { break };
            pushed.evicted.push(oldest);
        }
        let was_due = self.has_full_batch();
        self.spans += 1;
        self.bytes += size;
        self.waiting_bytes += size;
        self.waiting.push_back(Entry { number, size, record });
        pushed.wake = !was_due && self.has_full_batch();
        pushed
    }

    /// Whether as much waits as one request may carry.
    fn has_full_batch(&self) -> bool {
        let enough = self.waiting_bytes >= self.policy.full_bytes();
        self.waiting.len() >= self.policy.batch_spans || (enough && !self.waiting.is_empty())
    }

    fn evict(&mut self, reason: LossReason) -> Option<SpanRecord> {
        let entry = if let Some(batch) = self.retrying.front_mut() {
            let entry = batch.entries.pop_front();
            if batch.entries.is_empty() {
                self.retrying.pop_front();
            }
            entry?
        } else {
            let entry = self.waiting.pop_front()?;
            self.waiting_bytes -= entry.size;
            entry
        };
        self.spans -= 1;
        self.bytes -= entry.size;
        self.overflow.drop_one();
        self.lose(&[entry.number], reason);
        Some(entry.record)
    }

    /// What to do at `now`.
    pub(crate) fn next(&mut self, now: Instant) -> Step {
        if let Some(dropped) = self.untold_overflow(now) {
            return Step::TellOverflow(dropped);
        }
        if now >= self.next_tick {
            self.next_tick = now + self.policy.interval;
            self.send_before = self.next_number;
        }
        match self.phase {
            Phase::Closed => return Step::Stop,
            Phase::Draining { deadline } if now >= deadline || self.held() == 0 => {
                self.close();
                return Step::Stop;
            }
            Phase::Open | Phase::Draining { .. } => {}
        }
        if let Some(until) = self.throttled_until {
            if matches!(self.phase, Phase::Draining { deadline } if until >= deadline) {
                // The pause that the backend asked for outlasts the shutdown.
                self.close();
                return Step::Stop;
            }
            if now < until {
                return Step::Wait(self.not_after_deadline(until));
            }
            self.throttled_until = None;
        }
        if let Some(due) = self.retrying.iter().position(|batch| batch.not_before <= now)
            && let Some(batch) = self.retrying.remove(due)
        {
            self.accounts.retries += u64::from(batch.attempts > 0);
            return self.send(batch);
        }
        let due = self.waiting.front().is_some_and(|oldest| oldest.number < self.send_before);
        if due || self.has_full_batch() {
            let batch = self.cut(now);
            return self.send(batch);
        }
        let retry = self.retrying.iter().map(|batch| batch.not_before).min();
        let until = retry.map_or(self.next_tick, |retry| retry.min(self.next_tick));
        Step::Wait(self.not_after_deadline(until))
    }

    /// Spans dropped in an episode of overflow that has ended, or has lasted long enough.
    pub(crate) fn untold_overflow(&mut self, now: Instant) -> Option<u64> {
        let has_room = self.spans < self.policy.queue_spans / 2 && self.bytes < self.policy.queue_bytes / 2;
        self.overflow.tell(now, has_room || self.phase != Phase::Open)
    }

    fn not_after_deadline(&self, moment: Instant) -> Instant {
        match self.phase {
            Phase::Draining { deadline } => moment.min(deadline),
            Phase::Open | Phase::Closed => moment,
        }
    }

    fn send(&mut self, batch: Batch) -> Step {
        self.in_flight_bytes = batch.bytes();
        Step::Send(batch)
    }

    /// As many of the oldest as one request may carry; one larger than that travels alone.
    fn cut(&mut self, now: Instant) -> Batch {
        let mut bytes = 0;
        let fitting = self.waiting.iter().take(self.policy.batch_spans).take_while(|entry| {
            bytes += entry.size;
            bytes <= self.policy.batch_bytes
        });
        let count = fitting.count().max(1).min(self.waiting.len());
        let entries: VecDeque<Entry> = self.waiting.drain(..count).collect();
        self.waiting_bytes -= entries.iter().map(|entry| entry.size).sum::<usize>();
        Batch { entries, cut_at: now, not_before: now, attempts: 0 }
    }

    /// The moment by which a request begun now must have ended.
    pub(crate) fn request_deadline(&self, now: Instant, longest: Duration) -> Instant {
        self.not_after_deadline(now + longest)
    }

    /// Enters what became of the batch in flight; gives the reason where a verdict that left hope has become a loss.
    pub(crate) fn settle(
        &mut self,
        batch: Batch,
        verdict: Verdict,
        now: Instant,
        random: u64,
    ) -> Option<LossReason> {
        if self.phase == Phase::Closed {
            // The deadline of the shutdown passed while it was on its way; it has been counted.
            return None;
        }
        self.in_flight_bytes = 0;
        match verdict {
            Verdict::Accepted { rejected, message } => {
                let rejected = rejected.min(batch.len() as u64);
                self.accounts.delivered += batch.len() as u64 - rejected;
                self.accounts.lost.add(LossReason::Rejected, rejected);
                self.accounts.last_error = message.or(self.accounts.last_error.take());
                self.release(&batch, |ticket, numbers| ticket.settle_partly(numbers, rejected));
            }
            Verdict::Retry { cause, .. } if now.duration_since(batch.cut_at) >= GIVE_UP_AFTER => {
                self.fail(&batch, LossReason::GivenUp, cause);
                return Some(LossReason::GivenUp);
            }
            Verdict::Retry { after, cause } => {
                self.accounts.last_error = Some(cause);
                // A `Retry-After` of zero, or of a date that has passed, is no invitation to hammer.
                let pause = backoff(batch.attempts, random).max(after.unwrap_or_default());
                self.throttled_until = after.map(|after| now + after).or(self.throttled_until);
                let attempts = batch.attempts.saturating_add(1);
                self.retrying.push_back(Batch { attempts, not_before: now + pause, ..batch });
            }
            Verdict::TooLarge { cause } if batch.len() == 1 => {
                let reason = LossReason::Refused { status: 413 };
                self.fail(&batch, reason, cause);
                return Some(reason);
            }
            Verdict::TooLarge { .. } => {
                let mut first = batch;
                let entries = first.entries.split_off(first.len() / 2);
                let second = Batch { entries, cut_at: first.cut_at, not_before: now, attempts: 0 };
                self.retrying.push_front(second);
                self.retrying.push_front(Batch { not_before: now, attempts: 0, ..first });
            }
            Verdict::Refused { reason, cause } => self.fail(&batch, reason, cause),
        }
        None
    }

    /// Counts a panic of the exporter; the batch it had is settled as any other.
    pub(crate) fn count_panic(&mut self) {
        self.accounts.panics += 1;
    }

    fn fail(&mut self, batch: &Batch, reason: LossReason, cause: String) {
        self.accounts.last_error = Some(cause);
        self.accounts.lost.add(reason, batch.len() as u64);
        self.release(batch, |ticket, numbers| ticket.lose(numbers, reason));
    }

    fn release(&mut self, batch: &Batch, note: impl Fn(&mut Ticket, &[u64])) {
        self.spans -= batch.len();
        self.bytes -= batch.bytes();
        let numbers = batch.numbers();
        self.tickets.note(|ticket| note(ticket, &numbers));
    }

    fn lose(&mut self, numbers: &[u64], reason: LossReason) {
        self.accounts.lost.add(reason, numbers.len() as u64);
        self.tickets.note(|ticket| ticket.lose(numbers, reason));
    }

    /// Makes everything held due, and gives a ticket that follows it.
    pub(crate) fn open_ticket(&mut self, now: Instant, telling: Telling) -> u64 {
        self.send_before = self.next_number;
        for batch in &mut self.retrying {
            batch.not_before = batch.not_before.min(now);
        }
        self.tickets.open(self.next_number, self.held() as u64, &self.accounts.lost, telling)
    }

    /// Takes records in, makes them due, and gives a ticket that follows just them.
    pub(crate) fn push_all(&mut self, records: Vec<SpanRecord>) -> (u64, Vec<Pushed>) {
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
        self.tickets.close(ticket, self.accounts.last_error.as_deref())
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

    /// Counts all that is still held as lost to the deadline of the shutdown.
    pub(crate) fn close(&mut self) {
        if self.phase == Phase::Closed {
            return;
        }
        self.phase = Phase::Closed;
        let lost = self.held() as u64;
        self.accounts.lost.add(LossReason::ShutdownDeadline, lost);
        self.tickets.note(|ticket| ticket.lose_rest(LossReason::ShutdownDeadline));
        self.waiting = VecDeque::new();
        self.retrying = VecDeque::new();
        (self.spans, self.bytes, self.waiting_bytes, self.in_flight_bytes) = (0, 0, 0, 0);
    }
}

#[cfg(test)]
mod tests;
