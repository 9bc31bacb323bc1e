//! What a child tells its parent: one JSON object a line, on standard output.

use std::collections::BTreeMap;

use bento::{DeliveryError, Losses, Status};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub(crate) enum Line {
    /// Spans, by id and name, and how long the slowest call took.
    Emitted {
        spans: Vec<(String, String)>,
        longest_us: u64,
    },
    Flush {
        /// Spans emitted before it.
        emitted: usize,
        took_ms: u64,
        allowed_ms: u64,
        ok: bool,
        waiting: u64,
        lost: BTreeMap<String, u64>,
        cause: Option<String>,
    },
    Status(Books),
    /// A figure.
    Figure {
        name: String,
        value: f64,
    },
    /// The parent may do its part.
    Ready,
    /// Something in the child is not as it must be.
    Wrong {
        what: String,
    },
    /// Nothing is left to do but to end; by the system's clock.
    Leaving {
        at_ms: u64,
    },
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Books {
    pub(crate) running: bool,
    pub(crate) accepted: u64,
    pub(crate) delivered: u64,
    pub(crate) waiting: u64,
    pub(crate) lost: BTreeMap<String, u64>,
    pub(crate) retries: u64,
    pub(crate) panics: u64,
    /// Threads of the SDK's worker, where the system tells.
    pub(crate) workers: usize,
}

impl Line {
    pub(crate) fn flush(
        emitted: usize,
        took_ms: u64,
        allowed_ms: u64,
        verdict: &Result<(), DeliveryError>,
    ) -> Self {
        let error = verdict.as_ref().err();
        Self::Flush {
            emitted,
            took_ms,
            allowed_ms,
            ok: verdict.is_ok(),
            waiting: error.map_or(0, DeliveryError::waiting),
            lost: error.map(|error| by_reason(error.losses())).unwrap_or_default(),
            cause: error.and_then(|error| error.cause().map(str::to_owned)),
        }
    }
}

impl Books {
    pub(crate) fn of(status: &Status, workers: usize) -> Self {
        Self {
            running: status.is_running(),
            accepted: status.accepted(),
            delivered: status.delivered(),
            waiting: status.waiting(),
            lost: by_reason(status.losses()),
            retries: status.retries(),
            panics: status.panics(),
            workers,
        }
    }
}

fn by_reason(losses: &Losses) -> BTreeMap<String, u64> {
    losses.iter().map(|(reason, spans)| (reason.to_string(), spans)).collect()
}
