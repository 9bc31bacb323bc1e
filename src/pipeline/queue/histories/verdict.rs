//! What a flush may say: that all was delivered only if it was.

use std::ops::Range;

use super::model::{Fate, Model};
use crate::error::{DeliveryError, LossReason};
use crate::pipeline::accounts::Telling;

/// A flush, or the delivery of some records, under way.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) ticket: u64,
    pub(super) members: Range<usize>,
    /// Told, silent, or only about its own records.
    pub(super) telling: Option<Telling>,
    /// The fates when it was opened.
    pub(super) then: Vec<Fate>,
}

impl Model {
    pub(super) fn forget(&mut self, choice: usize) {
        if let Some(open) = self.choose(choice) {
            self.queue.forget_ticket(open.ticket);
        }
    }

    /// Ends a flush and holds its verdict against what became of its spans.
    pub(super) fn end(&mut self, choice: usize) {
        let Some(open) = self.choose(choice) else { return };
        let settled = self.queue.is_settled(open.ticket);
        let verdict = self.queue.close_ticket(open.ticket);

        let was = |number: usize| open.then.get(number).copied().unwrap_or(Fate::Held);
        let is = |number: usize| self.spans[number].fate;
        let held = open.members.clone().filter(|number| is(*number) == Fate::Held);
        let (waiting, spooled) =
            (held.clone().count(), held.filter(|number| self.spans[*number].on_disk).count());
        // What was lost since it was opened, and for a flush what had been lost before and told by none.
        let is_untold = |number: &usize| match (was(*number), is(*number)) {
            (Fate::Held, Fate::Lost { .. }) => true,
            (Fate::Lost { told, .. }, _) => !told && open.telling.is_some(),
            _ => false,
        };
        let untold: Vec<usize> = open.members.clone().filter(is_untold).collect();
        let is_doubtful = |number: usize| was(number) == Fate::Held && is(number) == Fate::Doubtful;
        let in_doubt = open.members.clone().any(is_doubtful);
        assert_eq!(settled, waiting == 0);
        match verdict {
            Ok(()) => assert!(
                waiting == 0 && untold.is_empty() && !in_doubt,
                "it says that all was delivered; {waiting} wait, {untold:?} are lost and untold"
            ),
            Err(error) => {
                assert_eq!((error.waiting(), error.spooled), (waiting as u64, spooled as u64));
                self.is_told(&error, &untold, in_doubt);
            }
        }
        if open.telling == Some(Telling::Told) {
            for number in untold {
                if let Fate::Lost { told, .. } = &mut self.spans[number].fate {
                    *told = true;
                }
            }
        }
    }

    fn is_told(&self, error: &DeliveryError, untold: &[usize], in_doubt: bool) {
        assert!(error.undelivered() > 0, "an error about nothing");
        let losses = error.losses();
        let rejected = losses.of(LossReason::Rejected);
        let told = losses.total() - rejected;
        assert!(!in_doubt || rejected > 0, "nobody is told of a partial success");
        assert!(rejected <= self.rejected);
        assert!(told >= untold.len() as u64, "{told} of {untold:?} are told");
        assert!(told == untold.len() as u64, "{told} are told for {untold:?}");
    }

    fn choose(&mut self, choice: usize) -> Option<Open> {
        (!self.open.is_empty()).then(|| self.open.swap_remove(choice % self.open.len()))
    }
}
