//! W2: what a small span costs where several threads record at once.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use crate::entry::Length;
use crate::outcome::{Figure, Outcome, nanoseconds, percentile};
use crate::text::Talk;
use crate::{Bound, Call, Contender, Failure, Goal, clock};

pub const TITLE: &str = "small span, 2 and 8 threads, processor time of the callers";

pub const FIGURES: &[Figure] =
    &[Figure::lower("two", "2 threads: CPU ns a call", 0), Figure::lower("eight", "8 threads", 0)];

pub const GOALS: &[Goal] = &[
    Goal::new("two", Bound::AtMostOf(0.35, "otel")),
    Goal::new("eight", Bound::AtMostOf(0.35, "otel")),
    Goal::new("two", Bound::AtMostOf(0.5, "fastrace")),
    Goal::new("eight", Bound::AtMostOf(0.5, "fastrace")),
    Goal::new("two", Bound::AtMostElsewhere(1.3, "w1", "p50")),
    Goal::new("eight", Bound::AtMostElsewhere(1.3, "w1", "p50")),
];

pub(crate) fn run<C: Contender>(contender: &C, length: Length, outcome: &mut Outcome) -> Result<(), Failure> {
    let chunks = length.of(60);
    let talk = Talk::new();
    let calls = talk.calls();
    outcome.figure("two", threads(contender, &calls, 2, chunks)?);
    outcome.figure("eight", threads(contender, &calls, 8, chunks)?);
    // Each begins with two chunks that warm up.
    outcome.count("sent", (2 * (chunks + 2) * calls.len()) as u64);
    Ok(())
}

/// The threads live through all chunks, as those of a program do, and start each chunk together; what they record in one
/// fits into every contender's queue, and is flushed before the next.
fn threads<C: Contender>(
    contender: &C,
    calls: &[Call<'_>],
    count: usize,
    chunks: usize,
) -> Result<f64, Failure> {
    let (begin, end) = (Barrier::new(count + 1), Barrier::new(count + 1));
    let mut means = thread::scope(|scope| -> Result<Vec<f64>, Failure> {
        let (begin, end) = (&begin, &end);
        let recorders: Vec<_> = calls
            .chunks_exact(calls.len() / count)
            .map(|calls| {
                scope.spawn(move || -> Result<Vec<Duration>, Failure> {
                    let mut times = Vec::with_capacity(chunks);
                    for _ in 0..chunks + 2 {
                        begin.wait();
                        let start = clock::thread_cpu();
                        for call in calls {
                            contender.call(call);
                        }
                        let stop = clock::thread_cpu();
                        end.wait();
                        times.push(stop?.saturating_sub(start?));
                    }
                    Ok(times)
                })
            })
            .collect();
        let mut flushed = Ok(());
        for _ in 0..chunks + 2 {
            begin.wait();
            end.wait();
            flushed = flushed.and(contender.flush());
        }
        let mut totals = vec![Duration::ZERO; chunks + 2];
        for recorder in recorders {
            let times = recorder.join().map_err(|_| "a recording thread panicked")??;
            totals.iter_mut().zip(times).for_each(|(total, time)| *total += time);
        }
        flushed?;
        Ok(totals.into_iter().skip(2).map(|total| nanoseconds(total) / calls.len() as f64).collect())
    })?;
    Ok(percentile(&mut means, 50))
}
