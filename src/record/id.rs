//! Trace and span identifiers, as W3C Trace Context and OTLP define them.

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

    #[cfg(feature = "otel")]
    pub(crate) fn to_u64(self) -> u64 {
        self.0.get()
    }
}

impl TraceId {
    pub(crate) fn random() -> Self {
        loop {
            let id = u128::from(random_u64()) << 64 | u128::from(random_u64());
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

/// A random number from the keyed hash of a counter.
///
/// Each thread's key is 128 bits taken from the operating system by the standard library, so ids of two threads or
/// two processes are independent, with no lock, no system call and no dependency. Processes that were forked from one
/// another, before or after the key was taken, have it in common: hence each counts from a number of its own.
pub(crate) fn random_u64() -> u64 {
    use std::cell::Cell;
    thread_local! {
        static GENERATOR: (RandomState, Cell<u64>, Cell<Option<u32>>) =
            (RandomState::new(), Cell::new(0), Cell::new(None));
    }
    GENERATOR
        .try_with(|(state, counter, made_in)| {
            let here = Some(generation());
            if made_in.replace(here) != here {
                counter.set(state.hash_one((std::process::id(), SystemTime::now())));
            }
            let next = counter.get().wrapping_add(1);
            counter.set(next);
            state.hash_one(next)
        })
        // While a thread ends its thread-locals are gone; a fresh key serves as well.
        .unwrap_or_else(|_| RandomState::new().hash_one(0_u64))
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
