//! The real server on loopback, over real HTTP.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail loudly")]

mod cli;
mod life;
mod read;
mod receive;
mod tree;
mod wire;
