//! Who takes part.

/// A contender is a package of this workspace, built on its own so that no other contender's features reach it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    /// `contender-…` and `hello-…`.
    pub(crate) package: &'static str,
    pub(crate) variant: &'static str,
}

impl Entry {
    const fn new(name: &'static str, package: &'static str, variant: &'static str) -> Self {
        Self { name, package, variant }
    }
}

pub(crate) const CONTENDERS: &[Entry] = &[
    Entry::new("bento", "bento", "-"),
    Entry::new("otel", "otel", "json"),
    Entry::new("otel-proto", "otel", "proto"),
    Entry::new("fastrace", "fastrace", "-"),
    Entry::new("logfire", "logfire", "-"),
    Entry::new("sentry", "sentry", "-"),
    // The fastest level; that of the SDK for small spans; that for large ones.
    Entry::new("floor-1", "floor", "1"),
    Entry::new("floor-2", "floor", "2"),
    Entry::new("floor-3", "floor", "3"),
];

/// The one that is held against the others.
pub(crate) const OURS: &str = "bento";
