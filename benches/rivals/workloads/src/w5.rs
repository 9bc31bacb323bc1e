//! W5: spans of 80 KiB from end to end, without a drop.

use std::time::Instant;

use crate::entry::Length;
use crate::outcome::{Figure, Outcome};
use crate::{Bound, Contender, Failure, Goal, clock, text};

pub const TITLE: &str = "2,000 spans with 64 KiB of chat in and 16 KiB out, delivered without a drop";

pub const FIGURES: &[Figure] = &[
    Figure::lower("cpu", "CPU s a GB", 2),
    Figure::higher("rate", "MB/s", 0),
    Figure::lower("wire", "wire bytes a span", 0),
    Figure::lower("peak", "peak memory, MB", 1),
    Figure::lower("growth", "growth per byte queued", 2),
];

pub const GOALS: &[Goal] = &[
    Goal::new("cpu", Bound::AtMostOf(0.14, "otel")),
    Goal::new("wire", Bound::AtMostOf(1.10, "otel")),
    Goal::new("growth", Bound::AtMost(2.5)),
    Goal::new("cpu", Bound::AtMostOf(1.5, "floor-3")),
];

const INPUT: usize = 64 * 1024;
const OUTPUT: usize = 16 * 1024;
/// Texts that differ from each other; a compressor has long forgotten the first when it comes again.
const TEXTS: u64 = 16;

pub(crate) fn run<C: Contender>(
    contender: &C,
    chunk: usize,
    length: Length,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let spans = length.of(2_000);
    let texts: Vec<_> = (0..TEXTS).map(|seed| (text::chat(seed, INPUT), text::chat(!seed, OUTPUT))).collect();
    let before = clock::resident()?;
    let cpu = clock::process_cpu()?;
    let start = Instant::now();
    for (number, (input, output)) in (1..=spans).zip(texts.iter().cycle()) {
        contender.call(&text::call("u42", "c1", input, output));
        if number % chunk == 0 || number == spans {
            contender.flush()?;
        }
    }
    let (wall, cpu) = (start.elapsed(), clock::process_cpu()?.saturating_sub(cpu));
    let payload = (spans * (INPUT + OUTPUT)) as f64;
    let peak = clock::peak()?;
    outcome.figure("cpu", cpu.as_secs_f64() * 1e9 / payload);
    outcome.figure("rate", payload / 1e6 / wall.as_secs_f64());
    outcome.figure("peak", peak as f64 / 1e6);
    outcome.figure("growth", peak.saturating_sub(before) as f64 / (chunk * (INPUT + OUTPUT)) as f64);
    outcome.count("sent", spans as u64);
    outcome.count("chunk", chunk as u64);
    Ok(())
}
