//! From a host's name to a connected socket: when a request needs one, or ahead of the first.

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ureq::http::Uri;

use super::socket::{INSTANT, Limit};

/// Connects to the host of `uri` within `limit`.
pub(super) fn connect(uri: &Uri, limit: &Limit) -> io::Result<TcpStream> {
    dial(resolve(target(uri), limit)?, limit)
}

/// Host and port, as the system takes them.
fn target(uri: &Uri) -> String {
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
    format!("{}:{port}", uri.host().unwrap_or_default())
}

fn resolve(name: String, limit: &Limit) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = name.parse() {
        return Ok(vec![address]);
    }
    // The system's look-up knows no deadline, so it gets a thread that can be left behind.
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::Builder::new()
        .name("bento-lookup".to_owned())
        .spawn(move || sender.send(name.to_socket_addrs().map(Vec::from_iter)))?;
    receiver.recv_timeout(limit.left()?).unwrap_or_else(|_| Err(limit.late()))
}

/// Connects to the first address that answers. Each has its share of the time, so that one that swallows packets (IPv6
/// without a route) leaves enough for the next.
fn dial(addresses: Vec<SocketAddr>, limit: &Limit) -> io::Result<TcpStream> {
    let mut error = io::Error::new(ErrorKind::NotFound, "the host has no address");
    let mut untried = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    for address in addresses {
        let share = limit.left()? / untried;
        untried -= 1;
        match TcpStream::connect_timeout(&address, share.max(INSTANT)) {
            Ok(stream) => return Ok(stream),
            Err(late) if late.kind() == ErrorKind::TimedOut => error = limit.late(),
            Err(other) => error = other,
        }
    }
    Err(error)
}

/// Whether there is nothing to read: neither the connection's end nor bytes nobody asked for.
pub(super) fn is_silent(stream: &mut TcpStream) -> io::Result<bool> {
    stream.set_nonblocking(true)?;
    let silent = matches!(stream.read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock);
    stream.set_nonblocking(false)?;
    Ok(silent)
}

/// A connection that was begun before anybody needed it, on a thread that can be left behind.
#[derive(Default)]
pub(super) struct Ahead(Mutex<Option<Begun>>);

struct Begun {
    uri: Uri,
    at: Instant,
    stream: Receiver<TcpStream>,
}

impl Ahead {
    /// Begins to connect to the host of `uri`. Whatever goes wrong is for the first request to find.
    pub(super) fn begin(&self, uri: Uri, within: Duration) {
        let (sender, stream) = mpsc::sync_channel(1);
        let name = target(&uri);
        let at = Instant::now();
        let connecting = move || {
            let addresses = name.to_socket_addrs().map(Vec::from_iter);
            let limit = Limit::until(at + within);
            if let Ok(connected) = addresses.and_then(|addresses| dial(addresses, &limit)) {
                // Nobody may be waiting any more.
                sender.send(connected).ok();
            }
        };
        if thread::Builder::new().name("bento-connect".to_owned()).spawn(connecting).is_ok() {
            *self.begun() = Some(Begun { uri, at, stream });
        }
    }

    /// The connection that was begun to the host of `uri`, once it stands; `None` where there is none that is good for
    /// anything.
    pub(super) fn take(&self, uri: &Uri, max_age: Duration, limit: &Limit) -> io::Result<Option<TcpStream>> {
        let begun = self.begun().take();
        let Some(begun) = begun.filter(|begun| begun.uri.authority() == uri.authority()) else {
            return Ok(None);
        };
        if begun.at.elapsed() > max_age {
            return Ok(None);
        }
        match begun.stream.recv_timeout(limit.left()?) {
            Ok(mut stream) => Ok(is_silent(&mut stream).unwrap_or(false).then_some(stream)),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => Err(limit.late()),
        }
    }

    fn begun(&self) -> std::sync::MutexGuard<'_, Option<Begun>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Ahead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ahead").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_connection_that_does_not_come_is_awaited_no_longer_than_one_that_is_made() {
        let (_sender, stream) = mpsc::sync_channel(1);
        let uri = Uri::from_static("http://host/v1/traces");
        let begun = Begun { uri: uri.clone(), at: Instant::now(), stream };
        let ahead = Ahead(Mutex::new(Some(begun)));
        let start = Instant::now();
        let limit = Limit::until(start + SHORT);
        let error = ahead.take(&uri, LONG, &limit).map(|stream| stream.is_some());
        assert!(error.is_err_and(|error| error.kind() == ErrorKind::TimedOut));
        assert!((SHORT..LONG).contains(&start.elapsed()));
        let limit = Limit::until(start + LONG);
        assert!(ahead.take(&uri, LONG, &limit).is_ok_and(|stream| stream.is_none()), "it is asked for once");
    }

    #[test]
    fn only_a_young_connection_to_the_same_host_is_taken() -> io::Result<()> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let uri = Uri::from_static("http://host/v1/traces");
        let limit = Limit::until(Instant::now() + LONG);
        for (wanted, max_age, is_taken) in [
            ("http://host/", LONG, true),
            ("http://proxy/", LONG, false),
            ("http://host:8080/", LONG, false),
            ("http://host/", Duration::ZERO, false),
        ] {
            let (sender, stream) = mpsc::sync_channel(1);
            sender.send(TcpStream::connect(listener.local_addr()?)?).ok();
            let ahead = Ahead(Mutex::new(Some(Begun { uri: uri.clone(), at: Instant::now(), stream })));
            let taken = ahead.take(&Uri::from_static(wanted), max_age, &limit)?;
            assert_eq!(taken.is_some(), is_taken, "{wanted}");
        }
        Ok(())
    }
}
