//! OpenTelemetry's own SDK and OTLP exporter, as HTTP/JSON or HTTP/protobuf, with gzip.

use std::time::Duration;

use opentelemetry::trace::{Span, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{Compression, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracer, SdkTracerProvider};
use workloads::{Call, Contender, Failure, Settings, TOOLS, TURNS, Workload};

#[derive(Debug)]
pub struct Otel {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Contender for Otel {
    fn start(settings: Settings<'_>) -> Result<Self, Failure> {
        let protocol = if settings.variant == "proto" { Protocol::HttpBinary } else { Protocol::HttpJson };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(protocol)
            .with_compression(Compression::Gzip)
            .with_endpoint(format!("{}/v1/traces", settings.sink))
            .with_timeout(Duration::from_secs(10))
            .build()?;
        // Its defaults, written out: 2048 wait, 512 travel, and what waits goes after 5 s at the latest.
        let config = BatchConfigBuilder::default()
            .with_max_queue_size(2_048)
            .with_max_export_batch_size(512)
            .with_scheduled_delay(Duration::from_secs(5))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_resource(
                Resource::builder_empty().with_attribute(KeyValue::new("service.name", "rivals")).build(),
            )
            .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(config).build())
            .build();
        let tracer = provider.tracer("rivals");
        Ok(Self { provider, tracer })
    }

    /// Of large ones fewer than its queue would take, because its flush fails after five seconds.
    fn chunk(workload: Workload) -> usize {
        if workload == Workload::W5 { 192 } else { 2_048 }
    }

    fn call(&self, call: &Call<'_>) {
        let attributes = vec![
            KeyValue::new("gen_ai.user.id", call.user.to_owned()),
            KeyValue::new("gen_ai.conversation.id", call.conversation.to_owned()),
            KeyValue::new("gen_ai.request.model", call.model.to_owned()),
            KeyValue::new("gen_ai.system", call.provider.to_owned()),
            KeyValue::new("input.value", call.input.to_owned()),
            KeyValue::new("output.value", call.output.to_owned()),
            KeyValue::new("experiment", call.experiment),
            KeyValue::new("channel", call.channel.to_owned()),
        ];
        self.tracer.span_builder("user_message").with_attributes(attributes).start(&self.tracer).end();
    }

    fn trajectory(&self, call: &Call<'_>) {
        let attributes = vec![
            KeyValue::new("gen_ai.user.id", call.user.to_owned()),
            KeyValue::new("gen_ai.conversation.id", call.conversation.to_owned()),
            KeyValue::new("input.value", call.input.to_owned()),
        ];
        let turn = self.tracer.span_builder("user_turn").with_attributes(attributes).start(&self.tracer);
        let turn = Context::new().with_span(turn);
        for name in TOOLS {
            let attributes = vec![
                KeyValue::new("openinference.span.kind", "tool"),
                KeyValue::new("input.value", call.input.to_owned()),
            ];
            let tool = self.tracer.span_builder(name).with_attributes(attributes);
            let mut tool = tool.start_with_context(&self.tracer, &turn);
            tool.set_attribute(KeyValue::new("output.value", call.output.to_owned()));
            tool.end();
        }
        for event in TURNS {
            let attributes = vec![
                KeyValue::new("gen_ai.request.model", call.model.to_owned()),
                KeyValue::new("gen_ai.system", call.provider.to_owned()),
                KeyValue::new("input.value", call.input.to_owned()),
                KeyValue::new("output.value", call.output.to_owned()),
            ];
            let span = self.tracer.span_builder(event).with_attributes(attributes);
            span.start_with_context(&self.tracer, &turn).end();
        }
        turn.span().set_attribute(KeyValue::new("output.value", call.output.to_owned()));
        turn.span().end();
    }

    fn flush(&self) -> Result<(), Failure> {
        Ok(self.provider.force_flush()?)
    }

    fn stop(self) {
        // Its answer tells of the last batch only.
        self.provider.shutdown().ok();
    }
}
