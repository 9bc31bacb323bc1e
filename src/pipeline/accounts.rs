//! The books: every span that was accepted is delivered, lost for a reason, or still waiting.

use crate::error::{LossReason, Losses};

/// What became of the spans so far. `accepted = delivered + lost + waiting` holds whenever the queue's lock is free;
/// `waiting` is not kept here, because the queue knows what it holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accounts {
    pub(crate) accepted: u64,
    pub(crate) delivered: u64,
    pub(crate) lost: Losses,
    /// Requests that were sent again.
    pub(crate) retries: u64,
    pub(crate) panics: u64,
    pub(crate) last_error: Option<String>,
}

/// A point in time, as flush sees it: what was emitted before it, and what has become of that.
#[derive(Debug)]
pub(crate) struct Ticket {
    /// Spans with a number below this one were emitted before.
    before: u64,
    /// Those among them that are neither delivered nor lost.
    waiting: u64,
    /// Those among them that were lost and that no flush had told when this one began.
    lost: Losses,
    /// What had been told when this one began.
    told: Losses,
}

impl Ticket {
    pub(crate) fn new(before: u64, waiting: u64, lost: &Losses, told: &Losses) -> Self {
        Self { before, waiting, lost: lost.since(told), told: told.clone() }
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.waiting == 0
    }

    pub(crate) fn waiting(&self) -> u64 {
        self.waiting
    }

    pub(crate) fn lost(&self) -> &Losses {
        &self.lost
    }

    /// What has been told once this ticket's losses are.
    pub(crate) fn told(&self) -> Losses {
        self.told.plus(&self.lost)
    }

    /// Takes note of spans that were delivered; `numbers` are in ascending order.
    pub(crate) fn settle(&mut self, numbers: &[u64]) -> u64 {
        let mine = numbers.partition_point(|number| *number < self.before) as u64;
        self.waiting = self.waiting.saturating_sub(mine);
        mine
    }

    /// Takes note of spans that were lost; `numbers` are in ascending order.
    pub(crate) fn lose(&mut self, numbers: &[u64], reason: LossReason) {
        let mine = self.settle(numbers);
        self.lost.add(reason, mine);
    }

    /// Takes note that all that still waits is lost.
    pub(crate) fn lose_rest(&mut self, reason: LossReason) {
        self.lost.add(reason, std::mem::take(&mut self.waiting));
    }

    /// Takes note that `rejected` spans of a batch, the backend does not say which, were lost.
    pub(crate) fn settle_partly(&mut self, numbers: &[u64], rejected: u64) {
        let mine = self.settle(numbers);
        self.lost.add(LossReason::Rejected, rejected.min(mine));
    }
}
