//! Records that travel together.

use std::collections::VecDeque;
use std::time::Instant;

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
    pub(super) cut_at: Instant,
    pub(super) not_before: Instant,
    pub(super) attempts: u32,
}

impl Batch {
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
}
