//! Records that travel together.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::spool::SpoolFile;
use crate::record::{BuildSpread, SpanId, SpanRecord};

/// A record in the queue.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) number: u64,
    pub(super) size: usize,
    /// Whether it is a form of a span that had not ended.
    pub(super) is_pending: bool,
    /// When it was first sent, later by the time for which the process was frozen since.
    pub(super) sent_at: Option<Instant>,
    pub(super) record: Box<SpanRecord>,
}

/// Records that travel together, oldest first.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(super) entries: VecDeque<Entry>,
    /// Earlier forms of these spans, which need not be sent and are to be freed where no lock is held.
    pub(super) superseded: Vec<Entry>,
    /// The files that hold these very records; none where there is no spool, or where it had no room.
    pub(super) copies: Vec<Arc<DiskCopy>>,
    pub(super) not_before: Instant,
    pub(super) attempts: u32,
    /// Whether it is a part of one that was too large, so that nothing may be added to it.
    pub(super) is_part: bool,
}

impl Entry {
    /// How long ago it was first sent.
    pub(super) fn age(&self, now: Instant) -> Duration {
        self.sent_at.map_or(Duration::ZERO, |sent| now.saturating_duration_since(sent))
    }
}

/// A file of the spool, and the numbers of the records in it.
#[derive(Debug)]
pub(super) struct DiskCopy {
    pub(super) file: SpoolFile,
    pub(super) ranges: Vec<Range<u64>>,
    /// Whether the body has the records in the order of their numbers; it gathers them by resource and scope.
    pub(super) in_order: bool,
}

/// Records that are on disk only.
#[derive(Debug)]
pub(crate) struct Spooled {
    pub(super) copy: Arc<DiskCopy>,
    /// The numbers of those in the file that are not settled.
    pub(super) ranges: Vec<Range<u64>>,
}

impl Batch {
    pub(super) fn new(entries: VecDeque<Entry>, now: Instant) -> Self {
        Self {
            entries,
            superseded: Vec::new(),
            copies: Vec::new(),
            not_before: now,
            attempts: 0,
            is_part: false,
        }
    }

    /// Whether any of these spans had not ended.
    pub(super) fn has_pending(&self) -> bool {
        self.entries.iter().any(|entry| entry.is_pending)
    }

    /// Takes out what a later form of the same span makes superfluous that is in here too, unless the two are to be kept
    /// `apart`.
    pub(super) fn supersede(&mut self, apart: impl Fn(u64, u64) -> bool) {
        if !self.has_pending() {
            return;
        }
        let mut latest: HashMap<SpanId, (bool, u64, u64), BuildSpread> = HashMap::default();
        for entry in &self.entries {
            let form = (!entry.is_pending, entry.record.end, entry.number);
            let known = latest.entry(entry.record.span_id).or_insert(form);
            *known = form.max(*known);
        }
        let is_superseded = |entry: &Entry| {
            let later = latest.get(&entry.record.span_id).filter(|_| entry.is_pending);
            later.is_some_and(|(_, _, later)| *later != entry.number && !apart(entry.number, *later))
        };
        let (superseded, entries) =
            std::mem::take(&mut self.entries).into_iter().partition::<Vec<_>, _>(is_superseded);
        self.superseded.extend(superseded);
        self.entries = entries.into();
    }

    /// Adds another, in the order of their numbers. The two are tried again as one that was tried as often as either.
    pub(super) fn join(&mut self, other: Self) {
        self.entries.extend(other.entries);
        self.entries.make_contiguous().sort_unstable_by_key(|entry| entry.number);
        self.superseded.extend(other.superseded);
        self.copies.extend(other.copies);
        self.attempts = self.attempts.max(other.attempts);
    }

    /// Takes note that it is sent; what was sent before keeps its time.
    pub(super) fn note_sent(&mut self, now: Instant) {
        for entry in &mut self.entries {
            entry.sent_at.get_or_insert(now);
        }
    }

    /// Time in which the process was frozen makes nothing older.
    pub(super) fn thaw(&mut self, frozen: Duration) {
        for sent_at in self.entries.iter_mut().filter_map(|entry| entry.sent_at.as_mut()) {
            *sent_at += frozen;
        }
    }

    /// Whether any of it was first sent so long ago.
    pub(super) fn has_old(&self, age: Duration, now: Instant) -> bool {
        self.entries.iter().any(|entry| entry.age(now) >= age)
    }

    /// Takes out what was first sent so long ago.
    pub(super) fn split_off_old(&mut self, age: Duration, now: Instant) -> VecDeque<Entry> {
        let (old, young): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.entries).into_iter().partition(|entry| entry.age(now) >= age);
        self.entries = young.into();
        old.into()
    }

    pub(crate) fn records(&self) -> Vec<&SpanRecord> {
        self.entries.iter().map(|entry| &*entry.record).collect()
    }

    pub(super) fn numbers(&self) -> Vec<u64> {
        self.entries.iter().map(|entry| entry.number).collect()
    }

    /// The numbers of those whose spans had not ended.
    pub(super) fn pending_numbers(&self) -> Vec<u64> {
        self.entries.iter().filter(|entry| entry.is_pending).map(|entry| entry.number).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.entries.iter().map(|entry| entry.size).sum()
    }

    pub(super) fn is_on_disk(&self) -> bool {
        !self.copies.is_empty()
    }

    /// Whether a body has the records in their order.
    pub(super) fn is_uniform(&self) -> bool {
        let records = || self.entries.iter().map(|entry| &entry.record);
        records().zip(records().skip(1)).all(|(one, next)| {
            Arc::ptr_eq(&one.resource, &next.resource) && Arc::ptr_eq(&one.scope, &next.scope)
        })
    }

    /// Two batches of half the size; a file stays until all who have records in it are settled.
    pub(super) fn halves(mut self, now: Instant) -> [Self; 2] {
        let entries = self.entries.split_off(self.len() / 2);
        [self.entries, entries].map(|entries| {
            let holds = |copy: &&Arc<DiskCopy>| entries.iter().any(|entry| copy.holds(entry.number));
            let copies = self.copies.iter().filter(holds).cloned().collect();
            Self { copies, is_part: true, ..Self::new(entries, now) }
        })
    }
}

impl DiskCopy {
    pub(super) fn holds(&self, number: u64) -> bool {
        self.ranges.iter().any(|range| range.contains(&number))
    }
}

impl Spooled {
    /// Whether the file can be replaced by two of which it is known what is in them.
    pub(crate) fn can_be_split(&self) -> bool {
        self.copy.in_order
    }

    pub(crate) fn file(&self) -> SpoolFile {
        self.copy.file
    }

    /// In ascending order.
    pub(super) fn numbers(&self) -> Vec<u64> {
        let mut numbers: Vec<u64> = self.ranges.iter().cloned().flatten().collect();
        numbers.sort_unstable();
        numbers
    }
}

/// Ascending numbers as ranges.
pub(super) fn ranges(numbers: impl IntoIterator<Item = u64>) -> Vec<Range<u64>> {
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some(last) if last.end == number => last.end += 1,
            _ => ranges.push(number..number + 1),
        }
    }
    ranges
}

/// The files that nobody holds any more.
pub(super) fn unheld(copies: impl IntoIterator<Item = Arc<DiskCopy>>) -> Vec<SpoolFile> {
    copies.into_iter().filter_map(|copy| Some(Arc::into_inner(copy)?.file)).collect()
}
