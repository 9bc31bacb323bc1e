//! What the kernel says of this process, for a program that is asked to look at itself after its init.

use std::fs;

/// The resident kilobytes and the threads of this process.
pub(crate) fn look() -> (u64, u64) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let read = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
    };
    (read("VmRSS:"), read("Threads:"))
}

/// One line: resident before and after in kilobytes, and the threads.
#[expect(clippy::print_stdout, reason = "whoever asks reads it")]
pub(crate) fn tell(before: (u64, u64)) {
    let (resident, threads) = look();
    println!("{} {resident} {threads}", before.0);
}
