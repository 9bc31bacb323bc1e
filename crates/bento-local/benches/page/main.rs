//! What the page takes in a real browser: `cargo bench -p bento-local --bench page -- [start] [list] [run] [live]`.
//!
//! Chromium and chromedriver are looked for in `PATH`. The server is in this process, which does nothing else meanwhile. The
//! browser's cache is emptied before each load.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark reports, and may fail loudly")]

#[cfg(unix)]
#[path = "../../tests/agent/mod.rs"]
mod agent;
#[cfg(unix)]
#[path = "../../tests/page/browser/mod.rs"]
#[expect(dead_code, reason = "it serves the tests first")]
mod browser;
#[cfg(unix)]
mod figures;
#[cfg(unix)]
mod list;
#[cfg(unix)]
mod live;
#[cfg(unix)]
mod load;
#[cfg(unix)]
mod run;
#[cfg(unix)]
#[path = "../../tests/page/runs.rs"]
#[expect(dead_code, reason = "it serves the tests first")]
mod runs;
#[cfg(unix)]
mod start;

#[cfg(unix)]
fn main() {
    let wanted: Vec<_> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|word| word == part);
    figures::head();
    if wants("start") {
        start::measure();
    }
    if wants("list") {
        list::measure();
    }
    if wants("run") {
        run::measure();
    }
    if wants("live") {
        live::measure();
    }
}

#[cfg(not(unix))]
fn main() {
    println!("the browser's driver is ended through its process group, which this system has not");
}
