//! Which runs have gone quiet, for who shows each run once it is done.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::TraceId;

/// Runs that are watched. While nobody asks, or more arrive than that at once, the rest goes untold.
const MOST: usize = 10_000;

/// When the last new span of each run arrived, for the runs that nobody has taken yet.
#[derive(Debug, Default)]
pub(crate) struct Settled(Mutex<HashMap<TraceId, Instant>>);

impl Settled {
    pub(crate) fn touch(&self, runs: impl IntoIterator<Item = TraceId>, now: Instant) {
        let mut last = self.lock();
        for run in runs {
            if last.len() < MOST || last.contains_key(&run) {
                last.insert(run, now);
            }
        }
    }

    /// The runs that got no span for `quiet`, the one that went quiet first ahead: each once, until it gets another one.
    pub(crate) fn take_quiet(&self, now: Instant, quiet: Duration) -> Vec<TraceId> {
        let is_quiet = |last: Instant| now.saturating_duration_since(last) >= quiet;
        let mut runs: Vec<_> = self.lock().extract_if(|_, last| is_quiet(*last)).collect();
        runs.sort_unstable_by_key(|(run, last)| (*last, *run));
        runs.into_iter().map(|(run, _)| run).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TraceId, Instant>> {
        // Nothing in here can leave the map half-changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
