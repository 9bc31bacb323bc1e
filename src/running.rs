//! The one global of this crate: the SDK that runs, starts at the first emission, or is off.

mod off;
mod start;

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError};
use std::time::{Duration, Instant};

use bento_fork::{PerProcess, generation};
use off::{MUTED, OFF};
pub(crate) use off::{OffTicket, emitted as emitted_off};
use start::Plan;
pub(crate) use start::{Setup, Start, start};

use crate::config::{Destination, ProcessEnvironment};
use crate::error::DeliveryError;
use crate::foreign::runs;
use crate::pipeline::{Pipeline, Telling, on_worker};
use crate::record::{Limits, SpanId};
use crate::scope::{Client, Context, Leaf, Preview, with_client_of, with_context};

/// How long a dropped guard, or the end of the process, waits for what was emitted.
const EXIT_DEADLINE: Duration = Duration::from_secs(5);
/// How long it waits at least for what no flush has waited for.
const LAST_CHANCE: Duration = Duration::from_secs(1);

static STATE: PerProcess<RwLock<State>> =
    PerProcess::new(RwLock::new(State::Idle), |parent| RwLock::new(State::after_fork(parent)));

/// Whether a program has set it up in so many words, in this process or in one that it was forked from.
static WAS_ASKED: AtomicBool = AtomicBool::new(false);

#[derive(Debug)]
enum State {
    /// The first emission starts the SDK from the environment.
    Idle,
    /// A forked child has not the worker of its parent: the first emission starts one, set up as its parent's was.
    Forked(Arc<Running>),
    Running(Arc<Running>),
    /// A lazy start failed, for this reason: emission is counted and does nothing until `init`.
    Failed(String),
    /// `shutdown` was called, and may still be at work: the same.
    Ended(Arc<Running>),
}

impl State {
    /// What a child makes of the state of its parent, which may have been locked at the moment of the fork.
    fn after_fork(parent: &RwLock<Self>) -> Self {
        let parent = match parent.try_read() {
            Ok(parent) => parent,
            Err(TryLockError::Poisoned(parent)) => parent.into_inner(),
            // It was starting from the environment, as the child can.
            Err(TryLockError::WouldBlock) if !WAS_ASKED.load(Ordering::Relaxed) => return Self::Idle,
            // Whatever the parent was about to set up, its hooks and sources among it, is not known.
            Err(TryLockError::WouldBlock) => {
                let words =
                    "another thread was starting or ending it when this process was forked: call `init` here";
                return Self::Failed(words.to_owned());
            }
        };
        match &*parent {
            Self::Idle => Self::Idle,
            Self::Forked(running) | Self::Running(running) => Self::Forked(Arc::clone(running)),
            Self::Failed(reason) => Self::Failed(reason.clone()),
            Self::Ended(_) => Self::Failed("it was shut down before this process was forked".to_owned()),
        }
    }
}

/// The SDK between a start and a shutdown.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) client: Arc<Client>,
    pub(crate) pipeline: Arc<Pipeline>,
    /// `None` where a route takes the batches.
    destination: Option<Destination>,
    plan: Plan,
    /// So that the end of the process does not wait as long again.
    in_vain: Mutex<Option<InVain>>,
}

impl Running {
    pub(crate) fn flush(&self, timeout: Duration, telling: Telling) -> Result<(), DeliveryError> {
        let start = Instant::now();
        let flushed = self.pipeline.flush(after(timeout), telling);
        self.note(start, &flushed, telling);
        flushed
    }

    pub(crate) fn flush_async(
        self: Arc<Self>,
        timeout: Duration,
    ) -> impl Future<Output = Result<(), DeliveryError>> + Send + 'static {
        let start = Instant::now();
        let flush = self.pipeline.flush_async(after(timeout));
        async move {
            let flushed = flush.await;
            self.note(start, &flushed, Telling::Told);
            flushed
        }
    }

    /// Takes note of a flush, which may have waited for nothing.
    pub(crate) fn note(&self, start: Instant, flushed: &Result<(), DeliveryError>, telling: Telling) {
        let accounts = self.pipeline.accounts();
        let has_own = flushed.as_ref().is_err_and(|error| error.waiting() > 0);
        let is_left = has_own || (telling == Telling::Silent && self.pipeline.has_found());
        let mut in_vain = self.in_vain.lock().unwrap_or_else(PoisonError::into_inner);
        *in_vain = is_left.then(|| {
            let earlier = in_vain.filter(|earlier| earlier.delivered == accounts.delivered);
            let waited = earlier.map_or(Duration::ZERO, |earlier| earlier.waited) + start.elapsed();
            InVain { waited, delivered: accounts.delivered, accepted: accounts.accepted }
        });
    }

    /// How long the end of the process may still wait: less by what was waited for nothing since the last delivery, but
    /// what has been emitted since then gets its chance.
    pub(crate) fn patience(&self) -> Duration {
        let accounts = self.pipeline.accounts();
        let in_vain = *self.in_vain.lock().unwrap_or_else(PoisonError::into_inner);
        match in_vain.filter(|in_vain| in_vain.delivered == accounts.delivered) {
            None => EXIT_DEADLINE,
            Some(InVain { waited, accepted, .. }) => {
                let chance = if accepted == accounts.accepted { Duration::ZERO } else { LAST_CHANCE };
                EXIT_DEADLINE.saturating_sub(waited).max(chance)
            }
        }
    }
}

/// Flushes that ended while spans still waited, and the books at the last of them.
#[derive(Clone, Copy, Debug)]
struct InVain {
    waited: Duration,
    delivered: u64,
    accepted: u64,
}

/// Ends what runs: sends what is still open, delivers everything within `timeout`, and lets the worker go.
pub(crate) fn end(timeout: Duration) -> Result<(), DeliveryError> {
    let deadline = after(timeout);
    let running = {
        let mut state = state_mut();
        let running = match &*state {
            State::Running(running) => Arc::clone(running),
            // Another shutdown may still be at work.
            State::Ended(running) => {
                let running = Arc::clone(running);
                drop(state);
                return running.flush(timeout, Telling::Told);
            }
            State::Idle | State::Forked(_) | State::Failed(_) => return Ok(()),
        };
        replace_state(&mut state, State::Ended(Arc::clone(&running)));
        running
    };
    running.client.end_open_spans();
    running.pipeline.shutdown(deadline)
}

/// Why the SDK could not start, if it could not.
pub(crate) fn failure() -> Option<String> {
    match &*state() {
        State::Failed(reason) => Some(reason.clone()),
        State::Idle | State::Forked(_) | State::Running(_) | State::Ended(_) => None,
    }
}

fn state() -> RwLockReadGuard<'static, State> {
    STATE.here().read().unwrap_or_else(PoisonError::into_inner)
}

/// Changes the state; what threads remember of it no longer holds.
fn replace_state(state: &mut State, next: State) -> State {
    let former = std::mem::replace(state, next);
    CHANGES.fetch_add(1, Ordering::Release);
    former
}

fn state_mut() -> RwLockWriteGuard<'static, State> {
    STATE.here().write().unwrap_or_else(PoisonError::into_inner)
}

/// Counts the changes of the state: what a thread remembers of it holds as long as there is none.
static CHANGES: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// What a thread remembers, so that those that emit touch nothing that all of them write: the client, of which
    /// changes and which process it holds.
    static KNOWN: (Cell<Option<Arc<Client>>>, Cell<u64>, Cell<u32>) =
        const { (Cell::new(None), Cell::new(0), Cell::new(0)) };
}

/// Works with the client for an emission in `context`: a capture's, the running SDK's, or one that only counts.
pub(crate) fn with_client<T>(context: &Context, work: impl FnOnce(&Arc<Client>) -> T) -> T {
    if let Some(client) = context.client() {
        return work(client);
    }
    if on_worker() {
        return work(MUTED.here());
    }
    let (changes, generation) = (CHANGES.load(Ordering::Acquire), generation());
    let known = KNOWN.try_with(|(client, of_changes, of_generation)| {
        client.take().filter(|_| (of_changes.get(), of_generation.get()) == (changes, generation))
    });
    let client = known.ok().flatten().unwrap_or_else(look_up);
    let outcome = work(&client);
    // What an emission inside this one has remembered meanwhile is replaced, and dropped here.
    let replaced = KNOWN.try_with(|(slot, of_changes, of_generation)| {
        of_changes.set(changes);
        of_generation.set(generation);
        slot.replace(Some(client))
    });
    drop(replaced);
    outcome
}

/// The same for one that is kept.
#[cfg(feature = "otel")]
pub(crate) fn client(context: &Context) -> Arc<Client> {
    with_client(context, Arc::clone)
}

fn look_up() -> Arc<Client> {
    if let Some(client) = running_client(&state()) {
        return client;
    }
    if let Err(error) = start(Setup::default(), &ProcessEnvironment, Start::Lazy) {
        // The host's logger is foreign code, and who emits did not ask for it.
        runs(|| log::warn!("bento: nothing is sent: {error}"));
    }
    running_client(&state()).unwrap_or_else(|| Arc::clone(OFF.here()))
}

/// Sends a span without children in `within`, or else in the current context.
pub(crate) fn emit(leaf: Leaf, within: Option<&Context>) -> SpanId {
    with_context(within, |context| with_client(context, |client| leaf.send(context, client)))
}

/// In live mode, sends a span that has not ended, and gives what its next forms need, and how many bytes it took.
pub(crate) fn announce(leaf: &Leaf, within: &Context) -> Option<(Preview, Option<usize>)> {
    with_client(within, |client| {
        let mut preview = Leaf::preview(within, client)?;
        let bytes = leaf.show(&mut preview, None, within, client);
        Some((preview, bytes))
    })
}

/// Sends it again with the output so far; see [`Leaf::show`].
pub(crate) fn show(
    leaf: &Leaf,
    preview: &mut Preview,
    output: (&str, usize),
    within: &Context,
) -> Option<usize> {
    with_client(within, |client| leaf.show(preview, Some(output), within, client))
}

/// Sends it when it has ended.
pub(crate) fn emit_again(leaf: Leaf, preview: &Preview, within: &Context) -> SpanId {
    with_client(within, |client| leaf.send_again(preview, within, client))
}

/// The limits for an emission in `within`, or else in the current context.
pub(crate) fn limits(within: Option<&Context>) -> Limits {
    with_client_of(within, |context| with_client(context, |client| client.limits))
}

fn running_client(state: &State) -> Option<Arc<Client>> {
    match state {
        State::Idle | State::Forked(_) => None,
        State::Running(running) => Some(Arc::clone(&running.client)),
        State::Failed(_) | State::Ended(_) => Some(Arc::clone(OFF.here())),
    }
}

/// What runs, or ran last: a shutdown beside a flush may still be delivering.
pub(crate) fn latest() -> Option<Arc<Running>> {
    match &*state() {
        State::Running(running) | State::Ended(running) => Some(Arc::clone(running)),
        State::Idle | State::Forked(_) | State::Failed(_) => None,
    }
}

/// A deadline that cannot overflow; a century is as good as for ever.
pub(crate) fn after(timeout: Duration) -> Instant {
    Instant::now() + timeout.min(Duration::from_secs(100 * 365 * 24 * 3600))
}
