//! Records that were sent, for spans to come: a caller in the long run allocates none.

use std::cell::{Cell, RefCell};
use std::sync::{Mutex, PoisonError};

use bento_fork::PerProcess;

use super::SpanRecord;

/// So many are handed from the worker to a caller's thread at a time, and so many a thread keeps.
const PACK: usize = 32;
/// So many packs wait at most: half of what the queue holds. A pack takes 50 to 80 KiB.
const PACKS: usize = 32;

type Pack = Records;

/// Records on their way. Each keeps its box, which is moved instead of it and serves the next span.
pub(crate) type Records = Vec<Box<SpanRecord>>;

/// What a thread has at hand.
struct Mine {
    records: Pack,
    /// How many it fetches at a time.
    next: usize,
}

thread_local! {
    static SCRATCH: Cell<Option<Box<SpanRecord>>> = const { Cell::new(None) };
    static MINE: RefCell<Mine> = const { RefCell::new(Mine { records: Vec::new(), next: 0 }) };
}

static SHARED: PerProcess<Mutex<Vec<Pack>>> =
    PerProcess::new(Mutex::new(Vec::new()), |_| Mutex::new(Vec::new()));

/// A blank record.
pub(crate) fn fresh() -> Box<SpanRecord> {
    let mine = MINE.try_with(|mine| {
        let mut mine = mine.borrow_mut();
        if mine.records.is_empty() {
            mine.fetch();
        }
        mine.records.pop()
    });
    mine.ok().flatten().unwrap_or_else(|| Box::new(SpanRecord::blank()))
}

impl Mine {
    /// Twice as many as the last time, so that a thread that emits little keeps little.
    fn fetch(&mut self) {
        self.next = (2 * self.next).clamp(1, PACK);
        let mut shared = SHARED.here().lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pack) = shared.last_mut() {
            let left = pack.len().saturating_sub(self.next);
            self.records.extend(pack.drain(left..));
            if left == 0 {
                shared.pop();
            }
        }
    }
}

/// A blank record for what is written here and copied elsewhere: mostly the same one.
pub(crate) fn scratch() -> Box<SpanRecord> {
    SCRATCH.try_with(Cell::take).ok().flatten().unwrap_or_else(fresh)
}

/// Takes back the record for what is written next and copied.
pub(crate) fn clear_scratch(mut record: Box<SpanRecord>) {
    record.clear();
    SCRATCH.try_with(|scratch| scratch.set(Some(record))).ok();
}

/// Takes back a record for this thread's next span.
pub(crate) fn recycle(mut record: Box<SpanRecord>) {
    record.clear();
    MINE.try_with(|mine| {
        let mut mine = mine.borrow_mut();
        if mine.records.len() < mine.next {
            mine.records.push(record);
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
        for record in &mut pack {
            record.clear();
        }
        let mut shared = SHARED.here().lock().unwrap_or_else(PoisonError::into_inner);
        // Small batches fill one pack together.
        if let Some(last) = shared.last_mut().filter(|last| last.len() + pack.len() <= PACK) {
            last.append(&mut pack);
        } else if shared.len() < PACKS {
            shared.push(pack);
        } else {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::record::{Array, Event, Link, SpanId, SpanKind, Status, Text, TraceId};

    /// A record in which nothing is as a blank one has it.
    fn used() -> Box<SpanRecord> {
        let mut record = fresh();
        record.parent = Some(SpanId::random());
        record.trace_state = Some("vendor=1".to_owned());
        record.name.push_str(&"secret ".repeat(1_000));
        record.kind = SpanKind::Server;
        record.status = Status::Error("secret".to_owned());
        record.events.push(Event::exception("Kind", "secret", 3));
        let (trace_id, span_id) = (TraceId::random(), SpanId::random());
        let attributes = record.attributes.clone();
        record.links.push(Link { trace_id, span_id, trace_state: None, attributes });
        let attributes = &mut record.attributes;
        let cut = || Text { kept: "secret".into(), cut_from: Some(9), fault: Some("secret".to_owned()) };
        attributes.set_text("cut", cut());
        attributes.set_managed_text(&"managed".into(), cut());
        attributes.set("large", "secret ".repeat(100_000));
        attributes.set("array", Array::String(vec!["secret".to_owned()]));
        for number in 0..200_u64 {
            attributes.set(&format!("secret {number}"), number);
        }
        record
    }

    /// Fails where anything of a former span shows; whoever takes a record sets ids, times, resource and scope.
    fn check_blank(record: &mut SpanRecord) {
        let blank = SpanRecord {
            trace_id: record.trace_id,
            span_id: record.span_id,
            start: record.start,
            end: record.end,
            resource: Arc::clone(&record.resource),
            scope: Arc::clone(&record.scope),
            ..SpanRecord::blank()
        };
        assert_eq!(format!("{record:?}"), format!("{blank:?}"));
        assert_eq!(record.attributes, blank.attributes);
        assert!(record.size() < 8 * 1024, "{} bytes", record.size());
        // Who set a key, and that there was a marker of it, is forgotten as well.
        record.attributes.set("bento.truncated.managed", "the host's own");
        record.attributes.set("managed", "a property");
        assert_eq!(record.attributes.managed("managed"), None);
        assert_eq!(record.attributes.get("managed"), Some("a property".into()));
        assert_eq!(record.attributes.iter().count(), 2);
    }

    #[test]
    fn a_record_that_is_used_again_is_blank() {
        let mut record = used();
        for number in 0..1_024_u64 {
            let key = format!("more {number}");
            if record.attributes.admit(&key) {
                record.attributes.set(&key, number);
            }
        }
        assert!(record.attributes.dropped() > 0);
        let address = &raw const *record;
        recycle(record);
        let mut again = fresh();
        assert!(std::ptr::eq(address, &raw const *again), "it is the thread's next");
        check_blank(&mut again);
    }

    #[test]
    fn what_was_sent_serves_the_spans_of_any_thread() {
        recycle_all((0..=PACK).map(|_| used()));
        let other = std::thread::spawn(|| {
            // Others may be taking them too: whatever there is, is blank.
            (0..3 * PACK).for_each(|_| check_blank(&mut fresh()));
        });
        assert!(other.join().is_ok());
    }

    #[test]
    fn a_thread_that_emits_once_keeps_one_record_at_most() {
        // Others may be taking them too: there is always something to take for one of these.
        for _ in 0..4 {
            recycle_all((0..4 * PACK).map(|_| Box::new(SpanRecord::blank())));
            let other = std::thread::spawn(|| {
                let kept = || MINE.with_borrow(|mine| mine.records.len());
                let record = fresh();
                assert!(kept() <= 1, "{} are kept beside one", kept());
                recycle(record);
                recycle(Box::new(SpanRecord::blank()));
                assert!(kept() <= 1, "{} are kept", kept());
            });
            assert!(other.join().is_ok());
        }
    }

    #[test]
    fn no_more_records_are_kept_than_a_burst_needs() {
        for _ in 0..3 * PACK {
            recycle(Box::new(SpanRecord::blank()));
        }
        assert_eq!(MINE.with_borrow(|mine| mine.records.len()), 0, "it has asked for none");
        let taken: Vec<_> = (0..PACK).map(|_| fresh()).collect();
        taken.into_iter().for_each(recycle);
        (0..3 * PACK).for_each(|_| recycle(Box::new(SpanRecord::blank())));
        assert_eq!(MINE.with_borrow(|mine| mine.records.len()), PACK);
        recycle_all((0..PACK * (PACKS + 3)).map(|_| Box::new(SpanRecord::blank())));
        let shared = SHARED.here().lock().unwrap_or_else(PoisonError::into_inner);
        assert!(shared.len() <= PACKS, "{} packs", shared.len());
        assert!(shared.iter().all(|pack| pack.len() <= PACK));
    }
}
