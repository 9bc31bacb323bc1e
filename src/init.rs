//! Start and stop: `init`, its builder and guard, `flush`, `shutdown`, `status`; and the one global of this crate, the
//! running SDK.

mod builder;
mod status;

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

pub use builder::{Builder, builder, init, resolve_options};
use once_cell::sync::Lazy;
pub use status::Status;

use crate::config::{Destination, ProcessEnvironment};
use crate::error::{DeliveryError, LossReason, Losses};
use crate::pipeline::{Pipeline, Sink, on_worker};
use crate::record::{Limits, Resource, SpanRecord};
use crate::scope::{Client, Context, Sources};

/// How long a dropped guard, or the end of the process, waits for what was emitted.
const EXIT_DEADLINE: Duration = Duration::from_secs(5);

static STATE: RwLock<State> = RwLock::new(State::Idle);

#[derive(Debug)]
enum State {
    /// The first emission starts the SDK from the environment.
    Idle,
    Running(Arc<Running>),
    /// A lazy start failed, for this reason: emission is counted and does nothing until `init`.
    Failed(String),
    /// `shutdown` was called, and may still be at work: the same.
    Ended(Arc<Running>),
}

/// The SDK between a start and a shutdown.
#[derive(Debug)]
struct Running {
    client: Arc<Client>,
    pipeline: Arc<Pipeline>,
    /// `None` where a route takes the batches.
    destination: Option<Destination>,
    /// From when to when flushes waited for nothing, so that the end of the process does not wait as long again.
    in_vain: Mutex<Option<(Instant, Instant)>>,
}

impl Running {
    fn flush(&self, timeout: Duration) -> Result<(), DeliveryError> {
        let start = Instant::now();
        let flushed = self.pipeline.flush(after(timeout));
        let mut in_vain = self.in_vain.lock().unwrap_or_else(PoisonError::into_inner);
        *in_vain = flushed.as_ref().is_err_and(|error| error.waiting() > 0).then(|| {
            let since = in_vain.filter(|(_, until)| start < *until + EXIT_DEADLINE).map(|(since, _)| since);
            (since.map_or(start, |since| since.min(start)), Instant::now())
        });
        flushed
    }

    /// How long the end of the process may still wait.
    fn patience(&self) -> Duration {
        let in_vain = *self.in_vain.lock().unwrap_or_else(PoisonError::into_inner);
        let spent = in_vain.filter(|(_, until)| until.elapsed() < EXIT_DEADLINE);
        EXIT_DEADLINE.saturating_sub(spent.map_or(Duration::ZERO, |(since, until)| until - since))
    }
}

fn state() -> RwLockReadGuard<'static, State> {
    STATE.read().unwrap_or_else(PoisonError::into_inner)
}

fn state_mut() -> RwLockWriteGuard<'static, State> {
    STATE.write().unwrap_or_else(PoisonError::into_inner)
}

/// The client for an emission in `context`: a capture's, the running SDK's, or one that only counts.
pub(crate) fn client(context: &Context) -> Arc<Client> {
    if let Some(client) = context.client() {
        return Arc::clone(client);
    }
    if on_worker() {
        return Arc::clone(&MUTED);
    }
    if let Some(client) = running_client(&state()) {
        return client;
    }
    let mut state = state_mut();
    if let Some(client) = running_client(&state) {
        return client;
    }
    match builder::start(&mut Builder::default(), &ProcessEnvironment) {
        Ok(running) => {
            let client = Arc::clone(&running.client);
            *state = State::Running(running);
            client
        }
        Err(error) => {
            let reason = error.to_string();
            *state = State::Failed(reason.clone());
            drop(state);
            log::warn!("bento: nothing is sent: {reason}");
            Arc::clone(&OFF)
        }
    }
}

fn running_client(state: &State) -> Option<Arc<Client>> {
    match state {
        State::Idle => None,
        State::Running(running) => Some(Arc::clone(&running.client)),
        State::Failed(_) | State::Ended(_) => Some(Arc::clone(&OFF)),
    }
}

/// What runs, or ran last: a shutdown beside a flush may still be delivering.
fn latest() -> Option<Arc<Running>> {
    match &*state() {
        State::Running(running) | State::Ended(running) => Some(Arc::clone(running)),
        State::Idle | State::Failed(_) => None,
    }
}

/// Stands in while the SDK is off.
static OFF: Lazy<Arc<Client>> = Lazy::new(|| idle_client(Arc::new(Count)));

/// Stands in on the worker's own thread, where an exporter that emits would feed itself for ever.
static MUTED: Lazy<Arc<Client>> = Lazy::new(|| idle_client(Arc::new(Ignore)));

fn idle_client(sink: Arc<dyn Sink>) -> Arc<Client> {
    Arc::new(Client::new(sink, Limits::default(), Resource::default(), Sources::default()))
}

/// Spans emitted while the SDK was off, and how many of them a flush has told.
static EMITTED_OFF: AtomicU64 = AtomicU64::new(0);
static TOLD_OFF: AtomicU64 = AtomicU64::new(0);

#[derive(Debug)]
struct Count;

impl Sink for Count {
    fn accept(&self, _: SpanRecord) {
        EMITTED_OFF.fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct Ignore;

impl Sink for Ignore {
    fn accept(&self, _: SpanRecord) {}
}

/// Flushes when dropped, for at most five seconds, and shuts nothing down.
///
/// Keep it in a variable until `main` ends: `let _bento = bento::init()?;`. Dropping it early only flushes early.
///
/// ```
/// let guard = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080").init()?;
/// drop(guard); // returns at once: nothing waits to be sent
/// assert!(bento::status().is_running());
/// # Ok::<(), bento::InitError>(())
/// ```
#[derive(Debug)]
#[must_use = "keep the guard until `main` ends, so that its drop flushes: `let _bento = bento::init()?;`"]
pub struct Guard(());

impl Drop for Guard {
    fn drop(&mut self) {
        flush_at_end();
    }
}

fn flush_at_end() {
    let Some(running) = latest() else { return };
    let patience = running.patience();
    if !patience.is_zero()
        && let Err(error) = running.flush(patience)
    {
        log::warn!("bento: {error}");
    }
}

dtor::declarative::dtor! {
    /// Delivers what was emitted when `main` returns or the process exits without the guard.
    #[dtor(unsafe, method = at_module_exit)]
    fn at_exit() {
        // A panic must not cross into the C runtime that calls this.
        catch_unwind(|| {
            if let Some(running) = latest() && !on_worker() {
                running.client.end_open_spans();
                flush_at_end();
            }
        })
        .ok();
    }
}

/// Waits until everything emitted before the call was accepted by the backend, for at most `timeout`.
///
/// Works in sync code and inside any async runtime, where it blocks the calling thread: in async code prefer
/// [`flush_async`]. What waits for a retry is tried at once, unless the backend asked for a pause.
///
/// A span that was lost is told by the flushes under way when it was lost, or by the next one; later ones do not
/// repeat it. [`status`] keeps the totals.
///
/// ```
/// # use std::time::Duration;
/// if let Err(error) = bento::flush(Duration::from_secs(2)) {
///     eprintln!("{} spans did not arrive: {error}", error.undelivered());
/// }
/// ```
///
/// # Errors
///
/// [`DeliveryError`] tells how many spans emitted before the call were not accepted by then, and why.
pub fn flush(timeout: Duration) -> Result<(), DeliveryError> {
    let off = OffTicket::open();
    let delivered = latest().map_or(Ok(()), |running| running.flush(timeout));
    off.close(delivered)
}

/// The same as [`flush`], without blocking a thread, on any executor.
///
/// Both the deadline and what counts as emitted before are fixed by the call, not by the first poll. Dropping the
/// future ends the waiting, not the sending.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # use std::time::Duration;
/// bento::flush_async(Duration::from_secs(2)).await?;
/// # Ok::<(), bento::DeliveryError>(())
/// # }).unwrap();
/// ```
///
/// # Errors
///
/// [`DeliveryError`] tells how many spans emitted before the call were not accepted by then, and why.
pub fn flush_async(timeout: Duration) -> impl Future<Output = Result<(), DeliveryError>> + Send + 'static {
    let off = OffTicket::open();
    let flush = latest().map(|running| running.pipeline.flush_async(after(timeout)));
    async move {
        let delivered = match flush {
            Some(flush) => flush.await,
            None => Ok(()),
        };
        off.close(delivered)
    }
}

/// Sends what is still open, marked as unfinished, delivers everything within `timeout`, and ends the worker.
///
/// Afterwards emission is counted and does nothing, until [`init`] starts afresh, with other credentials if wanted.
///
/// ```
/// # use std::time::Duration;
/// bento::shutdown(Duration::from_secs(5))?;
/// # Ok::<(), bento::DeliveryError>(())
/// ```
///
/// # Errors
///
/// [`DeliveryError`] tells how many spans the deadline cost.
pub fn shutdown(timeout: Duration) -> Result<(), DeliveryError> {
    let deadline = after(timeout);
    let off = OffTicket::open();
    let running = {
        let mut state = state_mut();
        let running = match &*state {
            State::Running(running) => Arc::clone(running),
            // Another shutdown may still be at work.
            State::Ended(running) => {
                let running = Arc::clone(running);
                drop(state);
                return off.close(running.flush(timeout));
            }
            State::Idle | State::Failed(_) => {
                drop(state);
                return off.close(Ok(()));
            }
        };
        *state = State::Ended(Arc::clone(&running));
        running
    };
    running.client.end_open_spans();
    off.close(running.pipeline.shutdown(deadline))
}

/// How the SDK fares: what it accepted, delivered and lost, and what waits.
///
/// ```
/// let status = bento::status();
/// println!("{} delivered, {} lost: {}", status.delivered(), status.losses().total(), status.losses());
/// ```
pub fn status() -> Status {
    let mut status = latest().map_or_else(Status::default, |running| Status::of(&running.pipeline));
    status.add_off(EMITTED_OFF.load(Ordering::Relaxed));
    status
}

/// A deadline that cannot overflow; a century is as good as for ever.
fn after(timeout: Duration) -> Instant {
    Instant::now() + timeout.min(Duration::from_secs(100 * 365 * 24 * 3600))
}

/// Spans emitted while the SDK was off, for a flush to tell: the counterpart of the queue's ticket.
struct OffTicket {
    emitted: u64,
    told: u64,
}

impl OffTicket {
    fn open() -> Self {
        Self { emitted: EMITTED_OFF.load(Ordering::Relaxed), told: TOLD_OFF.load(Ordering::Relaxed) }
    }

    fn close(self, delivered: Result<(), DeliveryError>) -> Result<(), DeliveryError> {
        let untold = self.emitted.saturating_sub(self.told);
        if untold == 0 {
            return delivered;
        }
        TOLD_OFF.fetch_max(self.emitted, Ordering::Relaxed);
        let mut error =
            delivered.err().unwrap_or(DeliveryError { waiting: 0, losses: Losses::default(), cause: None });
        error.losses.add(LossReason::NotRunning, untold);
        error.cause.get_or_insert_with(|| match &*state() {
            State::Failed(reason) => reason.clone(),
            _ => "the SDK was not running: call `bento::init` before the first emission".to_owned(),
        });
        Err(error)
    }
}
