//! Records that were sent, for spans to come: a caller in the long run allocates none.

use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};

use bento_fork::PerProcess;

use super::SpanRecord;

/// So many are handed from the worker to a caller's thread at a time, and so many a thread keeps.
const PACK: usize = 32;
/// So many packs wait at most: half of what the queue holds. A pack takes some 40 KiB.
const PACKS: usize = 32;

type Pack = Vec<Box<SpanRecord>>;

thread_local! {
    static MINE: RefCell<Pack> = const { RefCell::new(Vec::new()) };
}

static SHARED: PerProcess<Mutex<Vec<Pack>>> =
    PerProcess::new(Mutex::new(Vec::new()), |_| Mutex::new(Vec::new()));

/// A blank record.
pub(crate) fn fresh() -> Box<SpanRecord> {
    let mine = MINE.try_with(|mine| {
        let mut mine = mine.borrow_mut();
        if mine.is_empty()
            && let Some(pack) = SHARED.here().lock().unwrap_or_else(PoisonError::into_inner).pop()
        {
            *mine = pack;
        }
        mine.pop()
    });
    mine.ok().flatten().unwrap_or_else(|| Box::new(SpanRecord::blank()))
}

/// Takes back a record for this thread's next span.
pub(crate) fn recycle(mut record: Box<SpanRecord>) {
    record.clear();
    MINE.try_with(|mine| {
        let mut mine = mine.borrow_mut();
        if mine.len() < PACK {
            mine.push(record);
        }
    })
    .ok();
}

/// Takes back records for the next spans of any thread.
pub(crate) fn recycle_all(records: impl IntoIterator<Item = Box<SpanRecord>>) {
    let mut records = records.into_iter();
    loop {
        let mut pack: Pack = records.by_ref().take(PACK).collect();
        if pack.is_empty() {
            return;
        }
        pack.iter_mut().for_each(|record| record.clear());
        let mut shared = SHARED.here().lock().unwrap_or_else(PoisonError::into_inner);
        if shared.len() >= PACKS {
            return;
        }
        shared.push(pack);
    }
}
