//! What a call takes of its caller, beside OpenTelemetry in the same run: `cargo bench --bench caller`.
//!
//! Both sides record the same spans and send them to sinks of their own. Rounds alternate; only the calls are timed, on
//! threads that live through all rounds; everything is delivered before the next round begins. What counts is the ratio.

#![expect(clippy::print_stdout, reason = "a benchmark reports")]

use std::error::Error;
use std::sync::{Barrier, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry::trace::TracerProvider;

mod measured {
    pub(crate) mod chat;
    pub(crate) mod filter;
    pub(crate) mod payload;
    pub(crate) mod quantile;
    pub(crate) mod sink;
    pub(crate) mod small;
    pub(crate) mod thread_time;
    pub(crate) mod trajectory;
    pub(crate) mod rival {
        pub(crate) mod payload;
        pub(crate) mod provider;
        pub(crate) mod small;
        pub(crate) mod trajectory;
    }
}
use measured::filter::is_wanted;
use measured::quantile::quantile;
use measured::sink::{self, Sink};
use measured::thread_time::thread_time;
use measured::{chat, payload, rival, small, trajectory};

/// More than anything here takes.
const LONG: Duration = Duration::from_secs(60);

/// The same work, done in two ways.
struct Work<'a> {
    name: &'static str,
    threads: u64,
    rounds: usize,
    /// By each thread in each round. All together are less than a batch, so that no worker begins meanwhile, of which the
    /// scheduler may think that it should have the caller's core.
    calls: u64,
    spans: u64,
    sides: [&'a (dyn Fn(usize) + Sync); 2],
}

/// One thread in one round: nanoseconds a call, of its own time and of everybody's.
type Sample = [f64; 2];
/// All threads, round by round.
type Rounds = Vec<Vec<Sample>>;

fn main() -> Result<(), Box<dyn Error>> {
    if sink::is_sink() {
        return Ok(());
    }
    let mut sinks = [Sink::start()?, Sink::start()?];
    let _bento = bento::builder().api_key("bl_pk_bench").base_url(sinks[0].url()).init()?;
    let provider = rival::provider::start(sinks[1].url())?;
    let tracer = provider.tracer("bench");

    let chats: Vec<String> = (0..16).map(|seed| chat::text(seed, 64 * 1024)).collect();
    let chat = |number: usize| chats.get(number % chats.len()).map(String::as_str).unwrap_or_default();
    let small: [&(dyn Fn(usize) + Sync); 2] = [&small::send, &|number| rival::small::send(&tracer, number)];
    let turn: [&(dyn Fn(usize) + Sync); 2] = [&|_| trajectory::send(), &|_| rival::trajectory::send(&tracer)];
    let long: [&(dyn Fn(usize) + Sync); 2] = [&|number| payload::send(chat(number), "Paris"), &|number| {
        rival::payload::send(&tracer, chat(number), "Paris");
    }];
    let works = [
        Work { name: "small span", threads: 1, rounds: 500, calls: 400, spans: 1, sides: small },
        Work { name: "small span", threads: 2, rounds: 500, calls: 200, spans: 1, sides: small },
        Work { name: "small span", threads: 8, rounds: 500, calls: 50, spans: 1, sides: small },
        Work {
            name: "trajectory of 6 spans",
            threads: 1,
            rounds: 500,
            calls: 60,
            spans: trajectory::SPANS.into(),
            sides: turn,
        },
        Work { name: "payload of 64 KiB", threads: 1, rounds: 100, calls: 40, spans: 1, sides: long },
    ];

    println!("ns per call on the caller's thread; `wall` counts what it waited, too\n");
    println!("| call | threads | side | CPU p50 | CPU p99 | wall p50 | wall p99 | ratio of CPU | of wall |");
    println!("|---|---:|---|---:|---:|---:|---:|---:|---:|");
    for work in works.iter().filter(|work| is_wanted(work.name)) {
        let before = [sinks[0].arrived()?.spans, sinks[1].arrived()?.spans];
        let samples = alternate(work, |side| match side {
            0 => Ok(bento::flush(LONG)?),
            _ => Ok(provider.force_flush()?),
        })?;
        report(work, &samples);
        for (sink, before) in sinks.iter_mut().zip(before) {
            let emitted = work.threads * work.calls * work.spans * (work.rounds as u64 + 1);
            assert_eq!(sink.arrived()?.spans - before, emitted, "not all spans have arrived");
        }
    }
    Ok(())
}

/// Lets both sides work in turns. The first round warms them up and does not count.
fn alternate(
    work: &Work<'_>,
    flush: impl Fn(usize) -> Result<(), Box<dyn Error>>,
) -> Result<[Rounds; 2], Box<dyn Error>> {
    let samples = [(); 2].map(|()| Mutex::new(vec![Vec::new(); work.rounds + 1]));
    let crowd = usize::try_from(work.threads)?;
    let (start, end) = (Barrier::new(crowd + 1), Barrier::new(crowd + 1));
    let turns = || (0..=work.rounds).flat_map(|round| [(round, 0), (round, 1)]);
    let mut flushed = Ok(());
    thread::scope(|scope| {
        for _ in 0..crowd {
            scope.spawn(|| {
                for (round, side) in turns() {
                    start.wait();
                    let sample = time(work.calls, work.sides[side]);
                    samples[side].lock().unwrap_or_else(PoisonError::into_inner)[round].push(sample);
                    end.wait();
                }
            });
        }
        for (_, side) in turns() {
            start.wait();
            end.wait();
            if flushed.is_ok() {
                flushed = flush(side);
            }
        }
    });
    flushed?;
    Ok(samples.map(|samples| samples.into_inner().unwrap_or_else(PoisonError::into_inner).split_off(1)))
}

#[expect(clippy::cast_precision_loss, reason = "nobody needs the last of fifteen digits")]
fn time(calls: u64, call: &(dyn Fn(usize) + Sync)) -> Sample {
    let (start, own) = (Instant::now(), thread_time());
    for number in 0..calls {
        call(usize::try_from(number).unwrap_or_default());
    }
    let (own, wall) = (thread_time() - own, start.elapsed().as_secs_f64());
    [own, wall].map(|time| time * 1e9 / calls as f64)
}

/// A ratio is the median of the rounds' own: what slows the machine down for a while slows both sides of a round.
fn report(work: &Work<'_>, samples: &[Rounds; 2]) {
    for (side, name) in ["bento", "opentelemetry"].into_iter().enumerate() {
        let of =
            |clock: usize| samples[side].iter().flatten().map(|sample| sample[clock]).collect::<Vec<f64>>();
        let [own, wall] = [of(0), of(1)];
        let figures = [(&own, 0.5), (&own, 0.99), (&wall, 0.5), (&wall, 0.99)];
        let [own50, own99, wall50, wall99] = figures.map(|(times, share)| quantile(times, share));
        print!("| {} | {} | {name} ", work.name, work.threads);
        print!("| {own50:.0} | {own99:.0} | {wall50:.0} | {wall99:.0} |");
        if side == 0 {
            println!(" **{:.2}** | {:.2} |", ratio(samples, 0), ratio(samples, 1));
        } else {
            println!(" | |");
        }
    }
}

fn ratio([ours, theirs]: &[Rounds; 2], clock: usize) -> f64 {
    let sum = |round: &Vec<Sample>| round.iter().map(|sample| sample[clock]).sum::<f64>();
    let ratios: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| sum(ours) / sum(theirs)).collect();
    quantile(&ratios, 0.5)
}
