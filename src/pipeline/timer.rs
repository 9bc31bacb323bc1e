//! Deadlines for futures on any executor: one thread that lives only while a deadline is pending.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread;
use std::time::Instant;

use bento_fork::PerProcess;

struct Pending {
    /// By deadline, and by a number for those that share one.
    wakers: BTreeMap<(Instant, u64), Waker>,
    next: u64,
    running: bool,
}

impl Pending {
    const fn none() -> Self {
        Self { wakers: BTreeMap::new(), next: 0, running: false }
    }
}

/// A forked child has not the thread of its parent.
static PENDING: PerProcess<Mutex<Pending>> =
    PerProcess::new(Mutex::new(Pending::none()), |_| Mutex::new(Pending::none()));
static CHANGED: PerProcess<Condvar> = PerProcess::new(Condvar::new(), |_| Condvar::new());

fn pending() -> MutexGuard<'static, Pending> {
    PENDING.here().lock().unwrap_or_else(PoisonError::into_inner)
}

/// A call at a deadline. Dropping it cancels the call, and with the last one the thread ends.
#[derive(Debug)]
pub(super) struct Alarm((Instant, u64));

impl Alarm {
    /// Wakes `waker` at `deadline`; `None` where the operating system gives no thread for it.
    pub(super) fn set(deadline: Instant, waker: &Waker) -> Option<Self> {
        let waker = waker.clone();
        let mut pending = pending();
        if !pending.running {
            pending.running = thread::Builder::new().name("bento-timer".into()).spawn(run).is_ok();
        }
        if !pending.running {
            return None;
        }
        let key = (deadline, pending.next);
        pending.next += 1;
        pending.wakers.insert(key, waker);
        CHANGED.here().notify_one();
        Some(Self(key))
    }

    /// Wakes `waker` instead: a future may be polled by another task than before.
    pub(super) fn renew(&self, waker: &Waker) {
        let waker = waker.clone();
        // What it replaces is foreign code, and dropped after the lock.
        let _replaced = pending().wakers.get_mut(&self.0).map(|slot| std::mem::replace(slot, waker));
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        let mut pending = pending();
        let waker = pending.wakers.remove(&self.0);
        if pending.wakers.is_empty() {
            CHANGED.here().notify_one();
        }
        drop(pending);
        drop(waker);
    }
}

fn run() {
    let mut pending = pending();
    while let Some(first) = pending.wakers.first_entry() {
        let (deadline, _) = *first.key();
        let pause = deadline.saturating_duration_since(Instant::now());
        if pause.is_zero() {
            let waker = first.remove();
            drop(pending);
            super::shared::wake(waker);
            pending = self::pending();
        } else {
            pending = CHANGED.here().wait_timeout(pending, pause).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
    pending.running = false;
}
