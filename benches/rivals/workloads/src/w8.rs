//! W8: a thousand spans while the sink misbehaves. What arrived is the sink's to tell.

use std::thread;
use std::time::{Duration, Instant};

use crate::outcome::{Figure, Outcome};
use crate::text::Talk;
use crate::{Bound, Contender, Goal};

pub const TITLE: &str =
    "1,000 spans in 10 flushes, half a second apart, to a sink that misbehaves; spans that arrived";

pub const FIGURES: &[Figure] = &[
    Figure::higher("unavailable", "503 three times", 0),
    Figure::higher("retry_after", "the same with Retry-After: 1", 0),
    Figure::higher("reset", "first connection reset", 0),
    Figure::higher("down", "down for 3 s", 0),
];

pub const GOALS: &[Goal] = &[
    Goal::new("unavailable", Bound::Exactly(1_000.0)),
    Goal::new("retry_after", Bound::Exactly(1_000.0)),
    Goal::new("reset", Bound::Exactly(1_000.0)),
    Goal::new("down", Bound::Exactly(1_000.0)),
];

const FLUSHES: u32 = 10;
const SPANS: usize = 100;
const PACE: Duration = Duration::from_millis(500);

pub(crate) fn run<C: Contender>(contender: &C, outcome: &mut Outcome) {
    let talk = Talk::new();
    let calls = talk.calls();
    let (start, mut refused) = (Instant::now(), 0);
    for flush in 1..=FLUSHES {
        calls.iter().take(SPANS).for_each(|call| contender.call(call));
        // A program goes on whatever a flush says.
        refused += u32::from(contender.flush().is_err());
        thread::sleep((PACE * flush).saturating_sub(start.elapsed()));
    }
    outcome.words("flushes", format!("{refused} of {FLUSHES} flushes told of a failure"));
}
