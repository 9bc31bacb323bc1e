//! Reading runs and spans back. Open to everyone on this machine; rows are flat, lists are pages.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::Backend;
use super::problem::Problem;
use crate::{Run, RunStatus, Span, SpanId, SpanStatus, Timestamp, TraceId};

/// The one workspace there is.
const WORKSPACE: &str = "local";

#[derive(Debug, Serialize)]
pub(super) struct Page<T> {
    items: Vec<T>,
    /// What to send as cursor for the rest; null where there is none.
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Workspace {
    id: &'static str,
    name: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Health {
    status: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct SpanRow {
    id: SpanId,
    duration_ms: f64,
    #[serde(flatten)]
    span: Arc<Span>,
}

#[derive(Debug, Serialize)]
pub(super) struct RunRow {
    id: TraceId,
    trace_id: TraceId,
    name: String,
    status: RunStatus,
    start_time: Timestamp,
    end_time: Timestamp,
    duration_ms: f64,
    span_count: usize,
    input_tokens: u64,
    output_tokens: u64,
    total_tokens: u64,
    models: Vec<String>,
    user_id: Option<String>,
    session_id: Option<String>,
    tags: Vec<String>,
    version: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SpansQuery {
    limit: Option<usize>,
    after: Option<String>,
    after_id: Option<String>,
    status: Option<SpanStatus>,
}

#[derive(Debug, Deserialize)]
pub(super) struct TracesQuery {
    limit: Option<usize>,
    cursor: Option<String>,
}

pub(super) async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}

pub(super) async fn workspaces() -> Json<[Workspace; 1]> {
    Json([Workspace { id: WORKSPACE, name: WORKSPACE }])
}

pub(super) async fn trace(
    State(backend): State<Arc<Backend>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<RunRow>, Problem> {
    run(&backend, &segment(id)).map(|run| Json(RunRow::of(run)))
}

pub(super) async fn spans(
    State(backend): State<Arc<Backend>>,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<SpansQuery>, QueryRejection>,
) -> Result<Json<Page<SpanRow>>, Problem> {
    let Query(query) = query.map_err(|rejection| bad_query(&rejection))?;
    let limit = limit(query.limit, 1000, 10_000)?;
    let spans = run(&backend, &segment(id))?.spans;
    let from = start(&spans, &query)?;
    let mut rest =
        spans.into_iter().skip(from).filter(|span| query.status.is_none_or(|status| span.status == status));
    let items: Vec<_> = rest.by_ref().take(limit).map(SpanRow::of).collect();
    let next_cursor = rest.next().and(items.last()).map(|row| row.id.to_string());
    Ok(Json(Page { items, next_cursor }))
}

pub(super) async fn traces(
    State(backend): State<Arc<Backend>>,
    workspace: Result<Path<String>, PathRejection>,
    query: Result<Query<TracesQuery>, QueryRejection>,
) -> Result<Json<Page<RunRow>>, Problem> {
    let workspace = segment(workspace);
    if workspace != WORKSPACE {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            format!("there is no workspace {workspace:?}, only {WORKSPACE:?}"),
        ));
    }
    let Query(query) = query.map_err(|rejection| bad_query(&rejection))?;
    let limit = limit(query.limit, 100, 1000)?;
    let ids = backend.store.newest_first();
    let from = match &query.cursor {
        None => 0,
        Some(cursor) => 1 + position(&ids, "cursor", cursor, |id| *id)?,
    };
    let rest = ids.get(from..).unwrap_or_default();
    let page = &rest[..rest.len().min(limit)];
    let items =
        page.iter().filter_map(|id| backend.store.spans(*id)).filter_map(Run::of).map(RunRow::of).collect();
    let next_cursor = page.last().filter(|_| rest.len() > page.len()).map(TraceId::to_string);
    Ok(Json(Page { items, next_cursor }))
}

/// A segment that is not even text names nothing that is here.
fn segment(path: Result<Path<String>, PathRejection>) -> String {
    path.map(|Path(segment)| segment).unwrap_or_default()
}

fn run(backend: &Backend, id: &str) -> Result<Run, Problem> {
    let known = id.parse().ok().and_then(|id| backend.store.spans(id)).and_then(Run::of);
    known.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, format!("there is no trace {id:?} here")))
}

/// Where the page begins: behind the span `after_id`, or behind the moment `after`; with both, at whichever is later.
fn start(spans: &[Arc<Span>], query: &SpansQuery) -> Result<usize, Problem> {
    let behind_id = match &query.after_id {
        None => 0,
        Some(id) => 1 + position(spans, "after_id", id, |span| span.span_id)?,
    };
    let behind_time = match &query.after {
        None => 0,
        Some(text) => {
            let moment = Timestamp::from_rfc3339(text)
                .ok_or_else(|| unprocessable(format!("after: {text:?} is not an RFC 3339 time")))?;
            spans.partition_point(|span| span.start_time <= moment)
        }
    };
    Ok(behind_id.max(behind_time))
}

fn position<T, I>(items: &[T], parameter: &str, cursor: &str, id: impl Fn(&T) -> I) -> Result<usize, Problem>
where
    I: PartialEq + std::str::FromStr,
{
    let wanted = cursor.parse::<I>().ok();
    let found = items.iter().position(|item| Some(id(item)) == wanted);
    found.ok_or_else(|| unprocessable(format!("{parameter}: there is no {cursor:?} in this list")))
}

fn limit(asked: Option<usize>, default: usize, most: usize) -> Result<usize, Problem> {
    match asked.unwrap_or(default) {
        limit if (1..=most).contains(&limit) => Ok(limit),
        limit => Err(unprocessable(format!("limit: {limit} is not between 1 and {most}"))),
    }
}

fn bad_query(rejection: &QueryRejection) -> Problem {
    unprocessable(rejection.body_text())
}

fn unprocessable(detail: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
}

impl SpanRow {
    fn of(span: Arc<Span>) -> Self {
        Self { id: span.span_id, duration_ms: span.duration().as_secs_f64() * 1e3, span }
    }
}

impl RunRow {
    fn of(run: Run) -> Self {
        Self {
            id: run.trace_id,
            trace_id: run.trace_id,
            status: run.status,
            start_time: run.start_time,
            end_time: run.end_time,
            duration_ms: run.duration().as_secs_f64() * 1e3,
            span_count: run.spans.len(),
            input_tokens: run.input_tokens,
            output_tokens: run.output_tokens,
            total_tokens: run.input_tokens.saturating_add(run.output_tokens),
            name: run.name,
            models: run.models,
            user_id: run.user_id,
            session_id: run.session_id,
            tags: run.tags,
            version: run.version,
        }
    }
}
