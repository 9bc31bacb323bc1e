//! The context: who is the parent, wherever and however code runs.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

mod executors;
mod handover;
mod order;
mod send;
mod support;
mod tasks;
mod threads;
mod unwinding;
mod wrapped;
