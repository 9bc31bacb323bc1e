//! Runs faults, several at a time: they mostly wait.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::fault::Fault;
use crate::judge::{Outcome, Seen, judge};
use crate::watch::Watched;

/// The word that makes this program a child.
pub(crate) const CHILD: &str = "--child";
pub(crate) const KEY: &str = "bl_pk_Zq7hush";
/// What must never show anywhere.
pub(crate) const SECRETS: [&str; 3] = [
    "Zq7hush",
    "hunter2",
    // The credentials of a proxy as they travel.
    "dXNlcjpodW50ZXIy",
];
const AT_A_TIME: usize = 8;

/// Runs all of them, and gives their outcomes in the same order.
pub(crate) fn all(mut faults: Vec<Fault>) -> Vec<Outcome> {
    let order: Vec<&str> = faults.iter().map(|fault| fault.name).collect();
    // What takes longest begins first, so that nothing waits for it alone in the end.
    faults.sort_by_key(|fault| fault.pace == crate::fault::Pace::Short);
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = one(fault);
                    outcomes.lock().unwrap().push(outcome);
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap();
    outcomes.sort_by_key(|outcome| order.iter().position(|name| *name == outcome.name));
    outcomes
}

/// Runs one fault to its end.
pub(crate) fn one(fault: &Fault) -> Outcome {
    let stage = (fault.stage)();
    let mut child = Watched::start(fault, &stage);
    if let Some(direct) = fault.direct {
        direct(&stage, &mut child);
    }
    let ended = child.end();
    judge(fault, &Seen::new(stage, ended))
}
