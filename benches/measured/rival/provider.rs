//! The rival: OpenTelemetry with its batch processor, sending gzipped OTLP/JSON over a connection that is kept.

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Compression, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::trace::SdkTracerProvider;

/// A provider that sends to `url`.
pub(crate) fn start(url: &str) -> Result<SdkTracerProvider, Box<dyn Error>> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Client(ureq::Agent::new_with_defaults()))
        .with_endpoint(format!("{url}/v1/traces"))
        .with_protocol(Protocol::HttpJson)
        .with_compression(Compression::Gzip)
        .with_timeout(Duration::from_secs(10))
        .build()?;
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).build())
}

/// The HTTP client that bento uses too: what is compared is not the client.
#[derive(Debug)]
struct Client(ureq::Agent);

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let mut answer = self.0.run(Request::from_parts(head, &*body))?;
        let body = answer.body_mut().read_to_vec()?;
        let mut plain = Response::new(Bytes::from(body));
        *plain.status_mut() = answer.status();
        Ok(plain)
    }
}
