//! The bounded queue and its rules, as a state machine over time that is passed in: no thread, no clock, no network.

mod disk;
mod push;
mod retry;
mod settle;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use self::disk::Disk;
pub(crate) use self::disk::Keep;
pub(crate) use self::push::{Arrival, Pushed};
use super::accounts::{Accounts, Tickets};
use super::batch::{Batch, Entry, Spooled};
use super::overflow::Overflow;
use crate::config::Settings;
use crate::error::{LossReason, Losses};

/// How long the worker sleeps at most while nothing happens.
const LONGEST_REST: Duration = Duration::from_secs(3600);

/// Bounds of the queue and of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) queue_spans: usize,
    pub(crate) queue_bytes: usize,
    pub(crate) batch_spans: usize,
    pub(crate) batch_bytes: usize,
    pub(crate) interval: Duration,
    /// Whether the worker sleeps while nothing happens, and sends what comes then at once; else it looks at every
    /// interval.
    pub(crate) rests: bool,
    /// How soon a record is to be on disk; `None` where there is no spool.
    pub(crate) keep_within: Option<Duration>,
}

impl Policy {
    /// Whether that is as much as one request may carry, or has to before the queue runs out of room.
    fn is_full_batch(&self, spans: usize, bytes: usize) -> bool {
        let full_bytes = self.batch_bytes.min(self.queue_bytes / 4);
        spans >= self.batch_spans || (bytes >= full_bytes && spans > 0)
    }

    /// Whether one request may carry that.
    fn fits(&self, spans: usize, bytes: usize) -> bool {
        spans <= self.batch_spans && bytes <= self.batch_bytes
    }

    pub(crate) fn of(settings: &Settings) -> Self {
        Self {
            queue_spans: Settings::QUEUE_SPANS,
            queue_bytes: settings.queue_bytes,
            batch_spans: settings.batch_spans,
            // The JSON of texts is larger than their record, by a quarter unless it is full of escapes. What turns out too
            // large for a request all the same is split, and has been compressed in vain.
            batch_bytes: Settings::BATCH_BYTES / 5 * 4,
            interval: settings.batch_interval,
            rests: settings.is_prompt,
            keep_within: settings.spool.as_ref().map(|_| Settings::KEEP_WITHIN),
        }
    }
}

/// What the worker does next.
#[derive(Debug)]
pub(crate) enum Step {
    Send(Batch),
    /// The same for records that are on disk only.
    SendSpooled(Spooled),
    /// So many spans were dropped in an episode of overflow.
    TellOverflow(u64),
    /// These spans were lost since the last time.
    TellLosses(Losses),
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
    /// Number and bytes of all records in memory: waiting, retrying, and in hand.
    spans: usize,
    bytes: usize,
    /// Bytes of the records that wait.
    waiting_bytes: usize,
    /// What the worker has taken out to send.
    in_flight: Option<InHand>,
    disk: Disk,
    next_number: u64,
    /// Records with a number below this one are due, however few.
    send_before: u64,
    last_tick: Instant,
    /// Whether nothing has come for an interval, and the worker sleeps until something does.
    is_resting: bool,
    /// Whether there may be forms of spans that had not ended.
    has_pending: bool,
    /// The backend asked for silence until then.
    throttled_until: Option<Instant>,
    /// When the worker meant to look again.
    expected: Option<Instant>,
    accounts: Accounts,
    tickets: Tickets,
    overflow: Overflow,
    /// What the host has been told of losses; `None` where it does not want to know.
    told_losses: Option<Losses>,
    /// How many are telling it of some at the moment.
    telling: usize,
}

/// Records that a thread has taken out of the queue, and will bring back with a result.
#[derive(Debug)]
struct InHand {
    numbers: Vec<u64>,
    /// Those among them whose spans had not ended, as far as the memory knows.
    pending: Vec<u64>,
    bytes: usize,
    place: Place,
    since: Instant,
}

/// Where records are while they are in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Memory,
    Both,
    Disk,
}

impl InHand {
    fn of(batch: &Batch, since: Instant) -> Self {
        let place = if batch.is_on_disk() { Place::Both } else { Place::Memory };
        Self {
            numbers: batch.numbers(),
            pending: batch.pending_numbers(),
            bytes: batch.bytes(),
            place,
            since,
        }
    }
}

impl Queue {
    pub(crate) fn new(policy: Policy, now: Instant) -> Self {
        Self {
            last_tick: now,
            disk: Disk::new(policy.keep_within, now),
            is_resting: false,
            has_pending: false,
            policy,
            phase: Phase::Open,
            waiting: VecDeque::new(),
            retrying: VecDeque::new(),
            spans: 0,
            bytes: 0,
            waiting_bytes: 0,
            in_flight: None,
            next_number: 0,
            send_before: 0,
            throttled_until: None,
            expected: None,
            accounts: Accounts::default(),
            tickets: Tickets::default(),
            overflow: Overflow::default(),
            told_losses: None,
            telling: 0,
        }
    }

    /// Has losses told from now on.
    pub(crate) fn tell_losses(&mut self) {
        self.told_losses = Some(Losses::default());
    }

    /// Spans accepted that are neither delivered nor lost.
    pub(crate) fn held(&self) -> usize {
        self.spans + self.disk.spooled_spans()
    }

    pub(crate) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Enters a span that is not to be sent, for a reason that is no failure.
    pub(crate) fn withhold(&mut self, reason: LossReason) {
        self.accounts.accepted += 1;
        self.accounts.withheld.add(reason, 1);
    }

    /// Whether as much waits as one request may carry.
    fn has_full_batch(&self) -> bool {
        let (kept_spans, kept_bytes) = self.disk.kept_size();
        self.policy.is_full_batch(self.waiting.len() + kept_spans, self.waiting_bytes + kept_bytes)
    }

    fn bytes_in_hand(&self) -> usize {
        self.in_flight.as_ref().map_or(0, |in_flight| in_flight.bytes) + self.disk.bytes_in_hand()
    }

    /// Whether the worker is to be woken by whatever comes.
    pub(crate) fn is_resting(&self) -> bool {
        self.is_resting
    }

    /// What to do at `now`.
    pub(crate) fn next(&mut self, now: Instant) -> Step {
        let step = self.decide(now);
        self.expected = match step {
            Step::Wait(until) => Some(until),
            _ => None,
        };
        step
    }

    fn decide(&mut self, now: Instant) -> Step {
        if let Some(expected) = self.expected.take() {
            self.thaw(now, expected);
        }
        if !self.waiting.is_empty() {
            self.disk.note_unkept(now);
        }
        if let Some(dropped) = self.untold_overflow(now) {
            return Step::TellOverflow(dropped);
        }
        if let Some(losses) = self.untold_losses() {
            return Step::TellLosses(losses);
        }
        if now >= self.next_tick() {
            self.is_resting = self.policy.rests
                && self.phase == Phase::Open
                && self.held() == 0
                && self.send_before == self.next_number;
            if !self.is_resting {
                self.last_tick = now;
                self.send_before = self.next_number;
            }
        }
        match self.phase {
            Phase::Closed => return Step::Stop,
            Phase::Draining { .. }
                if self.drain_end().is_none_or(|end| now >= end)
                    || self.held() == 0 && !self.disk.has_found() =>
            {
                self.close();
                return Step::Stop;
            }
            Phase::Open | Phase::Draining { .. } => {}
        }
        if let Some(until) = self.throttled_until {
            if self.drain_end().is_some_and(|end| until >= end) && self.is_kept() {
                // The pause that the backend asked for outlasts the shutdown.
                self.close();
                return Step::Stop;
            }
            if now < until {
                return Step::Wait(self.not_after_deadline(until));
            }
            self.throttled_until = None;
        }
        self.due(now).unwrap_or_else(|| Step::Wait(self.not_after_deadline(self.next_look(now))))
    }

    /// What is to be sent at `now`. What is on disk only takes turns with what is new.
    fn due(&mut self, now: Instant) -> Option<Step> {
        if self.disk.has_turn()
            && let Some(spooled) = self.due_spooled(now)
        {
            return Some(spooled);
        }
        if let Some(batch) = self.due_retry(now) {
            return Some(self.send(batch, now));
        }
        if (self.is_oldest_due() || self.has_full_batch())
            && let Some(batch) = self.cut(now)
        {
            return Some(self.send(batch, now));
        }
        self.due_spooled(now)
    }

    fn is_oldest_due(&self) -> bool {
        let oldest = self.disk.oldest_number();
        let oldest = oldest.or_else(|| Some(self.waiting.front()?.number));
        oldest.is_some_and(|oldest| oldest < self.send_before)
    }

    fn next_look(&self, now: Instant) -> Instant {
        let retry = self.retrying.iter().map(|batch| batch.not_before).min();
        let spooled = if self.retrying.is_empty() { self.disk.not_before() } else { None };
        // What is due and was not cut is waited for, unless the keeper has all of it in hand.
        let is_due = !self.waiting.is_empty() && (self.is_oldest_due() || self.has_full_batch());
        let stalled = is_due.then(|| self.disk.waited_for_until(now));
        let tick = if self.is_resting { now + LONGEST_REST } else { self.next_tick() };
        [retry, spooled, stalled].into_iter().flatten().fold(tick, Instant::min)
    }

    /// Spans dropped in an episode of overflow that has ended, or has lasted long enough.
    pub(crate) fn untold_overflow(&mut self, now: Instant) -> Option<u64> {
        let has_room = self.spans < self.policy.queue_spans / 2 && self.bytes < self.policy.queue_bytes / 2;
        self.overflow.tell(now, has_room || self.phase != Phase::Open)
    }

    /// What was lost since this was last asked, where anybody wants to know.
    pub(crate) fn untold_losses(&mut self) -> Option<Losses> {
        let told = self.told_losses.as_mut()?;
        let untold = self.accounts.lost.since(told);
        told.clone_from(&self.accounts.lost);
        self.telling += usize::from(!untold.is_empty());
        (!untold.is_empty()).then_some(untold)
    }

    /// Takes note that somebody has told the host what was untold.
    pub(crate) fn note_told(&mut self) {
        self.telling = self.telling.saturating_sub(1);
    }

    /// Whether somebody is about to.
    pub(crate) fn is_telling(&self) -> bool {
        self.telling > 0
    }

    fn not_after_deadline(&self, moment: Instant) -> Instant {
        self.drain_end().map_or(moment, |end| moment.min(end))
    }

    fn send(&mut self, mut batch: Batch, now: Instant) -> Step {
        batch.note_sent(now);
        self.in_flight = Some(InHand::of(&batch, now));
        Step::Send(batch)
    }

    /// The oldest, as many as one request may carry. With a spool they are on disk by then, unless that takes too long.
    fn cut(&mut self, now: Instant) -> Option<Batch> {
        let is_waited_for = self.disk.is_waited_for(now);
        self.disk.cut(now, &self.policy).or_else(|| (!is_waited_for).then(|| self.cut_waiting(now)).flatten())
    }

    /// The oldest of those that wait, as many as one request may carry; one larger than that travels alone.
    fn cut_waiting(&mut self, now: Instant) -> Option<Batch> {
        let mut bytes = 0;
        let fitting = self.waiting.iter().take(self.policy.batch_spans).take_while(|entry| {
            bytes += entry.size;
            bytes <= self.policy.batch_bytes
        });
        let count = fitting.count().max(1).min(self.waiting.len());
        let entries: VecDeque<Entry> = self.waiting.drain(..count).collect();
        self.waiting_bytes -= entries.iter().map(|entry| entry.size).sum::<usize>();
        self.disk.note_taken();
        if entries.is_empty() {
            return None;
        }
        let mut batch = Batch::new(entries, now);
        self.supersede(&mut batch);
        Some(batch)
    }

    /// Gives up the forms in a batch that later ones in it make superfluous.
    fn supersede(&mut self, batch: &mut Batch) {
        let before = batch.superseded.len();
        // A flush must not take a form for sent of which a later one, that it does not follow, is not.
        batch.supersede(|one, later| self.tickets.is_any_between(one, later));
        let superseded = batch.superseded.get(before..).unwrap_or_default();
        let numbers: Vec<u64> = superseded.iter().map(|entry| entry.number).collect();
        self.spans -= numbers.len();
        self.bytes -= superseded.iter().map(|entry| entry.size).sum::<usize>();
        if !numbers.is_empty() {
            self.give_up(&numbers);
        }
    }
}

#[cfg(test)]
mod histories;
#[cfg(test)]
mod tests;
