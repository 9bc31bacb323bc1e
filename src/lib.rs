//! See what your AI agents did: every run, model call and tool call, sent to BentoLabs or to a backend on your machine.
//!
//! ```
//! # fn main() -> Result<(), bento::FinishError> {
//! // Reads BENTOLABS_API_KEY; delivers what is left when it is dropped. Without a key the program runs on.
//! let _bento = bento::init().inspect_err(|error| eprintln!("no traces: {error}"));
//!
//! let turn = bento::begin("user_turn").user_id("u42").input("What is the capital of France?").start();
//! bento::track_ai("answer").model("gpt-4o").provider("openai").output("Paris").tokens(14, 2).send();
//! turn.output("Paris").finish()?;
//! # Ok(())
//! # }
//! ```
//!
//! # A tour
//!
//! **Start and stop.** [`init`](init()) starts the SDK from the environment, [`builder`] from code; the guard they give
//! flushes when it is dropped. [`flush`] and [`flush_async`] wait until everything is accepted, [`shutdown`] ends it,
//! [`status`] tells how it fares. Without any of them the first emission starts the SDK from the environment.
//!
//! **Emit.** [`track_ai`] is one model call, [`begin`] a trajectory with everything inside it, [`tool_span`] a call of a
//! tool. Each is a builder that ends in one verb: `send` emits what is over, `start` gives a guard that ends when it is
//! dropped, `run` wraps an async closure, `enter` a closure. Emission never blocks, fails or panics.
//! [`TrackAi::stream`] follows a streamed answer.
//!
//! **Say who.** User, conversation and tags come from the call itself, from [`update_current_trace`], from
//! [`propagate_attributes`], or from the sources given at `init`, in this order. What a child knows is mirrored to the
//! root of its trace, where the backend reads it.
//!
//! **Nest.** What is emitted becomes a child of the innermost open span of its task, or of its thread where there is no
//! task. [`current`] hands the context to other threads and tasks. See [`guide::async_context`].
//!
//! **Lose nothing untold.** At most 2048 spans and 32 MiB wait; past that the oldest go and are counted. Failed requests are
//! retried for five minutes. [`DeliveryError`] and [`Status`] give every loss by [`LossReason`].
//!
//! **Watch.** [`Builder::live`] sends what is open, too, so that a run shows while it goes on. See [`guide::live`].
//!
//! **Keep to yourself what nobody else should see.** [`Builder::redact`] shows every value of every span to a hook of yours
//! before it is queued, [`Builder::sample`] keeps a ratio of traces. See [`guide::privacy`].
//!
//! **Fit in.** `bento::otel` bridges to OpenTelemetry in both directions. `bento::testing` captures what would be sent:
//! the examples on these pages use it to show what becomes of a call.
//!
//! # Features
//!
//! | feature | default | brings |
//! |---|---|---|
//! | `tls` | on | `https`, by rustls with ring and Mozilla's root certificates |
//! | `otel` | on | `bento::otel`: the bridges to OpenTelemetry, and the route through a Collector |
//! | `masks` | off | `bento::Masks`: a ready redaction hook for keys, passwords, card numbers and e-mail addresses |
//! | `testing` | off | `bento::testing`: capture in tests |
//!
//! # Panics, blocking, memory
//!
//! Nothing in this crate panics; `enter` and `run` pass a panic of the code inside them on. [`flush`], [`shutdown`], the
//! drop of the [`Guard`] and the end of the process block, each within its deadline; emission does not. The guides are in
//! [`guide`].

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub mod readme {}

mod config;
mod credential;
mod emit;
mod error;
mod export;
mod foreign;
pub mod guide;
mod init;
#[cfg(feature = "masks")]
mod masks;
mod pipeline;
mod record;
mod running;
mod scope;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzed;
#[cfg(feature = "otel")]
pub mod otel;
#[cfg(feature = "testing")]
pub mod testing;

/// Runs a function as a trajectory, as [`begin`] does with a closure.
///
/// The event is the function's name, or the one that is given:
///
/// ```
/// #[bento::interaction(event = "user_turn")]
/// async fn handle(message: String) -> Result<String, std::io::Error> {
///     bento::track_ai("plan").send();
///     Ok(format!("You said: {message}"))
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let reply = handle("Hi".to_owned()).await?;
/// assert_eq!(reply, "You said: Hi");
/// # Ok::<_, std::io::Error>(())
/// # }).unwrap();
/// ```
///
/// # What is captured
///
/// - The arguments, before the function runs, as one JSON object: those whose type implements `Serialize`. The others
///   are left out, as is `self`. A value that fails to serialise is replaced by the reason.
/// - What the function returns, if it implements `Serialize`. If it is a `Result`, under whatever alias, `Ok` gives the
///   output, and `Err` marks the span as failed, in the words of `Display`, else of `Debug`, else by the name of its
///   type. A type parameter is what its bounds say: without `Serialize` among them it is left out.
/// - A panic, with its message; and, for an async function, that its future was dropped before its end.
///
/// # Options
///
/// | option | meaning |
/// |---|---|
/// | `event = "…"` | the name of the event; else the name of the function |
/// | `skip(a, b)` | these arguments are left out |
/// | `capture_input = false` | all arguments are left out |
/// | `capture_output = false` | the value is left out; an `Err` still marks the span |
///
/// # Where it may stand
///
/// On functions and methods, sync and async, also inside `#[async_trait]`; not on a `const fn`. The span of an async
/// function begins when its future is first polled. So does that of a function whose last expression is
/// `async move { … }` or `Box::pin(async move { … })`; if a function makes its future in another way, the span covers
/// only the making.
///
/// A closure that is returned as `impl Fn(&str) -> …` has to name the types of its parameters, because the body becomes
/// a closure itself and is not told what the signature says; `Box<dyn Fn(&str) -> …>` has no such limit.
#[doc(inline)]
pub use bento_macros::interaction;
/// Runs a function as the call of a tool, as [`tool_span`] does with a closure.
///
/// ```
/// use std::num::ParseIntError;
///
/// #[bento::tool]
/// fn add(left: &str, right: &str) -> Result<u32, ParseIntError> {
///     Ok(left.parse::<u32>()? + right.parse::<u32>()?)
/// }
///
/// #[bento::tool(name = "sign_in", skip(password))]
/// async fn check(user: &str, password: &str) -> bool {
///     user == "admin" && password == "secret"
/// }
///
/// # fn main() {
/// assert_eq!(add("1", "2"), Ok(3));
/// assert!(add("1", "two").is_err()); // the span failed: "invalid digit found in string"
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # assert!(runtime.block_on(check("admin", "secret")));
/// # }
/// ```
///
/// The options are those of [`macro@interaction`], with `name = "…"` in the place of `event`; what is captured, and
/// where it may stand, is told there.
#[doc(inline)]
pub use bento_macros::tool;
pub use config::{Options, SDK_NAME, SDK_VERSION};
pub use emit::{
    Begin, Chunk, Failure, Outcome, Output, Propagation, SpanUpdate, Tool, ToolSpan, TraceUpdate,
    TracedStream, TrackAi, Trajectory, begin, propagate_attributes, tool_span, track_ai, update_current_span,
    update_current_trace,
};
pub use error::{
    ApiKeyError, BaseUrlError, ConfigError, DeliveryError, FinishError, InitError, LossReason, Losses,
    TraceparentError,
};
pub use init::{
    Builder, Guard, Status, builder, flush, flush_async, init, resolve_options, shutdown, status,
};
#[cfg(feature = "masks")]
pub use masks::Masks;
pub use pipeline::Route;
pub use record::{Field, Redact, SpanId, TraceId};
pub use scope::{Context, IdentitySource, InContext, InContextExt, IntoTags, current};
