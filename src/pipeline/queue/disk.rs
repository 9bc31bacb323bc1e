//! What the queue knows of the spool: which records are on disk too, and which are on disk only.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{InHand, Phase, Place, Policy, Queue, Step};
use crate::error::LossReason;
use crate::export::Verdict;
use crate::pipeline::batch::{Batch, DiskCopy, Spooled, ranges, unheld};
use crate::pipeline::spool::{Found, SpoolFile};

/// A disk that takes longer than this is not waited for: what is due is sent without having been kept.
const STALL: Duration = Duration::from_secs(1);

/// The numbers of records that an earlier process had emitted: no flush of this one waits for them.
const FOUND: u64 = 1 << 63;

/// What the keeper does next.
#[derive(Debug)]
pub(crate) enum Keep {
    /// To be written, and given back.
    Write(Batch),
    /// Nothing before this moment, if any, unless something is pushed, flushed or stopped.
    Wait(Option<Instant>),
    Stop,
}

/// Without a spool all of it stays empty.
#[derive(Debug)]
pub(super) struct Disk {
    keep_within: Option<Duration>,
    /// In memory and on disk, waiting to be sent.
    kept: VecDeque<Batch>,
    kept_spans: usize,
    kept_bytes: usize,
    /// What the keeper is writing.
    in_hand: Option<InHand>,
    /// Since when something waits that is not on disk, as worker or keeper saw it.
    unkept_since: Option<Instant>,
    /// The disk took nothing, and is not tried again before.
    failed_until: Option<Instant>,
    /// On disk only, oldest first.
    spooled: VecDeque<Spooled>,
    /// Spans on disk only, one file of which may be in flight: of this process, and of earlier ones.
    own_spans: usize,
    found_spans: usize,
    /// When a file may be sent, and how often the first one was.
    not_before: Instant,
    attempts: u32,
    /// Whether new records were sent last, so that it is the turn of those on disk.
    has_turn: bool,
    /// Whether the keeper still looks for what earlier processes have left.
    is_looking: bool,
    next_found: u64,
}

impl Disk {
    pub(super) fn new(keep_within: Option<Duration>, now: Instant) -> Self {
        Self {
            keep_within,
            kept: VecDeque::new(),
            kept_spans: 0,
            kept_bytes: 0,
            in_hand: None,
            unkept_since: None,
            failed_until: None,
            spooled: VecDeque::new(),
            own_spans: 0,
            found_spans: 0,
            not_before: now,
            attempts: 0,
            has_turn: false,
            is_looking: keep_within.is_some(),
            next_found: FOUND,
        }
    }

    pub(super) fn is_on(&self) -> bool {
        self.keep_within.is_some()
    }

    pub(super) fn kept_size(&self) -> (usize, usize) {
        (self.kept_spans, self.kept_bytes)
    }

    pub(super) fn bytes_in_hand(&self) -> usize {
        self.in_hand.as_ref().map_or(0, |in_hand| in_hand.bytes)
    }

    pub(super) fn in_hand(&self) -> Option<&InHand> {
        self.in_hand.as_ref()
    }

    /// The number of the oldest record that is on disk too, or on the way there.
    pub(super) fn oldest_number(&self) -> Option<u64> {
        let kept = self.kept.front().and_then(|batch| Some(batch.entries.front()?.number));
        kept.or_else(|| self.in_hand.as_ref()?.numbers.first().copied())
    }

    pub(super) fn take_kept(&mut self) -> Option<Batch> {
        let batch = self.kept.pop_front()?;
        self.kept_spans -= batch.len();
        self.kept_bytes -= batch.bytes();
        Some(batch)
    }

    /// As many of the oldest as one request may carry.
    pub(super) fn cut(&mut self, now: Instant, policy: &Policy) -> Option<Batch> {
        let mut batch = self.take_kept()?;
        batch.not_before = now;
        self.fill(&mut batch, policy);
        self.has_turn = true;
        Some(batch)
    }

    /// Adds as many of the oldest as the request has room for.
    pub(super) fn fill(&mut self, batch: &mut Batch, policy: &Policy) {
        while let Some(next) = self.kept.front()
            && policy.fits(batch.len() + next.len(), batch.bytes() + next.bytes())
            && let Some(next) = self.take_kept()
        {
            batch.join(next);
        }
    }

    /// Whether what is to be sent should be on disk first.
    pub(super) fn is_waited_for(&self, now: Instant) -> bool {
        self.is_on() && self.failed_until.is_none() && now < self.waited_for_until(now)
    }

    /// When what is due will have waited too long for the disk.
    pub(super) fn waited_for_until(&self, now: Instant) -> Instant {
        let since = self.in_hand.as_ref().map(|in_hand| in_hand.since).or(self.unkept_since);
        since.unwrap_or(now) + self.keep_within.unwrap_or_default() + STALL
    }

    /// Takes note that something waits that is not on disk.
    pub(super) fn note_unkept(&mut self, now: Instant) -> Instant {
        *self.unkept_since.get_or_insert(now)
    }

    /// Takes note that the oldest of it was taken out; the rest has its own time.
    pub(super) fn note_taken(&mut self) {
        self.unkept_since = None;
    }

    pub(super) fn has_turn(&self) -> bool {
        self.has_turn
    }

    /// When a file may be sent, if there is one.
    pub(super) fn not_before(&self) -> Option<Instant> {
        (!self.spooled.is_empty()).then_some(self.not_before)
    }

    /// Makes the files due.
    pub(super) fn hasten(&mut self, now: Instant) {
        self.not_before = self.not_before.min(now);
    }

    pub(super) fn spooled_spans(&self) -> usize {
        self.own_spans + self.found_spans
    }

    /// Those of them that this process has emitted.
    pub(super) fn own_spans(&self) -> usize {
        self.own_spans
    }

    /// Whether there is anything of earlier processes, or may be.
    pub(super) fn has_found(&self) -> bool {
        self.is_looking || self.found_spans > 0
    }

    /// The numbers of all records that are on disk, but for those in flight and those that wait for a retry.
    pub(super) fn ranges(&self) -> impl Iterator<Item = &Range<u64>> {
        let kept = self.kept.iter().flat_map(|batch| batch.copies.iter().flat_map(|copy| &copy.ranges));
        kept.chain(self.spooled.iter().flat_map(|spooled| &spooled.ranges))
    }

    /// Takes note of records of which there are only copies.
    pub(super) fn count_in(&mut self, spans: usize) {
        self.own_spans += spans;
    }

    pub(super) fn count_out(&mut self, numbers: &[u64]) {
        let own = numbers.partition_point(|number| *number < FOUND);
        self.own_spans -= own;
        self.found_spans -= numbers.len() - own;
    }
}

impl Queue {
    /// Lets only the copies of a batch stay.
    pub(super) fn leave_to_disk(&mut self, batch: &Batch) {
        self.spans -= batch.len();
        self.bytes -= batch.bytes();
        self.disk.own_spans += batch.len();
        let numbers = batch.numbers();
        for copy in &batch.copies {
            let mine = ranges(numbers.iter().copied().filter(|number| copy.holds(*number)));
            let spooled = &mut self.disk.spooled;
            // Where a batch was split, its other half may have come before. No others are looked through.
            let known = (Arc::strong_count(copy) > 1)
                .then(|| spooled.iter_mut().find(|known| Arc::ptr_eq(&known.copy, copy)))
                .flatten();
            match known {
                Some(known) => known.ranges.extend(mine),
                None => spooled.push_back(Spooled { copy: Arc::clone(copy), ranges: mine }),
            }
        }
    }

    /// What the keeper is to do at `now`.
    pub(crate) fn next_keep(&mut self, now: Instant) -> Keep {
        if self.phase == Phase::Closed {
            return Keep::Stop;
        }
        let (Some(oldest), Some(within)) = (self.waiting.front(), self.disk.keep_within) else {
            return Keep::Wait(None);
        };
        let since = self.disk.note_unkept(now);
        let (kept_spans, kept_bytes) = self.disk.kept_size();
        let completes_batch = self.has_full_batch() && !self.policy.is_full_batch(kept_spans, kept_bytes);
        let is_full = completes_batch || self.policy.is_full_batch(self.waiting.len(), self.waiting_bytes);
        let is_due = oldest.number < self.send_before || is_full || self.phase != Phase::Open;
        let from = self.disk.failed_until.unwrap_or(if is_due { now } else { since + within });
        if now < from {
            return Keep::Wait(Some(from));
        }
        let Some(batch) = self.cut_waiting(now) else { return Keep::Wait(None) };
        self.disk.in_hand = Some(InHand::of(&batch, now));
        Keep::Write(batch)
    }

    /// Takes back what the keeper has written, or could not write. The files hold the records in their order; those that
    /// came too late are given back.
    pub(crate) fn kept(&mut self, mut batch: Batch, files: Vec<SpoolFile>, now: Instant) -> Vec<SpoolFile> {
        self.disk.in_hand = None;
        if self.phase == Phase::Closed {
            return files;
        }
        if files.is_empty() {
            self.disk.failed_until = Some(now + STALL);
            self.waiting_bytes += batch.bytes();
            self.has_pending |= batch.has_pending();
            batch.entries.append(&mut self.waiting);
            self.waiting = batch.entries;
            return files;
        }
        self.disk.failed_until = None;
        let in_order = batch.is_uniform();
        let mut numbers = batch.numbers().into_iter();
        for file in files {
            let mine = numbers.by_ref().take(usize::try_from(file.spans()).unwrap_or(usize::MAX));
            batch.copies.push(Arc::new(DiskCopy { file, ranges: ranges(mine), in_order }));
        }
        self.disk.kept_spans += batch.len();
        self.disk.kept_bytes += batch.bytes();
        self.disk.kept.push_back(batch);
        Vec::new()
    }

    /// Whether the keeper has everything on disk that it can bring there.
    pub(crate) fn is_kept(&self) -> bool {
        let has_failed = self.disk.failed_until.is_some();
        !self.disk.is_on() || (self.disk.in_hand.is_none() && (self.waiting.is_empty() || has_failed))
    }

    /// Without a keeper nothing reaches the disk any more; what it had in hand when it panicked is lost.
    pub(crate) fn keep_nothing(&mut self) {
        self.count_panic();
        if let Some(InHand { numbers, pending, bytes, .. }) = self.disk.in_hand.take()
            && self.phase != Phase::Closed
        {
            self.spans -= numbers.len();
            self.bytes -= bytes;
            self.lose_forms(&numbers, &pending, LossReason::Exporter);
        }
        self.disk.keep_within = None;
        self.disk.is_looking = false;
    }

    /// Whether there is anything of earlier processes, or may be.
    pub(crate) fn has_found(&self) -> bool {
        self.disk.has_found()
    }

    /// Takes in what earlier processes have left on disk.
    pub(crate) fn adopt(&mut self, found: Found) {
        self.disk.is_looking = false;
        self.accounts.accepted += found.damaged;
        self.accounts.recovered += found.damaged;
        self.lose_untracked(LossReason::SpoolDamaged, found.damaged);
        for file in found.files {
            let numbers = self.disk.next_found..self.disk.next_found + file.spans();
            self.disk.next_found = numbers.end;
            self.accounts.accepted += file.spans();
            self.accounts.recovered += file.spans();
            self.disk.found_spans += numbers.clone().count();
            let ranges = vec![numbers];
            let copy = Arc::new(DiskCopy { file, ranges: ranges.clone(), in_order: true });
            self.disk.spooled.push_back(Spooled { copy, ranges });
        }
    }

    /// Gives up the oldest file that is on disk only, to make room for newer ones.
    pub(crate) fn evict_spooled(&mut self) -> Option<Vec<SpoolFile>> {
        let spooled = self.disk.spooled.pop_front()?;
        Some(self.lose_spooled(spooled, LossReason::SpoolFull))
    }

    pub(super) fn due_spooled(&mut self, now: Instant) -> Option<Step> {
        if !self.retrying.is_empty() || now < self.disk.not_before {
            return None;
        }
        let spooled = self.disk.spooled.pop_front()?;
        self.disk.has_turn = false;
        self.accounts.retries += u64::from(self.disk.attempts > 0);
        self.in_flight = Some(InHand {
            numbers: spooled.numbers(),
            pending: Vec::new(),
            bytes: 0,
            place: Place::Disk,
            since: now,
        });
        Some(Step::SendSpooled(spooled))
    }

    /// Enters what became of records that were on disk only; gives the file that is no longer needed.
    pub(crate) fn settle_spooled(
        &mut self,
        spooled: Spooled,
        verdict: &Verdict,
        now: Instant,
        random: u64,
    ) -> Vec<SpoolFile> {
        self.in_flight = None;
        let attempts = std::mem::take(&mut self.disk.attempts);
        match verdict {
            Verdict::Accepted { rejected, message } => {
                let numbers = spooled.numbers();
                self.disk.count_out(&numbers);
                self.deliver(&numbers, *rejected, message.clone());
                unheld([spooled.copy])
            }
            Verdict::Retry { after, cause } => {
                self.accounts.last_error = Some(cause.clone());
                self.disk.attempts = attempts.saturating_add(1);
                self.disk.not_before = now + self.pause(attempts, *after, now, random);
                self.disk.spooled.push_front(spooled);
                Vec::new()
            }
            Verdict::TooLarge { cause } => {
                self.accounts.last_error = Some(cause.clone());
                self.lose_spooled(spooled, LossReason::Refused { status: 413 })
            }
            Verdict::Refused { reason, cause } => {
                self.accounts.last_error = Some(cause.clone());
                self.lose_spooled(spooled, *reason)
            }
        }
    }

    /// Puts two files in the place of one that was too large; the first has so many spans.
    pub(crate) fn replace_spooled(&mut self, spooled: Spooled, files: [SpoolFile; 2]) -> Vec<SpoolFile> {
        self.in_flight = None;
        let unsettled = spooled.numbers();
        let mut numbers: Vec<u64> = spooled.copy.ranges.iter().cloned().flatten().collect();
        let middle = numbers.len().min(usize::try_from(files[0].spans()).unwrap_or(usize::MAX));
        let second = numbers.split_off(middle);
        let mut unneeded = unheld([spooled.copy]);
        for (file, numbers) in files.into_iter().zip([numbers, second]).rev() {
            let is_unsettled = |number: &u64| unsettled.binary_search(number).is_ok();
            let mine = ranges(numbers.iter().copied().filter(is_unsettled));
            if mine.is_empty() {
                unneeded.push(file);
                continue;
            }
            let copy = Arc::new(DiskCopy { file, ranges: ranges(numbers), in_order: true });
            self.disk.spooled.push_front(Spooled { copy, ranges: mine });
        }
        unneeded
    }

    fn lose_spooled(&mut self, spooled: Spooled, reason: LossReason) -> Vec<SpoolFile> {
        let numbers = spooled.numbers();
        self.disk.count_out(&numbers);
        self.lose(&numbers, reason);
        unheld([spooled.copy])
    }
}

#[cfg(test)]
mod tests;
