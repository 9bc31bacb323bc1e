//! Already on OpenTelemetry: Bento as a second span processor of the host's provider, beside the host's own exporter.
//!
//! `cargo run --example existing_otel`
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use bento_local::{Config, Server};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Status, TraceContextExt, Tracer, TracerProvider};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, SpanData, SpanExporter};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start(Config::default())?;
    let _bento = bento::builder().api_key("bl_pk_local").base_url(server.url()).init()?;

    let provider = SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_service_name("shop").build())
        .with_simple_exporter(Console)
        .with_span_processor(bento::otel::SpanProcessor::new())
        .build();
    agent(&provider.tracer("agent"));

    bento::flush(Duration::from_secs(5))?;
    for run in server.runs()? {
        println!("{}", run.tree());
    }
    Ok(())
}

/// The host's code stays as it is. The backend reads OpenTelemetry's own GenAI attributes.
fn agent(tracer: &SdkTracer) {
    tracer.in_span("user_turn", |turn| {
        turn.span().set_attribute(KeyValue::new("gen_ai.user.id", "u42"));
        tracer.in_span("plan", |plan| {
            plan.span().set_attributes([
                KeyValue::new("gen_ai.request.model", "gpt-4o"),
                KeyValue::new("gen_ai.usage.input_tokens", 212),
                KeyValue::new("gen_ai.usage.output_tokens", 31),
            ]);
        });
        tracer.in_span("search", |search| {
            search.span().set_attribute(KeyValue::new("openinference.span.kind", "tool"));
            search.span().set_status(Status::error("timeout: upstream did not answer"));
        });
    });
}

/// Stands for the exporter that the host had before.
#[derive(Debug)]
struct Console;

impl SpanExporter for Console {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        for span in batch {
            println!("the host's exporter got {}", span.name);
        }
        Ok(())
    }
}
