//! See what your AI agents did.
mod config;
mod credential;
mod error;
mod export;
mod record;

pub use error::*;
pub use record::{SpanId, TraceId};
