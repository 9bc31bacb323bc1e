//! W4: small spans from end to end, as fast as they can be delivered without a drop.

use std::time::Instant;

use crate::entry::Length;
use crate::outcome::{Figure, Outcome};
use crate::text::Talk;
use crate::{Bound, Contender, Failure, Goal, clock};

pub const TITLE: &str = "200,000 small spans, delivered without a drop";

pub const FIGURES: &[Figure] = &[
    Figure::higher("rate", "spans/s", 0),
    Figure::lower("cpu", "CPU s a million", 2),
    Figure::lower("wire", "wire bytes a span", 0),
    Figure::lower("peak", "peak memory, MB", 1),
];

pub const GOALS: &[Goal] = &[
    Goal::new("rate", Bound::AtLeastOf(6.0, "otel")),
    Goal::new("cpu", Bound::AtMostOf(0.15, "otel")),
    Goal::new("wire", Bound::AtMostOf(1.0, "otel")),
    Goal::new("cpu", Bound::AtMostOf(1.5, "floor-2")),
];

pub(crate) fn run<C: Contender>(
    contender: &C,
    chunk: usize,
    length: Length,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let spans = length.of(200_000);
    let talk = Talk::new();
    let calls = talk.calls();
    let mut calls = calls.iter().cycle();
    let cpu = clock::process_cpu()?;
    let start = Instant::now();
    let mut left = spans;
    while left > 0 {
        let now = left.min(chunk);
        calls.by_ref().take(now).for_each(|call| contender.call(call));
        contender.flush()?;
        left -= now;
    }
    let (wall, cpu) = (start.elapsed(), clock::process_cpu()?.saturating_sub(cpu));
    outcome.figure("rate", spans as f64 / wall.as_secs_f64());
    outcome.figure("cpu", cpu.as_secs_f64() * 1e6 / spans as f64);
    outcome.figure("peak", clock::peak()? as f64 / 1e6);
    outcome.count("sent", spans as u64);
    outcome.count("chunk", chunk as u64);
    Ok(())
}
