//! The end: of the SDK, of the process, of a runtime.

mod exit;
mod runtime;
mod shutdown;
