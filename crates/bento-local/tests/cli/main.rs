//! The program `bento`, run as its user does, against a real server on loopback.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod completions;
mod doctor;
mod mirror;
mod program;
mod read;
mod replay;
mod serve;
#[cfg(unix)]
mod terminal;
mod traces;
#[cfg(unix)]
mod watch;
