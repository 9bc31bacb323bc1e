//! Who is the parent, who is the user.

mod carrier;
mod client;
mod context;
mod draft;
mod entries;
mod given;
mod identity;
mod leaf;
mod place;
mod registry;
mod seat;
mod span;
mod trace;

pub(crate) use client::Client;
pub use context::{Context, InContext, InContextExt, current};
pub(crate) use draft::{Draft, set_property, text};
pub use given::{IdentitySource, IntoTags};
pub(crate) use identity::{Field, Identity, Overrides, Sources, Tags};
pub(crate) use leaf::{Leaf, Preview};
pub(crate) use seat::{Frame, Seat, is_cancelling, with_client_of, with_context};
pub(crate) use span::{Ending, OpenSpan, Role};
