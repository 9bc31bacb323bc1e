//! What several of these tests need.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use bento::testing::{Span, Spans};
use bento::{SpanId, Tool, Trajectory};

/// The property in which a span says who its parent ought to be.
pub(crate) const PARENT: &str = "expected parent";

/// A random sequence that its seed repeats.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Any open guard.
pub(crate) enum Open {
    Turn(Trajectory),
    Tool(Tool),
}

impl Open {
    pub(crate) fn id(&self) -> SpanId {
        match self {
            Self::Turn(turn) => turn.event_id(),
            Self::Tool(tool) => tool.event_id(),
        }
    }

    pub(crate) fn header(&self) -> String {
        let trace_id = match self {
            Self::Turn(turn) => turn.trace_id(),
            Self::Tool(tool) => tool.trace_id(),
        };
        format!("00-{trace_id}-{}-01", self.id())
    }
}

/// The current span, as another process would be told of it.
pub(crate) fn header() -> Option<String> {
    bento::current().traceparent()
}

/// Opens, closes or emits one span inside `open`, which lists what is open, innermost last.
pub(crate) fn step(random: &mut Random, open: &mut Vec<Open>) {
    let parent = open.last().map(|open| open.id().to_string());
    match random.below(5) {
        0 => open.push(Open::Turn(bento::begin("nested").property(PARENT, parent).start())),
        1 => open.push(Open::Tool(bento::tool_span("tool").property(PARENT, parent).start())),
        2 if open.len() > 1 => drop(open.pop()),
        3 => {
            bento::tool_span("leaf tool").property(PARENT, parent).send();
        }
        _ => {
            bento::track_ai("call").property(PARENT, parent).send();
        }
    }
    check(open);
}

/// The current span is the innermost one of `open`.
pub(crate) fn check(open: &[Open]) {
    assert_eq!(header(), open.last().map(Open::header));
}

/// Drops guards innermost first, as their scopes would.
pub(crate) fn close(open: &mut Vec<Open>) {
    while open.pop().is_some() {}
}

/// Every span but `root` hangs where it said it ought to, and none was left open.
pub(crate) fn assert_parents(spans: &Spans, root: SpanId) {
    for span in spans.iter().filter(|span| span.id() != root) {
        let parent = span.parent_id().map(|id| id.to_string());
        assert_eq!(span.attribute(PARENT), parent.map(Into::into), "{span:?}");
        assert!(span.attribute("bento.unfinished").is_none(), "{span:?}");
    }
}

pub(crate) fn is_cancelled(span: &Span) -> bool {
    span.attribute("bento.cancelled") == Some(true.into())
}

/// An executor that knows of no runtime.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
