//! Where open spans sit, so that what is emitted next finds its parent.
//!
//! A wrapped future or closure carries a frame of its own, which it brings along wherever it runs. Elsewhere a guard
//! sits with the tokio task that opened it, told by the task's id, or with the thread where there is no task: a future
//! that is not a task is polled by one `block_on` on one thread.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::AccessError;

use bento_fork::PerProcess;
use once_cell::sync::Lazy;
use tokio::task;

use super::context::may_be_captured;
use super::{Context, OpenSpan, Role};
use crate::record::{BuildSpread, SpanId};

/// A place where spans are opened, under what was current when the place was made.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    base: Context,
    open: Mutex<Open>,
    /// How many these are, so that nobody has to lock them to find none.
    seated: AtomicUsize,
}

/// The open spans of one place, innermost last.
type Open = Vec<Seated>;

/// A span that sits in a place.
#[derive(Clone, Debug)]
struct Seated {
    /// The context inside the span.
    context: Context,
    /// The span it sits inside: its parent, or where that has left the nearest ancestor that has not.
    inside: Option<SpanId>,
}

impl Seated {
    fn new(context: Context) -> Self {
        let inside = context.span().and_then(|span| span.parent());
        Self { context, inside }
    }
}

/// Where a span sits: mostly it is the innermost.
fn place_of(span: &OpenSpan, open: &Open) -> Option<usize> {
    open.iter().rposition(|seated| seated.context.is_inside(span))
}

/// Takes a span out; those inside it sit inside what it sat in.
fn unseat(open: &mut Open, span: &OpenSpan) {
    let Some(index) = place_of(span, open) else { return };
    let left = open.remove(index);
    // They came after it.
    for seated in open.iter_mut().skip(index).filter(|seated| seated.inside == Some(span.span_id)) {
        seated.inside = left.inside;
    }
}

/// Where one open span sits, wherever its guard is moved.
#[derive(Clone, Debug)]
pub(crate) enum Seat {
    Frame(Arc<Frame>),
    Task(task::Id),
    /// In no place at all: nothing becomes its child unless told so.
    Nowhere,
}

/// A frame that is entered on this thread.
#[derive(Debug)]
struct Entered {
    frame: Arc<Frame>,
    /// The task that entered it: one that is polled meanwhile, by a nested `block_on` or a `LocalSet`, is not inside.
    by: Option<task::Id>,
    /// Whether it was entered to drop the future it belongs to.
    cancelling: bool,
}

thread_local! {
    /// The frames entered on this thread, innermost last.
    static ENTERED: RefCell<Vec<Entered>> = const { RefCell::new(Vec::new()) };
    static THREAD: Arc<Frame> = Arc::default();
}

/// The contexts inside the spans that tasks hold open; tasks without one have no entry.
static TASKS: PerProcess<Lazy<[Mutex<Tasks>; 16]>> =
    PerProcess::new(Lazy::new(Default::default), |_| Lazy::new(Default::default));
/// How many tasks these are.
static SEATED_TASKS: PerProcess<AtomicUsize> = PerProcess::new(AtomicUsize::new(0), |_| AtomicUsize::new(0));

type Tasks = HashMap<task::Id, Open, BuildSpread>;

impl Frame {
    pub(crate) fn new(base: Context) -> Arc<Self> {
        Arc::new(Self { base, ..Self::default() })
    }

    /// Runs `work` inside this frame.
    pub(crate) fn enter<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        self.enter_to(false, work)
    }

    /// Drops a future inside this frame: the guards that go with it know that it did not end by itself.
    pub(super) fn cancel(self: &Arc<Self>, drop: impl FnOnce()) {
        self.enter_to(true, drop);
    }

    fn enter_to<T>(self: &Arc<Self>, cancelling: bool, work: impl FnOnce() -> T) -> T {
        /// Leaves the frame also when `work` panics.
        struct Leave(bool);
        impl Drop for Leave {
            fn drop(&mut self) {
                if self.0 {
                    ENTERED.try_with(|entered| entered.borrow_mut().pop()).ok();
                }
            }
        }
        let here = Entered { frame: Arc::clone(self), by: task::try_id(), cancelling };
        let _leave = Leave(ENTERED.try_with(|entered| entered.borrow_mut().push(here)).is_ok());
        work()
    }

    fn context(&self) -> Context {
        if self.is_empty() {
            return self.base.clone();
        }
        self.open().last().map_or(&self.base, |seated| &seated.context).clone()
    }

    /// What another thread has seated or unseated shows as soon as this one can know of it.
    fn is_empty(&self) -> bool {
        self.seated.load(Ordering::Relaxed) == 0
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Open)) {
        let mut open = self.open();
        change(&mut open);
        self.seated.store(open.len(), Ordering::Relaxed);
    }
}

/// What is current on this thread, in this task.
pub(super) fn current() -> Context {
    let by = task::try_id();
    let entered = ENTERED.try_with(|entered| {
        let entered = entered.borrow();
        let mut mine = entered.iter().rev().filter(|entered| entered.by == by);
        let context = mine.next()?.frame.context();
        if context.client().is_some() {
            return Some(context);
        }
        // A context from elsewhere does not lead out of a capture.
        let client = mine.find_map(|entered| entered.frame.base.client().cloned());
        Some(context.with_client(client))
    });
    match (entered, by) {
        (Ok(Some(context)), _) => context,
        (Ok(None), Some(id)) => task_context(id),
        (Ok(None), None) => THREAD.try_with(|frame| frame.context()).unwrap_or_default(),
        (Err(_), _) => Context::default(),
    }
}

fn task_context(id: task::Id) -> Context {
    if SEATED_TASKS.here().load(Ordering::Relaxed) == 0 {
        return Context::default();
    }
    tasks(id).get(&id).and_then(|open| Some(open.last()?.context.clone())).unwrap_or_default()
}

/// Works with `within`, or else with the current context.
pub(crate) fn with_context<T>(within: Option<&Context>, work: impl FnOnce(&Context) -> T) -> T {
    match within {
        Some(context) => work(context),
        None if is_outside() => work(&Context::default()),
        None => work(&current()),
    }
}

/// Works with a context of which nothing but the client is that of `within`, or else of the current one.
pub(crate) fn with_client_of<T>(within: Option<&Context>, work: impl FnOnce(&Context) -> T) -> T {
    match within {
        None if !may_be_captured() => work(&Context::default()),
        within => with_context(within, work),
    }
}

/// Whether it is sure that nothing is current. It asks for less than what is.
fn is_outside() -> bool {
    let has_entered = ENTERED.try_with(|entered| !entered.borrow().is_empty()).unwrap_or(false);
    !has_entered
        && match task::try_id() {
            Some(_) => SEATED_TASKS.here().load(Ordering::Relaxed) == 0,
            None => THREAD.try_with(|frame| frame.is_empty()).unwrap_or(true),
        }
}

/// Whether what is dropped now goes with a future that did not end by itself.
pub(crate) fn is_cancelling() -> bool {
    innermost(task::try_id(), |entered| entered.cancelling).is_ok_and(|cancelling| cancelling == Some(true))
}

/// The innermost place, if the thread still has one: while it ends, it has not.
fn here(by: Option<task::Id>) -> Option<Seat> {
    let entered = innermost(by, |entered| Arc::clone(&entered.frame)).ok()?;
    match (entered, by) {
        (Some(frame), _) => Some(Seat::Frame(frame)),
        (None, Some(id)) => Some(Seat::Task(id)),
        (None, None) => THREAD.try_with(|frame| Seat::Frame(Arc::clone(frame))).ok(),
    }
}

/// Looks at the innermost frame, if this task has entered it.
fn innermost<T>(by: Option<task::Id>, look: impl FnOnce(&Entered) -> T) -> Result<Option<T>, AccessError> {
    ENTERED.try_with(|entered| entered.borrow().last().filter(|entered| entered.by == by).map(look))
}

impl Seat {
    /// Makes the context inside an open span current in the innermost place.
    pub(crate) fn take(inside: Context) -> Self {
        let seat = here(task::try_id()).unwrap_or(Self::Nowhere);
        let inside = Seated::new(inside);
        match &seat {
            Self::Frame(frame) => frame.change(|open| open.push(inside)),
            Self::Task(id) => {
                let mut tasks = tasks(*id);
                let open = tasks.entry(*id).or_default();
                SEATED_TASKS.here().fetch_add(usize::from(open.is_empty()), Ordering::Relaxed);
                open.push(inside);
            }
            Self::Nowhere => {}
        }
        seat
    }

    /// Frees the seat; the spans around it stay where they are.
    pub(crate) fn leave(&self, span: &OpenSpan) {
        match self {
            Self::Frame(frame) => frame.change(|open| unseat(open, span)),
            Self::Task(id) => {
                let mut tasks = tasks(*id);
                if let Some(open) = tasks.get_mut(id) {
                    unseat(open, span);
                    if open.is_empty() {
                        tasks.remove(id);
                        SEATED_TASKS.here().fetch_sub(1, Ordering::Relaxed);
                    }
                }
            }
            Self::Nowhere => {}
        }
    }

    /// The innermost trajectory that sits inside `span` and is open.
    pub(crate) fn trajectory_inside(&self, span: &OpenSpan) -> Option<Arc<OpenSpan>> {
        let inside = |open: &Open| {
            // Outermost first, so that a span is known before those inside it.
            let mut family = HashSet::from([span.span_id]);
            let mut innermost = None;
            for seated in open.iter().skip(place_of(span, open).unwrap_or(0)) {
                let Some(other) = seated.context.span() else { continue };
                if seated.inside.is_some_and(|outer| family.contains(&outer)) {
                    family.insert(other.span_id);
                    if other.role == Role::Trajectory && other.is_open() {
                        innermost = Some(Arc::clone(other));
                    }
                }
            }
            innermost
        };
        match self {
            Self::Frame(frame) => inside(&frame.open()),
            Self::Task(id) => inside(tasks(*id).get(id)?),
            Self::Nowhere => None,
        }
    }
}

fn tasks(id: task::Id) -> MutexGuard<'static, Tasks> {
    let hash = BuildSpread::default().hash_one(id);
    let tasks = TASKS.here();
    let index = usize::try_from((hash >> 16) % tasks.len() as u64).unwrap_or(0);
    tasks[index].lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Sink;
    use crate::record::{Limits, Records, Resource, SpanRecord};
    use crate::scope::{Client, Draft, Sources};

    #[derive(Debug)]
    struct Nobody;

    impl Sink for Nobody {
        fn accept(&self, _: Box<SpanRecord>) {}

        fn withhold(&self, _: crate::error::LossReason) {}

        fn deliver(&self, _: Records, _: std::time::Instant) -> crate::pipeline::Delivery {
            Box::pin(std::future::ready(Ok(())))
        }
    }

    fn open() -> Arc<OpenSpan> {
        let limits = Limits::default();
        let client = Arc::new(Client::new(Arc::new(Nobody), limits, Resource::default(), Sources::default()));
        OpenSpan::start(&current(), &client, Role::Tool, Draft::named("tool", limits), false)
    }

    #[test]
    fn a_task_without_open_spans_has_no_entry() {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let kept = runtime.map(|runtime| {
            runtime.block_on(async {
                let task = tokio::spawn(async {
                    let spans = [open(), open()];
                    let seats = spans.each_ref().map(|span| Seat::take(Context::default().with_parent(span)));
                    let id = task::id();
                    let held = tasks(id).get(&id).map(Vec::len);
                    for (seat, span) in seats.iter().zip(&spans) {
                        seat.leave(span);
                    }
                    let kept = tasks(id).contains_key(&id);
                    (held, kept)
                });
                task.await.ok()
            })
        });
        assert_eq!(kept.ok().flatten(), Some((Some(2), false)));
    }
}
