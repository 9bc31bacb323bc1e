//! Deadlines for futures on any executor: one thread that lives only while a deadline is pending.

use std::sync::{Condvar, Mutex, PoisonError};
use std::task::Waker;
use std::thread;
use std::time::Instant;

struct Pending {
    deadlines: Vec<(Instant, Waker)>,
    running: bool,
}

static PENDING: Mutex<Pending> = Mutex::new(Pending { deadlines: Vec::new(), running: false });
static CHANGED: Condvar = Condvar::new();

/// Wakes `waker` at `deadline`; false where the operating system gives no thread for it.
pub(super) fn wake_at(deadline: Instant, waker: &Waker) -> bool {
    let mut pending = PENDING.lock().unwrap_or_else(PoisonError::into_inner);
    if !pending.running {
        pending.running = thread::Builder::new().name("bento-timer".into()).spawn(run).is_ok();
    }
    if pending.running {
        pending.deadlines.push((deadline, waker.clone()));
        CHANGED.notify_one();
    }
    pending.running
}

fn run() {
    let mut pending = PENDING.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let now = Instant::now();
        let due: Vec<_> = pending.deadlines.extract_if(.., |(deadline, _)| *deadline <= now).collect();
        if !due.is_empty() {
            drop(pending);
            for (_, waker) in due {
                waker.wake();
            }
            pending = PENDING.lock().unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        let Some(next) = pending.deadlines.iter().map(|(deadline, _)| *deadline).min() else {
            pending.running = false;
            return;
        };
        let pause = next.saturating_duration_since(now);
        pending = CHANGED.wait_timeout(pending, pause).unwrap_or_else(PoisonError::into_inner).0;
    }
}
