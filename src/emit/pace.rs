//! How often a streamed answer is shown while it grows.

use std::time::{Duration, Instant};

/// Nobody reads faster.
const SHORTEST: Duration = Duration::from_millis(200);
/// What all forms of a long answer together may take.
const BYTES_PER_SECOND: u32 = 1 << 20;

/// When a streamed answer may be shown again, and what of it has been. Time is passed in.
#[derive(Debug)]
pub(super) struct Pace {
    not_before: Instant,
    shown: usize,
}

impl Pace {
    /// The answer has been shown at its start, in a form of so many bytes.
    pub(super) fn starting(now: Instant, bytes: usize) -> Self {
        Self { not_before: now + pause(bytes), shown: 0 }
    }

    /// Whether an answer of which this `size` can be shown is to be.
    pub(super) fn is_due(&self, size: usize, now: Instant) -> bool {
        size > self.shown && now >= self.not_before
    }

    /// Takes note that it has been, in a form of so many bytes: the longer that was, the longer the pause.
    pub(super) fn note(&mut self, size: usize, bytes: usize, now: Instant) {
        (self.shown, self.not_before) = (size, now + pause(bytes));
    }
}

fn pause(bytes: usize) -> Duration {
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    SHORTEST.max(Duration::from_secs(1) * bytes / BYTES_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No text of a form is longer.
    const CUT: usize = 1 << 20;

    /// Has chunks of `chunk` bytes come every `every` for ten seconds; gives the sizes that were shown.
    fn shown(chunk: usize, every: Duration, rest: usize) -> Vec<usize> {
        let (begin, mut now) = (Instant::now(), Instant::now());
        let (mut size, mut shown) = (0, Vec::new());
        let mut pace = Pace::starting(now, rest);
        while now < begin + Duration::from_secs(10) {
            now += every;
            size = CUT.min(size + chunk);
            if pace.is_due(size, now) {
                shown.push(size);
                pace.note(size, size + rest, now);
            }
        }
        shown
    }

    #[test]
    fn a_short_answer_is_shown_five_times_a_second_at_most_and_a_slow_one_with_each_chunk() {
        let millis = Duration::from_millis;
        assert_eq!(shown(5, millis(1), 300).len(), 50);
        assert_eq!(shown(5, millis(500), 300).len(), 20);
        assert!(shown(0, millis(1), 300).is_empty(), "nothing is new");
    }

    #[test]
    fn all_forms_of_a_long_answer_take_a_mebibyte_a_second_at_most() {
        // A long answer, and a short one to a long question.
        for (chunk, rest) in [(4 << 10, 300), (1, 1 << 20), (64 << 10, 2 << 20)] {
            let forms = shown(chunk, Duration::from_millis(1), rest);
            let before_last = &forms[..forms.len() - 1];
            let bytes: usize = before_last.iter().map(|size| size + rest).sum();
            assert!(bytes <= 10 << 20, "{bytes} bytes in {} forms", forms.len());
            assert!(rest > CUT || forms.len() >= 2, "it is shown as it grows");
            assert!(forms.is_sorted_by(|one, next| one < next), "nothing is shown twice");
        }
    }
}
