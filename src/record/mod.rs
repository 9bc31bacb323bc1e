//! What travels from a caller to the backend: owned data that knows nothing of queues, clocks or networks.

mod attribute;
mod capture;
mod id;
mod key;
pub(crate) mod keys;
mod limits;
mod notes;
mod pool;
mod redact;
mod resource;
mod sampling;
mod span;
mod spread;
mod value;

pub(crate) use attribute::{Attributes, Edit, unreadable};
#[cfg(any(test, fuzzing))]
pub(crate) use capture::Content;
pub(crate) use capture::{Take, Text, read, read_json};
pub(crate) use id::random_u64;
pub use id::{SpanId, TraceId};
pub(crate) use key::Key;
pub(crate) use limits::{Limits, cut_all, prefix};
pub(crate) use notes::{Failure, Notes};
pub(crate) use pool::{Records, clear_scratch, fresh, recycle, recycle_all, scratch};
pub(crate) use redact::Hooks;
pub use redact::{Field, Redact};
pub(crate) use resource::{Resource, Scope};
pub(crate) use sampling::Ratio;
#[cfg(any(feature = "otel", test, fuzzing))]
pub(crate) use span::SpanKind;
pub(crate) use span::{Event, Link, Name, SpanRecord, Status, nanos, unix_nanos};
pub(crate) use spread::BuildSpread;
pub(crate) use value::{Array, Scalar, Value};
