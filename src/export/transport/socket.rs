//! Connections that heed one deadline in every system call.
//!
//! Under ureq's own timeouts each read of a proxy's answer gets the whole time anew, so that one which trickles holds a
//! request for as long as it likes. Its sockets also give up at the first failed write, although the answer that
//! explains it (a 413) may have arrived, and it looks the host up for every request, on a thread whose failure to start
//! is a panic. Hence a socket of our own beneath ureq's HTTP, TLS and proxy tunnel.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
#[cfg(feature = "tls")]
use ureq::unversioned::transport::RustlsConnector;
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
};

use super::dial::{Ahead, connect, is_silent};
use super::secret::Secret;
use super::whole::Whole;

/// The least that a socket can be told to wait.
pub(super) const INSTANT: Duration = Duration::from_millis(1);
/// By how much a socket may wait longer than it should, so that it need not be told anew before every call.
const TOLERANCE: Duration = Duration::from_millis(20);

/// An agent whose every connection heeds `limit` and fills in `secret`.
pub(super) fn agent(config: Config, limit: &Arc<Limit>, ahead: &Arc<Ahead>, secret: Secret) -> ureq::Agent {
    let dial = Dial { limit: Arc::clone(limit), ahead: Arc::clone(ahead) };
    let chain = ConnectProxyConnector::default().chain(dial);
    #[cfg(feature = "tls")]
    let chain = chain.chain(RustlsConnector::default());
    let chain = chain.chain(secret).chain(Whole);
    ureq::Agent::with_parts(config, Connecting { chain, limit: Arc::clone(limit) }, Unresolved)
}

/// When the exchange under way has to end: set by `post`, heeded by its socket.
#[derive(Debug, Default)]
pub(super) struct Limit(Mutex<Exchange>);

#[derive(Clone, Copy, Debug, Default)]
struct Exchange {
    connect_by: Option<Instant>,
    answer_by: Option<Instant>,
    connecting: bool,
    /// Whether the one read past the deadline was made.
    read_late: bool,
}

/// What took too long.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum Late {
    #[error("no connection in the time allowed")]
    Connection,
    #[error("no answer in the time allowed")]
    Answer,
}

impl Limit {
    pub(super) fn begin(&self, connect_by: Instant, answer_by: Instant) {
        *self.exchange() = Exchange {
            connect_by: Some(connect_by.min(answer_by)),
            answer_by: Some(answer_by),
            ..Exchange::default()
        };
    }

    /// The limit of a connection that is made on its own.
    pub(super) fn until(end: Instant) -> Self {
        Self(Mutex::new(Exchange { connect_by: Some(end), connecting: true, ..Exchange::default() }))
    }

    /// Says whether a connection is being made, and returns what was said before.
    fn set_connecting(&self, connecting: bool) -> bool {
        std::mem::replace(&mut self.exchange().connecting, connecting)
    }

    /// The time left, which is never zero.
    pub(super) fn left(&self) -> io::Result<Duration> {
        let exchange = *self.exchange();
        let end = if exchange.connecting { exchange.connect_by } else { exchange.answer_by };
        end.and_then(|end| end.checked_duration_since(Instant::now()))
            .filter(|left| !left.is_zero())
            .ok_or_else(|| self.late())
    }

    /// The time left for a read. Past the deadline one read is still made, without waiting: a process that was frozen
    /// finds its answer in the socket, and an answer is not to be thrown away.
    pub(super) fn left_to_read(&self) -> io::Result<Duration> {
        self.left().or_else(|late| {
            let used = std::mem::replace(&mut self.exchange().read_late, true);
            if used { Err(late) } else { Ok(INSTANT) }
        })
    }

    pub(super) fn late(&self) -> io::Error {
        let late = if self.exchange().connecting { Late::Connection } else { Late::Answer };
        io::Error::new(ErrorKind::TimedOut, late)
    }

    fn exchange(&self) -> MutexGuard<'_, Exchange> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks the time in which `chain` makes a connection. For a tunnel the chain runs within itself.
#[derive(Debug)]
struct Connecting<C> {
    chain: C,
    limit: Arc<Limit>,
}

impl<C: Connector> Connector for Connecting<C> {
    type Out = C::Out;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<C::Out>, ureq::Error> {
        let before = self.limit.set_connecting(true);
        let connection = self.chain.connect(details, chained);
        self.limit.set_connecting(before);
        connection
    }
}

/// Opens a socket, unless there is a tunnel already.
#[derive(Debug)]
struct Dial {
    limit: Arc<Limit>,
    ahead: Arc<Ahead>,
}

impl<In: Transport> Connector<In> for Dial {
    type Out = Either<In, Socket>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        if let Some(tunnel) = chained {
            return Ok(Some(Either::A(tunnel)));
        }
        let Self { limit, ahead } = self;
        let begun = ahead.take(details.uri, details.config.max_idle_age(), limit)?;
        let stream = begun.map_or_else(|| connect(details.uri, limit), Ok)?;
        stream.set_nodelay(true)?;
        let buffers =
            LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Either::B(Socket {
            stream,
            buffers,
            limit: Arc::clone(limit),
            told: Told::default(),
            cut_off: false,
        })))
    }
}

/// Leaves the look-up to `Dial`, because ureq asks for it even where a connection stands already.
#[derive(Debug)]
struct Unresolved;

impl Resolver for Unresolved {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

struct Socket {
    stream: TcpStream,
    buffers: LazyBuffers,
    limit: Arc<Limit>,
    told: Told,
    /// The other side takes nothing more. What it said before may still be read, then this connection is done.
    cut_off: bool,
}

/// How long the socket was told to wait.
#[derive(Clone, Copy, Default)]
struct Told {
    read: Option<Duration>,
    write: Option<Duration>,
}

fn is_about(told: Option<Duration>, left: Duration) -> bool {
    told.is_some_and(|told| told.abs_diff(left) <= TOLERANCE)
}

impl Transport for Socket {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        let mut rest = self.buffers.output().get(..amount).unwrap_or_default();
        while !rest.is_empty() && !self.cut_off {
            let left = self.limit.left()?;
            if !is_about(self.told.write, left) {
                unless_gone(self.stream.set_write_timeout(Some(left)))?;
                self.told.write = Some(left);
            }
            match self.stream.write(rest) {
                Ok(0) => self.cut_off = true,
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(error) => match error.kind() {
                    // Whether it was too long is for the limit to say.
                    ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut => {}
                    ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => {
                        self.cut_off = true;
                    }
                    _ => return Err(error.into()),
                },
            }
        }
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        loop {
            let left = self.limit.left_to_read()?;
            if !is_about(self.told.read, left) {
                unless_gone(self.stream.set_read_timeout(Some(left)))?;
                self.told.read = Some(left);
            }
            match self.stream.read(self.buffers.input_append_buf()) {
                Ok(read) => {
                    self.buffers.input_appended(read);
                    return Ok(read > 0);
                }
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut => {}
                    _ => return Err(error.into()),
                },
            }
        }
    }

    fn is_open(&mut self) -> bool {
        !self.cut_off && is_silent(&mut self.stream).unwrap_or(false)
    }
}

/// macOS takes no timeout for a connection that the peer has left. What it sent before can be read all the same, and no
/// call on such a connection waits.
fn unless_gone(timeout_set: io::Result<()>) -> io::Result<()> {
    match timeout_set {
        Err(error) if cfg!(target_os = "macos") && error.kind() == ErrorKind::InvalidInput => Ok(()),
        result => result,
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("peer", &self.stream.peer_addr().ok()).finish_non_exhaustive()
    }
}
