//! Where open spans sit, so that what is emitted next finds its parent.
//!
//! A wrapped future or closure carries a frame of its own, which it brings along wherever it runs. Elsewhere a guard
//! sits with the tokio task that opened it, told by the task's id, or with the thread where there is no task: a future
//! that is not a task is polled by one `block_on` on one thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use once_cell::sync::Lazy;
use tokio::task;

use super::{Context, OpenSpan, Role};

/// A place where spans are opened, innermost last, under what was current when the place was made.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    base: Context,
    open: Mutex<Vec<Arc<OpenSpan>>>,
}

/// Where one open span sits, wherever its guard is moved.
#[derive(Clone, Debug)]
pub(crate) enum Seat {
    Frame(Arc<Frame>),
    Task(task::Id),
    /// In no place at all: nothing becomes its child unless told so.
    Nowhere,
}

thread_local! {
    /// The frames entered on this thread, innermost last, each with the task that entered it: a task that is polled
    /// meanwhile, by a nested `block_on` or a `LocalSet`, is not inside them.
    static ENTERED: RefCell<Vec<(Option<task::Id>, Arc<Frame>)>> = const { RefCell::new(Vec::new()) };
    static THREAD: Arc<Frame> = Arc::default();
}

/// The spans that tasks hold open; tasks without one have no entry.
static TASKS: Lazy<[Mutex<Tasks>; 16]> = Lazy::new(Default::default);

type Tasks = HashMap<task::Id, Vec<Arc<OpenSpan>>>;

impl Frame {
    pub(crate) fn new(base: Context) -> Arc<Self> {
        Arc::new(Self { base, open: Mutex::default() })
    }

    /// Runs `work` inside this frame.
    pub(crate) fn enter<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        /// Leaves the frame also when `work` panics.
        struct Entered(bool);
        impl Drop for Entered {
            fn drop(&mut self) {
                if self.0 {
                    ENTERED.try_with(|entered| entered.borrow_mut().pop()).ok();
                }
            }
        }
        let here = (task::try_id(), Arc::clone(self));
        let _entered = Entered(ENTERED.try_with(|entered| entered.borrow_mut().push(here)).is_ok());
        work()
    }

    fn context(&self) -> Context {
        match self.open().last() {
            Some(span) => self.base.with_parent(span),
            None => self.base.clone(),
        }
    }

    fn open(&self) -> MutexGuard<'_, Vec<Arc<OpenSpan>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is current on this thread, in this task.
pub(super) fn current() -> Context {
    match here() {
        Some(Seat::Frame(frame)) => frame.context(),
        Some(Seat::Task(id)) => match tasks(id).get(&id).and_then(|open| open.last()) {
            Some(span) => Context::default().with_parent(span),
            None => Context::default(),
        },
        Some(Seat::Nowhere) | None => Context::default(),
    }
}

/// The innermost place, if the thread still has one: while it ends, it has not.
fn here() -> Option<Seat> {
    let task = task::try_id();
    let entered = ENTERED
        .try_with(|entered| {
            entered.borrow().last().filter(|(owner, _)| *owner == task).map(|(_, frame)| Arc::clone(frame))
        })
        .ok()?;
    match (entered, task) {
        (Some(frame), _) => Some(Seat::Frame(frame)),
        (None, Some(id)) => Some(Seat::Task(id)),
        (None, None) => THREAD.try_with(|frame| Seat::Frame(Arc::clone(frame))).ok(),
    }
}

impl Seat {
    /// Seats an open span in the innermost place.
    pub(crate) fn take(span: &Arc<OpenSpan>) -> Self {
        let seat = here().unwrap_or(Self::Nowhere);
        let span = Arc::clone(span);
        match &seat {
            Self::Frame(frame) => frame.open().push(span),
            Self::Task(id) => tasks(*id).entry(*id).or_default().push(span),
            Self::Nowhere => {}
        }
        seat
    }

    /// Frees the seat; the spans around it stay where they are.
    pub(crate) fn leave(&self, span: &OpenSpan) {
        let others = |other: &Arc<OpenSpan>| !std::ptr::eq(&raw const **other, span);
        match self {
            Self::Frame(frame) => frame.open().retain(others),
            Self::Task(id) => {
                let mut tasks = tasks(*id);
                if let Some(open) = tasks.get_mut(id) {
                    open.retain(others);
                    if open.is_empty() {
                        tasks.remove(id);
                    }
                }
            }
            Self::Nowhere => {}
        }
    }

    /// The innermost trajectory that sits inside `span` and is open.
    pub(crate) fn trajectory_inside(&self, span: &OpenSpan) -> Option<Arc<OpenSpan>> {
        let inside = |open: &[Arc<OpenSpan>]| {
            let outside = |other: &&Arc<OpenSpan>| !std::ptr::eq(&raw const ***other, span);
            let inner = open.iter().rev().take_while(outside);
            inner.into_iter().find(|inner| inner.role == Role::Trajectory && inner.is_open()).cloned()
        };
        match self {
            Self::Frame(frame) => inside(&frame.open()),
            Self::Task(id) => inside(tasks(*id).get(id)?),
            Self::Nowhere => None,
        }
    }
}

fn tasks(id: task::Id) -> MutexGuard<'static, Tasks> {
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(id);
    let index = usize::try_from(hash % TASKS.len() as u64).unwrap_or(0);
    TASKS[index].lock().unwrap_or_else(PoisonError::into_inner)
}
