//! A proxy that cuts connections in the middle.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::answer::Parting;
use crate::socket::reset_at_end;

/// Where a connection is cut; by default nowhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cut {
    /// After so many bytes from the client.
    pub request: Option<u64>,
    /// After so many bytes from the upstream.
    pub answer: Option<u64>,
}

/// Forwards every connection to an upstream, and cuts it where it is told to. It serves until the process ends.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Proxy {
    /// Forwards to `upstream`; `script` is given the number of each connection, and `parting` is how the client sees
    /// the cut.
    pub fn to(
        upstream: SocketAddr,
        parting: Parting,
        script: impl Fn(usize) -> Cut + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let cut = script(count.fetch_add(1, Ordering::Relaxed));
                let Ok(server) = TcpStream::connect(upstream) else { continue };
                let (client, server) = (Arc::new(client), Arc::new(server));
                if parting == Parting::Reset && (cut.request.is_some() || cut.answer.is_some()) {
                    reset_at_end(&client).ok();
                }
                forward(&client, &server, cut.request);
                forward(&server, &client, cut.answer);
            }
        });
        Self { address, connections }
    }

    /// Its base URL, without TLS.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// Carries bytes one way in a thread of its own, at most `limit`, and then ends the other way too.
fn forward(from: &Arc<TcpStream>, to: &Arc<TcpStream>, limit: Option<u64>) {
    let (from, to) = (Arc::clone(from), Arc::clone(to));
    thread::spawn(move || {
        let mut left = limit.unwrap_or(u64::MAX);
        let mut piece = [0; 4096];
        while left > 0 {
            let room = usize::try_from(left).unwrap_or(piece.len()).min(piece.len());
            let Some(room) = piece.get_mut(..room) else { break };
            match (&*from).read(room) {
                Ok(read) if read > 0 && (&*to).write_all(&room[..read]).is_ok() => left -= read as u64,
                _ => break,
            }
        }
        // Only the reading ends, which wakes the thread of the other way: that the streams go with it is what the
        // peers see, as a reset where that was asked for.
        from.shutdown(Shutdown::Read).ok();
        to.shutdown(Shutdown::Read).ok();
    });
}
