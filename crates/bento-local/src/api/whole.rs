//! A run with all its spans as one body, written while it is read: in memory are the spans of one piece.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use http_body_util::channel::{Channel, Sender};
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::Backend;
use super::problem::Problem;
use super::rows::{FullSpan, RunRow};
use crate::store::{Detail, SpanQuery, Store};
use crate::{SpanId, Summary, TraceId};

/// Bytes of the texts in a piece; the last span of it may have more.
const PIECE: usize = 256 << 10;

/// Spans of a piece.
const SPANS: usize = 1_000;

/// How long a reader may take for a piece. It may be a person with a pager, and while it pauses it holds a piece in memory.
const PATIENCE: Duration = Duration::from_secs(600);

/// A run and its spans.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunBody)]
pub(super) struct Whole {
    /// What the spans add up to.
    trace: RunRow,
    /// By start time.
    spans: Vec<FullSpan>,
}

/// Why a body breaks off. The reader sees that it does; the reason is for whoever looks at the server.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("the reader is gone, or takes too long")]
    Reader,
    #[error(transparent)]
    Store(#[from] Problem),
    #[error("the run was removed")]
    Removed,
}

/// Spans as text, and how the run goes on.
struct Piece {
    json: Vec<u8>,
    spans: usize,
    last: Option<SpanId>,
    more: bool,
}

pub(super) fn stream(backend: Arc<Backend>, workspace: &str, run: Summary) -> Response {
    let (mut pieces, body) = Channel::<Bytes, Broken>::new(1);
    let workspace = workspace.to_owned();
    tokio::spawn(async move {
        if let Err(broken) = write(&backend, &workspace, run, &mut pieces).await {
            pieces.abort(broken);
        }
    });
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], Body::new(body)).into_response()
}

async fn write(
    backend: &Backend,
    workspace: &str,
    run: Summary,
    pieces: &mut Sender<Bytes, Broken>,
) -> Result<(), Broken> {
    let (trace_id, expected) = (run.trace_id, run.span_count);
    let mut json = b"{\"trace\":".to_vec();
    write_json(&mut json, &RunRow::of(workspace, run))?;
    json.extend(b",\"spans\":[");
    let (mut written, mut last) = (0, None);
    loop {
        let piece = backend.ask(move |store| Piece::read(store, trace_id, last)).await?;
        if written > 0 && piece.spans > 0 {
            json.push(b',');
        }
        written += piece.spans;
        json.extend(&piece.json);
        if !piece.more {
            break;
        }
        last = piece.last;
        hand_over(pieces, std::mem::take(&mut json), PATIENCE).await?;
    }
    // A run that is let go of while it is read would seem to end here.
    if (written as u64) < expected {
        return Err(Broken::Removed);
    }
    json.extend(b"]}");
    hand_over(pieces, json, PATIENCE).await
}

async fn hand_over(
    pieces: &mut Sender<Bytes, Broken>,
    json: Vec<u8>,
    patience: Duration,
) -> Result<(), Broken> {
    match timeout(patience, pieces.send_data(json.into())).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(Broken::Reader),
    }
}

impl Piece {
    fn read(store: &dyn Store, id: TraceId, after_id: Option<SpanId>) -> Result<Self, Problem> {
        let detail = Detail::FullWithin(PIECE);
        let page = store.spans(id, &SpanQuery { after_id, ..SpanQuery::first(SPANS, detail) })?;
        let mut piece = Self { json: Vec::new(), spans: page.items.len(), last: None, more: page.more };
        for span in page.items {
            if piece.last.is_some() {
                piece.json.push(b',');
            }
            piece.last = Some(span.span_id);
            write_json(&mut piece.json, &FullSpan::of(span))?;
        }
        Ok(piece)
    }
}

fn write_json(json: &mut Vec<u8>, value: &impl Serialize) -> Result<(), Problem> {
    serde_json::to_writer(json.by_ref(), value).map_err(|error| Problem::internal(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reader_that_stalls_is_given_up() {
        // It is there and takes nothing.
        let (mut pieces, _body) = Channel::<Bytes, Broken>::new(1);
        let mut sent = 0;
        while hand_over(&mut pieces, vec![0], Duration::from_millis(10)).await.is_ok() {
            sent += 1;
        }
        assert_eq!(sent, 1);
    }
}
