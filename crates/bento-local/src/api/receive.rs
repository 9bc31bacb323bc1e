//! `POST /v1/traces`: from a request to a body that is stored.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::HttpBody as _;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::Backend;
use super::body;
use super::guard::{self, KeyError};
use super::problem::Problem;
use crate::ingest::{Body, Encoding, Refusals};

/// KiB of large bodies that are read or wait to be stored at one time.
const LARGE: u32 = 48 << 10;

/// KiB of small ones, which never wait for large ones.
const SMALL: u32 = 16 << 10;

/// KiB of the largest body that is small.
const LARGEST_SMALL: u32 = 1 << 10;

/// How long a body waits for room.
const QUEUE: Duration = Duration::from_secs(10);

/// How long a body that has been read waits to be stored.
const STORE: Duration = Duration::from_secs(30);

/// Where bodies are taken in.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    backend: Arc<Backend>,
    room: Room,
}

/// What bodies may take of the memory, however many send at once.
#[derive(Clone, Debug)]
struct Room {
    large: Arc<Semaphore>,
    small: Arc<Semaphore>,
}

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

impl Desk {
    pub(super) fn new(backend: Arc<Backend>) -> Self {
        Self { backend, room: Room::new() }
    }
}

impl Room {
    fn new() -> Self {
        let [large, small] = [LARGE, SMALL].map(|room| Arc::new(Semaphore::new(room as usize)));
        Self { large, small }
    }

    /// Waits for room for a body: for what it announces, or for the most it may have. It is taken in one go, since two who
    /// each hold a part could wait for each other.
    async fn take(
        &self,
        announced: Option<u64>,
        most: usize,
        patience: Duration,
    ) -> Result<OwnedSemaphorePermit, Problem> {
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        let kib = announced.unwrap_or(most).min(most).div_ceil(1024);
        let kib = u32::try_from(kib).unwrap_or(LARGE).min(LARGE);
        let room = if kib <= LARGEST_SMALL { &self.small } else { &self.large };
        match timeout(patience, Arc::clone(room).acquire_many_owned(kib)).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many bodies are being received")),
        }
    }
}

pub(super) async fn traces(State(desk): State<Desk>, request: Request) -> Result<Json<Accepted>, Problem> {
    let (head, mut body) = request.into_parts();
    let answer = receive(&desk, &head.headers, &mut body).await;
    if answer.is_err() {
        body::discard(&mut body, body::LINGER).await;
    }
    answer
}

async fn receive(
    desk: &Desk,
    headers: &HeaderMap,
    body: &mut axum::body::Body,
) -> Result<Json<Accepted>, Problem> {
    let workspace = check_key(headers)?;
    check_content_type(headers)?;
    let encoding = encoding(headers)?;
    let room = desk.room.take(body.size_hint().upper(), desk.backend.limits.body, QUEUE).await?;
    let wire = body::read(body, desk.backend.limits.body, body::PATIENCE).await?;
    let intake = desk.backend.intake.clone();
    // On a task of its own, so that a body whose sender has hung up keeps its room as long as it is in memory.
    let stored = tokio::spawn(async move {
        let outcome = intake.store(Body { workspace, encoding, wire }).await;
        drop(room);
        outcome
    });
    match timeout(STORE, stored).await {
        Ok(Ok(outcome)) => Ok(Json(Accepted { partial_success: partial_success(outcome?) })),
        Ok(Err(_)) => {
            Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the body could not be handed over"))
        }
        Err(_) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the body was not stored in time")),
    }
}

/// The form of the key is all that can be checked: a local server knows no accounts. What follows the form is the
/// workspace that the key asks for.
fn check_key(headers: &HeaderMap) -> Result<String, Problem> {
    match guard::public_key(headers) {
        Ok(workspace) => Ok(workspace.to_owned()),
        Err(KeyError::Missing) => Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "there is no key; send Authorization: Bearer bl_pk_… (locally, any key of that form will do)",
        )),
        Err(KeyError::Form) => {
            Err(Problem::new(StatusCode::UNAUTHORIZED, "the key is not of the form Bearer bl_pk_…"))
        }
    }
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Problem> {
    let Err(media) = body::expect_json(headers) else { return Ok(()) };
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
fn partial_success(refusals: Option<Refusals>) -> Option<PartialSuccess> {
    let Refusals { count, first } = refusals?;
    let error_message = if count == 1 { first } else { format!("{first} (and {} more)", count - 1) };
    Some(PartialSuccess { rejected_spans: count.to_string(), error_message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn many_bodies_at_once_wait_for_room_and_not_for_ever() {
        let room = Room::new();
        let take = |announced| room.take(announced, 16 << 20, Duration::from_millis(10));
        let mut held = Vec::new();
        while let Ok(permit) = take(None).await {
            held.push(permit);
        }
        assert_eq!(held.len(), 3, "who announces nothing may send 16 MiB");
        assert!(take(Some((1 << 20) + 1)).await.is_err() && take(Some(0)).await.is_ok());
        held.clear();
        for _ in 0..8 {
            held.extend(take(Some(u64::MAX / 2)).await);
        }
        assert_eq!(held.len(), 3, "no body is taken for larger than it may be");
        let mut small = Vec::new();
        while let Ok(permit) = take(Some(1 << 20)).await {
            small.push(permit);
        }
        assert_eq!(small.len(), 16, "a small body never waits for large ones");
        held.clear();
        let all = room.take(None, usize::MAX, Duration::from_millis(10)).await;
        assert!(all.is_ok(), "a limit above all the room takes all of it");
    }
}
