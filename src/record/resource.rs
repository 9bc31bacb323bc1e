//! Who emits: the process (resource) and the library (instrumentation scope).

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
