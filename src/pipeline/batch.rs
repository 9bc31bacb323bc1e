//! Records that travel together.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use super::spool::SpoolFile;
use crate::record::SpanRecord;

/// A record in the queue.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) number: u64,
    pub(super) size: usize,
    pub(super) record: Box<SpanRecord>,
}

/// Records that travel together, oldest first.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(super) entries: VecDeque<Entry>,
    /// The files that hold these very records; none where there is no spool, or where it had no room.
    pub(super) copies: Vec<Arc<DiskCopy>>,
    pub(super) cut_at: Instant,
    pub(super) not_before: Instant,
    pub(super) attempts: u32,
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
        Self { entries, copies: Vec::new(), cut_at: now, not_before: now, attempts: 0 }
    }

    pub(crate) fn records(&self) -> Vec<&SpanRecord> {
        self.entries.iter().map(|entry| &*entry.record).collect()
    }

    pub(super) fn numbers(&self) -> Vec<u64> {
        self.entries.iter().map(|entry| entry.number).collect()
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
            Self { entries, copies, cut_at: self.cut_at, not_before: now, attempts: 0 }
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
