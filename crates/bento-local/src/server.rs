//! The server's life: it listens from the moment it is started and is gone, within a deadline, when it is stopped or dropped.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use axum::serve::ListenerExt as _;
use tokio::sync::oneshot;

use crate::Run;
use crate::api::{self, Backend, Limits, OnBody, Received};
use crate::store::Store;

/// How long requests that are under way may take once the server is told to stop.
const FINISH: Duration = Duration::from_secs(1);

/// How long [`Server::stop`] waits for the thread, which itself waits [`FINISH`] at most unless a hook hangs.
const STOP: Duration = Duration::from_secs(3);

/// What a server listens on and how much it takes.
#[derive(Clone)]
#[must_use]
pub struct Config {
    host: IpAddr,
    port: u16,
    limits: Limits,
    on_body: Option<OnBody>,
}

/// A running backend, with its own thread. Dropping it stops it.
///
/// ```
/// use bento_local::{Config, Server};
///
/// let server = Server::start(Config::default())?;
/// assert!(server.url().starts_with("http://127.0.0.1:"));
/// assert!(server.runs().is_empty());
/// # Ok::<(), bento_local::StartError>(())
/// ```
#[derive(Debug)]
#[must_use = "a server stops when it is dropped"]
pub struct Server {
    backend: Arc<Backend>,
    addr: SocketAddr,
    url: String,
    running: Option<Running>,
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Reading needs no key, so nobody but this machine may reach it.
    #[error("{host} can be reached from other machines and reading needs no key; listen on 127.0.0.1 or ::1")]
    NotLoopback {
        /// The address asked for.
        host: IpAddr,
    },
    /// The address cannot be listened on; often another server has the port.
    #[error("cannot listen on {addr}: {source}")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The system gives no thread or no event loop.
    #[error("cannot start the server's thread: {0}")]
    Thread(#[source] io::Error),
}

#[derive(Debug)]
struct Running {
    stop: oneshot::Sender<()>,
    /// Hangs up when the thread has nothing more to do. In a mutex only so that a server can be shared.
    done: Mutex<mpsc::Receiver<()>>,
}

impl Default for Config {
    /// A free port on 127.0.0.1, bodies up to 16 MiB, 64 MiB inflated.
    fn default() -> Self {
        Self {
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            limits: Limits { body: 16 << 20, inflated: 64 << 20 },
            on_body: None,
        }
    }
}

impl Config {
    /// The loopback address to listen on.
    pub fn host(self, host: IpAddr) -> Self {
        Self { host, ..self }
    }

    /// The port to listen on; 0 takes a free one.
    pub fn port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// The largest body in bytes, as it comes over the wire; a larger one is answered with 413.
    pub fn max_body(self, bytes: usize) -> Self {
        Self { limits: Limits { body: bytes, ..self.limits }, ..self }
    }

    /// The largest body in bytes when inflated; a larger one is answered with 413.
    pub fn max_inflated(self, bytes: usize) -> Self {
        Self { limits: Limits { inflated: bytes, ..self.limits }, ..self }
    }

    /// Shows every body, inflated and before it is decoded, to `hook`.
    ///
    /// It runs on the server's only thread: while it does, nothing is answered.
    ///
    /// ```
    /// let config = bento_local::Config::default().on_body(|json| assert_eq!(json[0], b'{'));
    /// ```
    pub fn on_body(self, hook: impl Fn(&[u8]) + Send + Sync + 'static) -> Self {
        Self { on_body: Some(Arc::new(hook)), ..self }
    }
}

impl Server {
    /// Starts a server; once this returns, it listens. May be called from sync code and from within any async runtime.
    ///
    /// # Errors
    ///
    /// The address is not loopback or cannot be listened on, or the system gives no thread.
    pub fn start(config: Config) -> Result<Self, StartError> {
        let Config { host, port, limits, on_body } = config;
        if !host.is_loopback() {
            return Err(StartError::NotLoopback { host });
        }
        let (listener, addr) = listen(SocketAddr::new(host, port))?;
        let backend =
            Backend { store: Store::default(), received: Received::default(), limits, on_body, bound: host };
        let backend = Arc::new(backend);
        let running = spawn(listener, Arc::clone(&backend)).map_err(StartError::Thread)?;
        Ok(Self { backend, addr, url: format!("http://{addr}"), running: Some(running) })
    }

    /// The base URL for an SDK, such as `http://127.0.0.1:41234`; no slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// All runs, the one that started last first.
    pub fn runs(&self) -> Vec<Run> {
        self.runs_of(self.backend.store.newest_first())
    }

    /// The run with this trace id (32 hex digits), if it has come in.
    pub fn run(&self, trace_id: &str) -> Option<Run> {
        Run::of(self.backend.store.spans(trace_id.parse().ok()?)?)
    }

    /// The runs that have their root and got no span for `quiet`: each is told once, and again when more of it came.
    pub fn take_settled(&self, quiet: Duration) -> Vec<Run> {
        self.runs_of(self.backend.store.take_settled(Instant::now(), quiet))
    }

    /// How many bodies were accepted. A body that is counted here is in every other number and in the runs.
    pub fn bodies_received(&self) -> u64 {
        self.backend.received.bodies()
    }

    /// How many good spans those bodies held, repeated ones included.
    pub fn spans_received(&self) -> u64 {
        self.backend.received.spans()
    }

    /// How many bytes those bodies had on the wire, compressed as they came.
    pub fn bytes_received(&self) -> u64 {
        self.backend.received.bytes()
    }

    /// Stops listening, lets requests under way finish within a second, and returns.
    pub fn stop(self) {
        drop(self);
    }

    fn runs_of(&self, ids: Vec<crate::TraceId>) -> Vec<Run> {
        ids.into_iter().filter_map(|id| self.backend.store.spans(id)).filter_map(Run::of).collect()
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

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
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

fn spawn(listener: TcpListener, backend: Arc<Backend>) -> io::Result<Running> {
    let (stop, stopped) = oneshot::channel();
    let (finished, done) = mpsc::channel();
    let (report, started) = mpsc::channel();
    // The runtime is born, lives and dies on this thread: dropped inside a caller's runtime it would panic.
    thread::Builder::new().name("bento-local".to_owned()).spawn(move || {
        let _finished: mpsc::Sender<()> = finished;
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return drop(report.send(Err(error))),
        };
        runtime.block_on(async {
            let listener = match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => listener,
                Err(error) => return drop(report.send(Err(error))),
            };
            let _ = report.send(Ok(()));
            serve(listener, backend, stopped).await;
        });
        runtime.shutdown_background();
    })?;
    started.recv().unwrap_or_else(|gone| Err(io::Error::other(gone)))?;
    Ok(Running { stop, done: Mutex::new(done) })
}

async fn serve(listener: tokio::net::TcpListener, backend: Arc<Backend>, stopped: oneshot::Receiver<()>) {
    let listener = listener.tap_io(|stream| {
        // Answers are small; without this some would wait for a full packet. Failing to set it costs only time.
        let _ = stream.set_nodelay(true);
    });
    let (stopping, stop_seen) = oneshot::channel();
    let server = axum::serve(listener, api::router(backend)).with_graceful_shutdown(async {
        // An error says that the server was dropped, which means stop as well.
        let _ = stopped.await;
        let _ = stopping.send(());
    });
    tokio::select! {
        _ = server => {}
        () = async { let _ = stop_seen.await; tokio::time::sleep(FINISH).await } => {}
    }
}
