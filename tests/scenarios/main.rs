//! What a backend receives, and what a host is told, from processes of their own: each scenario runs in a child of the
//! test, so that it has a fresh SDK, its own environment and its own end, against servers on the loopback interface.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    clippy::print_stdout,
    reason = "a test fails loudly, and reads well"
)]

mod delivery;
mod init;
mod isolation;
mod live;
mod no_loop;
#[cfg(feature = "otel")]
mod otel;
mod privacy;
mod spool;
mod stop;
mod support;
mod wire;
