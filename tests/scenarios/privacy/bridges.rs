//! Spans of a host's own tracer: hooks and sampling hold for them too.

use bento::LossReason;
use opentelemetry::trace::{
    Link, SpanContext, Status, TraceContextExt, TraceFlags, TraceState, Tracer, TracerProvider,
};
use opentelemetry::{Array, Context, KeyValue, SpanId, TraceId, Value};
use opentelemetry_sdk::trace::SdkTracerProvider;

use super::{SECRET, bodies, books_balance, hush};
use crate::support::{LONG, Server, scenario, span_names};

fn provider() -> SdkTracerProvider {
    let builder = SdkTracerProvider::builder();
    if std::env::var("BRIDGE").unwrap() == "processor" {
        builder.with_span_processor(bento::otel::SpanProcessor::new()).build()
    } else {
        builder.with_simple_exporter(bento::otel::SpanExporter::new()).build()
    }
}

fn remote(trace_id: u128) -> SpanContext {
    let state = TraceState::from_key_value([("vendor", SECRET)]).unwrap();
    SpanContext::new(TraceId::from(trace_id), SpanId::from(7_u64), TraceFlags::SAMPLED, true, state)
}

#[test]
fn a_secret_leaves_by_no_bridge() {
    scenario(
        || {
            let _bento = bento::builder()
                .redact(hush)
                .redact(|field: &mut bento::Field<'_>| {
                    if (field.key(), field.text()) == (bento::Field::NAME, Some("private")) {
                        field.drop_span();
                    }
                })
                .init()
                .unwrap();
            let provider = provider();
            let tracer = provider.tracer("agent");
            let strings = Value::Array(Array::String(vec!["a".into(), SECRET.into()]));
            let parent = Context::new().with_remote_span_context(remote(0x11));
            let span = tracer
                .span_builder(format!("answer {SECRET}"))
                .with_attributes([KeyValue::new("text", SECRET), KeyValue::new("texts", strings)])
                .with_links(vec![Link::new(remote(0x12), vec![KeyValue::new("why", SECRET)], 0)])
                .start_with_context(&tracer, &parent);
            let context = parent.with_span(span);
            context
                .span()
                .add_event(format!("event {SECRET}"), vec![KeyValue::new("exception.message", SECRET)]);
            context.span().set_status(Status::error(SECRET));
            context.span().end();
            tracer.in_span("private", |_| ());
            provider.force_flush().unwrap();
            let status = bento::status();
            assert_eq!((status.delivered(), status.losses().of(LossReason::Redacted)), (1, 1));
            assert!(books_balance(&status));
            provider.shutdown().unwrap();
        },
        |child| {
            for bridge in ["processor", "exporter"] {
                let server = Server::ok();
                child.clone().env("BRIDGE", bridge).to(&server).succeeds();
                let requests = server.requests();
                assert_eq!(span_names(&requests), ["answer [hushed]"]);
                let bodies = bodies(&requests);
                assert!(!bodies.contains(SECRET), "{bodies}");
                // Name, two texts, link, event, its message, status.
                assert_eq!(bodies.matches("[hushed]").count(), 7, "{bodies}");
            }
        },
    );
}

#[test]
fn the_ratio_holds_for_bridges() {
    scenario(
        || {
            let _bento = bento::builder().sample(0.5).init().unwrap();
            let provider = provider();
            let tracer = provider.tracer("agent");
            for (name, trace_id) in [("kept", 0x7000_0000_0000_0000), ("left_out", 0x9000_0000_0000_0000)] {
                let parent = Context::new().with_remote_span_context(remote(trace_id));
                let span = tracer.span_builder(name).start_with_context(&tracer, &parent);
                parent.with_span(span).span().end();
            }
            provider.force_flush().unwrap();
            bento::flush(LONG).unwrap();
            let status = bento::status();
            assert_eq!((status.delivered(), status.losses().of(LossReason::SampledOut)), (1, 1));
            assert!(books_balance(&status));
        },
        |child| {
            for bridge in ["processor", "exporter"] {
                let server = Server::ok();
                child.clone().env("BRIDGE", bridge).to(&server).succeeds();
                assert_eq!(span_names(&server.requests()), ["kept"]);
            }
        },
    );
}
