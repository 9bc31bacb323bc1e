//! The same span with OpenTelemetry.

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span, Tracer};
use opentelemetry_sdk::trace::SdkTracer;

/// Input and output are copied, as bento does.
pub(crate) fn send(tracer: &SdkTracer, input: &str, output: &str) {
    let attributes = vec![
        KeyValue::new("gen_ai.request.model", "gpt-4o"),
        KeyValue::new("gen_ai.system", "openai"),
        KeyValue::new("input.value", input.to_owned()),
        KeyValue::new("output.value", output.to_owned()),
    ];
    tracer.span_builder("user_message").with_attributes(attributes).start(tracer).end();
}
