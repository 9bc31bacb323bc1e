//! Rows of answers: flat, with the same columns in every list.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use crate::price::Usd;
use crate::{Attributes, Event, RunState, RunStatus, Span, SpanId, SpanStatus, Summary, Timestamp, TraceId};

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct List<T> {
    pub(super) items: Vec<T>,
    /// What to ask for the rest with; null where there is none.
    pub(super) next_cursor: Option<String>,
}

/// A run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Run)]
pub(super) struct RunRow {
    id: TraceId,
    trace_id: TraceId,
    workspace_id: String,
    /// The root span's name; the earliest span's as long as the root has not arrived.
    name: String,
    status: RunStatus,
    state: RunState,
    /// When the first span began.
    start_time: Timestamp,
    /// When the last span ended; of those that have not, when they were last heard of.
    end_time: Timestamp,
    duration_ms: f64,
    span_count: u64,
    error_count: u64,
    input_tokens: u64,
    output_tokens: u64,
    total_tokens: u64,
    /// In US dollars; null where no price is known.
    cost: Option<Usd>,
    /// In the order of their first call.
    models: Vec<String>,
    tags: Vec<String>,
    user_id: Option<String>,
    session_id: Option<String>,
    /// What set it off: `scheduled`, `manual`, `test`.
    trigger: Option<String>,
    /// The `service.version` that sent it.
    version: Option<String>,
}

/// A span as lists show it, without its texts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SpanRow)]
pub(super) struct SpanRow {
    id: SpanId,
    span_id: SpanId,
    trace_id: TraceId,
    /// The span that caused it; null for the root.
    parent_id: Option<SpanId>,
    name: String,
    /// `llm`, `tool`, `agent`, `retriever`, …
    kind: String,
    /// How it ended; `PENDING` if it has not.
    status: SpanStatus,
    start_time: Timestamp,
    /// When it ended; while it is pending, when it was last heard of.
    end_time: Timestamp,
    duration_ms: f64,
    model: Option<String>,
    provider: Option<String>,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    /// In US dollars; null where no price is known.
    cost: Option<Usd>,
}

/// A span with everything that is known of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Span)]
pub(super) struct FullSpan {
    #[serde(flatten)]
    row: SpanRow,
    /// The error's message.
    status_message: Option<String>,
    /// What went in, as text.
    input: Option<String>,
    /// What came out, as text.
    output: Option<String>,
    user_id: Option<String>,
    session_id: Option<String>,
    tags: Vec<String>,
    service_name: Option<String>,
    service_version: Option<String>,
    /// Every attribute that has no column of its own.
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    attributes: Attributes,
    events: Vec<Event>,
}

/// A finding; none are made yet, so that lists of them are empty.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Finding {
    id: String,
}

impl<T> List<T> {
    /// A list without rows.
    pub(super) const EMPTY: Self = Self { items: Vec::new(), next_cursor: None };
}

impl RunRow {
    pub(super) fn of(workspace: &str, run: Summary) -> Self {
        Self {
            id: run.trace_id,
            trace_id: run.trace_id,
            workspace_id: workspace.to_owned(),
            status: run.status(),
            state: run.state(),
            start_time: run.start_time,
            end_time: run.end_time,
            duration_ms: milliseconds(run.duration()),
            span_count: run.span_count,
            error_count: run.error_count,
            input_tokens: run.input_tokens,
            output_tokens: run.output_tokens,
            total_tokens: run.total_tokens(),
            cost: run.cost,
            models: run.models().into_iter().map(str::to_owned).collect(),
            name: run.name,
            tags: run.tags,
            user_id: run.user_id,
            session_id: run.session_id,
            trigger: run.trigger,
            version: run.version,
        }
    }
}

impl SpanRow {
    pub(super) fn of(span: Span) -> Self {
        FullSpan::of(span).row
    }
}

impl FullSpan {
    pub(super) fn of(span: Span) -> Self {
        let row = SpanRow {
            id: span.span_id,
            span_id: span.span_id,
            trace_id: span.trace_id,
            parent_id: span.parent_id,
            duration_ms: milliseconds(span.duration()),
            name: span.name,
            kind: span.kind,
            status: span.status,
            start_time: span.start_time,
            end_time: span.end_time,
            model: span.model,
            provider: span.provider,
            input_tokens: span.input_tokens,
            output_tokens: span.output_tokens,
            cost: span.cost,
        };
        Self {
            row,
            status_message: span.status_message,
            input: span.input,
            output: span.output,
            user_id: span.user_id,
            session_id: span.session_id,
            tags: span.tags,
            service_name: span.service_name,
            service_version: span.service_version,
            attributes: span.attributes,
            events: span.events,
        }
    }
}

/// As near as a double comes, without the digits that seconds would bring along.
#[expect(clippy::cast_precision_loss, reason = "a double holds 104 days of nanoseconds exactly")]
pub(super) fn milliseconds(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e6
}
