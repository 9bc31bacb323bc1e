//! The page in a real browser: Chromium, driven by chromedriver, both found in `PATH`.
//!
//! Where they are missing the tests say so and pass, or fail with `BENTO_BROWSER=required`. Each test has a server of its own
//! in this process, and a browser whose console has to stay free of errors. The driver is ended through its process group,
//! so that the tests are for Unix.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../agent/mod.rs"]
mod agent;
mod away;
mod axe;
mod browser;
mod clocks;
mod hostile;
mod keyboard;
mod large;
mod list;
mod live;
mod looks;
mod readers;
#[cfg(feature = "cli")]
mod replay;
mod run;
mod runs;
mod screenshots;
#[cfg(feature = "replay")]
mod sdk;
mod senders;
mod states;
mod texts;
mod totals;
