//! A local `BentoLabs` backend: it receives the traces of AI agents and shows the runs, with no account and no network.
//!
//! As a program, `bento serve` listens on `127.0.0.1:8080` and keeps every run in one file; `bento traces`, `bento analytics`
//! and `bento doctor` look at them. As a library, a test or an example starts a [`Server`] on a free port inside its own
//! process, points an SDK at [`Server::url`] and looks at what arrived:
//!
//! ```
//! let server = bento_local::Server::start(bento_local::Config::default())?;
//! println!("BENTOLABS_BASE_URL={}", server.url());
//! // … send traces …
//! for run in server.runs()? {
//!     println!("{}", run.tree());
//! }
//! server.stop();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! It follows the rules of the hosted service, so that what works here works there: OTLP/JSON on `POST /v1/traces`, a
//! `bl_pk_…` key, the same answers to the same mistakes, the same REST API, which `GET /openapi.json` describes. A body that
//! was answered with 200 is on disk where there is one ([`Config::database`]); in memory, the newest 256 MiB are kept.
//!
//! A span walks one way: `connections` → `api` (HTTP) → `ingest` (one thread: inflate, `otlp`, price) → `store` (`SQLite`:
//! spans, and what each run adds up to) → `api` again, or [`Run`] → [`Tree`]. What was stored is told to `changes`, where event
//! streams wait.
//!
//! Features: `cli`, on by default, is the program; `replay` reads recorded runs and sends them through the SDK. Without them
//! the library does not know the SDK: they meet at OTLP.

mod api;
mod changes;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
pub mod client;
mod config;
mod connections;
#[cfg(feature = "cli")]
mod event_stream;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzed;
mod id;
mod ingest;
mod otlp;
mod price;
mod query;
#[cfg(feature = "replay")]
pub mod replay;
mod server;
mod settled;
mod span;
mod store;
mod summary;
mod terminal;
mod tree;

pub use config::{Config, StartError};
pub use id::{IdError, SpanId, TraceId};
pub use price::{PriceError, Usd};
pub use query::Run;
pub use server::{ReadError, Server};
pub use span::{Attributes, Event, Span, SpanStatus, Timestamp};
pub use summary::{RunState, RunStatus, Summary};
pub use tree::Tree;
