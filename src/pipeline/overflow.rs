//! Episodes of overflow, each told once and with its count.

use std::time::{Duration, Instant};

/// An overload that never ends is told this often.
const LONGEST: Duration = Duration::from_secs(30);

/// Spans dropped for want of room since the log was last told.
#[derive(Debug, Default)]
pub(super) struct Overflow {
    dropped: u64,
    /// When the worker first saw it.
    since: Option<Instant>,
}

impl Overflow {
    pub(super) fn drop_one(&mut self) {
        self.dropped += 1;
    }

    /// How many were dropped, once the episode is `over` or has lasted long enough.
    pub(super) fn tell(&mut self, now: Instant, over: bool) -> Option<u64> {
        if self.dropped == 0 {
            return None;
        }
        let since = *self.since.get_or_insert(now);
        (over || now >= since + LONGEST).then(|| std::mem::take(self).dropped)
    }
}
