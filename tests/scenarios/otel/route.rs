//! Batches for exporters of OpenTelemetry, well-behaved and not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bento::LossReason;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SpanData, SpanExporter};

use crate::support::{LONG, await_workers, journal, scenario};

/// Does with each batch, by its number, what the function says.
#[derive(Debug)]
struct Scripted(fn(usize) -> OTelSdkResult, AtomicUsize);

impl Scripted {
    fn new(script: fn(usize) -> OTelSdkResult) -> Self {
        Self(script, AtomicUsize::new(0))
    }
}

impl SpanExporter for Scripted {
    async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
        (self.0)(self.1.fetch_add(1, Ordering::Relaxed))
    }
}

fn start(exporter: impl SpanExporter + 'static) -> bento::Guard {
    bento::builder().route(bento::otel::route(exporter)).init().unwrap()
}

#[test]
fn an_exporter_receives_the_spans() {
    scenario(
        || {
            let memory = InMemorySpanExporter::default();
            let _bento = start(memory.clone());
            let turn = bento::begin("turn").start();
            bento::track_ai("answer").error("no").send();
            turn.finish().unwrap();
            bento::flush(LONG).unwrap();
            let [answer, turn] = memory.get_finished_spans().unwrap().try_into().unwrap();
            assert_eq!((answer.name.as_ref(), turn.name.as_ref()), ("answer", "turn"));
            assert_eq!(answer.parent_span_id, turn.span_context.span_id());
            assert_eq!(answer.status, opentelemetry::trace::Status::error("no"));
            assert_eq!(answer.events[0].name, "exception");
            assert_eq!(answer.instrumentation_scope.name(), "bentolabs-sdk.analytics");
            assert_eq!(answer.instrumentation_scope.version(), Some(bento::SDK_VERSION));
            // No key was needed, and one that comes later is refused.
            let again = bento::builder().api_key(" ").init();
            assert!(again.is_ok(), "an empty key counts as absent");
            let other = bento::builder().api_key(crate::support::KEY).init();
            assert_eq!(other.unwrap_err().code(), "already_initialized");
        },
        |child| {
            child.succeeds();
        },
    );
}

#[test]
fn a_panic_of_the_exporter_costs_its_batch_and_nothing_else() {
    scenario(
        || {
            let _bento = start(Scripted::new(|batch| if batch == 0 { panic!("exporter") } else { Ok(()) }));
            bento::track_ai("lost").send();
            let error = bento::flush(LONG).unwrap_err();
            assert_eq!(error.losses().of(LossReason::Exporter), 1);
            assert!(error.cause().unwrap().contains("panicked: exporter"), "{error}");
            await_workers(1);
            bento::track_ai("fine").send();
            bento::flush(LONG).unwrap();
            let status = bento::status();
            assert_eq!((status.panics(), status.failed(), status.delivered()), (1, 1, 1));
            bento::shutdown(LONG).unwrap();
        },
        |child| {
            child.succeeds();
        },
    );
}

#[test]
fn a_failure_of_the_exporter_is_retried_and_its_end_is_final() {
    scenario(
        || {
            let _bento = start(Scripted::new(|batch| match batch {
                0 => Err(OTelSdkError::InternalFailure("not yet".to_owned())),
                1 => Ok(()),
                _ => Err(OTelSdkError::AlreadyShutdown),
            }));
            bento::track_ai("answer").send();
            bento::flush(LONG).unwrap();
            assert_eq!(bento::status().retries(), 1);
            assert_eq!(journal::count("not yet"), 1);
            bento::track_ai("answer").send();
            assert_eq!(bento::flush(LONG).unwrap_err().losses().of(LossReason::Exporter), 1);
        },
        |child| {
            child.succeeds();
        },
    );
}

#[test]
fn an_exporter_that_emits_does_not_feed_itself() {
    scenario(
        || {
            let _bento = start(Scripted::new(|_| {
                bento::begin("inside").enter(|_| {
                    bento::track_ai("inside").send();
                });
                assert!(bento::flush(LONG).is_err(), "the batch in hand is not settled");
                Ok(())
            }));
            bento::track_ai("answer").send();
            bento::flush(LONG).unwrap();
            bento::shutdown(LONG).unwrap();
            assert_eq!(bento::status().accepted(), 1);
        },
        |child| {
            child.succeeds();
        },
    );
}

#[test]
fn an_exporter_that_shuts_the_sdk_down_does_not_wait_for_itself() {
    scenario(
        || {
            let _bento = start(Scripted::new(|_| {
                assert!(bento::shutdown(LONG).is_err());
                Ok(())
            }));
            bento::track_ai("answer").send();
            bento::flush(LONG).unwrap_err();
            await_workers(0);
            assert!(!bento::status().is_running());
            let status = bento::status();
            assert_eq!(status.accepted(), status.delivered() + status.losses().total());
        },
        |child| {
            child.succeeds();
        },
    );
}

#[test]
fn an_exporter_finds_the_runtime_it_was_made_in() {
    #[derive(Debug)]
    struct Sleeping;
    impl SpanExporter for Sleeping {
        async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
            tokio::time::sleep(Duration::from_millis(5)).await;
            tokio::spawn(async {}).await.map_err(|error| OTelSdkError::InternalFailure(error.to_string()))
        }
    }
    scenario(
        || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let _bento = start(Sleeping);
                bento::track_ai("answer").send();
                bento::flush_async(LONG).await.unwrap();
            });
        },
        |child| {
            child.succeeds();
        },
    );
}

/// Counts how often it was shut down.
#[derive(Debug)]
struct Closable(&'static AtomicUsize);

impl SpanExporter for Closable {
    async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[test]
fn an_exporter_is_shut_down_once_with_the_sdk() {
    scenario(
        || {
            static CLOSED: AtomicUsize = AtomicUsize::new(0);
            let _bento = start(Closable(&CLOSED));
            bento::track_ai("answer").send();
            bento::flush(LONG).unwrap();
            assert_eq!(CLOSED.load(Ordering::Relaxed), 0);
            bento::shutdown(LONG).unwrap();
            assert_eq!(CLOSED.load(Ordering::Relaxed), 1);
        },
        |child| {
            child.succeeds();
        },
    );
}

/// Looks at the SDK while it is told of the resource.
#[derive(Debug)]
struct Curious;

impl SpanExporter for Curious {
    async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
        Ok(())
    }

    fn set_resource(&mut self, resource: &opentelemetry_sdk::Resource) {
        // Neither a deadlock, nor a start from the environment, nor a span.
        assert!(bento::status().is_running());
        bento::track_ai("from the exporter").send();
        assert!(resource.iter().any(|(key, _)| key.as_str() == "service.name"));
        panic!("curiosity");
    }
}

#[test]
fn an_exporter_may_call_back_and_panic_when_it_is_told_of_the_resource() {
    scenario(
        || {
            let _bento = start(Curious);
            bento::track_ai("answer").send();
            bento::flush(LONG).unwrap();
            assert_eq!((bento::status().accepted(), bento::status().delivered()), (1, 1));
        },
        |child| {
            child.succeeds();
        },
    );
}
