//! What the SDK itself logs and traces while it delivers never comes back as a span, whoever listens to everything.

use std::sync::atomic::{AtomicUsize, Ordering};

use tracing::{Event, Id, Subscriber, span};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::support::{Answer, LONG, Server, scenario, span_names};

static HEARD: AtomicUsize = AtomicUsize::new(0);

/// Makes a Bento span of every event and every span there is.
struct TraceEverything;

impl<S: Subscriber> Layer<S> for TraceEverything {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        HEARD.fetch_add(1, Ordering::Relaxed);
        bento::track_ai(format!("event of {}", event.metadata().target())).send();
    }

    fn on_new_span(&self, span: &span::Attributes<'_>, _: &Id, _: Context<'_, S>) {
        bento::track_ai(span.metadata().name()).send();
    }
}

#[test]
fn a_layer_that_traces_everything_hears_the_delivery_and_feeds_it_nothing() {
    scenario(
        || {
            let layered = tracing_subscriber::registry().with(TraceEverything);
            tracing::subscriber::set_global_default(layered).unwrap();
            let _bento = bento::init().unwrap();
            for name in ["a", "b", "c"] {
                let _span = tracing::info_span!("host").entered();
                bento::track_ai(name).send();
                bento::flush(LONG).unwrap();
            }
            assert_eq!(bento::status().accepted(), 6);
            assert!(HEARD.load(Ordering::Relaxed) > 10, "the delivery was not heard at all");
        },
        |child| {
            let server = Server::first([Answer::status(503), Answer::close()]);
            child.to(&server).succeeds();
            assert_eq!(span_names(&server.accepted()), ["host", "a", "host", "b", "host", "c"]);
        },
    );
}

#[cfg(feature = "otel")]
#[test]
fn a_tracer_of_the_host_s_that_records_everything_sends_the_host_s_spans_alone() {
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::SdkTracerProvider;

    scenario(
        || {
            let processor = bento::otel::SpanProcessor::new();
            let provider = SdkTracerProvider::builder().with_span_processor(processor).build();
            let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("host"));
            let layered = tracing_subscriber::registry().with(layer).with(TraceEverything);
            tracing::subscriber::set_global_default(layered).unwrap();
            for _ in 0..3 {
                tracing::info_span!("host").in_scope(|| tracing::info!("at work"));
                bento::flush(LONG).unwrap();
            }
            assert!(HEARD.load(Ordering::Relaxed) > 10, "the delivery was not heard at all");
        },
        |child| {
            let server = Server::first([Answer::status(503)]);
            child.to(&server).succeeds();
            let names = span_names(&server.accepted());
            // Each time the span itself, by both layers, and the event in it.
            assert_eq!(names.iter().filter(|name| *name == "host").count(), 6, "{names:?}");
            let others: Vec<_> = names.iter().filter(|name| *name != "host").collect();
            assert!(others.iter().all(|name| **name == "event of scenarios::no_loop"), "{others:?}");
            assert_eq!(others.len(), 3);
        },
    );
}
