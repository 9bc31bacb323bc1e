//! `POST /v1/traces`: from a request to stored spans.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use serde::Serialize;

use super::Backend;
use super::body::{self, BodyError};
use super::problem::{Problem, shorten};
use crate::ingest::{Body, Encoding, IngestError};
use crate::otlp::Rejected;

/// An `ExportTraceServiceResponse`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Accepted {
    #[serde(skip_serializing_if = "Option::is_none")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PartialSuccess {
    /// A 64-bit integer, which OTLP/JSON writes as a string.
    rejected_spans: String,
    error_message: String,
}

/// Inflating and decoding happen on the server's one thread: one body at a time, so that the memory they take is bounded
/// however many clients send at once.
pub(super) async fn traces(
    State(backend): State<Arc<Backend>>,
    request: Request,
) -> Result<Json<Accepted>, Problem> {
    let (head, mut body) = request.into_parts();
    let answer = receive(&backend, &head.headers, &mut body).await;
    if answer.is_err() {
        body::discard(&mut body, body::LINGER).await;
    }
    answer
}

async fn receive(
    backend: &Backend,
    headers: &HeaderMap,
    body: &mut axum::body::Body,
) -> Result<Json<Accepted>, Problem> {
    check_key(headers)?;
    check_content_type(headers)?;
    let encoding = encoding(headers)?;
    let wire = body::read(body, backend.limits.body, body::PATIENCE).await?;
    let rejected = backend.intake.store(Body { workspace: "local".to_owned(), encoding, wire }).await?;
    Ok(Json(Accepted { partial_success: partial_success(&rejected) }))
}

/// The form of the key is all that can be checked: a local server knows no accounts.
fn check_key(headers: &HeaderMap) -> Result<(), Problem> {
    let refuse = |detail: &str| Err(Problem::new(StatusCode::UNAUTHORIZED, detail));
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return refuse(
            "there is no key; send Authorization: Bearer bl_pk_… (locally, any key of that form will do)",
        );
    };
    let key = value.to_str().ok().and_then(|text| text.split_once(' ')).and_then(|(scheme, rest)| {
        let key = rest.trim_start().strip_prefix("bl_pk_")?;
        scheme.eq_ignore_ascii_case("bearer").then_some(key)
    });
    match key {
        Some(key) if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(()),
        _ => refuse("the key is not of the form Bearer bl_pk_…"),
    }
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Problem> {
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = sent.split(';').next().unwrap_or_default().trim();
    if media.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let detail = if media.eq_ignore_ascii_case("application/x-protobuf") {
        "protobuf is not accepted; send OTLP as JSON, e.g. with OTEL_EXPORTER_OTLP_PROTOCOL=http/json"
            .to_owned()
    } else {
        format!(
            "the Content-Type is {media:?} instead of application/json; send OTLP as JSON, e.g. with \
             OTEL_EXPORTER_OTLP_PROTOCOL=http/json"
        )
    };
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, Problem> {
    let sent = headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?").trim());
    match sent {
        None => Ok(Encoding::Identity),
        Some(name) if name.eq_ignore_ascii_case("identity") => Ok(Encoding::Identity),
        Some(name) if name.eq_ignore_ascii_case("gzip") => Ok(Encoding::Gzip),
        Some(other) => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("the Content-Encoding {other:?} is not known; send gzip or none"),
        )),
    }
}

/// Names the first reason and counts the rest.
fn partial_success(rejected: &[Rejected]) -> Option<PartialSuccess> {
    let (first, others) = rejected.split_first()?;
    let first = shorten(first.to_string());
    let error_message =
        if others.is_empty() { first } else { format!("{first} (and {} more)", others.len()) };
    Some(PartialSuccess { rejected_spans: rejected.len().to_string(), error_message })
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        let status = match error {
            BodyError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            BodyError::TooSlow => StatusCode::REQUEST_TIMEOUT,
            BodyError::Broken(_) => StatusCode::BAD_REQUEST,
        };
        Self::new(status, error.to_string())
    }
}

impl From<IngestError> for Problem {
    fn from(error: IngestError) -> Self {
        let status = match error {
            IngestError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            IngestError::NotGzip(_) | IngestError::Decode(_) => StatusCode::BAD_REQUEST,
            IngestError::Store(_) | IngestError::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            IngestError::Hook => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}
