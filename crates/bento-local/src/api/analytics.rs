//! The group `analytics`: what the runs of a stretch of time add up to.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::filters::Filters;
use super::parameters::{InWorkspace, Moment, Path, Query};
use super::problem::Problem;
use super::rows::milliseconds;
use super::{Backend, workspaces};
use crate::price::Usd;
use crate::store::{Bucket, Totals, Window};
use crate::{RunState, Timestamp};

/// Buckets that a timeline may have.
const MOST_BUCKETS: u64 = 10_000;

/// The runs that started in this stretch of time.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Stretch {
    /// Its first moment.
    #[param(value_type = String, format = DateTime)]
    start: Moment,
    /// The first moment behind it.
    #[param(value_type = String, format = DateTime)]
    end: Moment,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Resolution {
    /// How long a bucket is, in UTC.
    #[serde(default)]
    #[param(inline, default = "hour")]
    bucket: BucketName,
}

/// How long a bucket is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum BucketName {
    Minute,
    #[default]
    Hour,
    Day,
}

/// What some runs add up to.
#[derive(Debug, Serialize, ToSchema)]
struct TraceSummary {
    start: Timestamp,
    end: Timestamp,
    trace_count: u64,
    /// Runs with a span that failed.
    error_count: u64,
    running_count: u64,
    /// Runs whose root has not ended, and of which nothing was heard for a while.
    unfinished_count: u64,
    completed_count: u64,
    failed_count: u64,
    cancelled_count: u64,
    span_count: u64,
    input_tokens: u64,
    output_tokens: u64,
    total_tokens: u64,
    /// In US dollars; null where no price is known.
    cost: Option<Usd>,
    total_duration_ms: f64,
    /// Null where there is no run.
    avg_duration_ms: Option<f64>,
}

/// Runs by the time when they started.
#[derive(Debug, Serialize, ToSchema)]
struct Timeline {
    bucket: BucketName,
    /// Every bucket of the stretch, empty ones too.
    items: Vec<TimelineBucket>,
}

/// The runs that started in a bucket of time.
#[derive(Debug, Serialize, ToSchema)]
struct TimelineBucket {
    /// When the bucket begins, which is before the stretch if the stretch begins within it.
    start: Timestamp,
    trace_count: u64,
    /// Runs with a span that failed.
    error_count: u64,
    span_count: u64,
    total_tokens: u64,
    /// In US dollars; null where no price is known.
    cost: Option<Usd>,
}

pub(super) fn routes() -> OpenApiRouter<Arc<Backend>> {
    OpenApiRouter::new().routes(routes!(trace_summary)).routes(routes!(trace_timeline))
}

/// Add up the runs of a stretch of time
///
/// The runs that started from `start` on and before `end`, and that pass the filters.
#[utoipa::path(get, path = "/workspaces/{workspace_id}/traces/summary", tag = "analytics", params(InWorkspace, Stretch, Filters), responses((status = OK, description = "What they add up to", body = TraceSummary)))]
async fn trace_summary(
    State(backend): State<Arc<Backend>>,
    Path(InWorkspace { workspace_id }): Path<InWorkspace>,
    Query(stretch): Query<Stretch>,
    Query(filters): Query<Filters>,
) -> Result<Json<TraceSummary>, Problem> {
    let window = stretch.window()?;
    let filter = filters.within(window)?;
    let totals = backend.ask(move |store| {
        workspaces::expect(store, &workspace_id)?;
        Ok(store.totals(&workspace_id, &filter)?)
    });
    Ok(Json(TraceSummary::of(stretch, &totals.await?)))
}

/// Count the runs of a stretch of time by the minute, the hour or the day
///
/// The runs are those of the summary; at most 10,000 buckets are given.
#[utoipa::path(get, path = "/workspaces/{workspace_id}/traces/timeline", tag = "analytics", params(InWorkspace, Stretch, Resolution, Filters), responses((status = OK, description = "The buckets by time", body = Timeline)))]
async fn trace_timeline(
    State(backend): State<Arc<Backend>>,
    Path(InWorkspace { workspace_id }): Path<InWorkspace>,
    Query(stretch): Query<Stretch>,
    Query(filters): Query<Filters>,
    Query(Resolution { bucket }): Query<Resolution>,
) -> Result<Json<Timeline>, Problem> {
    let buckets = stretch.buckets(bucket)?;
    let filter = filters.within(stretch.window()?)?;
    let counted = backend.ask(move |store| {
        workspaces::expect(store, &workspace_id)?;
        Ok(store.timeline(&workspace_id, &filter, bucket.bucket())?)
    });
    let mut counted = counted.await?.into_iter().peekable();
    let items = buckets.map(|start| {
        let totals = counted.next_if(|(at, _)| *at == start);
        TimelineBucket::of(start, totals.map(|(_, totals)| totals).unwrap_or_default())
    });
    Ok(Json(Timeline { bucket, items: items.collect() }))
}

impl Stretch {
    fn window(self) -> Result<Window, Problem> {
        let (Moment(start), Moment(end)) = (self.start, self.end);
        if end < start {
            return Err(Problem::bad("end", format!("{end} is before start, {start}")));
        }
        Ok(Window { start: Some(start), end: Some(end) })
    }

    /// When each bucket begins that has a part of the stretch.
    fn buckets(self, bucket: BucketName) -> Result<impl Iterator<Item = Timestamp>, Problem> {
        let length = bucket.bucket().length();
        let first = self.start.0.unix_nanos() / length;
        let behind = self.end.0.unix_nanos().div_ceil(length).max(first);
        if behind - first > MOST_BUCKETS {
            let detail = format!(
                "from start to end it is {} buckets instead of at most {MOST_BUCKETS}",
                behind - first
            );
            return Err(Problem::bad("bucket", detail));
        }
        Ok((first..behind).map(move |number| Timestamp::from_unix_nanos(number * length)))
    }
}

impl BucketName {
    fn bucket(self) -> Bucket {
        match self {
            Self::Minute => Bucket::Minute,
            Self::Hour => Bucket::Hour,
            Self::Day => Bucket::Day,
        }
    }
}

impl TraceSummary {
    #[expect(clippy::cast_precision_loss, reason = "nobody has so many runs")]
    fn of(stretch: Stretch, totals: &Totals) -> Self {
        let [running_count, unfinished_count, completed_count, failed_count, cancelled_count] = totals.states;
        let total_duration_ms = milliseconds(totals.duration);
        Self {
            start: stretch.start.0,
            end: stretch.end.0,
            trace_count: totals.runs,
            error_count: totals.errors,
            running_count,
            unfinished_count,
            completed_count,
            failed_count,
            cancelled_count,
            span_count: totals.spans,
            input_tokens: totals.input_tokens,
            output_tokens: totals.output_tokens,
            total_tokens: totals.total_tokens(),
            cost: totals.cost,
            total_duration_ms,
            avg_duration_ms: (totals.runs > 0).then(|| total_duration_ms / totals.runs as f64),
        }
    }
}

impl TimelineBucket {
    fn of(start: Timestamp, totals: Totals) -> Self {
        Self {
            start,
            trace_count: totals.runs,
            error_count: totals.errors,
            span_count: totals.spans,
            total_tokens: totals.total_tokens(),
            cost: totals.cost,
        }
    }
}

/// The counts by state above are in this order.
const _: () = assert!(matches!(
    RunState::ALL,
    [RunState::Running, RunState::Unfinished, RunState::Completed, RunState::Failed, RunState::Cancelled]
));
