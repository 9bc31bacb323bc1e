//! The end: of the SDK, of the process, of a runtime.

mod exit;
#[cfg(unix)]
mod fork;
mod runtime;
mod shutdown;
