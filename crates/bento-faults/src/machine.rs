//! What the system tells of this process, for tests to compare; nothing where it does not tell.

use std::fs;

/// Bytes of memory that this process holds.
///
/// ```
/// assert!(bento_faults::machine::resident_bytes().is_none_or(|bytes| bytes > 100_000));
/// ```
pub fn resident_bytes() -> Option<u64> {
    status_bytes("VmRSS:")
}

/// The most that it ever held.
pub fn peak_resident_bytes() -> Option<u64> {
    status_bytes("VmHWM:")
}

/// The names of its threads.
pub fn threads() -> Option<Vec<String>> {
    let tasks = fs::read_dir("/proc/self/task").ok()?;
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    Some(names.map(|name| name.trim().to_owned()).collect())
}

/// How many files it has open, sockets among them.
pub fn descriptors() -> Option<usize> {
    Some(fs::read_dir("/proc/self/fd").ok()?.count())
}

fn status_bytes(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}
