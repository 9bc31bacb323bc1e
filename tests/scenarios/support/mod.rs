//! Children to run scenarios in, and backends that do as they are told.

mod child;
pub(crate) mod journal;
mod server;
mod spans;

pub(crate) use child::{Child, Ended, KEY, OTHER_KEY, scenario};
pub(crate) use server::{Answer, Received, Server};
pub(crate) use spans::{body, normalised, span_names, spans_of};

use std::time::Duration;

/// More than anything here takes on a machine that is busy with other things.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// The names of this process's threads.
#[cfg(target_os = "linux")]
pub(crate) fn threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.map(|name| name.trim().to_owned()).collect()
}

/// Whether the SDK's worker thread lives; always, where the system does not tell.
pub(crate) fn worker_lives() -> bool {
    #[cfg(target_os = "linux")]
    return threads().iter().any(|name| name == "bento-worker");
    #[cfg(not(target_os = "linux"))]
    return bento::status().is_running();
}
