//! What must have become of every span, kept beside the queue in the simplest way: a fate for each number.

mod books;

use std::time::Duration;

use super::subject::{Done, FREEZE, GIVE_UP_AFTER, KEEP_GRACE, LONGEST_REQUEST, Split, Subject};
use super::verdict::Open;
use crate::error::LossReason;
use crate::export::Verdict;
use crate::pipeline::accounts::Telling;
use crate::pipeline::queue::{Instant, Policy};
use crate::pipeline::spool::SpoolFile;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Held,
    Delivered,
    /// It was in a batch of which the backend rejected some, nobody knows which.
    Doubtful,
    Lost {
        reason: LossReason,
        /// Whether a flush has ended with it.
        told: bool,
    },
}

#[derive(Debug)]
pub(super) struct Span {
    pub(super) fate: Fate,
    size: usize,
    /// Whether it is in the queue's memory, and whether a file holds it.
    in_memory: bool,
    pub(super) on_disk: bool,
    /// When it was sent for the first time since it waited, later by the time of each freeze.
    first_sent: Option<Instant>,
}

/// The queue with its model; every method makes a move in both and compares them.
pub(super) struct Model {
    pub(super) queue: Subject,
    policy: Policy,
    pub(super) spans: Vec<Span>,
    files: Vec<(SpoolFile, Vec<usize>)>,
    pub(super) rejected: u64,
    in_flight: Vec<usize>,
    sent_at: Instant,
    is_from_disk: bool,
    keeping: Vec<usize>,
    throttled_until: Option<Instant>,
    deadline: Option<Instant>,
    is_closed: bool,
    /// The worker sleeps until then, unless it is woken.
    asleep_until: Option<Instant>,
    /// When it meant to look again.
    expected: Option<Instant>,
    /// Everything held is due, because of a flush that came when nothing was on its way.
    is_flushed: bool,
    pub(super) open: Vec<Open>,
}

impl Model {
    pub(super) fn new(policy: Policy) -> Self {
        let queue = Subject::new(policy.clone());
        Self {
            sent_at: queue.now,
            queue,
            policy,
            spans: Vec::new(),
            files: Vec::new(),
            rejected: 0,
            in_flight: Vec::new(),
            is_from_disk: false,
            keeping: Vec::new(),
            throttled_until: None,
            deadline: None,
            is_closed: false,
            asleep_until: None,
            expected: None,
            is_flushed: false,
            open: Vec::new(),
        }
    }

    fn has_spool(&self) -> bool {
        self.policy.keep_within.is_some()
    }

    pub(super) fn push(&mut self, padding: usize) {
        let (size, evicted, wakes) = self.queue.push(self.spans.len(), padding);
        self.pushed(size, &evicted);
        if wakes {
            self.asleep_until = None;
        }
    }

    pub(super) fn push_all(&mut self, paddings: &[usize]) {
        let from = self.spans.len();
        let then = self.fates();
        let (ticket, pushed) = self.queue.push_all(from, paddings);
        for (size, evicted) in pushed {
            self.pushed(size, &evicted);
        }
        self.open.push(Open { ticket, members: from..self.spans.len(), telling: None, then });
        self.asleep_until = None;
    }

    fn pushed(&mut self, size: usize, evicted: &[usize]) {
        let number = self.spans.len();
        self.is_flushed = false;
        self.spans.push(Span { fate: Fate::Held, size, in_memory: true, on_disk: false, first_sent: None });
        if self.deadline.is_some() || self.is_closed {
            assert!(evicted.is_empty(), "it takes nobody's place");
            self.lose(number, LossReason::NotRunning);
        }
        for &evicted in evicted {
            assert!(
                !self.in_flight.contains(&evicted) && !self.keeping.contains(&evicted),
                "{evicted} is in hand"
            );
            if self.spans[evicted].on_disk {
                self.spans[evicted].in_memory = false;
            } else {
                // Which of the two bounds it was shows in the accounts, which are compared in sum.
                self.lose(evicted, LossReason::QueueFull);
            }
        }
    }

    fn settled(&mut self, number: usize, fate: Fate) {
        let span = &mut self.spans[number];
        assert_eq!(span.fate, Fate::Held, "{number} is settled twice");
        (span.fate, span.in_memory) = (fate, false);
    }

    fn lose(&mut self, number: usize, reason: LossReason) {
        self.settled(number, Fate::Lost { reason, told: false });
    }

    /// Lets the worker look for work, unless a batch is on its way.
    pub(super) fn work(&mut self) {
        if !self.in_flight.is_empty() {
            return;
        }
        let now = self.queue.now;
        let done = self.queue.next();
        let is_told = self.queue.told == self.queue.accounts().lost.total();
        assert!(is_told || matches!(done, Done::Stops), "a loss goes untold");
        if let Some(expected) = self.expected.take() {
            self.thaw(now.saturating_duration_since(expected));
        }
        // With a spool it also looks when the disk is late, or has something left; nobody hurries because of that.
        if !self.has_spool() && self.asleep_until.is_some_and(|until| now < until) {
            assert!(matches!(done, Done::Waits(_)), "nobody would have woken the worker for {done:?}");
        }
        let is_paused = self.throttled_until.is_some_and(|until| now < until) || self.deadline.is_some();
        if self.is_flushed && !is_paused && !self.has_spool() && self.count(Fate::Held) > 0 {
            assert!(matches!(done, Done::Sends { .. }), "a flush has to wait for {done:?}");
        }
        match done {
            Done::Sends { numbers, from_disk } => self.sent(numbers, from_disk),
            Done::Waits(until) => {
                assert!(until > now, "the worker would burn a processor");
                assert!(self.deadline.is_none_or(|deadline| until <= deadline + KEEP_GRACE));
                (self.asleep_until, self.expected) = (Some(until), Some(until));
            }
            Done::Stops => self.closed(),
        }
    }

    fn thaw(&mut self, late: Duration) {
        if late >= FREEZE {
            for span in &mut self.spans {
                span.first_sent = span.first_sent.map(|sent| sent + late);
            }
        }
    }

    fn sent(&mut self, numbers: Vec<usize>, from_disk: bool) {
        let now = self.queue.now;
        let is_paused = self.throttled_until.is_some_and(|until| now < until);
        assert!(!self.is_closed && !is_paused, "a pause was asked for");
        assert!(numbers.is_sorted_by(|a, b| a < b) && !numbers.is_empty(), "{numbers:?}");
        assert!(numbers.len() <= self.policy.batch_spans, "{} spans", numbers.len());
        let bytes: usize = numbers.iter().map(|number| self.spans[*number].size).sum();
        assert!(bytes <= self.policy.batch_bytes || numbers.len() == 1, "{bytes} bytes");
        let has_spool = self.has_spool();
        let newest = self.spans.iter().rposition(|span| span.first_sent.is_some());
        for &number in &numbers {
            let span = &mut self.spans[number];
            assert_eq!(span.fate, Fate::Held, "{number} is sent again");
            assert!(span.in_memory != from_disk && (!from_disk || span.on_disk), "{number} is elsewhere");
            if span.first_sent.is_none() {
                // A slow disk lets later ones pass.
                assert!(has_spool || newest.is_none_or(|newest| newest < number), "{number} is overtaken");
                span.first_sent = Some(now);
            }
        }
        (self.in_flight, self.is_from_disk, self.sent_at) = (numbers, from_disk, now);
    }

    fn is_old(&self, number: usize, now: Instant) -> bool {
        let sent = self.spans[number].first_sent;
        sent.is_some_and(|sent| now.saturating_duration_since(sent) >= GIVE_UP_AFTER)
    }

    /// Settles the batch that is on its way, if there is one.
    pub(super) fn settle(&mut self, verdict: &Verdict, random: u64) {
        let mut numbers = std::mem::take(&mut self.in_flight);
        let Some(&first) = numbers.first() else { return };
        let now = self.queue.now;
        let settled = self.queue.settle(verdict.clone(), random);
        (self.asleep_until, self.is_flushed) = (None, false);
        let is_kept = self.spans[first].on_disk;
        if self.is_closed && !is_kept {
            assert!(settled.removed.is_empty());
            return;
        }
        if !self.is_from_disk {
            self.thaw(now.saturating_duration_since(self.sent_at + LONGEST_REQUEST));
        }
        let (old, young): (Vec<usize>, Vec<usize>) =
            numbers.iter().partition(|number| !self.is_from_disk && self.is_old(**number, now));
        let is_old = !old.is_empty();
        let lost = match verdict {
            Verdict::Accepted { rejected, .. } => {
                let rejected = (*rejected).min(numbers.len() as u64);
                self.rejected += rejected;
                let fate = if rejected == 0 { Fate::Delivered } else { Fate::Doubtful };
                for number in numbers.iter().copied() {
                    self.settled(number, fate);
                }
                None
            }
            Verdict::Retry { after, .. } if is_old && !is_kept => {
                if !young.is_empty() {
                    self.throttled_until = after.map(|after| now + after).or(self.throttled_until);
                }
                numbers = old;
                Some(LossReason::GivenUp)
            }
            Verdict::Retry { after, .. } => {
                if is_old || self.is_closed {
                    self.leaves_memory(&numbers);
                } else {
                    self.throttled_until = after.map(|after| now + after).or(self.throttled_until);
                }
                None
            }
            Verdict::TooLarge { .. } if settled.split.is_some() => None,
            Verdict::TooLarge { .. } if numbers.len() > 1 && !self.is_from_disk => None,
            Verdict::TooLarge { .. } => Some(LossReason::Refused { status: 413 }),
            Verdict::Refused { reason, .. } => Some(*reason),
        };
        let is_news = !matches!(verdict, Verdict::Refused { .. }) && !self.is_from_disk;
        assert_eq!(settled.lost, lost.filter(|_| is_news), "what the log is told");
        if let Some(reason) = lost {
            for number in numbers {
                self.lose(number, reason);
            }
        }
        self.removed(&settled.removed, settled.split.as_ref());
    }

    fn leaves_memory(&mut self, numbers: &[usize]) {
        for &number in numbers {
            self.spans[number].in_memory = false;
        }
    }

    /// Files go when all that they hold is settled, or held by others.
    fn removed(&mut self, removed: &[SpoolFile], split: Option<&Split>) {
        if let Some(&Split { whole, halves: [first, second] }) = split {
            let numbers =
                self.files.iter().find(|(known, _)| *known == whole).map(|(_, numbers)| numbers.clone());
            let mut numbers = numbers.unwrap_or_default();
            let rest = numbers.split_off(usize::try_from(first.spans()).unwrap_or(usize::MAX));
            self.files.extend([(first, numbers), (second, rest)]);
        }
        for file in removed {
            let index = self.files.iter().position(|(known, _)| known == file);
            assert!(index.is_some(), "{file:?} is removed twice");
            let Some((_, numbers)) = index.map(|index| self.files.swap_remove(index)) else { continue };
            for number in numbers {
                let has_other = self.files.iter().any(|(_, others)| others.contains(&number));
                assert!(has_other || self.spans[number].fate != Fate::Held, "{number} needs it");
            }
        }
    }

    pub(super) fn keep(&mut self) {
        if self.keeping.is_empty() {
            self.keeping = self.queue.keep();
            for &number in &self.keeping {
                let span = &self.spans[number];
                assert!(span.fate == Fate::Held && span.in_memory && !span.on_disk, "{number} is kept again");
            }
        }
    }

    pub(super) fn kept(&mut self, written: bool) {
        let numbers = std::mem::take(&mut self.keeping);
        let file = self.queue.kept(written);
        self.asleep_until = None;
        if let Some(file) = file {
            assert!(!self.is_closed, "a file that comes too late goes");
            for &number in &numbers {
                self.spans[number].on_disk = true;
            }
            self.files.push((file, numbers));
        }
    }

    /// Makes room on the disk, at the cost of the oldest there.
    pub(super) fn evict_spooled(&mut self) {
        let there: Vec<usize> =
            (0..self.spans.len()).filter(|number| self.queue.is_on_disk(*number)).collect();
        let removed = self.queue.evict_spooled();
        for number in there {
            if !self.queue.is_on_disk(number) {
                assert!(!self.in_flight.contains(&number) && !self.spans[number].in_memory, "it is needed");
                self.lose(number, LossReason::SpoolFull);
            }
        }
        self.removed(&removed, None);
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.queue.now += time;
    }

    pub(super) fn open(&mut self, telling: Telling) {
        let ticket = self.queue.open_ticket(telling);
        let (members, then) = (0..self.spans.len(), self.fates());
        self.open.push(Open { ticket, members, telling: Some(telling), then });
        // What is pushed later is not due.
        (self.asleep_until, self.is_flushed) = (None, self.in_flight.is_empty());
    }

    fn fates(&self) -> Vec<Fate> {
        self.spans.iter().map(|span| span.fate).collect()
    }

    pub(super) fn drain(&mut self, patience: Duration) {
        let deadline = self.queue.now + patience;
        self.queue.drain(deadline);
        if !self.is_closed {
            self.deadline.get_or_insert(deadline);
        }
        self.asleep_until = None;
    }

    pub(super) fn close(&mut self) {
        self.queue.close();
        self.closed();
        self.asleep_until = None;
    }

    /// What is on disk stays there, for whoever comes next.
    fn closed(&mut self) {
        if std::mem::replace(&mut self.is_closed, true) {
            return;
        }
        for number in 0..self.spans.len() {
            if self.spans[number].fate == Fate::Held && !self.spans[number].on_disk {
                self.lose(number, LossReason::ShutdownDeadline);
            }
            self.spans[number].in_memory = false;
        }
    }

    /// Shuts down with a backend that takes everything, and ends what flushes are left.
    pub(super) fn finish(mut self) {
        let accepted = Verdict::Accepted { rejected: 0, message: None };
        self.drain(Duration::from_secs(3_600));
        while !self.is_closed {
            self.kept(true);
            self.keep();
            self.settle(&accepted, 0);
            self.work();
            self.check();
            if let (Some(until), true) = (self.asleep_until, self.keeping.is_empty()) {
                self.queue.now = self.queue.now.max(until);
            }
        }
        self.kept(true);
        self.settle(&accepted, 0);
        while !self.open.is_empty() {
            self.end(0);
        }
        self.check();
        // Between its parts a batch shares its files, so only at the end is one too many.
        if self.count(Fate::Held) == 0 {
            assert!(self.files.is_empty(), "{:?} would be sent again by the next process", self.files);
        }
    }
}
