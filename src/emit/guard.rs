//! What every guard does: sit where it was opened, run code inside, end exactly once.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::thread;

use super::Outcome;
use crate::foreign::panic_message;
use crate::running;
use crate::scope::{Context, Draft, Ending, Frame, InContext, OpenSpan, Role, Seat, current, is_cancelling};

/// Stands for the message of a panic where there is none to be had.
const UNKNOWN_PANIC: &str = "the code inside the span panicked";

/// A span that is about to be opened.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(super) role: Role,
    /// The context the span was asked for in, where it is not the current one.
    pub(super) within: Option<Box<Context>>,
    pub(super) own_trace: bool,
}

/// An open span and its seat. Dropping it ends the span.
#[derive(Debug)]
pub(crate) struct Guard {
    span: Arc<OpenSpan>,
    seat: Seat,
    has_left: AtomicBool,
    /// The context around the span, but for the span itself.
    around: Context,
    /// A guard that is made amid a panic or a cancellation is not ended by it.
    born_amid: Ending,
}

impl Guard {
    /// Opens the span and seats it: what is emitted next in this task or thread is its child.
    pub(super) fn seated(opening: Opening, draft: Draft) -> Self {
        let mut guard = Self::open(opening, draft);
        guard.seat = Seat::take(guard.context());
        guard
    }

    fn open(opening: Opening, draft: Draft) -> Self {
        let around = opening.within.map_or_else(current, |context| *context);
        let span = running::with_client(&around, |client| {
            OpenSpan::start(&around, client, opening.role, draft, opening.own_trace)
        });
        Self {
            span,
            seat: Seat::Nowhere,
            has_left: AtomicBool::new(false),
            around: around.without_parent(),
            born_amid: ending_of_a_drop(),
        }
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
        if self.span.is_sampled && self.span.is_open() {
            let mut draft = Draft::addition(self.span.limits());
            change(&mut draft);
            self.span.add(draft);
        }
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
        if !self.has_left.swap(true, Ordering::Relaxed) {
            self.seat.leave(&self.span);
        }
        self.span.end(ending);
    }

    /// Ends the span as its circumstances say: amid a panic, with a future that is dropped, or as it should.
    pub(crate) fn end_by_drop(&self) {
        let ending = ending_of_a_drop();
        self.end(if ending == self.born_amid { Ending::Finished } else { ending });
    }

    pub(crate) fn conclude<T: Outcome>(&self, result: thread::Result<T>) -> T {
        match result {
            Ok(outcome) => {
                self.record(&outcome);
                self.end(Ending::Finished);
                outcome
            }
            Err(panic) => {
                self.end(Ending::Panicked(panic_message(&*panic).to_owned()));
                resume_unwind(panic)
            }
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.end_by_drop();
    }
}

/// How a guard ends that is dropped at this point.
fn ending_of_a_drop() -> Ending {
    if thread::panicking() {
        Ending::Panicked(UNKNOWN_PANIC.to_owned())
    } else if is_cancelling() {
        Ending::Cancelled
    } else {
        Ending::Finished
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
    let (guard, frame) = Guard::framed(opening, draft);
    let guard = wrap(guard);
    let inside = async move {
        let result = {
            let mut future = pin!(work(&guard));
            poll_fn(|context| {
                let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
                polled.map_or_else(|panic| Poll::Ready(Err(panic)), |poll| poll.map(Ok))
            })
            .await
        };
        unwrap(&guard).conclude(result)
    };
    InContext::new(inside, frame).await
}
