//! What travels from a caller to the backend: owned data that knows nothing of queues, clocks or networks.

mod attribute;
mod capture;
mod id;
pub(crate) mod keys;
mod limits;
mod redact;
mod resource;
mod sampling;
mod span;

pub(crate) use attribute::{Array, Attributes, Key, Value};
pub(crate) use capture::{Content, Text};
pub(crate) use id::random_u64;
pub use id::{SpanId, TraceId};
pub(crate) use limits::{Limits, cut_all, prefix};
pub(crate) use redact::Hooks;
pub use redact::{Field, Redact};
pub(crate) use resource::{Resource, Scope};
pub(crate) use sampling::Ratio;
pub(crate) use span::{Event, Link, SpanKind, SpanRecord, Status, unix_nanos};
