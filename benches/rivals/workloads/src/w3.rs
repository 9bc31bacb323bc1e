//! W3: what a trajectory of six spans costs the thread that records it.

use std::time::Instant;

use crate::entry::Length;
use crate::outcome::{Figure, Outcome, nanoseconds, percentile};
use crate::text::Talk;
use crate::{Bound, Contender, Failure, Goal, clock};

pub const TITLE: &str = "trajectory: begin, 3 tools, 2 model calls, finish; the caller's share";

pub const FIGURES: &[Figure] = &[
    Figure::lower("p50", "µs a trajectory, p50 of chunks", 2),
    Figure::lower("p99", "p99 of chunks", 2),
    Figure::lower("cpu", "CPU µs a trajectory", 2),
];

pub const GOALS: &[Goal] =
    &[Goal::new("p50", Bound::AtMostOf(0.30, "otel")), Goal::new("p50", Bound::AtMostOf(0.5, "fastrace"))];

/// Trajectories between two flushes: 900 spans.
const CHUNK: usize = 150;

pub(crate) fn run<C: Contender>(contender: &C, length: Length, outcome: &mut Outcome) -> Result<(), Failure> {
    let chunks = length.of(100);
    let talk = Talk::new();
    let calls = talk.calls();
    let (mut means, mut busy) = (Vec::with_capacity(chunks), Vec::with_capacity(chunks));
    for _ in 0..chunks + 3 {
        let (cpu, start) = (clock::thread_cpu()?, Instant::now());
        for call in &calls[..CHUNK] {
            contender.trajectory(call);
        }
        means.push(nanoseconds(start.elapsed()) / 1e3 / CHUNK as f64);
        busy.push(nanoseconds(clock::thread_cpu()?.saturating_sub(cpu)) / 1e3 / CHUNK as f64);
        contender.flush()?;
    }
    // The first chunks pay for buffers that grow and for the connection.
    means.drain(..3);
    busy.drain(..3);
    outcome.figure("p50", percentile(&mut means, 50));
    outcome.figure("p99", percentile(&mut means, 99));
    outcome.figure("cpu", percentile(&mut busy, 50));
    outcome.count("sent", (6 * CHUNK * (chunks + 3)) as u64);
    Ok(())
}
