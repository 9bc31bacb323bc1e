//! What the spans of one trace add up to.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::{Span, Timestamp, TraceId};

/// Everything with one trace id, and what it adds up to.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Run {
    /// The run's id.
    pub trace_id: TraceId,
    /// The root span's name; the earliest span's as long as the root has not arrived.
    pub name: String,
    /// Whether a span failed.
    pub status: RunStatus,
    /// The spans, by start time.
    pub spans: Vec<Arc<Span>>,
    /// Prompt tokens of all spans.
    pub input_tokens: u64,
    /// Completion tokens of all spans.
    pub output_tokens: u64,
    /// The models that were asked, each once, in the order of their first call.
    pub models: Vec<String>,
    /// The root span's user.
    pub user_id: Option<String>,
    /// The root span's conversation.
    pub session_id: Option<String>,
    /// The root span's labels.
    pub tags: Vec<String>,
    /// The `service.version` that sent the root span.
    pub version: Option<String>,
    /// When the first span began.
    pub start_time: Timestamp,
    /// When the last span ended.
    pub end_time: Timestamp,
}

/// Whether a run went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// No span ended with an error.
    Ok,
    /// At least one span ended with an error.
    Error,
}

impl Run {
    /// Adds up the spans of one trace; `None` if there are none.
    pub(crate) fn of(mut spans: Vec<Arc<Span>>) -> Option<Self> {
        spans.sort_unstable_by_key(|span| (span.start_time, span.span_id));
        let first = spans.first()?;
        let root = spans.iter().find(|span| span.parent_id.is_none());
        let mut models: Vec<String> = Vec::new();
        for model in spans.iter().filter_map(|span| span.model.as_ref()) {
            if !models.contains(model) {
                models.push(model.clone());
            }
        }
        let failed = spans.iter().any(|span| span.is_error());
        Some(Self {
            trace_id: first.trace_id,
            name: root.unwrap_or(first).name.clone(),
            status: if failed { RunStatus::Error } else { RunStatus::Ok },
            input_tokens: sum(&spans, |span| span.input_tokens),
            output_tokens: sum(&spans, |span| span.output_tokens),
            models,
            user_id: root.and_then(|root| root.user_id.clone()),
            session_id: root.and_then(|root| root.session_id.clone()),
            tags: root.map(|root| root.tags.clone()).unwrap_or_default(),
            version: root.and_then(|root| root.service_version.clone()),
            start_time: first.start_time,
            end_time: spans.iter().map(|span| span.end_time).max()?,
            spans,
        })
    }

    /// The span without a parent, the earliest if there are several; `None` as long as it has not arrived.
    pub fn root(&self) -> Option<&Span> {
        self.spans.iter().find(|span| span.parent_id.is_none()).map(AsRef::as_ref)
    }

    /// From the start of the first span to the end of the last.
    pub fn duration(&self) -> Duration {
        self.end_time.since(self.start_time)
    }
}

fn sum(spans: &[Arc<Span>], tokens: impl Fn(&Span) -> Option<u64>) -> u64 {
    spans.iter().filter_map(|span| tokens(span)).fold(0, u64::saturating_add)
}
