//! W6: how long a span takes to its backend. The cold half, whole processes, is timed by the program that starts them.

use std::time::Instant;

use crate::entry::Length;
use crate::outcome::{Figure, Outcome, nanoseconds, percentile};
use crate::text::Talk;
use crate::{Bound, Contender, Failure, Goal};

pub const TITLE: &str = "one span, then flush: warm, and as a whole process";

pub const FIGURES: &[Figure] = &[
    Figure::lower("p50", "warm, ms: p50", 3),
    Figure::lower("p99", "p99", 3),
    Figure::lower("cold", "cold process, ms", 2),
];

pub const GOALS: &[Goal] =
    &[Goal::new("p50", Bound::AtMostOf(0.5, "otel")), Goal::new("cold", Bound::AtMostOf(1.0, "otel-proto"))];

pub(crate) fn run<C: Contender>(contender: &C, length: Length, outcome: &mut Outcome) -> Result<(), Failure> {
    let flushes = length.of(500);
    let talk = Talk::new();
    let calls = talk.calls();
    let mut times = Vec::with_capacity(flushes);
    for call in calls.iter().cycle().take(flushes + 5) {
        let start = Instant::now();
        contender.call(call);
        contender.flush()?;
        times.push(nanoseconds(start.elapsed()) / 1e6);
    }
    // The first flushes open the connection.
    times.drain(..5);
    outcome.figure("p50", percentile(&mut times, 50));
    outcome.figure("p99", percentile(&mut times, 99));
    outcome.count("sent", flushes as u64 + 5);
    Ok(())
}
