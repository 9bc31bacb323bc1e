//! W1: what a small span costs the thread that records it.

use std::hint::black_box;
use std::time::Instant;

use crate::entry::{Allocations, Length};
use crate::outcome::{Figure, Outcome, nanoseconds, percentile};
use crate::text::Talk;
use crate::{Bound, Call, Contender, Failure, Goal, clock};

pub const TITLE: &str = "small span, one thread, the caller's share";

pub const FIGURES: &[Figure] = &[
    Figure::lower("p50", "ns a call, p50 of chunks", 0),
    Figure::lower("p99", "p99 of chunks", 0),
    Figure::lower("cpu", "CPU ns a call", 0),
    Figure::lower("single_p50", "single calls: p50", 0),
    Figure::lower("single_p99", "p99", 0),
    Figure::lower("allocations", "allocations a call", 2),
];

pub const GOALS: &[Goal] = &[
    Goal::new("p50", Bound::AtMostOf(0.20, "otel")),
    Goal::new("p50", Bound::AtMostOf(0.50, "fastrace")),
    Goal::new("allocations", Bound::AtMost(1.0)),
    Goal::new("p99", Bound::AtMostOwn(2.0, "p50")),
];

pub(crate) fn run<C: Contender>(
    contender: &C,
    allocations: Allocations,
    length: Length,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let chunks = length.of(100);
    let talk = Talk::new();
    let calls = talk.calls();
    // The first chunks pay for buffers that grow and for the connection.
    for _ in 0..3 {
        chunk(contender, &calls);
        contender.flush()?;
    }
    let mut allocated = None;
    for _ in 0..3 {
        // A call that allocates now and then shows as the mean of these chunks.
        let counted = allocations(&mut || calls.iter().for_each(|call| contender.call(call)));
        allocated = counted.map(|count| allocated.unwrap_or(0) + count);
        contender.flush()?;
    }
    if let Some(allocated) = allocated {
        outcome.figure("allocations", allocated as f64 / (3 * calls.len()) as f64);
        return Ok(());
    }
    let per_call = calls.len() as f64;
    let (mut means, mut busy) = (Vec::with_capacity(chunks), Vec::with_capacity(chunks));
    for _ in 0..chunks {
        let (cpu, start) = (clock::thread_cpu()?, Instant::now());
        chunk(contender, &calls);
        means.push(nanoseconds(start.elapsed()) / per_call);
        // On a machine with other work this is the steadier figure; it leaves out waiting.
        busy.push(nanoseconds(clock::thread_cpu()?.saturating_sub(cpu)) / per_call);
        contender.flush()?;
    }
    outcome.figure("cpu", percentile(&mut busy, 50));
    outcome.figure("p50", percentile(&mut means, 50));
    outcome.figure("p99", percentile(&mut means, 99));
    let mut singles = Vec::with_capacity(calls.len() * chunks / 2);
    for _ in 0..chunks / 2 {
        singles.extend(calls.iter().map(|call| single(|| contender.call(call))));
        contender.flush()?;
    }
    // What an empty measurement shows is the clock's own.
    let clock = percentile(&mut (0..10_000).map(|_| single(|| ())).collect::<Vec<_>>(), 50);
    outcome.figure("single_p50", percentile(&mut singles, 50) - clock);
    outcome.figure("single_p99", percentile(&mut singles, 99) - clock);
    outcome.count("sent", (calls.len() * (6 + chunks + chunks / 2)) as u64);
    Ok(())
}

fn chunk<C: Contender>(contender: &C, calls: &[Call<'_>]) {
    for call in calls {
        contender.call(black_box(call));
    }
}

fn single(call: impl Fn()) -> f64 {
    let start = Instant::now();
    call();
    nanoseconds(start.elapsed())
}
