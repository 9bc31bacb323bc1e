//! The server's life: it listens from the moment it is started and is gone, within a deadline, when it is stopped or dropped.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::oneshot;

use crate::api::{self, Backend, Teller};
use crate::changes::{Changes, Gathered};
use crate::connections::{self, Patience};
use crate::ingest::{Ingest, Received};
use crate::settled::Settled;
use crate::store::{Detail, Position, Retention, RunQuery, SpanQuery, Store, StoreError, WORKSPACE};
use crate::{Config, Run, StartError, Summary, Timestamp, TraceId};

/// How long [`Server::stop`] waits for the thread, which itself waits for requests and for what is being stored.
const STOP: Duration = Duration::from_secs(3);

/// Threads for calls of the store.
const BLOCKING: usize = 3;

/// How often the store is looked over for what is too old, too much, or not heard of any more.
const HOUSEKEEPING: Duration = Duration::from_secs(2);

/// What lies between two parts of what is let go, for those who want to store.
const BREATH: Duration = Duration::from_millis(10);

/// A running backend, with its own thread. Dropping it stops it.
///
/// ```
/// use bento_local::{Config, Server};
///
/// let server = Server::start(Config::default())?;
/// assert!(server.url().starts_with("http://127.0.0.1:"));
/// assert!(server.runs()?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a server stops when it is dropped"]
pub struct Server {
    store: Arc<dyn Store>,
    received: Arc<Received>,
    settled: Arc<Settled>,
    addr: SocketAddr,
    url: String,
    running: Option<Running>,
}

/// Why the runs could not be read.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ReadError(#[from] StoreError);

#[derive(Debug)]
struct Running {
    stop: oneshot::Sender<()>,
    /// Hangs up when the thread has nothing more to do. In a mutex only so that a server can be shared.
    done: Mutex<mpsc::Receiver<()>>,
}

impl Server {
    /// Starts a server; once this returns, it listens. May be called from sync code and from within any async runtime.
    ///
    /// # Errors
    ///
    /// The address cannot be listened on or needs a key, the database or the prices cannot be read, or the system gives no
    /// thread.
    pub fn start(config: Config) -> Result<Self, StartError> {
        let key = config.server_key()?;
        let prices = config.price_list()?;
        let (listener, addr) = listen(SocketAddr::new(config.host, config.port))?;
        let store: Arc<dyn Store> = Arc::new(config.open()?);
        let changes = Arc::<Changes>::default();
        let housekeeping = Housekeeping {
            store: Arc::clone(&store),
            changes: Arc::clone(&changes),
            retention: config.retention(),
            unfinished_after: config.unfinished_after,
        };
        let (received, settled) = (Arc::<Received>::default(), Arc::<Settled>::default());
        let ingest = Ingest {
            store: Arc::clone(&store),
            prices,
            limits: config.limits,
            on_body: config.on_body,
            received: Arc::clone(&received),
            settled: Arc::clone(&settled),
            changes: Arc::clone(&changes),
        };
        let (intake, stored) = ingest.start().map_err(StartError::Thread)?;
        let live = Live(Arc::clone(&changes));
        let teller = Teller { store: Arc::clone(&store), changes: Arc::clone(&changes) };
        let told = teller.start().map_err(StartError::Thread)?;
        let Config { limits, host: bound, .. } = config;
        let backend = Backend { store: Arc::clone(&store), intake, changes, limits, bound, key };
        let running = spawn(listener, backend, housekeeping, live, [stored, told]);
        let running = running.map_err(StartError::Thread)?;
        Ok(Self { store, received, settled, addr, url: format!("http://{addr}"), running: Some(running) })
    }

    /// The base URL for an SDK, such as `http://127.0.0.1:41234`; no slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// All runs of the workspace `local` with all their spans, the one that started last first. It reads everything into
    /// memory: for tests, and for examples.
    ///
    /// # Errors
    ///
    /// The database cannot be read.
    pub fn runs(&self) -> Result<Vec<Run>, ReadError> {
        let mut query = RunQuery::newest(WORKSPACE, 1_000);
        let mut runs = Vec::new();
        loop {
            let page = self.store.runs(&query)?;
            query.after = page.items.last().map(|run| Position::of(run, query.sort));
            for run in page.items {
                runs.extend(self.read(run.trace_id)?);
            }
            if !page.more {
                return Ok(runs);
            }
        }
    }

    /// The run with this trace id (32 hex digits), if it has come in.
    ///
    /// # Errors
    ///
    /// The database cannot be read.
    pub fn run(&self, trace_id: &str) -> Result<Option<Run>, ReadError> {
        match trace_id.parse() {
            Ok(id) => Ok(self.read(id)?),
            Err(_) => Ok(None),
        }
    }

    /// The runs whose root has ended and that got no span for `quiet`: each is told once, and again when more of it came. Of
    /// more than 10,000 at a time some are not told.
    pub fn take_settled(&self, quiet: Duration) -> Vec<Run> {
        let quiet = self.settled.take_quiet(Instant::now(), quiet).into_iter();
        // One whose root has not arrived is told when it has: its arrival makes it a run to watch again.
        let is_done = |run: &Summary| !run.state().is_open();
        let done = quiet.filter(|id| matches!(self.store.run(*id), Ok(Some((_, run))) if is_done(&run)));
        done.filter_map(|id| self.read(id).ok()?).collect()
    }

    /// How many bodies were accepted. A body that is counted here is in every other number and in the runs.
    pub fn bodies_received(&self) -> u64 {
        self.received.bodies()
    }

    /// How many good spans those bodies held, repeated ones included.
    pub fn spans_received(&self) -> u64 {
        self.received.spans()
    }

    /// How many bytes those bodies had on the wire, compressed as they came.
    pub fn bytes_received(&self) -> u64 {
        self.received.bytes()
    }

    /// Stops listening, lets requests under way finish within a second, and returns.
    pub fn stop(self) {
        drop(self);
    }

    fn read(&self, id: TraceId) -> Result<Option<Run>, StoreError> {
        let query = SpanQuery::first(usize::MAX, Detail::Full);
        let Some((_, summary)) = self.store.run(id)? else { return Ok(None) };
        let run = Run::of(self.store.spans(id, &query)?.items);
        Ok(run.map(|run| run.in_state(Some(summary.state().as_str()))))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(Running { stop, done }) = self.running.take() else { return };
        // Either fails only if the thread is gone already, or hangs in a hook and has to be left behind.
        let _ = stop.send(());
        let _ = done.into_inner().unwrap_or_else(PoisonError::into_inner).recv_timeout(STOP);
    }
}

fn listen(addr: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let listen = || {
        let listener = TcpListener::bind(addr)?;
        listener.set_nonblocking(true)?;
        let bound = listener.local_addr()?;
        Ok((listener, bound))
    };
    listen().map_err(|source| StartError::Listen { addr, source })
}

fn spawn(
    listener: TcpListener,
    backend: Backend,
    housekeeping: Housekeeping,
    live: Live,
    threads: [JoinHandle<()>; 2],
) -> io::Result<Running> {
    let (stop, stopped) = oneshot::channel();
    let (finished, done) = mpsc::channel();
    let (report, started) = mpsc::channel();
    // The runtime is born, lives and dies on this thread: dropped inside a caller's runtime it would panic.
    thread::Builder::new().name("bento-local".to_owned()).spawn(move || {
        let _finished: mpsc::Sender<()> = finished;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(BLOCKING).build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => return drop(report.send(Err(error))),
        };
        runtime.block_on(async {
            let listener = match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => listener,
                Err(error) => return drop(report.send(Err(error))),
            };
            let _ = report.send(Ok(()));
            // An error says that the server was dropped, which means stop as well.
            let stop = async {
                drop(stopped.await);
                // Requests under way are waited for, and streams have no end of their own.
                drop(live);
            };
            tokio::select! {
                () = connections::serve(listener, api::router(Arc::new(backend)), Patience::USUAL, stop) => {}
                () = housekeeping.run() => {}
            }
        });
        runtime.shutdown_background();
        // The last front is gone: what was handed over is being stored, and answered to nobody.
        for thread in threads {
            let _ = thread.join();
        }
    })?;
    started.recv().unwrap_or_else(|gone| Err(io::Error::other(gone)))?;
    Ok(Running { stop, done: Mutex::new(done) })
}

/// Ends all event streams, and the thread behind them, when it is dropped.
struct Live(Arc<Changes>);

impl Drop for Live {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Keeps the store within what it may keep, and gives up runs that nothing is heard of.
#[derive(Clone)]
struct Housekeeping {
    store: Arc<dyn Store>,
    changes: Arc<Changes>,
    retention: Retention,
    unfinished_after: Duration,
}

impl Housekeeping {
    /// Never ends. What fails is tried again in its time.
    async fn run(self) {
        loop {
            tokio::time::sleep(HOUSEKEEPING).await;
            while let Ok(true) = self.part().await {
                tokio::time::sleep(BREATH).await;
            }
        }
    }

    /// Whether there is more to do.
    async fn part(&self) -> Result<bool, tokio::task::JoinError> {
        let part = self.clone();
        tokio::task::spawn_blocking(move || {
            let now = Timestamp::of(SystemTime::now());
            let given_up = part.give_up(now);
            let Ok(retained) = part.store.retain(&part.retention, now) else { return given_up };
            part.changes.tell_removed(&retained.removed);
            given_up || retained.more
        })
        .await
    }

    fn give_up(&self, now: Timestamp) -> bool {
        let Ok(runs) = self.store.give_up(now.before(self.unfinished_after)) else { return false };
        self.changes.tell(&runs, Gathered::nothing_of(runs.iter().copied()));
        !runs.is_empty()
    }
}
