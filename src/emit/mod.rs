//! What a caller writes. Every form ends the same way: a draft becomes a record, and the record goes to the client.

#[macro_use]
mod examples;
pub(crate) mod guard;
mod outcome;
mod pace;
mod propagate;
mod setters;
mod stream;
mod tool;
mod track;
mod trajectory;
mod update;

pub use outcome::{Failure, Outcome};
pub use propagate::{Propagation, propagate_attributes};
pub use stream::{Chunk, Output, TracedStream};
pub use tool::{Tool, ToolSpan, tool_span};
pub use track::{TrackAi, track_ai};
pub use trajectory::{Begin, Trajectory, begin};
pub use update::{SpanUpdate, TraceUpdate, update_current_span, update_current_trace};
