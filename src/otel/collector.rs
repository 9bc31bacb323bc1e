//! The route through an OpenTelemetry Collector: opentelemetry-otlp writes the protobuf, our transport carries it.
//!
//! Its own HTTP clients bound a request per read only, follow redirects, and add the headers of the host's environment.

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, RetryPolicy, WithExportConfig, WithHttpConfig};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use opentelemetry_sdk::trace::SpanExporter;
use prost::Message;

use super::{convert, route};
use crate::credential::BaseUrl;
use crate::error::BaseUrlError;
use crate::export::{
    Bounds, Export, GZIP_LEVEL, Peer, Transport, Verdict, classify, presentable, unanswered,
};
use crate::pipeline::Route;
use crate::record::SpanRecord;

/// Why a Collector cannot be used.
///
/// ```
/// let error = bento::otel::collector("localhost:4318").unwrap_err();
/// assert!(matches!(error, bento::otel::CollectorError::Endpoint(bento::BaseUrlError::MissingScheme)));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectorError {
    /// The endpoint cannot be used.
    #[error("invalid endpoint of the Collector: {0}")]
    Endpoint(#[from] BaseUrlError),
    /// The exporter could not be built.
    #[error("the exporter for the Collector could not be built: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
}

/// Sends the batches of the worker to an OpenTelemetry Collector, as gzipped OTLP/HTTP protobuf, to `endpoint` and
/// `/v1/traces`.
///
/// Deadlines, retries, `Retry-After`, partial success and accounts are those of the Bento backend. No key is sent.
///
/// ```
/// let route = bento::otel::collector("http://localhost:4318")?;
/// let _bento = bento::builder().route(route).init()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`CollectorError::Endpoint`] says what is wrong with the endpoint.
pub fn collector(endpoint: &str) -> Result<Route, CollectorError> {
    let url = BaseUrl::parse(endpoint)?.traces();
    let exchange = Arc::new(Exchange::new(url.clone()));
    let mut exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_http_client(Client(Arc::clone(&exchange)))
        .with_endpoint(url)
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(Duration::MAX)
        .with_retry_policy(RetryPolicy::disabled())
        .build()?;
    Ok(Route::new(move |resource| {
        exporter.set_resource(&convert::sdk_resource(resource));
        let exporter = Arc::new(exporter);
        Box::new(move || {
            Box::new(Collector { exporter: Arc::clone(&exporter), exchange: Arc::clone(&exchange) })
        })
    }))
}

struct Collector {
    exporter: Arc<opentelemetry_otlp::SpanExporter>,
    exchange: Arc<Exchange>,
}

impl Export for Collector {
    fn export(&mut self, batch: &[&SpanRecord], deadline: Instant) -> Verdict {
        self.exchange.begin(deadline);
        let spans = batch.iter().map(|span| convert::span_data(span)).collect();
        let exported = route::block_on(self.exporter.export(spans), deadline);
        // The exporter reduces an answer to a text; what it meant is told by the exchange.
        self.exchange.end().unwrap_or_else(|| route::verdict(exported))
    }
}

/// One request at a time, and what came of it.
struct Exchange(Mutex<State>);

struct State {
    transport: Transport,
    deadline: Instant,
    verdict: Option<Verdict>,
}

impl Exchange {
    fn new(url: String) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        let transport = Transport::new(url, headers, None, Bounds::default());
        Self(Mutex::new(State { transport, deadline: Instant::now(), verdict: None }))
    }

    fn begin(&self, deadline: Instant) {
        let mut state = self.state();
        (state.deadline, state.verdict) = (deadline, None);
    }

    fn end(&self) -> Option<Verdict> {
        self.state().verdict.take()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What opentelemetry-otlp sends through. Of its request only the body counts: the headers may come from the host's
/// environment.
struct Client(Arc<Exchange>);

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let body = gzipped(&request)?;
        let State { transport, deadline, verdict } = &mut *self.0.state();
        let answer = match transport.post(&body, *deadline) {
            Ok(answer) => answer,
            Err(error) => {
                *verdict = Some(unanswered(&error));
                return Err(error.into());
            }
        };
        let response = ExportTraceServiceResponse::decode(&*answer.body);
        *verdict = Some(match (classify(&answer, Peer::Collector), response) {
            (Verdict::Accepted { .. }, Ok(response)) => accepted(response),
            (verdict, _) => verdict,
        });
        Ok(Response::builder().status(answer.status).body(answer.body.into())?)
    }
}

fn accepted(response: ExportTraceServiceResponse) -> Verdict {
    let partial = response.partial_success.unwrap_or_default();
    Verdict::Accepted {
        rejected: u64::try_from(partial.rejected_spans).unwrap_or(0),
        message: presentable(&partial.error_message),
    }
}

/// The body, compressed unless the exporter has done so.
fn gzipped(request: &Request<Bytes>) -> std::io::Result<Vec<u8>> {
    if request.headers().get(CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip") {
        return Ok(request.body().to_vec());
    }
    let mut encoder = GzEncoder::new(Vec::new(), GZIP_LEVEL);
    encoder.write_all(request.body())?;
    encoder.finish()
}
