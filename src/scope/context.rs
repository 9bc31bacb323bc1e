//! The current context as a value: handed to threads and tasks, carried by wrapped futures.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use pin_project_lite::pin_project;

use super::{Client, Frame, OpenSpan, Overrides, seat};
use crate::record::{SpanId, TraceId};

/// What is current at one point of a program: the innermost open span and the attributes in force.
///
/// A cheap, cloneable handle to give to threads and tasks, which start as roots otherwise.
///
/// ```
/// # fn work() { bento::track_ai("plan").send(); }
/// let _turn = bento::begin("user_turn").start();
/// let here = bento::current();
/// std::thread::spawn(move || here.enter(|| work())).join().unwrap();
/// ```
#[derive(Clone, Default)]
pub struct Context {
    parent: Option<Parent>,
    overrides: Option<Arc<Overrides>>,
    /// Set by a capture; elsewhere the running SDK is asked.
    client: Option<Arc<Client>>,
}

#[derive(Clone)]
enum Parent {
    Open(Arc<OpenSpan>),
    Remote(Remote),
}

/// Whether there ever was a context with a client of its own.
static HAS_CAPTURED: AtomicBool = AtomicBool::new(false);

/// Whether the current context may be that of a capture.
pub(super) fn may_be_captured() -> bool {
    HAS_CAPTURED.load(Ordering::Relaxed)
}

/// A span of another process.
#[derive(Clone, Copy)]
pub(super) struct Remote {
    pub(super) trace_id: TraceId,
    pub(super) span_id: SpanId,
    pub(super) is_sampled: bool,
}

/// The current context.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # async fn job() { bento::track_ai("plan").send(); }
/// let _turn = bento::begin("user_turn").start();
/// tokio::spawn(bento::current().run(async { job().await })).await.unwrap();
/// # });
/// ```
#[must_use = "a context does nothing until it is entered"]
pub fn current() -> Context {
    seat::current()
}

impl Context {
    /// Runs a closure inside this context.
    ///
    /// ```
    /// let here = bento::current();
    /// let sum = std::thread::spawn(move || here.enter(|| 1 + 1)).join().unwrap();
    /// assert_eq!(sum, 2);
    /// ```
    pub fn enter<T>(&self, work: impl FnOnce() -> T) -> T {
        Frame::new(self.clone()).enter(work)
    }

    /// Wraps a future so that it runs inside this context, on any executor and whatever runs beside it.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let here = bento::current();
    /// let (a, b) = tokio::join!(here.run(async { 1 }), here.run(async { 2 }));
    /// assert_eq!(a + b, 3);
    /// # });
    /// ```
    pub fn run<F: Future>(&self, future: F) -> InContext<F> {
        InContext::new(future, Frame::new(self.clone()))
    }

    /// Whether a span is open, here or in the process this context came from.
    ///
    /// ```
    /// assert!(!bento::current().has_span());
    /// let _turn = bento::begin("user_turn").start();
    /// assert!(bento::current().has_span());
    /// ```
    pub fn has_span(&self) -> bool {
        self.parent.is_some()
    }

    pub(super) fn with_remote_parent(self, remote: Remote) -> Self {
        Self { parent: Some(Parent::Remote(remote)), ..self }
    }

    pub(super) fn with_client(self, client: Option<Arc<Client>>) -> Self {
        Self { client, ..self }
    }

    pub(crate) fn with_parent(&self, span: &Arc<OpenSpan>) -> Self {
        Self { parent: Some(Parent::Open(Arc::clone(span))), ..self.clone() }
    }

    pub(crate) fn with_overrides(self, overrides: Overrides) -> Self {
        let overrides = Some(Arc::new(overrides.over(self.overrides())));
        Self { overrides, ..self }
    }

    #[cfg(feature = "testing")]
    pub(crate) fn of_client(client: Arc<Client>) -> Self {
        HAS_CAPTURED.store(true, Ordering::Relaxed);
        Self { client: Some(client), ..Self::default() }
    }

    pub(crate) fn client(&self) -> Option<&Arc<Client>> {
        self.client.as_ref()
    }

    pub(crate) fn overrides(&self) -> Option<&Overrides> {
        self.overrides.as_deref()
    }

    /// What holds around the innermost span, but for that span.
    pub(crate) fn without_parent(self) -> Self {
        Self { parent: None, ..self }
    }

    /// The innermost span of this process, open or ended.
    pub(crate) fn span(&self) -> Option<&Arc<OpenSpan>> {
        match &self.parent {
            Some(Parent::Open(span)) => Some(span),
            Some(Parent::Remote(..)) | None => None,
        }
    }

    /// Whether `span` is the innermost one.
    pub(super) fn is_inside(&self, span: &OpenSpan) -> bool {
        self.span().is_some_and(|own| std::ptr::eq(&raw const **own, span))
    }

    pub(crate) fn parent_ids(&self) -> Option<(TraceId, SpanId)> {
        match self.parent.as_ref()? {
            Parent::Open(span) => Some((span.trace_id, span.span_id)),
            Parent::Remote(remote) => Some((remote.trace_id, remote.span_id)),
        }
    }

    /// Whether the innermost span is recorded, as far as is known of one elsewhere.
    pub(super) fn is_sampled(&self) -> bool {
        match &self.parent {
            Some(Parent::Open(span)) => span.is_sampled,
            Some(Parent::Remote(remote)) => remote.is_sampled,
            None => false,
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (trace_id, span_id) = self.parent_ids().unzip();
        f.debug_struct("Context")
            .field("trace_id", &trace_id)
            .field("span_id", &span_id)
            .finish_non_exhaustive()
    }
}

/// Gives every future the method [`in_context`](InContextExt::in_context).
///
/// ```
/// use bento::InContextExt;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let turn = bento::begin("user_turn").start();
/// let answer = async { 42 }.in_context(turn.context()).await;
/// assert_eq!(answer, 42);
/// # });
/// ```
pub trait InContextExt: Future + Sized {
    /// Wraps the future so that it runs inside `context`.
    ///
    /// ```
    /// use bento::InContextExt;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # async fn job() { bento::track_ai("plan").send(); }
    /// let _turn = bento::begin("user_turn").start();
    /// tokio::spawn(job().in_context(bento::current())).await.unwrap();
    /// # });
    /// ```
    fn in_context(self, context: Context) -> InContext<Self>;
}

impl<F: Future> InContextExt for F {
    fn in_context(self, context: Context) -> InContext<Self> {
        InContext::new(self, Frame::new(context))
    }
}

pin_project! {
    /// A future that is polled, and dropped, inside a context of its own. The guards that go with it when it is
    /// dropped before its end are marked with `bento.cancelled`.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let job: bento::InContext<_> = bento::current().run(async { 42 });
    /// assert_eq!(tokio::spawn(job).await.unwrap(), 42);
    /// # });
    /// ```
    #[derive(Debug)]
    #[must_use = "a future does nothing unless awaited"]
    pub struct InContext<F> {
        // `None` once it has ended: what is dropped later was not cancelled.
        #[pin]
        future: Option<F>,
        frame: Arc<Frame>,
    }

    impl<F> PinnedDrop for InContext<F> {
        fn drop(this: Pin<&mut Self>) {
            this.abandon(|| ());
        }
    }
}

impl<F> InContext<F> {
    pub(crate) fn new(future: F, frame: Arc<Frame>) -> Self {
        Self { future: Some(future), frame }
    }

    /// Drops the future, unless it has ended, and then does `rest`, both inside the context.
    pub(crate) fn abandon(self: Pin<&mut Self>, rest: impl FnOnce()) {
        let mut this = self.project();
        if this.future.is_some() {
            this.frame.cancel(|| {
                this.future.set(None);
                rest();
            });
        }
    }
}

impl<F: Future> Future for InContext<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        this.frame.enter(|| {
            let Some(future) = this.future.as_mut().as_pin_mut() else { return Poll::Pending };
            let polled = future.poll(context);
            if polled.is_ready() {
                this.future.set(None);
            }
            polled
        })
    }
}
