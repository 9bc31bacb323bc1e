//! The books: every span that was accepted is delivered, lost for a reason, or still waiting.

use std::collections::HashMap;
use std::ops::Range;
use std::task::Waker;

use crate::error::{DeliveryError, LossReason, Losses};

/// What became of the spans so far. `accepted = delivered + lost + withheld + waiting` holds whenever the queue's lock is
/// free; `waiting` is not kept here, because the queue knows what it holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accounts {
    pub(crate) accepted: u64,
    pub(crate) delivered: u64,
    pub(crate) lost: Losses,
    /// Those among the accepted that earlier processes had left on disk.
    pub(crate) recovered: u64,
    /// Spans that the host wanted withheld. They are no failures, so no ticket follows them.
    pub(crate) withheld: Losses,
    /// Requests that were sent again.
    pub(crate) retries: u64,
    pub(crate) panics: u64,
    pub(crate) last_error: Option<String>,
}

/// The tickets of the flushes under way, and what has been told of losses.
#[derive(Debug, Default)]
pub(super) struct Tickets {
    open: HashMap<u64, (Ticket, Option<Waker>)>,
    next: u64,
    told: Losses,
    /// Wakers of settled tickets. They are foreign code, to be called when no lock is held.
    ready: Vec<Waker>,
}

impl Tickets {
    /// Opens a ticket for everything with a number below `before`: what still waits, and what was lost untold.
    pub(super) fn open(&mut self, before: u64, waiting: u64, lost: &Losses, telling: Telling) -> u64 {
        let told = (telling == Telling::Told).then(Losses::default);
        self.add(Ticket { from: 0, before, waiting, lost: lost.since(&self.told), told })
    }

    /// Opens a ticket for the numbers from `from` to below `before`, which are about to be pushed.
    pub(super) fn open_for(&mut self, from: u64, before: u64) -> u64 {
        self.add(Ticket { from, before, waiting: before - from, lost: Losses::default(), told: None })
    }

    fn add(&mut self, ticket: Ticket) -> u64 {
        let name = self.next;
        self.next += 1;
        self.open.insert(name, (ticket, None));
        name
    }

    /// Whether a ticket follows the number `one`, and not the later number `next`.
    pub(super) fn is_any_between(&self, one: u64, next: u64) -> bool {
        self.open.values().any(|(ticket, _)| one < ticket.before && ticket.before <= next)
    }

    pub(super) fn is_any_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether all that the ticket follows is delivered or lost.
    pub(super) fn is_settled(&self, name: u64) -> bool {
        self.open.get(&name).is_none_or(|(ticket, _)| ticket.is_settled())
    }

    /// Has `waker` called when the ticket is settled. The one it replaces is handed back: it is foreign code too, which
    /// may not be dropped while a lock is held.
    pub(super) fn watch(&mut self, name: u64, waker: Option<Waker>) -> Option<Waker> {
        let (_, slot) = self.open.get_mut(&name)?;
        std::mem::replace(slot, waker)
    }

    /// The numbers that a ticket follows.
    pub(super) fn range(&self, name: u64) -> Option<Range<u64>> {
        self.open.get(&name).map(|(ticket, _)| ticket.from..ticket.before)
    }

    /// Ends a ticket with its verdict, of whose spans `spooled` are on disk. A loss is told by every flush that was under
    /// way when it was first told.
    pub(super) fn close(
        &mut self,
        name: u64,
        spooled: u64,
        cause: Option<&str>,
    ) -> Result<(), DeliveryError> {
        let Some((ticket, _)) = self.open.remove(&name) else { return Ok(()) };
        if ticket.is_settled() && ticket.lost.is_empty() {
            return Ok(());
        }
        if let Some(told) = &ticket.told {
            let first_told = ticket.lost.since(told);
            self.told = self.told.plus(&first_told);
            for (number, (other, _)) in &mut self.open {
                if let Some(told) = &mut other.told {
                    // Whatever an earlier flush has to tell, this one had too.
                    *told = if *number < name { other.lost.clone() } else { told.plus(&first_told) };
                }
            }
        }
        let spooled = spooled.min(ticket.waiting);
        let (waiting, losses) = (ticket.waiting, ticket.lost);
        Err(DeliveryError { waiting, spooled, losses, cause: cause.map(str::to_owned) })
    }

    /// Ends a ticket that nobody waits for any more; its losses stay untold.
    pub(super) fn forget(&mut self, name: u64) {
        self.open.remove(&name);
    }

    /// Lets every ticket take note of something that may settle it.
    pub(super) fn note(&mut self, note: impl Fn(&mut Ticket)) {
        for (ticket, waker) in self.open.values_mut() {
            note(ticket);
            if ticket.is_settled()
                && let Some(waker) = waker.take()
            {
                self.ready.push(waker);
            }
        }
    }

    /// The wakers of those whose tickets have been settled.
    pub(super) fn take_ready(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.ready)
    }
}

/// A point in time, as flush sees it: what was emitted before it, and what has become of that.
#[derive(Debug)]
pub(super) struct Ticket {
    /// It follows the numbers from this one to below the next.
    from: u64,
    before: u64,
    /// Those among them that are neither delivered nor lost.
    waiting: u64,
    /// Those among them that were lost and that no flush had told when this one began.
    lost: Losses,
    /// What others have told of these losses since it began; `None` where it tells nobody itself.
    told: Option<Losses>,
}

/// Whether a loss counts as told once a flush has ended with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Telling {
    Told,
    /// Nobody reads the verdict but the log.
    Silent,
}

impl Ticket {
    fn is_settled(&self) -> bool {
        self.waiting == 0
    }

    /// Takes note of spans that were delivered; `numbers` are in ascending order.
    fn settle(&mut self, numbers: &[u64]) -> u64 {
        let below = |bound: u64| numbers.partition_point(|number| *number < bound);
        let mine = (below(self.before) - below(self.from)) as u64;
        self.waiting = self.waiting.saturating_sub(mine);
        mine
    }

    /// Takes note of spans that were lost; `numbers` are in ascending order.
    pub(super) fn lose(&mut self, numbers: &[u64], reason: LossReason) {
        let mine = self.settle(numbers);
        self.lost.add(reason, mine);
    }

    /// Takes note that `rejected` spans of a batch, the backend does not say which, were lost.
    pub(super) fn settle_partly(&mut self, numbers: &[u64], rejected: u64) {
        let mine = self.settle(numbers);
        self.lost.add(LossReason::Rejected, rejected.min(mine));
    }
}
