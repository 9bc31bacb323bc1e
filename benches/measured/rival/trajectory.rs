//! The same turn with OpenTelemetry.

use opentelemetry::trace::{Span, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;

use super::super::trajectory::{ANSWER, PLAN, QUESTION, TOOLS};

pub(crate) fn send(tracer: &SdkTracer) {
    let attributes = vec![
        KeyValue::new("gen_ai.user.id", "u42".to_owned()),
        KeyValue::new("gen_ai.conversation.id", "c1".to_owned()),
        KeyValue::new("input.value", QUESTION.to_owned()),
    ];
    let turn = tracer.span_builder("user_turn").with_attributes(attributes).start(tracer);
    let turn = Context::current_with_span(turn);
    model("plan", PLAN, tracer, &turn);
    for (name, input, output) in TOOLS {
        let attributes = vec![
            KeyValue::new("openinference.span.kind", "tool"),
            KeyValue::new("input.value", input.to_owned()),
        ];
        let builder = tracer.span_builder(name).with_attributes(attributes);
        let mut span = builder.start_with_context(tracer, &turn);
        span.set_attribute(KeyValue::new("output.value", output.to_owned()));
        span.end();
    }
    model("answer", ANSWER, tracer, &turn);
    turn.span().set_attribute(KeyValue::new("output.value", ANSWER.to_owned()));
    turn.span().end();
}

fn model(name: &'static str, output: &str, tracer: &SdkTracer, turn: &Context) {
    let attributes = vec![
        KeyValue::new("gen_ai.request.model", "gpt-4o"),
        KeyValue::new("gen_ai.system", "openai"),
        KeyValue::new("output.value", output.to_owned()),
    ];
    tracer.span_builder(name).with_attributes(attributes).start_with_context(tracer, turn).end();
}
