//! Callers, flushes and the worker together, in real threads and with an exporter that is told what to do.

#![expect(clippy::expect_used, reason = "a test fails loudly")]

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use super::intake::{RECORDS, TRAYS};
use super::*;
use crate::export::Verdict;

/// More than anything here takes on a busy machine, and less than any deadline that the SDK is given here.
const LONG: Duration = Duration::from_secs(20);
const NEVER: Duration = Duration::from_secs(3_600);

/// So many leave a tray with room on it: what brings them to the queue is that somebody looks.
const FEW: usize = RECORDS - 1;

/// What the exporter does with its batches, and what it has seen.
#[derive(Default)]
struct Backend {
    seen: Mutex<Seen>,
    changed: Condvar,
}

#[derive(Default)]
struct Seen {
    is_shut: bool,
    throttles: bool,
    requests: usize,
    taken: usize,
}

impl Backend {
    fn change<T>(&self, change: impl FnOnce(&mut Seen) -> T) -> T {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = change(&mut seen);
        self.changed.notify_all();
        outcome
    }

    /// Waits for it; whether it came.
    fn saw(&self, what: impl Fn(&Seen) -> bool) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(seen, LONG, |seen| !what(seen));
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

struct Exporter(Arc<Backend>);

impl Export for Exporter {
    fn export(&mut self, batch: &[&SpanRecord], _: Instant) -> Verdict {
        self.0.change(|seen| seen.requests += 1);
        self.0.saw(|seen| !seen.is_shut);
        self.0.change(|seen| {
            if seen.throttles {
                return Verdict::Retry { after: Some(NEVER), cause: "429".into() };
            }
            seen.taken += batch.len();
            Verdict::Accepted { rejected: 0, message: None }
        })
    }
}

fn pipeline(batch_spans: usize, build: BuildExport) -> Arc<Pipeline> {
    let policy = Policy {
        queue_spans: 2_048,
        queue_bytes: 32 << 20,
        batch_spans,
        batch_bytes: 4 << 20,
        interval: NEVER,
        rests: false,
        keep_within: None,
    };
    let parts = Parts { policy, build, spool: None, on_loss: None };
    let pipeline = Pipeline::start(parts).expect("a thread can be had");
    await_rest(&pipeline);
    Arc::new(pipeline)
}

/// A pipeline whose worker sleeps: from here on it sends only what it is woken for.
fn started(batch_spans: usize, backend: &Arc<Backend>) -> Arc<Pipeline> {
    let backend = Arc::clone(backend);
    pipeline(batch_spans, Box::new(move || Box::new(Exporter(Arc::clone(&backend)))))
}

fn await_rest(pipeline: &Pipeline) {
    let end = Instant::now() + LONG;
    while !pipeline.shared.queue().is_left_alone() {
        assert!(Instant::now() < end, "the worker does not come to rest");
        thread::yield_now();
    }
}

fn record() -> Box<SpanRecord> {
    Box::new(SpanRecord::named("answer".to_owned()))
}

fn accept(pipeline: &Pipeline, spans: usize) {
    (0..spans).for_each(|_| pipeline.accept(record()));
}

fn never() -> Instant {
    Instant::now() + NEVER
}

#[test]
fn exactly_a_full_batch_is_sent_without_waiting_for_the_interval() {
    for batch_spans in [1, 4, 20, 512] {
        let backend = Arc::default();
        let pipeline = started(batch_spans, &backend);
        accept(&pipeline, batch_spans);
        assert!(backend.saw(|seen| seen.taken == batch_spans), "{batch_spans} of one thread wait");
    }
}

#[test]
fn a_full_batch_that_eight_threads_bring_together_is_sent_at_once() {
    for batch_spans in [1, 4, 20, 512] {
        let backend = Arc::default();
        let pipeline = started(batch_spans, &backend);
        // Uneven shares, that leave something over on every tray.
        let share = batch_spans / 10;
        thread::scope(|scope| {
            for _ in 0..7 {
                scope.spawn(|| accept(&pipeline, share));
            }
            scope.spawn(|| accept(&pipeline, batch_spans - 7 * share));
        });
        assert!(backend.saw(|seen| seen.taken == batch_spans), "{batch_spans} of eight threads wait");
    }
}

#[test]
fn a_full_batch_is_sent_at_once_also_when_the_books_were_read_on_the_way() {
    for batch_spans in [4, 20, 512] {
        let backend = Arc::default();
        let pipeline = started(batch_spans, &backend);
        accept(&pipeline, 3);
        assert_eq!(pipeline.books().waiting, 3);
        accept(&pipeline, batch_spans - 3);
        assert!(backend.saw(|seen| seen.taken == batch_spans), "{batch_spans} wait");
    }
}

#[test]
fn the_bound_of_spans_holds_however_often_the_books_are_read() {
    let backend = Arc::new(Backend::default());
    backend.change(|seen| seen.is_shut = true);
    let pipeline = started(512, &backend);
    accept(&pipeline, 512);
    assert!(backend.saw(|seen| seen.requests == 1));
    let mut put = 512;
    // What is held: in the queue, and what was put down and has not reached it.
    let held = |put: usize| {
        let queue = pipeline.shared.queue();
        queue.held() as u64 + put as u64 - queue.accounts().accepted
    };
    while put < 2_048 + 512 {
        accept(&pipeline, FEW);
        put += FEW;
        assert!(held(put) <= 2_048, "{} held of {put}", held(put));
        let books = pipeline.books();
        assert_eq!(books.accounts.accepted, put as u64);
        assert_eq!(books.accounts.accepted, books.waiting + books.accounts.lost.total());
    }
    for _ in 0..TRAYS {
        thread::scope(|scope| scope.spawn(|| accept(&pipeline, FEW)).join().expect("it accepts"));
        put += FEW;
        assert!(held(put) <= 2_048, "{} held of {put}", held(put));
    }
    assert_eq!(pipeline.books().waiting, 2_048, "there is no less room than that");
    backend.change(|seen| seen.is_shut = false);
}

/// Five spans that a backend does not want for now.
fn throttled() -> (Arc<Backend>, Arc<Pipeline>) {
    let backend = Arc::new(Backend::default());
    backend.change(|seen| seen.throttles = true);
    let pipeline = started(512, &backend);
    accept(&pipeline, 5);
    (backend, pipeline)
}

/// Fills the queue with others, so that those five have to go.
fn evict(pipeline: &Pipeline) {
    for _ in 0..=(2_048 + 5) / FEW {
        accept(pipeline, FEW);
        pipeline.books();
    }
}

fn is_told_of_eviction(outcome: &Result<(), DeliveryError>) -> bool {
    outcome.as_ref().is_err_and(|error| {
        (error.losses().of(LossReason::QueueFull), error.undelivered(), error.waiting()) == (5, 5, 0)
    })
}

#[test]
fn a_flush_ends_when_all_its_spans_are_evicted() {
    let (backend, pipeline) = throttled();
    let (told, is_told) = mpsc::channel();
    let flushing = Arc::clone(&pipeline);
    thread::spawn(move || told.send(flushing.flush(never(), Telling::Told)));
    // Nothing but that flush can have made them due.
    assert!(backend.saw(|seen| seen.requests == 1));
    await_rest(&pipeline);
    evict(&pipeline);
    let outcome = is_told.recv_timeout(LONG).expect("the flush ends");
    assert!(is_told_of_eviction(&outcome), "{outcome:?}");
}

#[test]
fn an_async_flush_is_woken_when_all_its_spans_are_evicted() {
    struct Bell(mpsc::Sender<()>);
    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.send(()).ok();
        }
    }
    let (backend, pipeline) = throttled();
    let (bell, rings) = mpsc::channel();
    let waker = Waker::from(Arc::new(Bell(bell)));
    let mut context = Context::from_waker(&waker);
    let mut flush = Box::pin(pipeline.flush_async(never()));
    assert!(flush.as_mut().poll(&mut context).is_pending());
    assert!(backend.saw(|seen| seen.requests == 1));
    await_rest(&pipeline);
    evict(&pipeline);
    rings.recv_timeout(LONG).expect("it is woken");
    let Poll::Ready(outcome) = flush.as_mut().poll(&mut context) else {
        unreachable!("it was woken for its end")
    };
    assert!(is_told_of_eviction(&outcome), "{outcome:?}");
}

#[test]
fn an_exporter_that_panics_as_it_opens_is_counted_and_built_anew() {
    /// Fails at every start.
    struct Opens(Exporter);
    impl Export for Opens {
        fn open(&mut self) {
            resume_unwind(Box::new("in open"));
        }
        fn export(&mut self, batch: &[&SpanRecord], deadline: Instant) -> Verdict {
            self.0.export(batch, deadline)
        }
    }
    let backend: Arc<Backend> = Arc::default();
    let built = Arc::new(AtomicUsize::new(0));
    let (made, behind) = (Arc::clone(&built), Arc::clone(&backend));
    let pipeline = pipeline(
        512,
        Box::new(move || {
            made.fetch_add(1, Ordering::Relaxed);
            Box::new(Opens(Exporter(Arc::clone(&behind))))
        }),
    );
    assert_eq!((pipeline.accounts().panics, built.load(Ordering::Relaxed)), (1, 1));
    accept(&pipeline, 1);
    assert_eq!(pipeline.flush(never(), Telling::Told), Ok(()));
    assert!(backend.saw(|seen| seen.taken == 1));
    assert_eq!((pipeline.accounts().panics, built.load(Ordering::Relaxed)), (1, 2));
}
