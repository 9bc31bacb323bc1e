//! Children to run scenarios in, and backends that do as they are told.

mod child;
pub(crate) mod journal;
mod server;
mod spans;

pub(crate) use child::{Child, Ended, KEY, OTHER_KEY, scenario};
pub(crate) use server::{Answer, Received, Server};
pub(crate) use spans::{body, normalised, span_names, spans_of};

use std::time::{Duration, Instant};

/// More than anything here takes on a machine that is busy with other things.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// How many threads this process has, and how many of them are the SDK's workers. `None` where the system does not tell.
pub(crate) fn threads() -> Option<(usize, usize)> {
    let tasks = std::fs::read_dir("/proc/self/task").ok()?;
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    let names: Vec<String> = names.collect();
    Some((names.len(), names.iter().filter(|name| name.trim() == "bento-worker").count()))
}

/// Waits until that many workers live: a thread takes its name, and goes, a moment later than its maker is told.
pub(crate) fn await_workers(expected: usize) {
    let end = Instant::now() + LONG;
    while let Some((_, workers)) = threads()
        && workers != expected
    {
        assert!(Instant::now() < end, "{workers} workers instead of {expected}");
        std::thread::yield_now();
    }
}
