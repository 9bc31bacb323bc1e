//! Captures: what is emitted inside one stays there.

use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::{Span, Spans};
use crate::error::{LossReason, Losses};
use crate::pipeline::{Delivery, Sink};
use crate::record::{Hooks, Limits, Records, Redact, Resource, SpanRecord};
use crate::scope::{Client, Context, InContextExt, Sources};

/// Runs a closure and gives the spans emitted inside it, in the order in which they ended. Spans still open at its end
/// are among them, marked with `bento.unfinished`.
///
/// ```
/// let spans = bento::testing::capture(|| {
///     let _turn = bento::begin("user_turn").start();
///     bento::track_ai("plan").send();
/// });
/// assert_eq!(spans.tree(), "user_turn\n  plan");
/// ```
///
/// Nothing is sent, no SDK is started, and what was given at `init` does not hold here: identity sources are not asked,
/// redaction hooks do not run ([`builder`] takes some), every trace is kept. What the closure returns is dropped.
pub fn capture<T>(work: impl FnOnce() -> T) -> Spans {
    builder().capture(work)
}

/// The same for a future.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let spans = bento::testing::capture_async(async {
///     bento::track_ai("plan").model("gpt-4o").send();
/// }).await;
/// let plan = spans.find("plan").expect("it was emitted");
/// assert_eq!(plan.attribute("gen_ai.request.model"), Some("gpt-4o".into()));
/// # });
/// ```
pub async fn capture_async<F: Future>(work: F) -> Spans {
    builder().capture_async(work).await
}

/// A capture with redaction hooks: the spans are those that would be sent with them.
///
/// ```
/// let hook = |field: &mut bento::Field<'_>| if field.key() == "input.value" { field.remove() };
/// let spans = bento::testing::builder().redact(hook).capture(|| bento::track_ai("plan").input("secret").send());
/// assert_eq!(spans.find("plan").unwrap().attribute("input.value"), None);
/// ```
pub fn builder() -> Builder {
    Builder::default()
}

/// A capture that is about to begin; see [`builder`].
///
/// ```
/// let capture = bento::testing::builder();
/// assert!(capture.capture(|| ()).is_empty());
/// ```
#[derive(Debug, Default)]
#[must_use = "nothing is captured until `capture`"]
pub struct Builder {
    hooks: Hooks,
}

impl Builder {
    /// Adds a redaction hook, as [`Builder::redact`](crate::Builder::redact) of the SDK does: what a program and its tests
    /// share is the hook.
    ///
    /// ```
    /// fn hook() -> impl bento::Redact {
    ///     |field: &mut bento::Field<'_>| if field.key() == "internal.ticket" { field.remove() }
    /// }
    ///
    /// let _bento = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080").redact(hook()).init()?;
    /// let call = || bento::track_ai("plan").property("internal.ticket", 17).send();
    /// let spans = bento::testing::builder().redact(hook()).capture(call);
    /// assert_eq!(spans.find("plan").unwrap().attributes().count(), 0);
    /// # Ok::<(), bento::InitError>(())
    /// ```
    pub fn redact(mut self, hook: impl Redact + 'static) -> Self {
        self.hooks.push(hook);
        self
    }

    /// Runs a closure and gives the spans emitted inside it, as [`capture`](capture()) does.
    ///
    /// ```
    /// let spans = bento::testing::builder().capture(|| bento::track_ai("plan").send());
    /// assert_eq!(spans.tree(), "plan");
    /// ```
    pub fn capture<T>(self, work: impl FnOnce() -> T) -> Spans {
        let capture = self.begin();
        capture.context.enter(work);
        capture.end()
    }

    /// The same for a future.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let spans = bento::testing::builder().capture_async(async { bento::track_ai("plan").send() }).await;
    /// assert_eq!(spans.tree(), "plan");
    /// # });
    /// ```
    pub async fn capture_async<F: Future>(self, work: F) -> Spans {
        let capture = self.begin();
        work.in_context(capture.context.clone()).await;
        capture.end()
    }

    fn begin(self) -> Capture {
        let captured = Arc::new(Captured::default());
        let sink = Arc::clone(&captured) as _;
        let client = Client::new(sink, Limits::default(), Resource::default(), Sources::default());
        client.update_hooks(self.hooks);
        let client = Arc::new(client);
        Capture { context: Context::of_client(Arc::clone(&client)), client, captured }
    }
}

struct Capture {
    client: Arc<Client>,
    context: Context,
    captured: Arc<Captured>,
}

#[derive(Debug, Default)]
struct Captured {
    records: Mutex<Records>,
    withheld: Mutex<Losses>,
}

impl Sink for Captured {
    fn accept(&self, record: Box<SpanRecord>) {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).push(record);
    }

    fn withhold(&self, reason: LossReason) {
        self.withheld.lock().unwrap_or_else(PoisonError::into_inner).add(reason, 1);
    }

    fn deliver(&self, records: Records, _: Instant) -> Delivery {
        for record in records {
            self.accept(record);
        }
        Box::pin(ready(Ok(())))
    }
}

impl Capture {
    fn end(self) -> Spans {
        self.client.end_open_spans();
        let records =
            std::mem::take(&mut *self.captured.records.lock().unwrap_or_else(PoisonError::into_inner));
        let withheld = self.captured.withheld.lock().unwrap_or_else(PoisonError::into_inner).total();
        Spans {
            captured: records.into_iter().map(|record| Span(*record)).collect(),
            withheld,
            panics: self.client.panics(),
        }
    }
}
