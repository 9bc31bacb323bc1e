//! Code of the host's that this crate calls: closures, `Serialize` and `Display`, wakers, loggers, exporters.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs foreign code. A panic in it costs what it was to give, and no more; its message is the error.
pub(crate) fn guarded<T>(code: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(code)).map_err(|panic| {
        let message = panic_message(&*panic).to_owned();
        // What a panic carries is foreign too, and may panic again when it is dropped; what that carries is let go.
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
            std::mem::forget(again);
        }
        message
    })
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
