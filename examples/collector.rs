//! Through an OpenTelemetry Collector: the worker hands its batches over as OTLP/HTTP protobuf.
//!
//! `COLLECTOR_ENDPOINT=http://localhost:4318 cargo run --example collector` sends to a real one. Without the variable
//! a stand-in on loopback prints the names of the spans it gets.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env;
use std::io::Read;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint = match env::var("COLLECTOR_ENDPOINT") {
        Ok(endpoint) if !endpoint.is_empty() => endpoint,
        _ => stand_in().await?,
    };
    let route = bento::otel::collector(&endpoint)?;
    let _bento = bento::builder().route(route).service_name("shop").init()?;

    bento::begin("user_turn").enter(|turn| {
        bento::track_ai("plan").model("gpt-4o").tokens(212, 31).send();
        bento::tool_span("search").output("12 hits").send();
        turn.output("done");
    });

    bento::flush_async(Duration::from_secs(5)).await?;
    println!("{} spans went to {endpoint}", bento::status().delivered());
    Ok(())
}

/// As little of a Collector as will do: it takes batches and answers that all is well.
async fn stand_in() -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let collector = axum::serve(listener, Router::new().route("/v1/traces", post(receive))).into_future();
    tokio::spawn(collector);
    Ok(endpoint)
}

async fn receive(body: Bytes) -> Result<Vec<u8>, StatusCode> {
    let mut protobuf = Vec::new();
    GzDecoder::new(&body[..]).read_to_end(&mut protobuf).map_err(|_| StatusCode::BAD_REQUEST)?;
    let batch = ExportTraceServiceRequest::decode(&*protobuf).map_err(|_| StatusCode::BAD_REQUEST)?;
    for span in batch.resource_spans.iter().flat_map(|r| &r.scope_spans).flat_map(|s| &s.spans) {
        println!("the collector got {}, {} attributes", span.name, span.attributes.len());
    }
    // An empty answer is the protobuf of "accepted".
    Ok(Vec::new())
}
