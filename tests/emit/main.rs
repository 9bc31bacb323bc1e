//! The rules of emitting: what a call becomes.
#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

mod callbacks;
mod debug;
mod identity;
mod order;
mod outcome;
mod stream;
mod time;
mod update;
mod values;
