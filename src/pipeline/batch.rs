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
    pub(super) record: SpanRecord,
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
    pub(super) numbers: Range<u64>,
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
        self.entries.iter().map(|entry| &entry.record).collect()
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

    /// Two batches of half the size; the files stay until both are settled.
    pub(super) fn halves(mut self, now: Instant) -> [Self; 2] {
        let entries = self.entries.split_off(self.len() / 2);
        let second =
            Self { entries, copies: self.copies.clone(), cut_at: self.cut_at, not_before: now, attempts: 0 };
        [Self { not_before: now, attempts: 0, ..self }, second]
    }
}

impl Spooled {
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

/// The files that nobody holds any more.
pub(super) fn unheld(copies: impl IntoIterator<Item = Arc<DiskCopy>>) -> Vec<SpoolFile> {
    copies.into_iter().filter_map(|copy| Some(Arc::into_inner(copy)?.file)).collect()
}
