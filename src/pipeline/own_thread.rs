//! Which threads are the SDK's own.

use std::cell::Cell;

use super::sync::thread_local;

thread_local! {
    static ON_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// Whether this is the worker's thread: what the transport itself does there never becomes a span.
pub(crate) fn on_worker() -> bool {
    ON_WORKER.try_with(Cell::get).unwrap_or(false)
}

/// Makes this thread one of the SDK's own.
pub(super) fn enter_worker() {
    ON_WORKER.set(true);
}

/// Runs code as on a thread of the SDK's own.
pub(super) fn as_worker(code: impl FnOnce()) {
    let before = ON_WORKER.replace(true);
    code();
    ON_WORKER.set(before);
}
