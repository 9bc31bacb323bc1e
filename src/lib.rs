//! See what your AI agents did.

mod config;
mod credential;
mod emit;
mod error;
mod export;
mod init;
mod pipeline;
mod record;
mod scope;

#[cfg(feature = "otel")]
pub mod otel;
#[cfg(feature = "testing")]
pub mod testing;

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
pub use pipeline::Route;
pub use record::{SpanId, TraceId};
pub use scope::{Context, FutureExt, IdentitySource, InContext, IntoTags, current};
