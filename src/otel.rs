//! For those already on OpenTelemetry: the only module in which OpenTelemetry's types are public.
//!
//! Spans of a tracer that exists already go to Bento through [`SpanProcessor`] or [`SpanExporter`], with the same
//! transport, limits and accounts as spans of this SDK:
//!
//! ```
//! use opentelemetry::trace::{Tracer, TracerProvider};
//! use opentelemetry_sdk::trace::SdkTracerProvider;
//!
//! # fn main() -> Result<(), bento::InitError> {
//! # let _bento = bento::builder().api_key("bl_pk_docs").base_url("http://127.0.0.1:9").init()?;
//! let provider = SdkTracerProvider::builder().with_span_processor(bento::otel::SpanProcessor::new()).build();
//! provider.tracer("agent").in_span("plan", |_| { /* … */ });
//! # bento::shutdown(std::time::Duration::ZERO).ok();
//! # Ok(())
//! # }
//! ```
//!
//! The other way round, the worker can hand its batches to any exporter ([`route`]), or to an OpenTelemetry Collector
//! over OTLP/HTTP protobuf ([`collector`]), which is how a fleet outgrows one machine:
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let _bento = bento::builder().route(bento::otel::collector("http://localhost:4318")?).init()?;
//! # Ok(())
//! # }
//! ```
//!
//! The host's redaction hooks ([`Builder::redact`](crate::Builder::redact)) and its ratio of traces
//! ([`Builder::sample`](crate::Builder::sample)) hold for these spans too.
//!
//! None of OpenTelemetry's environment variables is obeyed, and its globals are never touched.

mod collector;
mod convert;
mod route;

use std::sync::Arc;
use std::time::{Duration, Instant};

use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::SpanData;

pub use collector::{CollectorError, collector};
pub use route::route;

use crate::pipeline::Telling;
use crate::record::Resource;
use crate::scope::current;
use crate::{DeliveryError, init, running};

/// How long an export or a forced flush waits for the backend.
const LONGEST: Duration = Duration::from_secs(10);

/// Sends the spans of an existing tracer provider to Bento; its own batching stays in force.
///
/// Use it with a batch processor: `export` waits up to ten seconds for the backend, which a simple processor would do on
/// the thread that ends a span. [`SpanProcessor`] never waits.
///
/// `export` ends when the batch was accepted or lost, so that a forced flush of the provider tells the truth. Where
/// nothing else demands it, [`SpanProcessor`] is the shorter way: it needs no second queue.
///
/// ```
/// use opentelemetry_sdk::trace::SdkTracerProvider;
///
/// let provider = SdkTracerProvider::builder().with_batch_exporter(bento::otel::SpanExporter::new()).build();
/// ```
#[derive(Debug, Default)]
pub struct SpanExporter {
    resource: Arc<Resource>,
}

/// Sends the spans of an existing tracer provider to Bento through the queue of this SDK, as they end.
///
/// ```
/// use opentelemetry_sdk::trace::SdkTracerProvider;
///
/// let provider = SdkTracerProvider::builder().with_span_processor(bento::otel::SpanProcessor::new()).build();
/// ```
#[derive(Debug, Default)]
pub struct SpanProcessor {
    resource: Arc<Resource>,
}

impl SpanExporter {
    /// An exporter for the SDK that runs, which the first span starts from the environment if need be.
    ///
    /// ```
    /// let exporter = bento::otel::SpanExporter::new(); // starts nothing yet
    /// assert!(!bento::status().is_running());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }
}

impl SpanProcessor {
    /// A processor for the SDK that runs, which the first span starts from the environment if need be.
    ///
    /// ```
    /// let processor = bento::otel::SpanProcessor::new(); // starts nothing yet
    /// assert!(!bento::status().is_running());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }
}

impl opentelemetry_sdk::trace::SpanExporter for SpanExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let client = running::client(&current());
        let kept =
            batch.into_iter().filter(|span| convert::trace_of(span).is_none_or(|id| client.admits(id)));
        let records = kept.map(|span| Box::new(convert::record(span, &self.resource, client.limits)));
        let start = Instant::now();
        let delivered = client.deliver(records, start + LONGEST).await;
        if let Some(running) = running::latest() {
            running.note(start, &delivered, Telling::Told);
        }
        told(delivered)
    }

    fn force_flush(&self) -> OTelSdkResult {
        told(init::flush(LONGEST))
    }

    /// Flushes. The SDK runs on: it may have other users.
    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        told(init::flush(timeout))
    }

    fn set_resource(&mut self, resource: &opentelemetry_sdk::Resource) {
        self.resource = convert::resource(resource);
    }
}

impl opentelemetry_sdk::trace::SpanProcessor for SpanProcessor {
    fn on_start(&self, _: &mut opentelemetry_sdk::trace::Span, _: &opentelemetry::Context) {}

    fn on_end(&self, span: SpanData) {
        // The host may record a span for its own eyes only.
        if span.span_context.is_sampled() {
            accept(span, &self.resource);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        told(init::flush(LONGEST))
    }

    /// Flushes. The SDK runs on: it may have other users.
    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        told(init::flush(timeout))
    }

    fn set_resource(&mut self, resource: &opentelemetry_sdk::Resource) {
        self.resource = convert::resource(resource);
    }
}

fn accept(span: SpanData, resource: &Arc<Resource>) {
    let client = running::client(&current());
    if convert::trace_of(&span).is_none_or(|id| client.admits(id)) {
        client.pass_on(Box::new(convert::record(span, resource, client.limits)));
    }
}

fn told(delivered: Result<(), DeliveryError>) -> OTelSdkResult {
    delivered.map_err(|error| OTelSdkError::InternalFailure(error.to_string()))
}
