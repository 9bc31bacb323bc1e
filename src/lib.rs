//! See what your AI agents did.
mod config;
mod credential;
mod error;
mod export;
mod init;
mod pipeline;
mod record;
mod scope;

pub use error::*;
pub use record::{SpanId, TraceId};

pub use config::{Options, SDK_NAME, SDK_VERSION};
pub use init::*;
pub use scope::{Context, FutureExt, IdentitySource, InContext, IntoTags, current};
