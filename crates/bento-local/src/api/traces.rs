//! The group `traces`: runs and their spans.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::filters::{Filters, Paging};
use super::parameters::{InWorkspace, Limit, Moment, OfSpan, OfTrace, Path, Query};
use super::problem::Problem;
use super::rows::{Finding, FullSpan, List, RunRow, SpanRow};
use super::{Backend, order, whole};
use crate::store::{Detail, SpanQuery, Store};
use crate::{SpanId, SpanStatus, Summary, TraceId};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SpanPaging {
    /// How many rows at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 10_000, default = 1000)]
    limit: Limit<1000, 10_000>,
    /// The spans that started after this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    after: Option<Moment>,
    /// The spans that come after this one, such as the `next_cursor` of the page before.
    #[param(inline)]
    after_id: Option<SpanId>,
    /// How the span ended; `PENDING` if it has not.
    #[param(inline)]
    status: Option<SpanStatus>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfRun {
    /// The run that the span is looked for in.
    #[param(inline)]
    trace_id: Option<TraceId>,
}

pub(super) fn routes() -> OpenApiRouter<Arc<Backend>> {
    OpenApiRouter::new()
        .routes(routes!(list_traces))
        .routes(routes!(get_trace))
        .routes(routes!(get_trace_body))
        .routes(routes!(list_trace_spans))
        .routes(routes!(list_trace_issues))
        .routes(routes!(get_span))
}

/// List the runs of a workspace
///
/// A run is everything with one trace id. The list stays stable while runs arrive: no page repeats a run or leaves one
/// out, as long as what the list is put in order by does not change.
#[utoipa::path(get, path = "/workspaces/{workspace_id}/traces", tag = "traces", params(InWorkspace, Filters, Paging), responses((status = OK, description = "A page of runs", body = List<RunRow>)))]
async fn list_traces(
    State(backend): State<Arc<Backend>>,
    Path(InWorkspace { workspace_id }): Path<InWorkspace>,
    Query(filters): Query<Filters>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<RunRow>>, Problem> {
    let (query, order) = paging.of(workspace_id, filters)?;
    let answer = backend.ask(move |store| order::list(store, &query, order, RunRow::of));
    Ok(Json(answer.await?))
}

/// Get a run
///
/// What its spans add up to, without the spans.
#[utoipa::path(get, path = "/traces/{trace_id}", tag = "traces", params(OfTrace), responses((status = OK, description = "The run", body = RunRow)))]
async fn get_trace(
    State(backend): State<Arc<Backend>>,
    Path(OfTrace { trace_id }): Path<OfTrace>,
) -> Result<Json<RunRow>, Problem> {
    let (workspace, run) = backend.ask(move |store| expect(store, trace_id)).await?;
    Ok(Json(RunRow::of(&workspace, run)))
}

/// Get a run with all its spans
///
/// The spans come by start time, with their inputs, outputs and attributes. The answer is written while it is read, and
/// breaks off where it cannot be finished.
#[utoipa::path(get, path = "/traces/{trace_id}/body", tag = "traces", params(OfTrace), responses((status = OK, description = "The run and its spans", body = whole::Whole)))]
async fn get_trace_body(
    State(backend): State<Arc<Backend>>,
    Path(OfTrace { trace_id }): Path<OfTrace>,
) -> Result<Response, Problem> {
    let (workspace, run) = backend.ask(move |store| expect(store, trace_id)).await?;
    Ok(whole::stream(backend, &workspace, run))
}

/// List the spans of a run
///
/// They come by start time and without their texts; `next_cursor` is what to give as `after_id`.
#[utoipa::path(get, path = "/traces/{trace_id}/spans", tag = "traces", params(OfTrace, SpanPaging), responses((status = OK, description = "A page of spans", body = List<SpanRow>)))]
async fn list_trace_spans(
    State(backend): State<Arc<Backend>>,
    Path(OfTrace { trace_id }): Path<OfTrace>,
    Query(paging): Query<SpanPaging>,
) -> Result<Json<List<SpanRow>>, Problem> {
    let query = SpanQuery {
        after: paging.after.map(|Moment(after)| after),
        after_id: paging.after_id,
        status: paging.status,
        limit: paging.limit.rows(),
        detail: Detail::Row,
    };
    let answer = backend.ask(move |store| {
        expect(store, trace_id)?;
        let page = store.spans(trace_id, &query)?;
        let next_cursor = page.items.last().filter(|_| page.more).map(|span| span.span_id.to_string());
        Ok(List { items: page.items.into_iter().map(SpanRow::of).collect(), next_cursor })
    });
    Ok(Json(answer.await?))
}

/// List the issues of a run
///
/// No issues are made yet, so that the list is empty.
#[utoipa::path(get, path = "/traces/{trace_id}/issues", tag = "traces", params(OfTrace), responses((status = OK, description = "The issues", body = List<Finding>)))]
async fn list_trace_issues(
    State(backend): State<Arc<Backend>>,
    Path(OfTrace { trace_id }): Path<OfTrace>,
) -> Result<Json<List<Finding>>, Problem> {
    backend.ask(move |store| expect(store, trace_id)).await?;
    Ok(Json(List::EMPTY))
}

/// Get a span
///
/// With its input, output, attributes and events. If several runs have a span of that id, it is the newest run's, unless one is
/// named.
#[utoipa::path(get, path = "/spans/{span_id}", tag = "traces", params(OfSpan, OfRun), responses((status = OK, description = "The span", body = FullSpan)))]
async fn get_span(
    State(backend): State<Arc<Backend>>,
    Path(OfSpan { span_id }): Path<OfSpan>,
    Query(OfRun { trace_id }): Query<OfRun>,
) -> Result<Json<FullSpan>, Problem> {
    let span = backend
        .ask(move |store| store.span(span_id, trace_id)?.ok_or_else(|| Problem::missing("span", span_id)));
    Ok(Json(FullSpan::of(span.await?)))
}

/// The run and the workspace it is in.
pub(super) fn expect(store: &dyn Store, id: TraceId) -> Result<(String, Summary), Problem> {
    store.run(id)?.ok_or_else(|| Problem::missing("run", id))
}
