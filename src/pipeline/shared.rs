//! What callers and the threads of this room share.

use std::sync::PoisonError;
use std::task::Waker;
use std::time::Instant;

use super::LossHook;
use super::intake::Intake;
use super::own_thread::{as_worker, on_worker};
use super::queue::{Keep, Pushed, Queue, Step};
use super::sync::{Condvar, Mutex, MutexGuard};
use crate::error::Losses;
use crate::foreign::guarded;
use crate::record::recycle;

/// What callers and the worker share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) intake: Intake,
    pub(super) queue: Mutex<Queue>,
    /// There is something to do for the worker.
    pub(super) work: Condvar,
    /// There is something to bring to the disk.
    pub(super) keep: Condvar,
    /// Something was settled, for those who wait in `flush` or `shutdown`.
    pub(super) settled: Condvar,
    pub(super) on_loss: Mutex<Option<LossHook>>,
}

impl Shared {
    /// A panic elsewhere leaves the queue whole: it is changed in steps that do not panic.
    pub(super) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The queue with everything in it that was emitted before.
    pub(super) fn whole_queue(&self) -> MutexGuard<'_, Queue> {
        let mut queue = self.queue();
        self.gather(&mut queue);
        queue
    }

    /// Brings everything to the queue that was emitted before.
    pub(super) fn gather(&self, queue: &mut Queue) {
        let mut pushed = Pushed::default();
        self.intake.carry_all(queue, &mut pushed);
        // There was room for all of it, so that nothing had to go.
        self.intake.follow(queue, &mut pushed);
        if pushed.wake {
            self.wake_threads();
        }
    }

    /// Makes a change that may settle something, and wakes those who wait for it once the lock is released.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Queue) -> T) -> T {
        self.push(|queue, _| change(queue))
    }

    /// The same for one that takes records in.
    pub(super) fn push<T>(&self, push: impl FnOnce(&mut Queue, &mut Pushed) -> T) -> T {
        let mut pushed = Pushed::default();
        let (outcome, ready) = {
            let mut queue = self.queue();
            let outcome = push(&mut queue, &mut pushed);
            self.intake.follow(&mut queue, &mut pushed);
            (outcome, queue.take_ready())
        };
        ready.into_iter().for_each(wake);
        self.tell_pushed(pushed);
        outcome
    }

    /// Wakes those who have something to do after a push.
    pub(super) fn tell_pushed(&self, pushed: Pushed) {
        if pushed.wake {
            self.work.notify_one();
        }
        if pushed.keep {
            self.keep.notify_one();
        }
        if pushed.settles {
            self.settled.notify_all();
        }
        // What was evicted serves the next spans of this thread.
        pushed.evicted.into_iter().for_each(recycle);
    }

    /// Waits until something is settled, or `until`; whether there was time to. On the SDK's own threads there is none:
    /// waiting for the worker there would never end.
    pub(super) fn await_settled<'a>(
        &self,
        queue: MutexGuard<'a, Queue>,
        until: Instant,
    ) -> (MutexGuard<'a, Queue>, bool) {
        let pause = until.saturating_duration_since(Instant::now());
        if pause.is_zero() || on_worker() {
            return (queue, false);
        }
        (self.settled.wait_timeout(queue, pause).unwrap_or_else(PoisonError::into_inner).0, true)
    }

    /// Blocks the worker until there is something else to do than to wait.
    pub(super) fn next(&self) -> Step {
        let mut queue = self.queue();
        loop {
            self.gather(&mut queue);
            let now = Instant::now();
            let until = match queue.next(now) {
                Step::Wait(until) => until,
                step => return step,
            };
            if queue.is_resting() {
                // From here on a record goes to the queue itself, and wakes the worker; what was put down up to now is
                // there.
                self.gather(&mut queue);
                if !queue.is_resting() {
                    continue;
                }
            }
            let pause = until.saturating_duration_since(now);
            queue = self.work.wait_timeout(queue, pause).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Blocks the keeper likewise.
    pub(super) fn next_keep(&self) -> Keep {
        let mut queue = self.queue();
        loop {
            let now = Instant::now();
            let until = match queue.next_keep(now) {
                Keep::Wait(until) => until,
                step => return step,
            };
            queue = match until {
                Some(until) => {
                    let pause = until.saturating_duration_since(now);
                    self.keep.wait_timeout(queue, pause).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.keep.wait(queue).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Tells the host of losses. What panics in it is counted, and tells nobody.
    pub(super) fn tell(&self, losses: &Losses) {
        let hook = self.on_loss.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(LossHook(hook)) = hook else { return };
        as_worker(|| {
            if guarded(|| hook(losses)).is_err() {
                self.queue().count_panic();
            }
        });
        self.queue().note_told();
        self.settled.notify_all();
    }

    pub(super) fn wake_threads(&self) {
        self.work.notify_one();
        self.keep.notify_one();
    }
}

/// A waker is foreign code: a panic in it must not end the worker, nor reach a caller who only emits.
pub(super) fn wake(waker: Waker) {
    guarded(|| waker.wake()).ok();
}
