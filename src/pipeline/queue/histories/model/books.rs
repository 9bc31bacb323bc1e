//! The books, counted again from the fate of each span.

use super::{Fate, Model, Span};
use crate::error::LossReason;

impl Model {
    /// They balance, agree with the fates, and what is held is within the bounds.
    pub(in super::super) fn check(&self) {
        let accounts = self.queue.accounts();
        let (held, doubtful) = (self.count(Fate::Held), self.count(Fate::Doubtful));
        assert_eq!(accounts.accepted, self.spans.len() as u64);
        assert_eq!(accounts.accepted, accounts.delivered + accounts.lost.total() + held);
        assert_eq!(self.queue.held() as u64, held);
        assert_eq!(accounts.delivered, self.count(Fate::Delivered) + doubtful - self.rejected);
        assert_eq!(accounts.lost.of(LossReason::Rejected), self.rejected);
        let full = accounts.lost.of(LossReason::QueueFull) + accounts.lost.of(LossReason::BytesFull);
        assert_eq!(full, self.lost_to(LossReason::QueueFull));
        for reason in [
            LossReason::GivenUp,
            LossReason::NotRunning,
            LossReason::ShutdownDeadline,
            LossReason::SpoolFull,
            LossReason::Untrusted,
            LossReason::Exporter,
            LossReason::Refused { status: 401 },
            LossReason::Refused { status: 413 },
        ] {
            assert_eq!(accounts.lost.of(reason), self.lost_to(reason), "{reason}");
        }

        let in_memory: Vec<usize> =
            self.spans.iter().filter(|span| span.in_memory).map(|span| span.size).collect();
        let (spans, bytes) = (in_memory.len(), in_memory.iter().sum::<usize>());
        assert_eq!(self.queue.memory(), (spans, bytes));
        assert!(
            bytes <= self.policy.queue_bytes && spans <= self.policy.queue_spans,
            "{spans}, {bytes} bytes"
        );
        for (number, span) in self.spans.iter().enumerate() {
            let is_there = span.fate == Fate::Held && span.on_disk;
            assert_eq!(self.queue.is_on_disk(number), is_there, "{number}");
        }
    }

    pub(super) fn count(&self, fate: Fate) -> u64 {
        self.spans.iter().filter(|span| span.fate == fate).count() as u64
    }

    fn lost_to(&self, wanted: LossReason) -> u64 {
        let is_wanted = |span: &&Span| matches!(span.fate, Fate::Lost { reason, .. } if reason == wanted);
        self.spans.iter().filter(is_wanted).count() as u64
    }
}
