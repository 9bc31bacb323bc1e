//! Trace and span identifiers, as W3C Trace Context and OTLP define them.

use std::cell::Cell;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::num::{NonZeroU64, NonZeroU128};
use std::time::SystemTime;

use bento_fork::generation;
use serde_core::{Serialize, Serializer};

/// The identifier of a span: eight bytes, never all zero, written as 16 lower-case hex digits.
///
/// ```
/// let id = bento::track_ai("answer").send();
/// assert_eq!(id.to_string().len(), 16);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId(NonZeroU64);

/// The identifier of a trace: sixteen bytes, never all zero, written as 32 lower-case hex digits.
///
/// ```
/// let turn = bento::begin("user_turn").start();
/// assert_eq!(turn.trace_id().to_string().len(), 32);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId(NonZeroU128);

impl SpanId {
    pub(crate) fn random() -> Self {
        loop {
            if let Some(id) = NonZeroU64::new(random_u64()) {
                return Self(id);
            }
        }
    }

    pub(crate) fn from_u64(id: u64) -> Option<Self> {
        NonZeroU64::new(id).map(Self)
    }

    /// One of so many parts, all alike.
    pub(crate) fn spread_over(self, parts: usize) -> usize {
        usize::try_from(self.0.get() % parts as u64).unwrap_or(0)
    }

    pub(crate) fn to_u64(self) -> u64 {
        self.0.get()
    }
}

impl TraceId {
    pub(crate) fn random() -> Self {
        loop {
            let id = random(|generator| u128::from(generator.next()) << 64 | u128::from(generator.next()));
            if let Some(id) = NonZeroU128::new(id) {
                return Self(id);
            }
        }
    }

    pub(crate) fn from_u128(id: u128) -> Option<Self> {
        NonZeroU128::new(id).map(Self)
    }

    pub(crate) fn to_u128(self) -> u128 {
        self.0.get()
    }
}

/// A number that nobody else draws, with no lock and no system call.
pub(crate) fn random_u64() -> u64 {
    random(Generator::next)
}

fn random<T>(draw: impl Fn(&Generator) -> T) -> T {
    thread_local! {
        static GENERATOR: Generator = const { Generator::unseeded() };
    }
    GENERATOR.try_with(&draw).unwrap_or_else(|_| draw(&Generator::unseeded()))
}

/// The generator xoroshiro128++ of D. Blackman and S. Vigna: numbers that are spread evenly, not ones that are hard to
/// guess.
struct Generator {
    first: Cell<u64>,
    second: Cell<u64>,
    /// In which process it was seeded, counted from one.
    seeded_in: Cell<u64>,
}

impl Generator {
    const fn unseeded() -> Self {
        Self { first: Cell::new(0), second: Cell::new(0), seeded_in: Cell::new(0) }
    }

    fn next(&self) -> u64 {
        let here = u64::from(generation()) + 1;
        if self.seeded_in.get() != here {
            self.seed(here);
        }
        self.step()
    }

    /// With 128 bits from the operating system, by way of the standard library's hash keys, so that two threads or
    /// processes draw different numbers. Processes that were forked from one another may have these keys in common:
    /// hence the rest.
    fn seed(&self, here: u64) {
        let keys = RandomState::new();
        let now = (std::process::id(), SystemTime::now());
        self.first.set(keys.hash_one((0_u8, now)));
        // All zero is the one state that it cannot leave.
        self.second.set(keys.hash_one((1_u8, now)) | 1);
        self.seeded_in.set(here);
    }

    fn step(&self) -> u64 {
        let (first, second) = (self.first.get(), self.second.get());
        let number = first.wrapping_add(second).rotate_left(17).wrapping_add(first);
        let mixed = first ^ second;
        self.first.set(first.rotate_left(49) ^ mixed ^ (mixed << 21));
        self.second.set(mixed.rotate_left(28));
        number
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for SpanId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<SpanId> for String {
    fn from(id: SpanId) -> Self {
        id.to_string()
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpanId({self})")
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Serialize for TraceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<TraceId> for String {
    fn from(id: TraceId) -> Self {
        id.to_string()
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceId({self})")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_numbers_are_those_of_its_authors() {
        let generator = Generator { first: Cell::new(1), second: Cell::new(2), seeded_in: Cell::new(1) };
        let numbers: Vec<u64> = (0..3).map(|_| generator.step()).collect();
        assert_eq!(numbers, [393_217, 669_327_710_093_319, 1_732_421_326_133_921_491]);
    }

    #[test]
    fn ids_are_lower_case_hex_of_full_width() {
        assert_eq!(SpanId::from_u64(0xAB).map(|id| id.to_string()).as_deref(), Some("00000000000000ab"));
        assert_eq!(
            TraceId::from_u128(1).map(|id| id.to_string()).as_deref(),
            Some("00000000000000000000000000000001")
        );
        assert_eq!(SpanId::from_u64(0), None);
        assert_eq!(TraceId::from_u128(0), None);
    }

    #[test]
    #[cfg_attr(miri, ignore = "so many ids take minutes there")]
    fn ids_do_not_repeat_within_or_across_threads() {
        let ids: HashSet<SpanId> = (0..4)
            .map(|_| std::thread::spawn(|| (0..10_000).map(|_| SpanId::random()).collect::<Vec<_>>()))
            .collect::<Vec<_>>()
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_default())
            .collect();
        assert_eq!(ids.len(), 40_000);
    }
}
