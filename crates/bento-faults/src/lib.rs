//! Backends and proxies that misbehave as they are told: what the SDK is tested against.
//!
//! A [`Server`] answers each request by script and remembers what it received; a [`Plan`] scripts the rest as well, from
//! the accepting of a connection to its end. A [`Proxy`] stands before a server and cuts connections in the middle. A
//! [`ClosedPort`] is where nobody listens yet.
//!
//! ```
//! use std::io::{Read, Write};
//! use std::net::TcpStream;
//!
//! use bento_faults::{Answer, Server};
//!
//! let server = Server::first([Answer::status(503).header("Retry-After", "1")]);
//! for expected in ["HTTP/1.1 503", "HTTP/1.1 200"] {
//!     let mut stream = TcpStream::connect(server.address())?;
//!     stream.write_all(b"POST /v1/traces HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")?;
//!     let mut status = [0; 12];
//!     stream.read_exact(&mut status)?;
//!     assert_eq!(status, expected.as_bytes());
//! }
//! assert_eq!(server.accepted().len(), 1);
//! # Ok::<(), std::io::Error>(())
//! ```
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "what tests stand on fails loudly, in their sight"
)]

mod answer;
mod gate;
pub mod machine;
mod plan;
mod port;
mod proxy;
mod received;
mod send;
mod server;
mod socket;
mod tls;

use std::time::Duration;

pub use answer::{Answer, Parting};
pub use gate::Gate;
pub use plan::{Door, Early, Keep, Plan};
pub use port::ClosedPort;
pub use proxy::{Cut, Proxy};
pub use received::{Fate, Received, SpanName};
pub use server::Server;

/// More than anything here takes on a machine that is busy with other things; no wait of this crate is longer.
const LONG: Duration = Duration::from_secs(30);
