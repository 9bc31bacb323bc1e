//! Waiting for delivery without blocking a thread.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use super::shared::Shared;
use super::timer::Alarm;
use crate::error::DeliveryError;

/// A flush under way; dropping it stops waiting, not sending.
#[derive(Debug)]
#[must_use = "a future does nothing unless awaited"]
pub(crate) struct Flush {
    shared: Arc<Shared>,
    ticket: Option<u64>,
    deadline: Instant,
    alarm: Option<Alarm>,
}

impl Flush {
    /// Waits for `ticket` until `deadline`.
    pub(super) fn new(shared: Arc<Shared>, ticket: u64, deadline: Instant) -> Self {
        Self { shared, ticket: Some(ticket), deadline, alarm: None }
    }
}

impl Future for Flush {
    type Output = Result<(), DeliveryError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(ticket) = self.ticket else { return Poll::Ready(Ok(())) };
        // Made before the lock is taken, and what it replaces is dropped after: wakers are foreign code.
        let waker = context.waker().clone();
        let mut queue = self.shared.queue();
        let over = queue.is_settled(ticket) || queue.is_over() || Instant::now() >= self.deadline;
        let replaced = queue.watch(ticket, (!over).then_some(waker));
        let verdict = over.then(|| queue.close_ticket(ticket));
        drop(queue);
        drop(replaced);
        if let Some(verdict) = verdict {
            (self.ticket, self.alarm) = (None, None);
            return Poll::Ready(verdict);
        }
        match &self.alarm {
            Some(alarm) => alarm.renew(context.waker()),
            None => self.alarm = Alarm::set(self.deadline, context.waker()),
        }
        if self.alarm.is_none() {
            // Without a thread to keep the time, the future keeps asking for it.
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            let mut queue = self.shared.queue();
            let waker = queue.watch(ticket, None);
            queue.forget_ticket(ticket);
            drop(queue);
            drop(waker);
        }
    }
}
