//! Who emits: the process (resource) and the library (instrumentation scope).

use std::sync::Arc;

use once_cell::sync::Lazy;

use super::{Attributes, Name};

/// The entity that produced spans; batches are grouped by it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Resource {
    pub(crate) attributes: Attributes,
}

impl Resource {
    /// Stands where it is not known yet who emits.
    pub(crate) fn unknown() -> Arc<Self> {
        static UNKNOWN: Lazy<Arc<Resource>> = Lazy::new(Arc::default);
        Arc::clone(&UNKNOWN)
    }
}

/// The library that produced spans.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scope {
    pub(crate) name: Name,
    pub(crate) version: Option<Name>,
    pub(crate) attributes: Attributes,
}

impl Scope {
    /// The scope of this SDK's own spans (`wire.md`, "Request").
    pub(crate) fn ours() -> Arc<Self> {
        static OURS: Lazy<Arc<Scope>> = Lazy::new(|| {
            Arc::new(Scope {
                name: "bentolabs-sdk.analytics".into(),
                version: Some(env!("CARGO_PKG_VERSION").into()),
                attributes: Attributes::new(),
            })
        });
        Arc::clone(&OURS)
    }
}
