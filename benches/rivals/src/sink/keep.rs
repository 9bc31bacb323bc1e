//! Bodies wait to be counted until someone asks, within a bound.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::sink::Counts;
use crate::sink::count;
use crate::sink::http::Request;

/// Past this the bodies that wait are counted, at the cost of whoever sends just then.
const LIMIT: usize = 1 << 30;

#[derive(Debug, Default)]
pub(crate) struct Keep(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    waiting: Vec<Request>,
    bytes_waiting: usize,
    counts: Counts,
    ids: HashSet<String>,
}

impl Keep {
    pub(crate) fn take(&self, request: Request) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes_waiting += request.body.len();
        kept.waiting.push(request);
        if kept.bytes_waiting > LIMIT {
            kept.count();
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.count();
        kept.counts
    }
}

impl Kept {
    fn count(&mut self) {
        self.bytes_waiting = 0;
        for request in std::mem::take(&mut self.waiting) {
            self.counts.requests += 1;
            self.counts.bytes += request.body.len() as u64;
            // A body that cannot be read has no spans that count.
            for id in count::span_ids(&request).unwrap_or_default() {
                self.counts.spans += 1;
                self.ids.insert(id);
            }
        }
        self.counts.distinct = self.ids.len() as u64;
    }
}
