//! Streamed answers: one span for a whole stream, whatever becomes of it.

use std::fmt::{self, Display};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::{Instant, SystemTime};

use futures_core::Stream;
use pin_project_lite::pin_project;

use super::pace::Pace;
use super::{Failure, TrackAi};
use crate::foreign::{guarded, panic_message};
use crate::record::{Limits, SpanId, keys, prefix};
use crate::running;
use crate::scope::{Context, Leaf, Preview};

/// A piece of a streamed answer: what it adds to the output, or the error that it is.
///
/// It is implemented for strings and for `Result`s of chunks. For a provider's own type implement it, or say what to
/// record with [`TrackAi::stream_with`].
///
/// ```
/// struct Delta { text: String, usage: Option<(u64, u64)> }
///
/// impl bento::Chunk for Delta {
///     fn record(&self, output: &mut bento::Output) {
///         output.push(&self.text);
///         if let Some((input, written)) = self.usage {
///             output.tokens(input, written);
///         }
///     }
/// }
/// ```
pub trait Chunk {
    /// Adds this chunk to the output.
    ///
    /// ```
    /// # use futures_util::{StreamExt, stream};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let chunks = stream::iter([Ok("Hel"), Err("cut off")]);
    /// let spans = bento::testing::capture_async(async {
    ///     bento::track_ai("answer").stream(chunks).collect::<Vec<_>>().await
    /// }).await;
    /// let answer = spans.find("answer").expect("it was emitted");
    /// assert_eq!(answer.attribute("output.value"), Some("Hel".into()));
    /// assert_eq!(answer.error(), Some("cut off"));
    /// # });
    /// ```
    fn record(&self, output: &mut Output);
}

impl Chunk for str {
    fn record(&self, output: &mut Output) {
        output.push(self);
    }
}

impl Chunk for String {
    fn record(&self, output: &mut Output) {
        output.push(self);
    }
}

impl<C: Chunk + ?Sized> Chunk for &C {
    fn record(&self, output: &mut Output) {
        (**self).record(output);
    }
}

impl<C: Chunk, E: Display> Chunk for Result<C, E> {
    fn record(&self, output: &mut Output) {
        match self {
            Ok(chunk) => chunk.record(output),
            Err(error) => output.error(Failure::new(error)),
        }
    }
}

/// What a stream has given so far, for the span that is emitted at its end.
///
/// ```
/// # use futures_util::{StreamExt, stream};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let deltas = stream::iter(["Hel", "lo"]);
/// let answer = bento::track_ai("answer").stream_with(deltas, |delta, output: &mut bento::Output| {
///     output.push(delta);
/// });
/// # answer.collect::<Vec<_>>().await;
/// # });
/// ```
pub struct Output {
    /// `None` once the span has been sent.
    call: Option<(Context, Leaf)>,
    limits: Limits,
    text: String,
    has_text: bool,
    /// Bytes that came, of which `text` keeps at most the limit.
    size: usize,
    requested: Instant,
    /// In live mode: what was settled when it was first sent.
    preview: Option<Preview>,
    /// When it may be shown again, if at all.
    pace: Option<Pace>,
    /// When the call was made, where the caller knows better.
    requested_at: Option<SystemTime>,
}

impl Output {
    /// Adds a piece of text. Past the value limit (1 MiB, or [`value_bytes`](crate::Builder::value_bytes)) it is only
    /// counted.
    ///
    /// ```
    /// # use futures_util::{StreamExt, stream};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let chunks = stream::iter(["Hel", "lo"]);
    /// let spans = bento::testing::capture_async(async {
    ///     let answer = bento::track_ai("answer").stream_with(chunks, |chunk, output| {
    ///         output.push(chunk);
    ///     });
    ///     answer.collect::<Vec<_>>().await
    /// }).await;
    /// assert_eq!(spans.find("answer").unwrap().attribute("output.value"), Some("Hello".into()));
    /// # });
    /// ```
    pub fn push(&mut self, text: &str) {
        self.has_text = true;
        let room = self.limits.value_bytes.saturating_sub(self.text.len());
        if self.text.len() == self.size {
            self.text.push_str(prefix(text, room));
        }
        self.size += text.len();
    }

    /// Tokens read and written, as the provider counted them; the last count stands.
    ///
    /// ```
    /// # use futures_util::{StreamExt, stream};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let chunks = stream::iter(["Hel", "lo"]);
    /// let spans = bento::testing::capture_async(async {
    ///     let answer = bento::track_ai("answer").stream_with(chunks, |chunk, output| {
    ///         output.tokens(12, chunk.len() as u64);
    ///     });
    ///     answer.collect::<Vec<_>>().await
    /// }).await;
    /// assert_eq!(spans.find("answer").unwrap().attribute("gen_ai.usage.output_tokens"), Some(2.into()));
    /// # });
    /// ```
    pub fn tokens(&mut self, input: u64, output: u64) {
        if let Some((_, leaf)) = &mut self.call {
            leaf.draft.set_tokens(input, output);
        }
    }

    /// A property of your own, such as the reason why the answer ended.
    ///
    /// ```
    /// # use futures_util::{StreamExt, stream};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let chunks = stream::iter(["Hel", "lo"]);
    /// let spans = bento::testing::capture_async(async {
    ///     let answer = bento::track_ai("answer").stream_with(chunks, |chunk, output| {
    ///         output.property("last", chunk);
    ///     });
    ///     answer.collect::<Vec<_>>().await
    /// }).await;
    /// assert_eq!(spans.find("answer").unwrap().attribute("last"), Some("lo".into()));
    /// # });
    /// ```
    pub fn property(&mut self, key: impl AsRef<str>, value: impl serde_core::Serialize) {
        if let Some((_, leaf)) = &mut self.call {
            leaf.draft.set_property(key.as_ref(), &value);
        }
    }

    /// Marks the call as failed. The first failure stands, and the stream goes on.
    ///
    /// ```
    /// # use futures_util::{StreamExt, stream};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let chunks = stream::iter(["Hel", "lo"]);
    /// let spans = bento::testing::capture_async(async {
    ///     let answer = bento::track_ai("answer").stream_with(chunks, |chunk, output| {
    ///         output.error(bento::Failure::new(chunk));
    ///     });
    ///     answer.collect::<Vec<_>>().await
    /// }).await;
    /// assert_eq!(spans.find("answer").unwrap().error(), Some("Hel"));
    /// # });
    /// ```
    pub fn error(&mut self, failure: Failure<'_>) {
        if let Some((_, leaf)) = &mut self.call {
            leaf.draft.fail(failure.kind, &failure.message);
        }
    }

    fn first_chunk(&mut self) {
        let since = self.requested_at.and_then(|at| at.elapsed().ok());
        let seconds = since.unwrap_or_else(|| self.requested.elapsed()).as_secs_f64();
        if let Some((_, leaf)) = &mut self.call {
            leaf.draft.set_managed(&keys::TIME_TO_FIRST_CHUNK, seconds);
        }
    }

    /// In live mode, sends the span with what has come so far, unless that would be too soon.
    fn show(&mut self) {
        let Some(pace) = &mut self.pace else { return };
        let now = Instant::now();
        // What is only counted shows nothing new.
        let shown = self.text.len();
        if pace.is_due(shown, now)
            && let (Some((context, leaf)), Some(preview)) = (&self.call, &mut self.preview)
            && let Some(bytes) = running::show(leaf, preview, (&self.text, self.size), context)
        {
            pace.note(shown, bytes, now);
        }
    }

    fn send(&mut self, cancelled: bool) {
        let Some((context, mut leaf)) = self.call.take() else { return };
        if self.has_text {
            leaf.draft.set_gathered(&keys::OUTPUT, std::mem::take(&mut self.text), self.size);
        }
        // Who stops at an error drops the stream, too.
        if cancelled && !leaf.draft.has_failed() {
            leaf.draft.set_managed(&keys::CANCELLED, true);
        }
        if self.requested_at.is_none() {
            leaf.draft.set_duration(self.requested.elapsed());
        }
        match &self.preview {
            Some(preview) => running::emit_again(leaf, preview, &context),
            None => running::emit(leaf, Some(&context)),
        };
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.send(true);
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("bytes", &self.size).finish_non_exhaustive()
    }
}

pin_project! {
    /// A stream that emits one span: when it ends, fails, or is dropped before its end (marked with
    /// `bento.cancelled`, with the output that had come).
    ///
    /// ```
    /// # use futures_util::{StreamExt, stream};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let spans = bento::testing::capture_async(async {
    ///     let mut chunks = bento::track_ai("answer").stream(stream::iter(["Hel", "lo"]));
    ///     chunks.next().await; // and no further
    /// }).await;
    /// let answer = spans.find("answer").expect("it was emitted");
    /// assert_eq!(answer.attribute("output.value"), Some("Hel".into()));
    /// assert_eq!(answer.attribute("bento.cancelled"), Some(true.into()));
    /// # });
    /// ```
    #[must_use = "a stream does nothing unless polled"]
    pub struct TracedStream<S, F> {
        #[pin]
        chunks: S,
        record: F,
        output: Output,
        started: bool,
        span_id: SpanId,
    }
}

impl TrackAi {
    /// Passes a stream of chunks through, and emits the call when it ends, fails or is dropped.
    ///
    /// The span starts now, also if the stream is never polled; give a `start_time` where the request was made before. The
    /// time to the first chunk is kept as `gen_ai.response.time_to_first_chunk`, in seconds.
    ///
    /// In [live mode](crate::Builder::live) it is sent at its start, and again with the text so far as chunks come: at
    /// most five times a second, and the longer it is the less often, so that a second sees 1 MiB of it at most, until the
    /// text has reached the value limit. No timer does this: while no chunk comes, nothing is sent. One that is still open
    /// when the process ends is not completed, unlike what was opened by `begin`: drop it before.
    ///
    /// ```
    /// # use futures_util::{StreamExt, stream};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let answer = stream::iter(["Hel", "lo"]);
    /// let mut chunks = bento::track_ai("answer").model("gpt-4o").input("Hi").stream(answer);
    /// while let Some(chunk) = chunks.next().await {
    ///     print!("{chunk}");
    /// }
    /// # });
    /// ```
    pub fn stream<S>(self, chunks: S) -> TracedStream<S, impl FnMut(&S::Item, &mut Output)>
    where
        S: Stream<Item: Chunk>,
    {
        self.stream_with(chunks, Chunk::record)
    }

    /// The same for chunks of any type: `record` adds each one to the output.
    ///
    /// ```
    /// # use futures_util::{StreamExt, stream};
    /// # struct Event { delta: String }
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let events = stream::iter([Event { delta: "Hi".into() }]);
    /// let events = bento::track_ai("answer").stream_with(events, |event: &Event, output| output.push(&event.delta));
    /// let all: Vec<Event> = events.collect().await;
    /// # });
    /// ```
    pub fn stream_with<S, F>(self, chunks: S, record: F) -> TracedStream<S, F>
    where
        S: Stream,
        F: FnMut(&S::Item, &mut Output),
    {
        let (context, mut leaf) = self.into_leaf();
        let requested_at = leaf.draft.started_at();
        leaf.draft.set_start(requested_at.unwrap_or_else(SystemTime::now));
        let span_id = leaf.span_id;
        let requested = Instant::now();
        let (preview, bytes) = running::announce(&leaf, &context).unzip();
        let pace = bytes.flatten().map(|bytes| Pace::starting(requested, bytes));
        let output = Output {
            limits: leaf.draft.limits(),
            call: Some((context, leaf)),
            text: String::new(),
            has_text: false,
            size: 0,
            requested,
            preview,
            pace,
            requested_at,
        };
        TracedStream { chunks, record, output, started: false, span_id }
    }
}

impl<S, F> TracedStream<S, F> {
    /// The id of the span that will be emitted.
    ///
    /// ```
    /// # use futures_util::stream;
    /// let chunks = bento::track_ai("answer").stream(stream::iter(["Hel", "lo"]));
    /// println!("this answer will be span {}", chunks.event_id());
    /// ```
    pub fn event_id(&self) -> SpanId {
        self.span_id
    }
}

impl<S: Stream, F: FnMut(&S::Item, &mut Output)> Stream for TracedStream<S, F> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let polled = catch_unwind(AssertUnwindSafe(|| this.chunks.poll_next(context)));
        let next = ready!(polled.unwrap_or_else(|panic| {
            this.output.error(Failure { kind: "panic", message: &panic_message(&*panic) });
            this.output.send(false);
            resume_unwind(panic)
        }));
        match &next {
            Some(chunk) => {
                if !std::mem::replace(this.started, true) {
                    this.output.first_chunk();
                }
                let recorded = guarded(|| (this.record)(chunk, this.output));
                if let Err(panic) = recorded {
                    this.output.error(Failure { kind: "panic", message: &panic });
                }
                this.output.show();
            }
            None => this.output.send(false),
        }
        Poll::Ready(next)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.chunks.size_hint()
    }
}

impl<S, F> fmt::Debug for TracedStream<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracedStream").field("output", &self.output).finish_non_exhaustive()
    }
}
