//! From a record to a batch: the bounded queue, its books, and the one worker thread.

mod accounts;
mod batch;
mod flush;
#[cfg(all(test, bento_loom))]
mod handover;
mod intake;
mod keeper;
mod overflow;
mod own_thread;
mod queue;
mod shared;
mod spool;
mod sync;
#[cfg(all(test, not(bento_loom)))]
mod tests;
mod timer;
mod worker;

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

pub(crate) use accounts::{Accounts, Telling};
use flush::Flush;
use intake::Intake;
pub(crate) use own_thread::on_worker;
pub(crate) use queue::Policy;
use queue::{Arrival, Queue};
use shared::Shared;
pub(crate) use spool::Spool;
use sync::thread::JoinHandle;
use sync::{Condvar, Mutex, MutexGuard};

use crate::error::{DeliveryError, LossReason, Losses};
use crate::export::Export;
use crate::foreign::Foreign;
use crate::record::{Records, Resource, SpanRecord};

/// Where finished records go.
pub(crate) trait Sink: fmt::Debug + Send + Sync {
    fn accept(&self, record: Box<SpanRecord>);

    /// Counts a span that is not to be sent because the host wanted it so.
    fn withhold(&self, reason: LossReason);

    /// Takes `records` in, and is over when they are delivered or lost, or at `deadline`.
    #[cfg_attr(
        not(feature = "otel"),
        expect(dead_code, reason = "only an exporter answers for its own spans")
    )]
    fn deliver(&self, records: Records, deadline: Instant) -> Delivery;
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

/// What the host wants done when spans are lost.
#[derive(Clone)]
pub(crate) struct LossHook(Arc<dyn Fn(&Losses) + Send + Sync>);

impl LossHook {
    pub(crate) fn new(hook: impl Fn(&Losses) + Send + Sync + 'static) -> Self {
        let hook = Foreign::new(hook);
        Self(Arc::new(move |losses| {
            hook.with(|hook| hook(losses));
        }))
    }
}

impl fmt::Debug for LossHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LossHook").finish_non_exhaustive()
    }
}

/// What a pipeline is made of.
pub(crate) struct Parts {
    pub(crate) policy: Policy,
    pub(crate) build: BuildExport,
    pub(crate) spool: Option<Spool>,
    pub(crate) on_loss: Option<LossHook>,
}

/// The queue with its worker.
#[derive(Debug)]
pub(crate) struct Pipeline {
    shared: Arc<Shared>,
    /// The worker, and the keeper where there is a spool.
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What became of the spans, at one moment.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) accounts: Accounts,
    pub(crate) waiting: u64,
    /// Those among them that are on disk.
    pub(crate) spooled: u64,
}

impl Sink for Pipeline {
    fn accept(&self, record: Box<SpanRecord>) {
        let refused = match self.shared.intake.put(Arrival::of(record)) {
            Ok(false) => return,
            Ok(true) => None,
            Err(arrival) => Some(arrival),
        };
        self.shared.push(|queue, pushed| {
            self.shared.intake.carry_mine(queue, pushed);
            queue.take_all_in(refused.into_iter(), pushed);
        });
    }

    fn withhold(&self, reason: LossReason) {
        self.shared.queue().withhold(reason);
    }

    fn deliver(&self, records: Records, deadline: Instant) -> Delivery {
        let (ticket, pushed) = self.shared.change(|queue| queue.push_all(records));
        self.shared.settled.notify_all();
        for pushed in pushed {
            self.shared.tell_pushed(pushed);
        }
        Box::pin(self.follow(ticket, deadline))
    }
}

impl Pipeline {
    /// Starts the worker, and the keeper where there is a spool.
    pub(crate) fn start(parts: Parts) -> io::Result<Self> {
        let Parts { policy, build, spool, on_loss } = parts;
        let mut queue = Queue::new(policy, Instant::now());
        if on_loss.is_some() {
            queue.tell_losses();
        }
        let shared = Arc::new(Shared {
            intake: Intake::default(),
            queue: Mutex::new(queue),
            work: Condvar::new(),
            keep: Condvar::new(),
            settled: Condvar::new(),
            on_loss: Mutex::new(on_loss),
        });
        // With a spool nothing is put down elsewhere.
        shared.change(|_| ());
        let spool = spool.map(Arc::new);
        let worker = worker::spawn(Arc::clone(&shared), build, spool.clone())?;
        let pipeline = Self { shared, threads: Mutex::new(vec![worker]) };
        if let Some(spool) = spool {
            let keeper = keeper::spawn(Arc::clone(&pipeline.shared), spool);
            match keeper {
                Ok(keeper) => pipeline.threads().push(keeper),
                Err(error) => {
                    pipeline.shutdown(Instant::now()).ok();
                    return Err(error);
                }
            }
        }
        Ok(pipeline)
    }

    /// Blocks until everything accepted before the call is settled, or `deadline`.
    pub(crate) fn flush(&self, deadline: Instant, telling: Telling) -> Result<(), DeliveryError> {
        let mut queue = self.shared.whole_queue();
        let ticket = queue.open_ticket(Instant::now(), telling);
        self.shared.wake_threads();
        // At the end of the process it is also the last chance for what earlier ones have left.
        let mut has_waited = true;
        while has_waited
            && !queue.is_over()
            && (!queue.is_settled(ticket) || (telling == Telling::Silent && queue.has_found()))
        {
            (queue, has_waited) = self.shared.await_settled(queue, deadline);
        }
        queue.close_ticket(ticket)
    }

    /// The same without blocking a thread.
    pub(crate) fn flush_async(&self, deadline: Instant) -> Flush {
        let ticket = self.shared.whole_queue().open_ticket(Instant::now(), Telling::Told);
        self.follow(ticket, deadline)
    }

    fn follow(&self, ticket: u64, deadline: Instant) -> Flush {
        self.shared.wake_threads();
        Flush::new(Arc::clone(&self.shared), ticket, deadline)
    }

    /// Takes no more spans, sends what is held until `deadline`, and ends the worker. What is still to be brought to the
    /// disk by then has a moment more.
    pub(crate) fn shutdown(&self, deadline: Instant) -> Result<(), DeliveryError> {
        let ticket = self.shared.change(|queue| {
            self.shared.gather(queue);
            let ticket = queue.open_ticket(Instant::now(), Telling::Told);
            queue.drain(deadline);
            ticket
        });
        let mut queue = self.shared.queue();
        self.shared.wake_threads();
        while let Some(end) = queue.drain_end() {
            let has_waited;
            (queue, has_waited) = self.shared.await_settled(queue, end);
            if !has_waited {
                queue.close();
                self.shared.settled.notify_all();
                break;
            }
        }
        drop(queue);
        let verdict = self.shared.change(|queue| queue.close_ticket(ticket));
        self.shared.wake_threads();
        self.join(deadline);
        // What the deadline has cost, and whatever the worker did not come to tell.
        let untold = self.shared.queue().untold_losses();
        if let Some(losses) = untold {
            self.shared.tell(&losses);
        }
        self.await_telling();
        verdict
    }

    /// Waits until the host has been told what the worker was about to tell it. A hook that hangs is not waited for.
    fn await_telling(&self) {
        const LONGEST: Duration = Duration::from_millis(500);
        let end = Instant::now() + LONGEST;
        let (mut queue, mut has_waited) = (self.shared.queue(), true);
        while has_waited && queue.is_telling() {
            (queue, has_waited) = self.shared.await_settled(queue, end);
        }
    }

    /// Waits for the threads' end, which is at hand unless an exporter overruns its deadline; then they are left alone.
    fn join(&self, deadline: Instant) {
        let threads = std::mem::take(&mut *self.threads());
        if on_worker() {
            return;
        }
        for thread in threads {
            while !thread.is_finished() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(1));
            }
            if thread.is_finished() {
                // A panic that escaped the thread has nothing to tell here.
                thread.join().ok();
            }
        }
    }

    /// Whether there is anything of earlier processes, or may be.
    pub(crate) fn has_found(&self) -> bool {
        self.shared.queue().has_found()
    }

    pub(crate) fn accounts(&self) -> Accounts {
        self.shared.whole_queue().accounts().clone()
    }

    pub(crate) fn books(&self) -> Books {
        let queue = self.shared.whole_queue();
        let spooled = queue.on_disk(&(0..u64::MAX));
        Books { accounts: queue.accounts().clone(), waiting: queue.held() as u64, spooled }
    }

    /// Lets go of the host's hook, once everything is over and told.
    pub(crate) fn retire(&self) {
        let hook = self.shared.on_loss.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Where no lock is held, because it is foreign code.
        drop(hook);
    }

    /// Whether what is emitted is taken in.
    pub(crate) fn is_open(&self) -> bool {
        self.shared.queue().is_open()
    }

    pub(crate) fn is_alive(&self) -> bool {
        let threads = self.threads();
        !threads.is_empty() && threads.iter().all(|thread| !thread.is_finished())
    }

    fn threads(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
