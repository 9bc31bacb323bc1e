//! A backend that takes any POST and does as little as it can: what it took is counted when it is asked.

mod count;
mod http;
mod keep;

use std::io::{BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use socket2::{Domain, SockRef, Socket, Type};

use crate::sink::http::Request;
use crate::sink::keep::Keep;

/// How a sink behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Behaviour {
    Well,
    /// Answers after 50 ms.
    Slow,
    /// Answers the first three requests with 503.
    #[value(name = "unavailable")]
    Unavailable,
    /// The same, with `Retry-After: 1`.
    #[value(name = "retry_after")]
    RetryAfter,
    /// Resets the first connection when its request has come.
    Reset,
    /// Has its port, and listens on it after three seconds.
    Down,
}

impl Behaviour {
    pub(crate) const FAULTS: [Self; 4] = [Self::Unavailable, Self::RetryAfter, Self::Reset, Self::Down];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Slow => "slow",
            Self::Unavailable => "unavailable",
            Self::RetryAfter => "retry_after",
            Self::Reset => "reset",
            Self::Down => "down",
        }
    }
}

/// What arrived and was answered with 200.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    /// Of bodies, as they came.
    pub(crate) bytes: u64,
    pub(crate) spans: u64,
    /// Of span ids.
    pub(crate) distinct: u64,
}

/// Serves until the process is ended from outside.
pub(crate) fn serve(behaviour: Behaviour) -> anyhow::Result<()> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    let address = socket.local_addr()?.as_socket().context("not an address")?;
    if behaviour == Behaviour::Down {
        tell(address.port());
        thread::sleep(Duration::from_secs(3));
        socket.listen(128)?;
    } else {
        socket.listen(128)?;
        tell(address.port());
    }
    let (keep, refused) = (Arc::new(Keep::default()), Arc::new(AtomicU32::new(0)));
    for stream in TcpListener::from(socket).incoming() {
        let (stream, keep, refused) = (stream?, Arc::clone(&keep), Arc::clone(&refused));
        // A connection that breaks is its client's affair.
        thread::spawn(move || converse(&stream, behaviour, &keep, &refused).ok());
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "whoever starts a sink reads its port")]
fn tell(port: u16) {
    println!("{port}");
}

fn converse(
    stream: &TcpStream,
    behaviour: Behaviour,
    keep: &Keep,
    refused: &AtomicU32,
) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(64 * 1024, stream);
    while let Some(request) = http::read(&mut reader, stream)? {
        if request.method == "GET" {
            let answer = answer_to(&request, keep)?;
            http::answer(stream, "200 OK", &answer)?;
            continue;
        }
        match behaviour {
            Behaviour::Slow => thread::sleep(Duration::from_millis(50)),
            Behaviour::Unavailable if refused.fetch_add(1, Ordering::Relaxed) < 3 => {
                http::answer(stream, "503 Service Unavailable", "")?;
                continue;
            }
            Behaviour::RetryAfter if refused.fetch_add(1, Ordering::Relaxed) < 3 => {
                http::answer(stream, "503 Service Unavailable\r\nretry-after: 1", "")?;
                continue;
            }
            Behaviour::Reset if refused.fetch_add(1, Ordering::Relaxed) < 1 => {
                SockRef::from(stream).set_linger(Some(Duration::ZERO))?;
                return Ok(());
            }
            _ => {}
        }
        let body = if request.is_protobuf { "" } else { "{}" };
        keep.take(request);
        http::answer(stream, "200 OK", body)?;
    }
    Ok(())
}

fn answer_to(request: &Request, keep: &Keep) -> anyhow::Result<String> {
    let counts = keep.counts();
    Ok(if request.path == "/spans" { counts.distinct.to_string() } else { serde_json::to_string(&counts)? })
}

/// Asks a sink for what it has taken so far.
pub(crate) fn ask(authority: &str) -> anyhow::Result<Counts> {
    let mut stream = TcpStream::connect(authority)?;
    write!(stream, "GET /counts HTTP/1.1\r\nhost: {authority}\r\n\r\n")?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").context("the sink's answer has no body")?;
    Ok(serde_json::from_str(body)?)
}
