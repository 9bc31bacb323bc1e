//! Code of the host's that this crate calls: closures, `Serialize` and `Display`, wakers, loggers, exporters.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Runs foreign code. A panic in it costs what it was to give, and no more; its message is the error.
pub(crate) fn guarded<T>(code: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(code)).map_err(|panic| {
        let message = panic_message(&*panic).to_owned();
        let_go(panic);
        message
    })
}

/// The same for code that gives nothing; whether it did not panic.
pub(crate) fn runs(code: impl FnOnce()) -> bool {
    match catch_unwind(AssertUnwindSafe(code)) {
        Ok(()) => true,
        Err(panic) => {
            let_go(panic);
            false
        }
    }
}

/// What a panic carries is foreign too, and may panic again when it is dropped; what that carries is let go.
fn let_go(panic: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(again);
    }
}

/// A value of the host's. To drop it is foreign code too, and whoever lets go of it last did not ask for that: a panic in it
/// goes no further.
pub(crate) struct Foreign<T>(Option<T>);

impl<T> Foreign<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }

    /// Works with the value, which is there until it is dropped.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&T) -> R) -> Option<R> {
        self.0.as_ref().map(work)
    }
}

impl<T> Drop for Foreign<T> {
    fn drop(&mut self) {
        let value = self.0.take();
        runs(|| drop(value));
    }
}

/// Panics of foreign code of one kind that were contained.
#[derive(Debug)]
pub(crate) struct Panics {
    /// What the log is told. The message of a panic is not: it may quote what must not be seen.
    warning: &'static str,
    count: AtomicU64,
    latest: Mutex<Option<Instant>>,
}

/// Panics that follow one another within this time are one episode, of which the log is told once.
const EPISODE: Duration = Duration::from_secs(30);

impl Panics {
    pub(crate) fn new(warning: &'static str) -> Self {
        Self { warning, count: AtomicU64::new(0), latest: Mutex::default() }
    }

    /// Runs foreign code; a panic in it is counted, and costs what it was to give.
    pub(crate) fn contain<T>(&self, code: impl FnOnce() -> T) -> Option<T> {
        guarded(code).map_err(|_| self.note(Instant::now())).ok()
    }

    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    fn note(&self, now: Instant) {
        self.count.fetch_add(1, Ordering::Relaxed);
        if self.begins_episode(now) {
            // The host's logger is foreign code too.
            guarded(|| log::warn!("bento: {}", self.warning)).ok();
        }
    }

    fn begins_episode(&self, now: Instant) -> bool {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.replace(now).is_none_or(|latest| now.duration_since(latest) >= EPISODE)
    }
}

/// The message of a panic, where it is text.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("the panic has no message")
}

#[cfg(test)]
mod tests {
    use std::panic::resume_unwind;

    use super::*;

    #[test]
    fn a_panic_becomes_its_message() {
        assert_eq!(guarded(|| 1), Ok(1));
        assert_eq!(guarded(|| resume_unwind(Box::new("boom"))), Err::<(), _>("boom".to_owned()));
        assert_eq!(
            guarded(|| resume_unwind(Box::new(7))),
            Err::<(), _>("the panic has no message".to_owned())
        );
    }

    #[test]
    fn panics_are_counted_and_told_once_an_episode() {
        let panics = Panics::new("it panicked");
        assert_eq!(panics.contain(|| 1), Some(1));
        assert_eq!(panics.contain(|| resume_unwind(Box::new("boom"))), None::<()>);
        assert_eq!(panics.contain(|| resume_unwind(Box::new("boom"))), None::<()>);
        assert_eq!(panics.count(), 2);

        let panics = Panics::new("it panicked");
        let start = Instant::now();
        let told = [0, 29, 58, 87, 117, 118]
            .map(|seconds| panics.begins_episode(start + Duration::from_secs(seconds)));
        assert_eq!(told, [true, false, false, false, true, false]);
    }

    #[test]
    fn a_payload_that_panics_when_it_is_dropped_is_contained() {
        struct Payload;
        impl Drop for Payload {
            fn drop(&mut self) {
                resume_unwind(Box::new(Payload));
            }
        }
        assert!(
            guarded(|| resume_unwind(Box::new(Payload))).is_err_and(|message: String| !message.is_empty())
        );
    }
}
