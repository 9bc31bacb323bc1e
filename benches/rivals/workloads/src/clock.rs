//! Clocks and the memory of the process.

use std::fs;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use crate::Failure;

fn read(clock: ClockId) -> Result<Duration, Failure> {
    Ok(clock_gettime(clock)?.into())
}

/// What all threads of this process have had of a processor, in user mode and in the kernel.
pub(crate) fn process_cpu() -> Result<Duration, Failure> {
    read(ClockId::CLOCK_PROCESS_CPUTIME_ID)
}

/// What the calling thread has had of a processor.
pub(crate) fn thread_cpu() -> Result<Duration, Failure> {
    read(ClockId::CLOCK_THREAD_CPUTIME_ID)
}

/// Bytes that are resident now.
pub(crate) fn resident() -> Result<u64, Failure> {
    status("VmRSS:")
}

/// The most bytes that ever were resident.
pub(crate) fn peak() -> Result<u64, Failure> {
    status("VmHWM:")
}

fn status(key: &str) -> Result<u64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(key)).ok_or("not in /proc/self/status")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024)
}
