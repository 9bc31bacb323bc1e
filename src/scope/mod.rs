//! Who is the parent, who is the user.

mod carrier;
mod client;
mod context;
mod draft;
mod entries;
mod given;
mod identity;
mod seat;
mod span;

pub(crate) use client::Client;
pub use context::{Context, InContext, InContextExt, current};
pub(crate) use draft::{Draft, set_property, text};
pub use given::{IdentitySource, IntoTags};
pub(crate) use identity::{Field, Identity, Overrides, Sources, Tags};
pub(crate) use seat::{Frame, Seat, is_cancelling, with_context};
pub(crate) use span::{Ending, Leaf, OpenSpan, Role};
