//! A port where nobody listens, and nobody else can begin to.

use std::net::{SocketAddr, TcpListener, TcpStream};

/// It is closed as long as this lives. A port that was merely freed is soon another test's, since every server here
/// takes whichever is free; a connection that once came in on it keeps it out of that pool.
#[derive(Debug)]
pub struct ClosedPort {
    address: SocketAddr,
    _connection: [TcpStream; 2],
}

impl ClosedPort {
    /// A port that was free a moment ago.
    #[expect(clippy::new_without_default, reason = "each is another port")]
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let near = TcpStream::connect(address).unwrap();
        let (far, _) = listener.accept().unwrap();
        Self { address, _connection: [near, far] }
    }

    /// The base URL of what may come to listen there.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Listens there after all.
    pub fn open(self) -> TcpListener {
        TcpListener::bind(self.address).unwrap()
    }
}
