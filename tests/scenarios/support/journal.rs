//! A logger for children: it keeps everything that any crate logs, and prints it for the parent to search.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use log::{Level, LevelFilter, Log, Metadata, Record};

struct Journal(Mutex<Vec<String>>);

static JOURNAL: Journal = Journal(Mutex::new(Vec::new()));

pub(crate) fn install() {
    log::set_logger(&JOURNAL).unwrap();
    log::set_max_level(LevelFilter::Trace);
}

static FAILS: AtomicBool = AtomicBool::new(false);

/// From now on it panics at each of those lines that it keeps, as a host's logger may.
pub(crate) fn fail() {
    FAILS.store(true, Ordering::Relaxed);
}

/// The warnings and errors of the SDK so far.
pub(crate) fn warnings() -> Vec<String> {
    JOURNAL.lines().clone()
}

/// How many of them contain `words`.
pub(crate) fn count(words: &str) -> usize {
    JOURNAL.lines().iter().filter(|line| line.contains(words)).count()
}

impl Journal {
    fn lines(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log for Journal {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = record.args().to_string();
        // For a host whose subscriber takes the lines of `log` too; without a subscriber this is nothing.
        tracing_log::format_trace(record).ok();
        writeln!(std::io::stderr(), "[{} {}] {line}", record.level(), record.target()).ok();
        if record.level() <= Level::Warn && record.target().starts_with("bento") {
            self.lines().push(line);
            assert!(!FAILS.load(Ordering::Relaxed), "a fault of the host's");
        }
    }

    fn flush(&self) {}
}
