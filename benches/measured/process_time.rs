//! What this process has cost so far.

/// Seconds that all threads of this process have run for. Nothing counts while others run or while they wait, so that a busy
/// machine does not spoil it.
#[cfg(unix)]
pub(crate) fn process_time() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    std::time::Duration::try_from(time).unwrap_or_default().as_secs_f64()
}

/// Where it is not told, those that have passed.
#[cfg(not(unix))]
pub(crate) fn process_time() -> f64 {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed().as_secs_f64()
}
