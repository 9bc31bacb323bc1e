//! What a server is told before it starts.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::api::ServerKey;
use crate::ingest::{Limits, OnBody};
use crate::price::{PriceError, Prices};
use crate::store::{Place, Retention, Sqlite};

/// What a server in memory keeps unless told otherwise.
const MEMORY: u64 = 256 << 20;

/// How long nothing may be heard of a run that goes on, unless told otherwise.
const UNFINISHED: Duration = Duration::from_secs(5 * 60);

/// What a file may hold unless told otherwise.
const FILE: u64 = 10 << 30;

/// What a server listens on, how much it takes, and what it keeps.
#[derive(Clone)]
#[must_use]
pub struct Config {
    pub(crate) host: IpAddr,
    pub(crate) port: u16,
    pub(crate) limits: Limits,
    pub(crate) on_body: Option<OnBody>,
    pub(crate) unfinished_after: Duration,
    key: Option<String>,
    place: Place,
    keep: Option<Duration>,
    max_bytes: Option<u64>,
    prices: Option<PathBuf>,
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Other machines can reach the address, so whoever uses the server has to have a key.
    #[error(
        "{host} can be reached from other machines: give the server a key, or listen on 127.0.0.1 or ::1"
    )]
    NeedsKey {
        /// The address asked for.
        host: IpAddr,
    },
    /// The key is not one that an SDK would send.
    #[error("the server's key is not of the form bl_pk_…")]
    Key,
    /// The address cannot be listened on; often another server has the port.
    #[error("cannot listen on {addr}: {source}")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The database cannot be opened.
    #[error("cannot open the database{}: {source}", place.as_deref().map(|path| format!(" {}", path.display())).unwrap_or_default())]
    Store {
        /// Its file; `None` for one in memory.
        place: Option<PathBuf>,
        /// What went wrong.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The price list cannot be used.
    #[error("{}: {source}", path.display())]
    Prices {
        /// Its file.
        path: PathBuf,
        /// What is wrong with it.
        source: PriceError,
    },
    /// The system gives no thread or no event loop.
    #[error("cannot start the server's thread: {0}")]
    Thread(#[source] io::Error),
}

impl Default for Config {
    /// A free port on 127.0.0.1, bodies up to 16 MiB, 64 MiB inflated; runs in memory, the newest 256 MiB of them.
    fn default() -> Self {
        Self {
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            limits: Limits { body: 16 << 20, inflated: 64 << 20 },
            on_body: None,
            unfinished_after: UNFINISHED,
            key: None,
            place: Place::Memory,
            keep: None,
            max_bytes: None,
            prices: None,
        }
    }
}

impl Config {
    /// The address to listen on. Unless it is a loopback address, the server needs a [`key`](Self::key).
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

    /// The key, of the form `bl_pk_…`, that everybody has to send, to write and to read. Without one, a server on
    /// loopback takes any key of that form and lets everybody on this machine read.
    pub fn key(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// Keeps the runs in a `SQLite` file, up to 10 GiB unless [`max_bytes`](Self::max_bytes) says otherwise. It is made if
    /// there is none, readable for its owner alone.
    ///
    /// ```
    /// let folder = tempfile::tempdir()?;
    /// let config = || bento_local::Config::default().database(folder.path().join("runs.db"));
    /// let first = bento_local::Server::start(config())?;
    /// // … send traces …
    /// first.stop();
    /// let again = bento_local::Server::start(config())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn database(self, file: impl Into<PathBuf>) -> Self {
        Self { place: Place::File(file.into()), ..self }
    }

    /// Keeps the runs in memory, which is the default.
    pub fn memory(self) -> Self {
        Self { place: Place::Memory, ..self }
    }

    /// Lets go of runs that began longer ago.
    pub fn keep(self, age: Duration) -> Self {
        Self { keep: Some(age), ..self }
    }

    /// What all runs may take, indices included, 8 MiB at least; when it is more, the oldest runs go.
    pub fn max_bytes(self, bytes: u64) -> Self {
        Self { max_bytes: Some(bytes.max(8 << 20)), ..self }
    }

    /// How long nothing may be heard of a run whose root has not ended before it counts as unfinished, five minutes unless told
    /// otherwise; a span that arrives makes it running again. It is counted from the last arrival, while the server
    /// is stopped too, and looked at every two seconds.
    ///
    /// ```
    /// let config = bento_local::Config::default().unfinished_after(std::time::Duration::from_secs(3600));
    /// ```
    pub fn unfinished_after(self, quiet: Duration) -> Self {
        Self { unfinished_after: quiet, ..self }
    }

    /// A price list to use instead of the one that comes with the program: JSON such as
    /// `{"models": {"gpt-4o": {"input": 2.5, "output": 10, "cached_input": 1.25}}}`, in dollars for a million tokens.
    pub fn prices(self, file: impl Into<PathBuf>) -> Self {
        Self { prices: Some(file.into()), ..self }
    }

    /// Shows every body, inflated and before it is decoded, to `hook`.
    ///
    /// It runs on the thread that stores: while it does, nothing is stored.
    ///
    /// ```
    /// let config = bento_local::Config::default().on_body(|json| assert_eq!(json[0], b'{'));
    /// ```
    pub fn on_body(self, hook: impl Fn(&[u8]) + Send + Sync + 'static) -> Self {
        Self { on_body: Some(Arc::new(hook)), ..self }
    }

    pub(crate) fn server_key(&self) -> Result<Option<ServerKey>, StartError> {
        match &self.key {
            Some(key) => ServerKey::parse(key).map(Some).ok_or(StartError::Key),
            None if self.host.is_loopback() => Ok(None),
            None => Err(StartError::NeedsKey { host: self.host }),
        }
    }

    pub(crate) fn price_list(&self) -> Result<Prices, StartError> {
        let Some(path) = &self.prices else {
            return Prices::built_in().map_err(|source| StartError::Prices { path: PathBuf::new(), source });
        };
        Prices::read(path).map_err(|source| StartError::Prices { path: path.clone(), source })
    }

    pub(crate) fn open(&self) -> Result<Sqlite, StartError> {
        Sqlite::open(self.place.clone()).map_err(|error| StartError::Store {
            place: match &self.place {
                Place::File(path) => Some(path.clone()),
                Place::Memory => None,
            },
            source: Box::new(error),
        })
    }

    pub(crate) fn retention(&self) -> Retention {
        let bytes = self.max_bytes.unwrap_or(match self.place {
            Place::Memory => MEMORY,
            Place::File(_) => FILE,
        });
        Retention { age: self.keep, bytes: Some(bytes) }
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
