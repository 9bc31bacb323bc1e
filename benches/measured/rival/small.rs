//! The same small span with OpenTelemetry.

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span, Tracer};
use opentelemetry_sdk::trace::SdkTracer;

use super::super::small::{Exchange, pick};

/// Identity, input and output are borrowed in a real program, so it has to own copies of them, as bento does.
pub(crate) fn send(tracer: &SdkTracer, number: usize) {
    let Exchange { user, conversation, input, output } = pick(number);
    let attributes = vec![
        KeyValue::new("gen_ai.user.id", user.clone()),
        KeyValue::new("gen_ai.conversation.id", conversation.clone()),
        KeyValue::new("gen_ai.request.model", "gpt-4o"),
        KeyValue::new("gen_ai.system", "openai"),
        KeyValue::new("input.value", input.clone()),
        KeyValue::new("output.value", output.clone()),
        KeyValue::new("experiment", 17),
        KeyValue::new("channel", "mail"),
    ];
    tracer.span_builder("user_message").with_attributes(attributes).start(tracer).end();
}
