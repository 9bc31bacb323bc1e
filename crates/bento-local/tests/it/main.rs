//! The real server on loopback, over real HTTP.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../agent/mod.rs"]
mod agent;
mod analytics;
mod guard;
mod life;
mod lists;
mod live;
mod openapi;
mod page;
mod parameters;
mod read;
mod receive;
mod stream;
mod trajectories;
mod tree;
mod whole;
mod wire;
mod workspaces;
