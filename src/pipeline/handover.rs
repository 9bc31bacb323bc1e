//! The hand-over between those who emit, flush and shut down, and the worker: every order in which they may meet is
//! tried. A wake-up that is lost would leave a thread waiting for ever, because time stands still here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::{Parts, Pipeline, Policy, Sink, Telling};
use crate::error::LossReason;
use crate::export::{Export, Verdict};
use crate::record::SpanRecord;

/// Longer than any test takes.
const NEVER: Duration = Duration::from_secs(24 * 3_600);

/// Takes everything, and counts it.
struct Taker(Arc<AtomicU64>);

impl Export for Taker {
    fn export(&mut self, batch: &[&SpanRecord], _: Instant) -> Verdict {
        self.0.fetch_add(batch.len() as u64, Ordering::Relaxed);
        Verdict::Accepted { rejected: 0, message: None }
    }
}

/// A pipeline in batches of five, and what has arrived behind it.
fn pipeline() -> (Arc<Pipeline>, Arc<AtomicU64>) {
    pipeline_with(NEVER, false)
}

/// One whose interval is always over, so that the worker rests unless something has come.
fn resting_pipeline() -> (Arc<Pipeline>, Arc<AtomicU64>) {
    pipeline_with(Duration::ZERO, true)
}

fn pipeline_with(interval: Duration, rests: bool) -> (Arc<Pipeline>, Arc<AtomicU64>) {
    let arrived = Arc::new(AtomicU64::new(0));
    let taken = Arc::clone(&arrived);
    let policy = Policy {
        queue_spans: 8,
        queue_bytes: 1 << 20,
        batch_spans: 5,
        batch_bytes: 1 << 20,
        interval,
        rests,
        keep_within: None,
    };
    let build = Box::new(move || Box::new(Taker(Arc::clone(&taken))) as Box<dyn Export>);
    let started = Pipeline::start(Parts { policy, build, spool: None, on_loss: None });
    let Ok(pipeline) = started else { unreachable!("loom always has a thread") };
    (Arc::new(pipeline), arrived)
}

fn record() -> Box<SpanRecord> {
    Box::new(SpanRecord::named(String::new()))
}

fn never() -> Instant {
    Instant::now() + NEVER
}

/// Runs `other` beside `this`, in every order.
fn beside(other: impl FnOnce() + Send + 'static, this: impl FnOnce()) {
    let other = loom::thread::spawn(other);
    this();
    assert!(other.join().is_ok());
}

fn flushes(pipeline: &Pipeline) {
    assert_eq!(pipeline.flush(never(), Telling::Told), Ok(()));
}

/// Waits for so many to arrive, and wakes nobody: had the worker not been woken, that would be for ever.
fn await_arrival(pipeline: &Pipeline, arrived: &AtomicU64, spans: u64) {
    let mut queue = pipeline.shared.queue();
    while arrived.load(Ordering::Relaxed) < spans {
        let woken = pipeline.shared.settled.wait(queue);
        queue = woken.unwrap_or_else(std::sync::PoisonError::into_inner);
    }
}

/// Ends the worker, and gives what was accepted and what became of it.
fn stopped(pipeline: &Pipeline) -> (u64, u64, u64) {
    pipeline.shutdown(never()).ok();
    let books = pipeline.books();
    assert_eq!(books.waiting, 0);
    let accounts = books.accounts;
    (accounts.accepted, accounts.delivered, accounts.lost.of(LossReason::NotRunning))
}

#[test]
fn what_was_emitted_before_a_flush_is_in_it_and_what_comes_beside_it_is_not_lost() {
    loom::model(|| {
        let (pipeline, arrived) = pipeline();
        let other = Arc::clone(&pipeline);
        beside(
            move || other.accept(record()),
            || {
                pipeline.accept(record());
                flushes(&pipeline);
                assert!(arrived.load(Ordering::Relaxed) >= 1);
            },
        );
        assert_eq!(stopped(&pipeline), (2, 2, 0));
        assert_eq!(arrived.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn a_full_batch_wakes_the_worker_without_a_flush() {
    loom::model(|| {
        let (pipeline, arrived) = pipeline();
        let other = Arc::clone(&pipeline);
        beside(
            move || (0..2).for_each(|_| other.accept(record())),
            || (0..3).for_each(|_| pipeline.accept(record())),
        );
        await_arrival(&pipeline, &arrived, 5);
        assert_eq!(stopped(&pipeline), (5, 5, 0));
    });
}

#[test]
fn two_flushes_both_end() {
    loom::model(|| {
        let (pipeline, arrived) = pipeline();
        let other = Arc::clone(&pipeline);
        beside(
            move || {
                other.accept(record());
                flushes(&other);
            },
            || flushes(&pipeline),
        );
        assert_eq!(arrived.load(Ordering::Relaxed), 1);
        assert_eq!(stopped(&pipeline), (1, 1, 0));
    });
}

#[test]
fn what_is_emitted_beside_a_shutdown_is_counted_either_way() {
    loom::model(|| {
        let (pipeline, arrived) = pipeline();
        let other = Arc::clone(&pipeline);
        beside(move || other.accept(record()), || drop(pipeline.shutdown(never())));
        let (accepted, delivered, refused) = stopped(&pipeline);
        assert_eq!((accepted, delivered + refused), (1, 1));
        assert_eq!(arrived.load(Ordering::Relaxed), delivered);
    });
}

#[test]
fn a_flush_beside_a_shutdown_ends() {
    loom::model(|| {
        let (pipeline, _) = pipeline();
        pipeline.accept(record());
        let other = Arc::clone(&pipeline);
        beside(move || flushes(&other), || assert_eq!(pipeline.shutdown(never()), Ok(())));
        assert_eq!(stopped(&pipeline), (1, 1, 0));
    });
}

#[test]
fn whoever_comes_while_the_worker_rests_wakes_it() {
    loom::model(|| {
        let (pipeline, arrived) = resting_pipeline();
        let other = Arc::clone(&pipeline);
        beside(move || other.accept(record()), || pipeline.accept(record()));
        await_arrival(&pipeline, &arrived, 2);
        assert_eq!(stopped(&pipeline), (2, 2, 0));
    });
}
