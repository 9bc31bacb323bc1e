//! What the host set in code; `None` leaves the choice to the environment and the defaults.

use std::path::PathBuf;
use std::time::Duration;

use super::{Secret, given};

#[derive(Clone, Debug, Default)]
pub(crate) struct Explicit {
    pub(crate) api_key: Option<Secret>,
    pub(crate) base_url: Option<Secret>,
    pub(crate) wishes: Wishes,
}

/// What holds wherever the spans go.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Wishes {
    pub(crate) service_name: Option<String>,
    pub(crate) service_version: Option<String>,
    pub(crate) batch_spans: Option<usize>,
    pub(crate) batch_interval: Option<Duration>,
    pub(crate) queue_bytes: Option<usize>,
    pub(crate) value_bytes: Option<usize>,
    pub(crate) spool: Option<PathBuf>,
    pub(crate) spool_bytes: Option<u64>,
    pub(crate) sample: Option<f64>,
    pub(crate) live: Option<bool>,
}

impl Explicit {
    /// Whether this leaves open where spans go, and as whom.
    pub(crate) fn names_no_destination(&self) -> bool {
        given(self.api_key.as_ref()).is_none() && given(self.base_url.as_ref()).is_none()
    }
}

impl Wishes {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These, and those of `others` for what these leave open.
    pub(crate) fn or(self, others: &Self) -> Self {
        let others = others.clone();
        Self {
            service_name: self.service_name.or(others.service_name),
            service_version: self.service_version.or(others.service_version),
            batch_spans: self.batch_spans.or(others.batch_spans),
            batch_interval: self.batch_interval.or(others.batch_interval),
            queue_bytes: self.queue_bytes.or(others.queue_bytes),
            value_bytes: self.value_bytes.or(others.value_bytes),
            spool: self.spool.or(others.spool),
            spool_bytes: self.spool_bytes.or(others.spool_bytes),
            sample: self.sample.or(others.sample),
            live: self.live.or(others.live),
        }
    }
}
