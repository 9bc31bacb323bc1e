//! What travels together when it is tried again, and how much is tried while the backend takes nothing.

use std::time::{Duration, Instant};

use super::Queue;
use crate::pipeline::batch::Batch;

/// How often what is new is tried at most while something waits for a retry, unless a batch is full or flushed: every
/// other batch would be retried on its own.
const CALM: Duration = Duration::from_secs(5);

impl Queue {
    /// When what waits is due, however little.
    pub(super) fn next_tick(&self) -> Instant {
        let interval = self.policy.interval;
        self.last_tick + if self.retrying.is_empty() { interval } else { interval.max(CALM) }
    }

    /// What is to be tried again at `now`, with as much of what else waits as the request has room for.
    pub(super) fn due_retry(&mut self, now: Instant) -> Option<Batch> {
        let due = self.retrying.iter().position(|batch| batch.not_before <= now)?;
        let mut batch = self.retrying.remove(due)?;
        self.accounts.retries += u64::from(batch.attempts > 0);
        if !batch.is_part {
            self.fill(&mut batch, now);
        }
        Some(batch)
    }

    fn fill(&mut self, batch: &mut Batch, now: Instant) {
        let (mut spans, mut bytes) = (batch.len(), batch.bytes());
        let mut index = 0;
        while let Some(next) = self.retrying.get(index) {
            // Nothing is known of what is on disk but in whole files.
            let can_join = !next.is_part
                && next.is_on_disk() == batch.is_on_disk()
                && spans + next.len() <= self.policy.batch_spans
                && self.policy.fits(spans + next.len(), bytes + next.bytes());
            if !can_join {
                index += 1;
            } else if let Some(next) = self.retrying.remove(index) {
                (spans, bytes) = (spans + next.len(), bytes + next.bytes());
                batch.join(next);
            }
        }
        if batch.is_on_disk() {
            self.disk.fill(batch, &self.policy);
            return;
        }
        if !self.disk.is_on() {
            self.fill_from_waiting(batch, now);
        }
        self.supersede(batch);
    }

    fn fill_from_waiting(&mut self, batch: &mut Batch, now: Instant) {
        let (mut spans, mut bytes) = (batch.len(), batch.bytes());
        let fitting = self.waiting.iter().take_while(|entry| {
            (spans, bytes) = (spans + 1, bytes + entry.size);
            self.policy.fits(spans, bytes)
        });
        let count = fitting.count();
        let added = Batch::new(self.waiting.drain(..count).collect(), now);
        self.waiting_bytes -= added.bytes();
        batch.join(added);
    }
}

#[cfg(test)]
mod tests;
