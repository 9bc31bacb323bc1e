//! What is wished of the SDK, as data: each workload keeps its own.

/// A wish about one figure of `bento`.
#[derive(Clone, Copy, Debug)]
pub struct Goal {
    pub figure: &'static str,
    pub bound: Bound,
}

/// What the figure is held against.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// At most this many times the same figure of a contender.
    AtMostOf(f64, &'static str),
    /// At least this many times the same figure of a contender.
    AtLeastOf(f64, &'static str),
    /// At most this many times another figure of its own.
    AtMostOwn(f64, &'static str),
    /// At most this many times a figure of its own in another workload.
    AtMostElsewhere(f64, &'static str, &'static str),
    /// At most this.
    AtMost(f64),
    /// Exactly this.
    Exactly(f64),
}

impl Goal {
    pub(crate) const fn new(figure: &'static str, bound: Bound) -> Self {
        Self { figure, bound }
    }
}
