//! The same small span with OpenTelemetry.

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span, Tracer};
use opentelemetry_sdk::trace::SdkTracer;

use super::super::small::{INPUT, OUTPUT};

/// Identity, input and output are borrowed in a real program, so it has to own copies of them, as bento does.
pub(crate) fn send(tracer: &SdkTracer) {
    let attributes = vec![
        KeyValue::new("gen_ai.user.id", "u42".to_owned()),
        KeyValue::new("gen_ai.conversation.id", "c1".to_owned()),
        KeyValue::new("gen_ai.request.model", "gpt-4o"),
        KeyValue::new("gen_ai.system", "openai"),
        KeyValue::new("input.value", INPUT.to_owned()),
        KeyValue::new("output.value", OUTPUT.to_owned()),
        KeyValue::new("experiment", 17),
        KeyValue::new("channel", "mail"),
    ];
    tracer.span_builder("user_message").with_attributes(attributes).start(tracer).end();
}
