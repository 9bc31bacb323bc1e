//! fastrace, which reports through OpenTelemetry's OTLP exporter as HTTP/JSON with gzip.

use std::borrow::Cow;
use std::time::Duration;

use fastrace::collector::Config;
use fastrace::local::LocalSpan;
use fastrace::prelude::{Span, SpanContext};
use fastrace_opentelemetry::OpenTelemetryReporter;
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{Compression, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use workloads::{Call, Contender, Failure, Settings, TOOLS, TURNS, Workload};

#[derive(Debug)]
pub struct Fastrace;

impl Contender for Fastrace {
    fn start(settings: Settings<'_>) -> Result<Self, Failure> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpJson)
            .with_compression(Compression::Gzip)
            .with_endpoint(format!("{}/v1/traces", settings.sink))
            .with_timeout(Duration::from_secs(10))
            .build()?;
        let resource =
            Resource::builder_empty().with_attribute(KeyValue::new("service.name", "rivals")).build();
        let reporter = OpenTelemetryReporter::new(
            exporter,
            Cow::Owned(resource),
            InstrumentationScope::builder("rivals").build(),
        );
        // Its default is to report once a second, and when a thread's ring is half full.
        fastrace::set_reporter(reporter, Config::default());
        Ok(Self)
    }

    /// A small span is three commands in a ring that takes 10,240, and there is one request for what a flush finds.
    fn chunk(workload: Workload) -> usize {
        if workload == Workload::W5 { 192 } else { 1_500 }
    }

    /// Its properties are texts, so the number becomes one.
    fn call(&self, call: &Call<'_>) {
        let _span = Span::root("user_message", SpanContext::random()).with_properties(|| {
            [
                ("gen_ai.user.id", call.user.to_owned()),
                ("gen_ai.conversation.id", call.conversation.to_owned()),
                ("gen_ai.request.model", call.model.to_owned()),
                ("gen_ai.system", call.provider.to_owned()),
                ("input.value", call.input.to_owned()),
                ("output.value", call.output.to_owned()),
                ("experiment", call.experiment.to_string()),
                ("channel", call.channel.to_owned()),
            ]
        });
    }

    fn trajectory(&self, call: &Call<'_>) {
        let turn = Span::root("user_turn", SpanContext::random()).with_properties(|| {
            [
                ("gen_ai.user.id", Cow::from(call.user.to_owned())),
                ("gen_ai.conversation.id", Cow::from(call.conversation.to_owned())),
                ("input.value", Cow::from(call.input.to_owned())),
            ]
        });
        {
            let _turn = turn.set_local_parent();
            for name in TOOLS {
                let tool = LocalSpan::enter_with_local_parent(name).with_properties(|| {
                    [
                        ("openinference.span.kind", Cow::from("tool")),
                        ("input.value", Cow::from(call.input.to_owned())),
                    ]
                });
                let _tool = tool.with_property(|| ("output.value", call.output.to_owned()));
            }
            for event in TURNS {
                let _call = LocalSpan::enter_with_local_parent(event).with_properties(|| {
                    [
                        ("gen_ai.request.model", Cow::from(call.model.to_owned())),
                        ("gen_ai.system", Cow::from(call.provider.to_owned())),
                        ("input.value", Cow::from(call.input.to_owned())),
                        ("output.value", Cow::from(call.output.to_owned())),
                    ]
                });
            }
        }
        turn.add_property(|| ("output.value", call.output.to_owned()));
    }

    fn flush(&self) -> Result<(), Failure> {
        fastrace::flush();
        Ok(())
    }

    fn stop(self) {
        fastrace::flush();
    }
}
