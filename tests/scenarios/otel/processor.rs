//! Spans of a host's own tracer on their way to Bento.

use std::time::Duration;

use opentelemetry::trace::{
    Link, SpanContext, SpanKind, Status, TraceContextExt, TraceFlags, TraceState, Tracer, TracerProvider,
};
use opentelemetry::{Array, Context, InstrumentationScope, KeyValue, SpanId, TraceId, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SamplingDecision, SamplingResult, SdkTracerProvider, ShouldSample,
};
use serde_json::json;

use crate::support::{Answer, LONG, Server, normalised, scenario, span_names};

fn resource() -> Resource {
    Resource::builder_empty().with_attribute(KeyValue::new("service.name", "shop")).build()
}

fn through_processor() -> SdkTracerProvider {
    let processor = bento::otel::SpanProcessor::new();
    SdkTracerProvider::builder().with_resource(resource()).with_span_processor(processor).build()
}

fn through_exporter() -> SdkTracerProvider {
    let delay = BatchConfigBuilder::default().with_scheduled_delay(Duration::from_secs(60)).build();
    let processor =
        BatchSpanProcessor::builder(bento::otel::SpanExporter::new()).with_batch_config(delay).build();
    SdkTracerProvider::builder().with_resource(resource()).with_span_processor(processor).build()
}

fn provider() -> SdkTracerProvider {
    if std::env::var("BRIDGE").unwrap() == "processor" { through_processor() } else { through_exporter() }
}

const BRIDGES: [&str; 2] = ["processor", "exporter"];

#[test]
fn a_span_keeps_everything() {
    scenario(
        || {
            let provider = provider();
            let scope = InstrumentationScope::builder("agent").with_version("3");
            let tracer =
                provider.tracer_with_scope(scope.with_attributes([KeyValue::new("part", "planner")]).build());
            let remote = SpanContext::new(
                TraceId::from(0x11_u128),
                SpanId::from(0x22_u64),
                TraceFlags::SAMPLED,
                true,
                TraceState::from_key_value([("vendor", "x")]).unwrap(),
            );
            let parent = Context::new().with_remote_span_context(remote.clone());
            let span = tracer
                .span_builder("answer")
                .with_kind(SpanKind::Client)
                .with_attributes([
                    KeyValue::new("gen_ai.request.model", "gpt-4o"),
                    KeyValue::new("int", i64::MIN),
                    KeyValue::new("double", f64::NAN),
                    KeyValue::new("bools", Value::Array(Array::Bool(vec![true]))),
                    KeyValue::new("strings", Value::Array(Array::String(vec!["a".into()]))),
                ])
                .with_links(vec![Link::new(remote, vec![KeyValue::new("why", "retry")], 0)])
                .start_with_context(&tracer, &parent);
            let context = parent.with_span(span);
            context.span().add_event("chunk", vec![KeyValue::new("n", 1)]);
            context.span().set_status(Status::error("no"));
            context.span().end();
            tracer.in_span("fine", |context| context.span().set_status(Status::Ok));
            provider.force_flush().unwrap();
            assert_eq!(bento::status().delivered(), 2);
            provider.shutdown().unwrap();
            // The host's end is not ours.
            assert!(bento::status().is_running());
        },
        |child| {
            for bridge in BRIDGES {
                let server = Server::ok();
                child.clone().env("BRIDGE", bridge).to(&server).succeeds();
                let string = |text: &str| json!({"stringValue": text});
                let array = |value| json!({"arrayValue": {"values": [value]}});
                assert_eq!(
                    normalised(&server.only()),
                    json!({"resourceSpans": [{
                        "resource": {"attributes": {"service.name": string("shop")}},
                        "scopeSpans": [{
                            "scope": {"name": "agent", "version": "3", "attributes": {"part": string("planner")}},
                            "spans": [
                                {"traceId": "T1", "spanId": "S1", "parentSpanId": "S2", "traceState": "vendor=x",
                                    "name": "answer", "kind": 3,
                                    "attributes": {
                                        "gen_ai.request.model": string("gpt-4o"),
                                        "int": {"intValue": i64::MIN.to_string()},
                                        "double": {"doubleValue": "NaN"},
                                        "bools": array(json!({"boolValue": true})),
                                        "strings": array(string("a")),
                                    },
                                    "events": [{"name": "chunk", "attributes": {"n": {"intValue": "1"}}}],
                                    "links": [{"traceId": "T1", "spanId": "S2", "traceState": "vendor=x",
                                        "attributes": {"why": string("retry")}}],
                                    "status": {"code": 2, "message": "no"}},
                                {"traceId": "T2", "spanId": "S3", "name": "fine", "kind": 1, "status": {"code": 1}},
                            ],
                        }],
                    }]})
                );
            }
        },
    );
}

#[test]
fn a_forced_flush_tells_the_truth() {
    scenario(
        || {
            let provider = provider();
            provider.tracer("agent").in_span("answer", |_| ());
            let error = provider.force_flush().unwrap_err();
            assert!(error.to_string().contains("BENTOLABS_API_KEY"), "{error}");
            provider.tracer("agent").in_span("later", |_| ());
            provider.force_flush().unwrap();
            assert_eq!(bento::status().delivered(), 1);
        },
        |child| {
            for bridge in BRIDGES {
                let server = Server::first([Answer::status(401)]);
                child.clone().env("BRIDGE", bridge).to(&server).succeeds();
                assert_eq!(span_names(&server.accepted()), ["later"]);
            }
        },
    );
}

#[test]
fn the_host_s_end_sends_what_is_left() {
    scenario(
        || {
            let provider = provider();
            provider.tracer("agent").in_span("answer", |_| ());
            provider.shutdown().unwrap();
        },
        |child| {
            for bridge in BRIDGES {
                let server = Server::ok();
                child.clone().env("BRIDGE", bridge).to(&server).succeeds();
                assert_eq!(span_names(&server.requests()), ["answer"]);
            }
        },
    );
}

#[derive(Clone, Debug)]
struct RecordOnly;

impl ShouldSample for RecordOnly {
    fn should_sample(
        &self,
        _: Option<&Context>,
        _: TraceId,
        _: &str,
        _: &SpanKind,
        _: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        SamplingResult {
            decision: SamplingDecision::RecordOnly,
            attributes: Vec::new(),
            trace_state: TraceState::default(),
        }
    }
}

#[test]
fn a_span_that_the_host_did_not_sample_is_not_sent() {
    scenario(
        || {
            let processor = bento::otel::SpanProcessor::new();
            let provider =
                SdkTracerProvider::builder().with_sampler(RecordOnly).with_span_processor(processor).build();
            provider.tracer("agent").in_span("private", |_| ());
            bento::track_ai("ours").send();
            bento::flush(LONG).unwrap();
        },
        |child| {
            let server = child.delivers();
            assert_eq!(span_names(&server.requests()), ["ours"]);
        },
    );
}
