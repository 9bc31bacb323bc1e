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

    /// The runs that got no span for `quiet`, the one that went quiet first ahead; they stay until they are taken.
    pub(crate) fn quiet(&self, now: Instant, quiet: Duration) -> Vec<TraceId> {
        let last = self.lock();
        let is_quiet = |last: &Instant| now.saturating_duration_since(*last) >= quiet;
        let mut runs: Vec<_> =
            last.iter().filter(|(_, last)| is_quiet(last)).map(|(run, last)| (*last, *run)).collect();
        drop(last);
        runs.sort_unstable();
        runs.into_iter().map(|(_, run)| run).collect()
    }

    pub(crate) fn take(&self, run: TraceId) {
        self.lock().remove(&run);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TraceId, Instant>> {
        // Nothing in here can leave the map half-changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
