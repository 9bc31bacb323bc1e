//! What is kept in mind of a span while it is being written.

use std::time::{Duration, SystemTime};

use super::{Limits, Text};

/// Of no more use once the record is finished. It lies in the record, so that a builder is one pointer, which is moved
/// for nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    pub(crate) limits: Limits,
    /// Whether it may have been said in so many words whose span it is.
    pub(crate) is_signed: bool,
    /// Whether the span has not ended: it will be sent again.
    pub(crate) is_pending: bool,
    pub(crate) started_at: Option<SystemTime>,
    pub(crate) duration: Option<Duration>,
    pub(crate) failure: Option<Box<Failure>>,
}

impl Notes {
    /// The limits are those of whoever writes next.
    pub(super) fn clear(&mut self) {
        if self.is_signed {
            self.is_signed = false;
        }
        if self.is_pending {
            self.is_pending = false;
        }
        if self.started_at.is_some() || self.duration.is_some() {
            (self.started_at, self.duration) = (None, None);
        }
        if self.failure.is_some() {
            self.failure = None;
        }
    }
}

/// Why the span failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) kind: String,
    pub(crate) message: Text<'static>,
}
