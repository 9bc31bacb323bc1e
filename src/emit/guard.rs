//! What every guard does: sit where it was opened, run code inside, end exactly once.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread;

use super::Outcome;
use crate::init;
use crate::scope::{Context, Draft, Ending, Frame, InContext, OpenSpan, Role, Seat, current};

/// A span that is about to be opened.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(super) role: Role,
    pub(super) name: String,
    /// The context the span was asked for in, where it is not the current one.
    pub(super) within: Option<Context>,
    pub(super) own_trace: bool,
}

/// An open span and its seat. Dropping it ends the span.
#[derive(Debug)]
pub(crate) struct Guard {
    span: Arc<OpenSpan>,
    seat: Seat,
    /// The context around the span, but for the span itself.
    around: Context,
    /// Whether dropping the guard means that a future was dropped.
    pub(crate) in_future: bool,
    /// A guard that is made while its thread panics is not ended by that panic.
    born_in_panic: bool,
}

impl Guard {
    /// Opens the span and seats it: what is emitted next in this task or thread is its child.
    pub(super) fn seated(opening: Opening, draft: Draft) -> Self {
        let mut guard = Self::open(opening, draft);
        guard.seat = Seat::take(&guard.span);
        guard
    }

    fn open(opening: Opening, draft: Draft) -> Self {
        let around = opening.within.unwrap_or_else(current);
        let client = init::client(&around);
        let span = OpenSpan::start(&around, client, opening.role, opening.name, draft, opening.own_trace);
        Self { span, seat: Seat::Nowhere, around, in_future: false, born_in_panic: thread::panicking() }
    }

    /// A frame of its own for the span, which code that runs inside it carries along.
    pub(crate) fn framed(opening: Opening, draft: Draft) -> (Self, Arc<Frame>) {
        let mut guard = Self::open(opening, draft);
        let frame = Frame::new(guard.context());
        guard.seat = Seat::Frame(Arc::clone(&frame));
        (guard, frame)
    }

    pub(super) fn span(&self) -> &OpenSpan {
        &self.span
    }

    pub(super) fn context(&self) -> Context {
        self.around.with_parent(&self.span)
    }

    pub(crate) fn update(&self, change: impl FnOnce(&mut Draft)) {
        self.span.update(change);
    }

    pub(super) fn record<T: Outcome + ?Sized>(&self, outcome: &T) {
        if let Some(failure) = outcome.failure() {
            self.update(|draft| draft.fail(failure.kind, &failure.message));
        }
    }

    /// The innermost trajectory that was begun inside this one and is still open.
    pub(super) fn open_inside(&self) -> Option<Arc<OpenSpan>> {
        self.seat.trajectory_inside(&self.span)
    }

    pub(super) fn end(&self, ending: Ending) {
        self.seat.leave(&self.span);
        self.span.end(ending);
    }

    pub(crate) fn conclude<T: Outcome>(&self, result: thread::Result<T>) -> T {
        match result {
            Ok(outcome) => {
                self.record(&outcome);
                self.end(Ending::Finished);
                outcome
            }
            Err(panic) => {
                self.end(Ending::Panicked(panic_message(&*panic)));
                resume_unwind(panic)
            }
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let ending = if thread::panicking() && !self.born_in_panic {
            Ending::Panicked("the code inside the span panicked".to_owned())
        } else if self.in_future {
            Ending::Cancelled
        } else {
            Ending::Finished
        };
        self.end(ending);
    }
}

/// Runs `work` inside the span that `opening` opens, and ends it with what `work` gives.
pub(crate) fn enter<G, T: Outcome>(
    opening: Opening,
    draft: Draft,
    wrap: impl FnOnce(Guard) -> G,
    unwrap: impl Fn(&G) -> &Guard,
    work: impl FnOnce(&G) -> T,
) -> T {
    let (guard, frame) = Guard::framed(opening, draft);
    let guard = wrap(guard);
    let result = frame.enter(|| catch_unwind(AssertUnwindSafe(|| work(&guard))));
    unwrap(&guard).conclude(result)
}

/// The same for a future. It opens the span when it is first polled; dropped before its end, it is cancelled.
pub(super) async fn run<G, T: Outcome>(
    opening: Opening,
    draft: Draft,
    wrap: impl FnOnce(Guard) -> G,
    unwrap: impl Fn(&G) -> &Guard,
    work: impl AsyncFnOnce(&G) -> T,
) -> T {
    let (mut guard, frame) = Guard::framed(opening, draft);
    guard.in_future = true;
    let guard = wrap(guard);
    let result = {
        let mut future = pin!(InContext::new(async { work(&guard).await }, frame));
        poll_fn(|context| {
            let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
            polled.map_or_else(|panic| Poll::Ready(Err(panic)), |poll| poll.map(Ok))
        })
        .await
    };
    unwrap(&guard).conclude(result)
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("the code inside the span panicked").to_owned()
}
