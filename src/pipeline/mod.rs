//! From a record to a batch: the bounded queue, its books, and the one worker thread.

mod accounts;
mod batch;
mod overflow;
mod queue;
mod timer;
mod worker;

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub(crate) use accounts::{Accounts, Telling};
pub(crate) use queue::Policy;
use queue::{Queue, Step};
use timer::Alarm;
pub(crate) use worker::on_worker;

use crate::error::DeliveryError;
use crate::export::Export;
use crate::foreign::guarded;
use crate::record::{Resource, SpanRecord};

/// Where finished records go.
pub(crate) trait Sink: fmt::Debug + Send + Sync {
    fn accept(&self, record: SpanRecord);

    /// Takes `records` in, and is over when they are delivered or lost, or at `deadline`.
    #[cfg_attr(
        not(feature = "otel"),
        expect(dead_code, reason = "only an exporter answers for its own spans")
    )]
    fn deliver(&self, records: Vec<SpanRecord>, deadline: Instant) -> Delivery;
}

/// What became of some records.
pub(crate) type Delivery = Pin<Box<dyn Future<Output = Result<(), DeliveryError>> + Send>>;

/// Builds the exporter on the worker thread, and builds it anew after a panic.
pub(crate) type BuildExport = Box<dyn Fn() -> Box<dyn Export> + Send>;

/// Where the worker hands its batches instead of the Bento backend. The bridges in `bento::otel` make one; see
/// [`Builder::route`](crate::Builder::route).
///
/// ```
/// # #[cfg(feature = "otel")] {
/// let route: bento::Route = bento::otel::collector("http://localhost:4318")?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Route(Box<dyn FnOnce(&Resource) -> BuildExport + Send>);

impl Route {
    #[cfg_attr(not(feature = "otel"), expect(dead_code, reason = "only the bridges make routes"))]
    pub(crate) fn new(build: impl FnOnce(&Resource) -> BuildExport + Send + 'static) -> Self {
        Self(Box::new(build))
    }

    pub(crate) fn build(self, resource: &Resource) -> BuildExport {
        (self.0)(resource)
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route").finish_non_exhaustive()
    }
}

/// The queue with its worker.
#[derive(Debug)]
pub(crate) struct Pipeline {
    shared: Arc<Shared>,
    worker: Mutex<Option<JoinHandle<()>>>,
}

/// What callers and the worker share.
#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    /// There is something to do for the worker.
    work: Condvar,
    /// Something was settled, for those who wait in `flush` or `shutdown`.
    settled: Condvar,
}

impl Shared {
    /// A panic elsewhere leaves the queue whole: it is changed in steps that do not panic.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a change that may settle something, and wakes those who wait for it once the lock is released.
    fn change<T>(&self, change: impl FnOnce(&mut Queue) -> T) -> T {
        let (outcome, ready) = {
            let mut queue = self.queue();
            (change(&mut queue), queue.take_ready())
        };
        ready.into_iter().for_each(wake);
        outcome
    }

    /// Blocks the worker until there is something else to do than to wait.
    fn next(&self) -> Step {
        let mut queue = self.queue();
        loop {
            let now = Instant::now();
            let until = match queue.next(now) {
                Step::Wait(until) => until,
                step => return step,
            };
            let pause = until.saturating_duration_since(now);
            queue = self.work.wait_timeout(queue, pause).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// A waker is foreign code: a panic in it must not end the worker, nor reach a caller who only emits.
fn wake(waker: Waker) {
    guarded(|| waker.wake()).ok();
}

impl Sink for Pipeline {
    fn accept(&self, record: SpanRecord) {
        let pushed = self.shared.change(|queue| queue.push(record));
        if pushed.wake {
            self.shared.work.notify_one();
        }
        // What was evicted is freed here, after the lock.
        drop(pushed);
    }

    fn deliver(&self, records: Vec<SpanRecord>, deadline: Instant) -> Delivery {
        let (ticket, pushed) = self.shared.change(|queue| queue.push_all(records));
        drop(pushed);
        Box::pin(self.follow(ticket, deadline))
    }
}

impl Pipeline {
    /// Starts the worker thread.
    pub(crate) fn start(policy: Policy, build: BuildExport) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            queue: Mutex::new(Queue::new(policy, Instant::now())),
            work: Condvar::new(),
            settled: Condvar::new(),
        });
        let worker = worker::spawn(Arc::clone(&shared), build)?;
        Ok(Self { shared, worker: Mutex::new(Some(worker)) })
    }

    /// Blocks until everything accepted before the call is settled, or `deadline`.
    pub(crate) fn flush(&self, deadline: Instant, telling: Telling) -> Result<(), DeliveryError> {
        let mut queue = self.shared.queue();
        let ticket = queue.open_ticket(Instant::now(), telling);
        self.shared.work.notify_one();
        while !queue.is_settled(ticket) {
            // On the worker itself, waiting for the worker would never end.
            let pause = deadline.saturating_duration_since(Instant::now());
            if pause.is_zero() || on_worker() {
                break;
            }
            queue = self.shared.settled.wait_timeout(queue, pause).unwrap_or_else(PoisonError::into_inner).0;
        }
        queue.close_ticket(ticket)
    }

    /// The same without blocking a thread.
    pub(crate) fn flush_async(&self, deadline: Instant) -> Flush {
        let ticket = self.shared.queue().open_ticket(Instant::now(), Telling::Told);
        self.follow(ticket, deadline)
    }

    fn follow(&self, ticket: u64, deadline: Instant) -> Flush {
        self.shared.work.notify_one();
        Flush { shared: Arc::clone(&self.shared), ticket: Some(ticket), deadline, alarm: None }
    }

    /// Takes no more spans, sends what is held until `deadline`, and ends the worker.
    pub(crate) fn shutdown(&self, deadline: Instant) -> Result<(), DeliveryError> {
        let mut queue = self.shared.queue();
        let ticket = queue.open_ticket(Instant::now(), Telling::Told);
        queue.drain(deadline);
        self.shared.work.notify_one();
        while !queue.is_closed() {
            let pause = deadline.saturating_duration_since(Instant::now());
            if pause.is_zero() || on_worker() {
                queue.close();
                self.shared.settled.notify_all();
                break;
            }
            queue = self.shared.settled.wait_timeout(queue, pause).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(queue);
        let verdict = self.shared.change(|queue| queue.close_ticket(ticket));
        self.shared.work.notify_one();
        self.join(deadline);
        verdict
    }

    /// Waits for the worker's end, which is at hand unless an exporter overruns its deadline; then it is left alone.
    fn join(&self, deadline: Instant) {
        let worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(worker) = worker.filter(|_| !on_worker()) else { return };
        while !worker.is_finished() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
        if worker.is_finished() {
            // A panic that escaped the worker has nothing to tell here.
            worker.join().ok();
        }
    }

    /// The books, and the number of spans that wait.
    pub(crate) fn accounts(&self) -> (Accounts, u64) {
        let queue = self.shared.queue();
        (queue.accounts().clone(), queue.held() as u64)
    }

    pub(crate) fn is_alive(&self) -> bool {
        let worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
        worker.as_ref().is_some_and(|worker| !worker.is_finished())
    }
}

/// A flush under way; dropping it stops waiting, not sending.
#[derive(Debug)]
#[must_use = "a future does nothing unless awaited"]
pub(crate) struct Flush {
    shared: Arc<Shared>,
    ticket: Option<u64>,
    deadline: Instant,
    alarm: Option<Alarm>,
}

impl Future for Flush {
    type Output = Result<(), DeliveryError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(ticket) = self.ticket else { return Poll::Ready(Ok(())) };
        // Made before the lock is taken, and what it replaces is dropped after: wakers are foreign code.
        let waker = context.waker().clone();
        let mut queue = self.shared.queue();
        let over = queue.is_settled(ticket) || Instant::now() >= self.deadline;
        let replaced = queue.watch(ticket, (!over).then_some(waker));
        let verdict = over.then(|| queue.close_ticket(ticket));
        drop(queue);
        drop(replaced);
        if let Some(verdict) = verdict {
            (self.ticket, self.alarm) = (None, None);
            return Poll::Ready(verdict);
        }
        match &self.alarm {
            Some(alarm) => alarm.renew(context.waker()),
            None => self.alarm = Alarm::set(self.deadline, context.waker()),
        }
        if self.alarm.is_none() {
            // Without a thread to keep the time, the future keeps asking for it.
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            let mut queue = self.shared.queue();
            let waker = queue.watch(ticket, None);
            queue.forget_ticket(ticket);
            drop(queue);
            drop(waker);
        }
    }
}
