//! The group `trajectories`: runs, seen by whether they are done.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::filters::search;
use super::order::{Cursor, Order};
use super::parameters::{InWorkspace, Limit, Path, Query, Truth};
use super::problem::Problem;
use super::rows::{Finding, List, milliseconds};
use super::{Backend, order, workspaces};
use crate::store::{Filter, RunQuery, Store};
use crate::{RunState, RunStatus, Summary, Timestamp, TraceId};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfTrajectory {
    /// The id of the workspace; a fresh database has one, `local`.
    #[param(example = "local")]
    workspace_id: String,
    /// The trajectory's id, which is the run's trace id: 32 hex digits.
    #[param(example = "4bf92f3577b34da6a3ce929d0e0e4736")]
    trajectory_id: TraceId,
}

/// Which trajectories, and which part of the list. Parameters narrow each other.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TrajectoryFilters {
    /// Whether it is done.
    #[param(inline)]
    status: Option<Progress>,
    /// Whether a step failed.
    #[param(value_type = Option<bool>)]
    has_errors: Option<Truth>,
    /// Whether something was found in it.
    #[param(value_type = Option<bool>)]
    has_findings: Option<Truth>,
    /// Words, each of which has to begin a word of the run.
    #[param(max_length = 1000)]
    q: Option<String>,
    /// What the rows are put in order by; with a minus, the greatest first.
    #[serde(default)]
    #[param(inline, default = "-start_time")]
    sort_by: Order,
    /// How many rows at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000, default = 100)]
    limit: Limit<100, 1000>,
    /// The `next_cursor` of the page before; the other parameters have to be as they were.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// Whether a trajectory is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Progress {
    /// More of it may come.
    Open,
    /// Its root has ended.
    Finalized,
}

/// A run, seen by whether it is done.
#[derive(Debug, Serialize, ToSchema)]
struct Trajectory {
    id: TraceId,
    trace_id: TraceId,
    name: String,
    status: Progress,
    has_errors: bool,
    has_findings: bool,
    span_count: u64,
    start_time: Timestamp,
    end_time: Timestamp,
    duration_ms: f64,
    session_id: Option<String>,
    user_id: Option<String>,
}

pub(super) fn routes() -> OpenApiRouter<Arc<Backend>> {
    OpenApiRouter::new()
        .routes(routes!(list_trajectories))
        .routes(routes!(get_trajectory))
        .routes(routes!(list_trajectory_findings))
}

/// List the trajectories of a workspace
///
/// The list stays stable while runs arrive.
#[utoipa::path(get, path = "/workspaces/{workspace_id}/trajectories", tag = "trajectories", params(InWorkspace, TrajectoryFilters), responses((status = OK, description = "A page of trajectories", body = List<Trajectory>)))]
async fn list_trajectories(
    State(backend): State<Arc<Backend>>,
    Path(InWorkspace { workspace_id }): Path<InWorkspace>,
    Query(filters): Query<TrajectoryFilters>,
) -> Result<Json<List<Trajectory>>, Problem> {
    let order = filters.sort_by;
    let query = filters.of(workspace_id)?;
    let answer = backend.ask(move |store| order::list(store, &query, order, |_, run| Trajectory::of(run)));
    Ok(Json(answer.await?))
}

/// Get a trajectory
///
/// It is the run of that trace id, if it is in the workspace.
#[utoipa::path(get, path = "/workspaces/{workspace_id}/trajectories/{trajectory_id}", tag = "trajectories", params(OfTrajectory), responses((status = OK, description = "The trajectory", body = Trajectory)))]
async fn get_trajectory(
    State(backend): State<Arc<Backend>>,
    Path(asked): Path<OfTrajectory>,
) -> Result<Json<Trajectory>, Problem> {
    Ok(Json(Trajectory::of(backend.ask(move |store| expect(store, &asked)).await?)))
}

/// List the findings of a trajectory
///
/// No findings are made yet, so that the list is empty.
#[utoipa::path(get, path = "/workspaces/{workspace_id}/trajectories/{trajectory_id}/findings", tag = "trajectories", params(OfTrajectory), responses((status = OK, description = "The findings", body = List<Finding>)))]
async fn list_trajectory_findings(
    State(backend): State<Arc<Backend>>,
    Path(asked): Path<OfTrajectory>,
) -> Result<Json<List<Finding>>, Problem> {
    backend.ask(move |store| expect(store, &asked)).await?;
    Ok(Json(List::EMPTY))
}

fn expect(store: &dyn Store, asked: &OfTrajectory) -> Result<Summary, Problem> {
    workspaces::expect(store, &asked.workspace_id)?;
    let missing = || Problem::missing("trajectory", asked.trajectory_id);
    let (workspace, run) = store.run(asked.trajectory_id)?.ok_or_else(missing)?;
    if workspace == asked.workspace_id { Ok(run) } else { Err(missing()) }
}

impl TrajectoryFilters {
    fn of(self, workspace: String) -> Result<RunQuery, Problem> {
        let states = match self.status {
            None => Vec::new(),
            Some(progress) => {
                RunState::ALL.into_iter().filter(|state| Progress::of(*state) == progress).collect()
            }
        };
        let statuses = match self.has_errors {
            None => Vec::new(),
            Some(Truth(true)) => vec![RunStatus::Error],
            Some(Truth(false)) => vec![RunStatus::Ok],
        };
        // No run has a finding yet, of whatever kind.
        let finding_kinds =
            self.has_findings.filter(|has| has.0).map(|_| "any".to_owned()).into_iter().collect();
        let filter = Filter { text: search(self.q)?, statuses, states, finding_kinds, ..Filter::default() };
        let sort = self.sort_by.sort();
        let after = self.cursor.map(|cursor| cursor.position(self.sort_by)).transpose();
        let after = after.map_err(|reason| Problem::bad("cursor", reason))?;
        Ok(RunQuery { workspace, filter, sort, after, limit: self.limit.rows() })
    }
}

impl Progress {
    fn of(state: RunState) -> Self {
        if state.is_open() { Self::Open } else { Self::Finalized }
    }
}

impl Trajectory {
    fn of(run: Summary) -> Self {
        Self {
            id: run.trace_id,
            trace_id: run.trace_id,
            status: Progress::of(run.state()),
            has_errors: run.status() == RunStatus::Error,
            has_findings: false,
            span_count: run.span_count,
            start_time: run.start_time,
            end_time: run.end_time,
            duration_ms: milliseconds(run.duration()),
            name: run.name,
            session_id: run.session_id,
            user_id: run.user_id,
        }
    }
}
