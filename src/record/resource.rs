//! Who emits: the process (resource) and the library (instrumentation scope).

use std::sync::Arc;

use once_cell::sync::Lazy;

use super::{Attributes, Key};

/// The entity that produced spans; batches are grouped by it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Resource {
    pub(crate) attributes: Attributes,
}

/// The library that produced spans.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scope {
    pub(crate) name: Key,
    pub(crate) version: Option<Key>,
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
