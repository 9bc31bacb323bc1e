//! What the attribute macros expand to. It is public because the expansion stands in the user's crate, and may change
//! with every release.
//!
//! What depends on a type is decided where the type is known, in the user's function, by the compiler: each wrapper has
//! a method for the types that can do more, and dereferences to one with a method of the same name for those that
//! cannot. The first whose bounds hold is called. So nothing has to be imported into the user's function.

use std::any::type_name;
use std::convert::Infallible;
use std::fmt::{Debug, Display};
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use serde_core::Serialize;

use crate::emit::guard::{self, Guard};
use crate::emit::{Begin, Failure, Outcome, ToolSpan, begin, tool_span};
use crate::foreign::guarded;
use crate::record::{Limits, Text, keys, prefix};
use crate::running;
use crate::scope::{Draft, InContext};

/// A span that is about to be opened around a function's body.
#[derive(Debug)]
#[must_use]
pub struct Opening {
    opening: guard::Opening,
    draft: Draft,
}

pub fn interaction(event: &str, input: Input) -> Opening {
    let Begin { opening, draft } = begin(event);
    Opening { opening, draft: input.written_to(draft) }
}

pub fn tool(name: &str, input: Input) -> Opening {
    let ToolSpan { opening, draft } = tool_span(name);
    Opening { opening, draft: input.written_to(draft) }
}

impl Opening {
    pub fn enter<A, R>(
        self,
        arguments: A,
        body: impl FnOnce(A) -> R,
        note: impl FnOnce(&R, &Span<'_>) -> Option<Failed>,
    ) -> R {
        let work = |guard: &Guard| Noted::new(body(arguments), guard, note);
        guard::enter(self.opening, self.draft, |guard| guard, |guard| guard, work).value
    }

    /// Opens the span now: the expansion calls it when the function's future is first polled.
    pub fn run<F, N>(self, body: F, note: N) -> Running<F, N>
    where
        F: Future,
        N: FnOnce(&F::Output, &Span<'_>) -> Option<Failed>,
    {
        let (guard, frame) = Guard::framed(self.opening, self.draft);
        Running { future: InContext::new(body, frame), guard, note: Some(note) }
    }
}

pin_project! {
    /// A body that is polled inside its span. It is a type of its own, and no `async fn`, because that would keep the
    /// body once for itself and once for what it awaits, and so double a future with every macro it passes.
    #[derive(Debug)]
    #[must_use]
    pub struct Running<F, N> {
        #[pin]
        future: InContext<F>,
        guard: Guard,
        // `None` once the body has ended.
        note: Option<N>,
    }

    impl<F, N> PinnedDrop for Running<F, N> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if this.note.is_some() {
                this.future.abandon(|| this.guard.end_by_drop());
            }
        }
    }
}

impl<F, N> Future for Running<F, N>
where
    F: Future,
    N: FnOnce(&F::Output, &Span<'_>) -> Option<Failed>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let result = match catch_unwind(AssertUnwindSafe(|| this.future.poll(context))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(value)) => {
                let note = this.note.take();
                Ok(Noted::new(value, this.guard, |value, span| note.and_then(|note| note(value, span))))
            }
            Err(panic) => Err(panic),
        };
        Poll::Ready(this.guard.conclude(result).value)
    }
}

/// Tells the compiler what an async closure will be called with.
pub fn taking<A, R, F: AsyncFnOnce(A) -> R>(_: &A, body: F) -> F {
    body
}

/// For a value of which nothing is noted.
pub fn nothing<R>(_: &R, _: &Span<'_>) -> Option<Failed> {
    None
}

/// The open span.
#[derive(Debug)]
pub struct Span<'a>(&'a Guard);

/// An error in words, so that the value it was read from can be handed back.
#[derive(Debug)]
pub struct Failed {
    kind: &'static str,
    message: String,
}

/// What a body gave, and what was wrong with it.
struct Noted<R> {
    value: R,
    failed: Option<Failed>,
}

impl<R> Noted<R> {
    fn new(value: R, guard: &Guard, note: impl FnOnce(&R, &Span<'_>) -> Option<Failed>) -> Self {
        let failed = note(&value, &Span(guard));
        Self { value, failed }
    }
}

impl<R> Outcome for Noted<R> {
    fn failure(&self) -> Option<Failure<'_>> {
        self.failed.as_ref().map(|Failed { kind, message }| Failure { kind, message })
    }
}

/// The arguments of a call, as the text of a JSON object.
#[derive(Debug)]
pub struct Input {
    json: String,
    /// The length of the whole text; `json` holds little more than the limits allow.
    size: usize,
    limits: Limits,
}

impl Input {
    pub fn none() -> Self {
        Self { json: String::new(), size: 0, limits: Limits::default() }
    }

    #[expect(clippy::new_without_default, reason = "it depends on what is current")]
    pub fn new() -> Self {
        Self { limits: running::limits(None), ..Self::none() }
    }

    fn add<T: Serialize>(&mut self, name: &str, value: &T) {
        let text = guarded(|| Text::of_json(value, self.limits));
        let text = text.map_err(|_| PANICKED.to_owned()).and_then(|text| match text.fault {
            None => Ok(text),
            Some(fault) => Err(fault),
        });
        let text = text.unwrap_or_else(|reason| Text::of_json(&not_captured(&reason), self.limits));
        self.push(if self.size == 0 { "{" } else { "," });
        self.push(&Text::of_json(name, self.limits).kept);
        self.push(":");
        self.push(&text.kept);
        self.size += text.cut_from.map_or(0, |size| size - text.kept.len());
    }

    fn push(&mut self, text: &str) {
        self.size += text.len();
        if self.json.len() < self.limits.value_bytes {
            self.json.push_str(text);
        }
    }

    /// Nothing at all, where no argument could be captured.
    fn written_to(mut self, mut draft: Draft) -> Draft {
        if self.size > 0 {
            self.push("}");
            self.json.truncate(prefix(&self.json, self.limits.value_bytes).len());
            draft.set_gathered(&keys::INPUT, self.json, self.size);
        }
        draft
    }
}

/// What a function gave, to be told apart: a `Result`, under whatever name, or any other value.
#[derive(Debug)]
pub struct Returned<'a, R>(Plain<'a, R>);

#[derive(Debug)]
pub struct Plain<'a, R>(&'a R);

impl<'a, R> Returned<'a, R> {
    pub fn new(value: &'a R) -> Self {
        Self(Plain(value))
    }
}

impl<'a, T, E> Returned<'a, Result<T, E>> {
    pub fn split(&self) -> Result<&'a T, &'a E> {
        self.0.0.as_ref()
    }
}

impl<'a, R> Deref for Returned<'a, R> {
    type Target = Plain<'a, R>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'a, R> Plain<'a, R> {
    pub fn split(&self) -> Result<&'a R, &'a Infallible> {
        Ok(self.0)
    }
}

/// An argument or an output, which is captured if it can be serialised.
#[derive(Debug)]
pub struct Value<'a, T> {
    value: &'a T,
    opaque: Opaque,
}

#[derive(Debug)]
pub struct Opaque;

impl<'a, T> Value<'a, T> {
    pub fn new(value: &'a T) -> Self {
        Self { value, opaque: Opaque }
    }
}

impl<T: Serialize> Value<'_, T> {
    pub fn put_input(&self, name: &str, input: &mut Input) {
        input.add(name, self.value);
    }

    pub fn put_output(&self, span: &Span<'_>) -> Option<Failed> {
        span.output(self.value);
        None
    }
}

impl<T> Deref for Value<'_, T> {
    type Target = Opaque;

    fn deref(&self) -> &Opaque {
        &self.opaque
    }
}

impl Opaque {
    pub fn put_input(&self, _: &str, _: &mut Input) {}

    pub fn put_output(&self, _: &Span<'_>) -> Option<Failed> {
        None
    }
}

impl Span<'_> {
    fn output<T: Serialize>(&self, value: &T) {
        self.0.update(|draft| draft.set_content(&keys::OUTPUT, value));
    }
}

/// An error, in its own words or, where it has none, in those of `Debug`, or else by the name of its type.
#[derive(Debug)]
pub struct Error<'a, E>(DebugError<'a, E>);

#[derive(Debug)]
pub struct DebugError<'a, E>(NamedError<'a, E>);

#[derive(Debug)]
pub struct NamedError<'a, E>(&'a E);

impl<'a, E> Error<'a, E> {
    pub fn new(error: &'a E) -> Self {
        Self(DebugError(NamedError(error)))
    }
}

impl<E: Display> Error<'_, E> {
    pub fn failed(&self) -> Option<Failed> {
        Some(self.0.0.saying(ToString::to_string))
    }
}

impl<'a, E> Deref for Error<'a, E> {
    type Target = DebugError<'a, E>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<E: Debug> DebugError<'_, E> {
    pub fn failed(&self) -> Option<Failed> {
        Some(self.0.saying(|error| format!("{error:?}")))
    }
}

impl<'a, E> Deref for DebugError<'a, E> {
    type Target = NamedError<'a, E>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<E> NamedError<'_, E> {
    pub fn failed(&self) -> Option<Failed> {
        Some(self.saying(|_| type_name::<E>().to_owned()))
    }

    fn saying(&self, words: impl FnOnce(&E) -> String) -> Failed {
        let message = guarded(|| words(self.0)).unwrap_or_else(|_| not_captured(PANICKED));
        Failed { kind: type_name::<E>(), message }
    }
}

const PANICKED: &str = "its implementation panicked";

fn not_captured(reason: &str) -> String {
    format!("not captured: {reason}")
}
