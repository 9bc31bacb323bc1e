//! What this process has cost so far.

use std::time::Duration;

/// Time that all threads of this process have run for. It counts nothing while others run or while they wait, so a busy machine does
/// not spoil it.
#[cfg(unix)]
pub(crate) fn process_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Where it is not told, time that has passed.
#[cfg(not(unix))]
pub(crate) fn process_time() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed()
}
