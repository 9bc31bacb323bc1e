//! The books, for a program to read.

use crate::error::{LossReason, Losses};
use crate::pipeline::Pipeline;

/// What the SDK did since it started. `accepted = delivered + rejected + failed + dropped + waiting` at every moment.
///
/// ```
/// let status = bento::status();
/// let settled = status.delivered() + status.rejected() + status.failed() + status.dropped();
/// assert_eq!(status.accepted(), settled + status.waiting());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Status {
    running: bool,
    accepted: u64,
    delivered: u64,
    waiting: u64,
    losses: Losses,
    retries: u64,
    panics: u64,
    last_error: Option<String>,
}

impl Status {
    pub(super) fn of(pipeline: &Pipeline) -> Self {
        let (accounts, waiting) = pipeline.accounts();
        Self {
            running: pipeline.is_alive(),
            accepted: accounts.accepted,
            delivered: accounts.delivered,
            waiting,
            losses: accounts.lost,
            retries: accounts.retries,
            panics: accounts.panics,
            last_error: accounts.last_error,
        }
    }

    pub(super) fn add_off(&mut self, spans: u64) {
        self.accepted += spans;
        self.losses.add(LossReason::NotRunning, spans);
    }

    /// Whether the worker lives: the SDK was started, and not shut down.
    pub fn is_running(&self) -> bool {
        self.running
    }

    /// Spans emitted.
    pub fn accepted(&self) -> u64 {
        self.accepted
    }

    /// Spans the backend has accepted.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Spans that are neither delivered nor lost: queued, on their way, or waiting for a retry.
    pub fn waiting(&self) -> u64 {
        self.waiting
    }

    /// Spans lost because the backend rejected them one by one (OTLP partial success).
    pub fn rejected(&self) -> u64 {
        self.losses.of(LossReason::Rejected)
    }

    /// Spans lost because their batch was refused or given up.
    pub fn failed(&self) -> u64 {
        self.losses.total() - self.rejected() - self.dropped()
    }

    /// Spans lost before they were ever sent.
    pub fn dropped(&self) -> u64 {
        use LossReason::{BytesFull, NotRunning, QueueFull, ShutdownDeadline};
        [QueueFull, BytesFull, NotRunning, ShutdownDeadline].map(|reason| self.losses.of(reason)).iter().sum()
    }

    /// Spans lost, by reason.
    pub fn losses(&self) -> &Losses {
        &self.losses
    }

    /// Requests that were sent again after a failure.
    pub fn retries(&self) -> u64 {
        self.retries
    }

    /// Panics of the exporter, which cost their batch and nothing else.
    pub fn panics(&self) -> u64 {
        self.panics
    }

    /// The last thing that went wrong with delivery, if anything did.
    pub fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }
}
