//! Children to run scenarios in, and what they are run against.

mod child;
pub(crate) mod journal;
mod spans;

pub(crate) use bento_faults::machine::threads;
pub(crate) use bento_faults::{Answer, ClosedPort, Gate, Plan, Received, Server};
pub(crate) use child::{Child, Ended, KEY, OTHER_KEY, leave, scenario};
pub(crate) use spans::{body, normalised, span_names, spans_of};

use std::time::{Duration, Instant};

/// More than anything here takes on a machine that is busy with other things.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// Waits until that many workers live: a thread takes its name, and goes, a moment later than its maker is told.
pub(crate) fn await_workers(expected: usize) {
    await_threads("bento-worker", expected);
}

pub(crate) fn await_threads(name: &str, expected: usize) {
    let end = Instant::now() + LONG;
    loop {
        let Some(names) = threads() else {
            println!("skipped: this system does not tell whether there are {expected} of {name}");
            return;
        };
        if names.iter().filter(|known| *known == name).count() == expected {
            return;
        }
        assert!(Instant::now() < end, "not {expected} of {name}: {names:?}");
        std::thread::yield_now();
    }
}

/// Waits until `is_reached`, which something else in this process brings about.
pub(crate) fn await_moment(is_reached: impl Fn() -> bool) {
    let end = Instant::now() + LONG;
    while !is_reached() {
        assert!(Instant::now() < end, "it never came to pass");
        std::thread::sleep(Duration::from_millis(1));
    }
}
