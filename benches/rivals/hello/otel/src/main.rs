//! The smallest program that sends a span with OpenTelemetry's SDK: `hello-otel SINK json|proto`.

#[path = "../../resident.rs"]
mod resident;

use std::env;
use std::error::Error;

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span, Tracer, TracerProvider};
use opentelemetry_otlp::{Compression, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;

fn main() -> Result<(), Box<dyn Error>> {
    let before = resident::look();
    let arguments: Vec<String> = env::args().collect();
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(if arguments[2] == "proto" { Protocol::HttpBinary } else { Protocol::HttpJson })
        .with_compression(Compression::Gzip)
        .with_endpoint(format!("{}/v1/traces", arguments[1]))
        .build()?;
    let provider = SdkTracerProvider::builder()
        .with_resource(
            Resource::builder_empty().with_attribute(KeyValue::new("service.name", "hello")).build(),
        )
        .with_batch_exporter(exporter)
        .build();
    if arguments.get(3).is_some() {
        resident::tell(before);
    }
    let mut span = provider.tracer("hello").start("user_message");
    span.set_attribute(KeyValue::new("gen_ai.user.id", "u42"));
    span.set_attribute(KeyValue::new("gen_ai.request.model", "gpt-4o"));
    span.set_attribute(KeyValue::new("input.value", "Hi"));
    span.set_attribute(KeyValue::new("output.value", "Hello!"));
    span.end();
    Ok(provider.shutdown()?)
}
