//! The smallest program that sends a span with fastrace: `hello-fastrace SINK VARIANT`.

#[path = "../../resident.rs"]
mod resident;

use std::borrow::Cow;
use std::env;
use std::error::Error;

use fastrace::collector::Config;
use fastrace::prelude::{Span, SpanContext};
use fastrace_opentelemetry::OpenTelemetryReporter;
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{Compression, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;

fn main() -> Result<(), Box<dyn Error>> {
    let before = resident::look();
    let arguments: Vec<String> = env::args().collect();
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpJson)
        .with_compression(Compression::Gzip)
        .with_endpoint(format!("{}/v1/traces", arguments[1]))
        .build()?;
    let resource = Resource::builder_empty().with_attribute(KeyValue::new("service.name", "hello")).build();
    let scope = InstrumentationScope::builder("hello").build();
    fastrace::set_reporter(
        OpenTelemetryReporter::new(exporter, Cow::Owned(resource), scope),
        Config::default(),
    );
    if arguments.get(3).is_some() {
        resident::tell(before);
    }
    drop(Span::root("user_message", SpanContext::random()).with_properties(|| {
        [
            ("gen_ai.user.id", "u42"),
            ("gen_ai.request.model", "gpt-4o"),
            ("input.value", "Hi"),
            ("output.value", "Hello!"),
        ]
    }));
    fastrace::flush();
    Ok(())
}
