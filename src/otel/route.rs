//! Batches for any exporter of OpenTelemetry.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Instant;

use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::SpanExporter;
use tokio::runtime::Handle;

use super::convert;
use crate::error::LossReason;
use crate::export::{Export, Verdict, presentable};
use crate::foreign::guarded;
use crate::pipeline::Route;
use crate::record::SpanRecord;

/// Hands the batches of the worker to an OpenTelemetry exporter instead of the Bento backend.
///
/// A failure is retried with backoff, as with the backend, because an exporter does not say whether it would help. The
/// exporter runs on the worker's thread, inside the tokio runtime in which this is called, if any. It is given ten
/// seconds a batch; one that blocks for longer cannot be stopped, only waited for.
///
/// ```
/// use opentelemetry_sdk::error::OTelSdkResult;
/// use opentelemetry_sdk::trace::{SpanData, SpanExporter};
///
/// #[derive(Debug)]
/// struct Print;
///
/// impl SpanExporter for Print {
///     async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
///         batch.iter().for_each(|span| println!("{}", span.name));
///         Ok(())
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let _bento = bento::builder().route(bento::otel::route(Print)).init()?;
/// bento::track_ai("plan").send();
/// bento::flush(std::time::Duration::from_secs(1))?;
/// # Ok(())
/// # }
/// ```
pub fn route(exporter: impl SpanExporter + 'static) -> Route {
    let runtime = Handle::try_current().ok();
    Route::new(move |resource| {
        let resource = convert::sdk_resource(resource);
        let shared = Mutex::new(Arc::new(exporter));
        Box::new(move || {
            let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
            // Told here, on the worker, where what the exporter emits is no span and a panic of its own is contained.
            if let Some(exporter) = Arc::get_mut(&mut shared) {
                guarded(|| exporter.set_resource(&resource)).ok();
            }
            Box::new(Handover { exporter: Arc::clone(&shared), runtime: runtime.clone() })
        })
    })
}

struct Handover<E> {
    exporter: Arc<E>,
    runtime: Option<Handle>,
}

impl<E: SpanExporter> Export for Handover<E> {
    fn export(&mut self, batch: &[&SpanRecord], deadline: Instant) -> Verdict {
        let _runtime = self.runtime.as_ref().map(Handle::enter);
        let spans = batch.iter().map(|span| convert::span_data(span)).collect();
        verdict(block_on(self.exporter.export(spans), deadline))
    }

    fn close(&mut self) {
        let _runtime = self.runtime.as_ref().map(Handle::enter);
        if let Err(error) = self.exporter.shutdown() {
            log::warn!("bento: the exporter did not shut down: {}", told(&error));
        }
    }
}

pub(super) fn verdict(exported: Option<OTelSdkResult>) -> Verdict {
    match exported {
        Some(Ok(())) => Verdict::Accepted { rejected: 0, message: None },
        Some(Err(OTelSdkError::AlreadyShutdown)) => Verdict::Refused {
            reason: LossReason::Exporter,
            cause: "the exporter was shut down: give the SDK one that nobody else shuts down".to_owned(),
        },
        Some(Err(error)) => Verdict::Retry { after: None, cause: told(&error) },
        None => Verdict::Retry { after: None, cause: "the exporter took more than its time".to_owned() },
    }
}

/// The error in words that can stand in a log: an exporter may repeat what its own backend said.
fn told(error: &OTelSdkError) -> String {
    presentable(&error.to_string()).unwrap_or_else(|| "the exporter failed".to_owned())
}

/// Polls on this thread until the future is ready, or `None` at the deadline.
pub(super) fn block_on<F: Future>(future: F, deadline: Instant) -> Option<F::Output> {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        let pause = deadline.saturating_duration_since(Instant::now());
        if pause.is_zero() {
            return None;
        }
        thread::park_timeout(pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exporter_s_words_are_made_fit_for_a_log() {
        for (words, expected) in [
            ("not\r\nyet\u{1b}[31m\u{202e}", "Operation failed: notyet[31m"),
            ("your key bl_pk_secret is bad", "the exporter failed"),
        ] {
            let cause = expected.to_owned();
            let error = OTelSdkError::InternalFailure(words.to_owned());
            assert_eq!(verdict(Some(Err(error))), Verdict::Retry { after: None, cause });
        }
        let long = OTelSdkError::InternalFailure("x".repeat(9_999));
        assert_eq!(told(&long).chars().count(), 200);
    }
}
