//! A program that has nothing but the SDK; the benchmark `footprint` builds it. Without an argument it sends one span, and that is
//! all. With one it tells what the SDK has added to it by then.

use std::fs;
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let before = status("VmRSS:");
    let _bento = bento::init()?;
    if std::env::args().len() > 1 {
        println!("{} {} {}", before, status("VmRSS:"), status("Threads:"));
        return Ok(());
    }
    bento::track_ai("hello").model("gpt-4o").input("Hi").output("Hello").send();
    bento::flush(Duration::from_secs(10))?;
    Ok(())
}

fn status(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
