//! What delivery takes, beside OpenTelemetry: `cargo bench --bench delivery`.
//!
//! Each figure is the median of several processes of this program, in which the sides alternate: so time, memory and the
//! cold start belong to one side alone. The sink is a process of its own, and its count has to agree.

#![expect(clippy::print_stdout, reason = "a benchmark reports")]

use std::error::Error;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bento_faults::machine;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

mod measured {
    pub(crate) mod chat;
    pub(crate) mod filter;
    pub(crate) mod payload;
    pub(crate) mod process_time;
    pub(crate) mod quantile;
    pub(crate) mod sink;
    pub(crate) mod small;
    pub(crate) mod rival {
        pub(crate) mod payload;
        pub(crate) mod provider;
        pub(crate) mod small;
    }
}
use measured::filter::is_wanted;
use measured::process_time::process_time;
use measured::quantile::quantile;
use measured::sink::{self, Sink};
use measured::{chat, payload, rival, small};

const SIDES: [&str; 2] = ["bento", "opentelemetry"];
/// More than anything here takes.
const LONG: Duration = Duration::from_secs(60);

/// Small spans, and how many are emitted before a flush: all of them find room in the queue.
const SMALL: u64 = 100_000;
const SMALL_WAVE: u64 = 2_000;
/// Spans with 64 KiB of input and 16 KiB of output, in waves that find room in 32 MiB.
const LARGE: u64 = 1_000;
const LARGE_WAVE: u64 = 200;
const INPUT_BYTES: usize = 64 * 1024;
const OUTPUT_BYTES: usize = 16 * 1024;
const FLUSHES: u64 = 500;

/// A table and its name.
type Table = (&'static str, fn() -> Result<(), Box<dyn Error>>);

fn main() -> Result<(), Box<dyn Error>> {
    if sink::is_sink() {
        return Ok(());
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [side, scene, url] = arguments.as_slice() {
        return run(side, scene, url);
    }
    let tables: [Table; 4] = [
        ("small", || throughput("small", SMALL, 5)),
        ("large", || throughput("large", LARGE, 5)),
        ("flush", flushes),
        ("cold", cold),
    ];
    tables.into_iter().filter(|(name, _)| is_wanted(name)).try_for_each(|(_, table)| table())
}

/// One side, alone in its process.
enum Side {
    Bento,
    Rival(SdkTracerProvider, SdkTracer),
}

impl Side {
    fn start(name: &str, url: &str) -> Result<Self, Box<dyn Error>> {
        if name == SIDES[0] {
            drop(bento::builder().api_key("bl_pk_bench").base_url(url).init()?);
            return Ok(Self::Bento);
        }
        let provider = rival::provider::start(url)?;
        let tracer = provider.tracer("bench");
        Ok(Self::Rival(provider, tracer))
    }

    fn small(&self, number: usize) {
        match self {
            Self::Bento => small::send(number),
            Self::Rival(_, tracer) => rival::small::send(tracer, number),
        }
    }

    fn large(&self, input: &str, output: &str) {
        match self {
            Self::Bento => payload::send(input, output),
            Self::Rival(_, tracer) => rival::payload::send(tracer, input, output),
        }
    }

    fn flush(&self) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Bento => bento::flush(LONG)?,
            Self::Rival(provider, _) => provider.force_flush()?,
        }
        Ok(())
    }
}

/// Does what a scene asks for, and prints its figures in a line.
fn run(side: &str, scene: &str, url: &str) -> Result<(), Box<dyn Error>> {
    let chat = |bytes| (0..16).map(|seed| chat::text(seed, bytes)).collect::<Vec<String>>();
    small::pick(0);
    let chats = if scene == "large" { [chat(INPUT_BYTES), chat(OUTPUT_BYTES)] } else { [vec![], vec![]] };
    let idle = machine::resident_bytes().unwrap_or_default();
    let side = Side::start(side, url)?;
    let (start, own) = (Instant::now(), process_time());
    match scene {
        "small" => waves(&side, SMALL, SMALL_WAVE, |number| side.small(number))?,
        "large" => waves(&side, LARGE, LARGE_WAVE, |number| {
            let [input, output] = chats.each_ref().map(|chats| &*chats[number % chats.len()]);
            side.large(input, output);
        })?,
        "flush" => return time_flushes(&side),
        _ => waves(&side, 1, 1, |number| side.small(number))?,
    }
    let (own, wall) = (process_time() - own, start.elapsed());
    let peak = machine::peak_resident_bytes().unwrap_or_default().saturating_sub(idle);
    println!("{} {own} {peak}", wall.as_secs_f64());
    Ok(())
}

fn waves(side: &Side, spans: u64, wave: u64, call: impl Fn(usize)) -> Result<(), Box<dyn Error>> {
    for number in 0..spans {
        call(usize::try_from(number)?);
        if (number + 1).is_multiple_of(wave) {
            side.flush()?;
        }
    }
    Ok(())
}

/// Each of them waits for one span, over a connection that stands.
fn time_flushes(side: &Side) -> Result<(), Box<dyn Error>> {
    waves(side, 20, 1, |number| side.small(number))?;
    let mut times = Vec::new();
    for number in 0..FLUSHES {
        side.small(usize::try_from(number)?);
        let start = Instant::now();
        side.flush()?;
        times.push(start.elapsed().as_secs_f64());
    }
    println!("{} {}", quantile(&times, 0.5), quantile(&times, 0.99));
    Ok(())
}

/// Has each side run a scene in turns, with sinks of their own, and gives their figures. The wire bytes come last.
fn alternate(scene: &str, spans: u64, rounds: usize) -> Result<[Vec<Vec<f64>>; 2], Box<dyn Error>> {
    let program = std::env::current_exe()?;
    let mut figures = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        for (side, figures) in SIDES.into_iter().zip(&mut figures) {
            let mut sink = Sink::start()?;
            let mut command = Command::new(&program);
            let output = command.args([side, scene, sink.url()]).stderr(Stdio::inherit()).output()?;
            let arrived = sink.arrived()?;
            assert_eq!((arrived.spans, output.status.success()), (spans, true), "not all spans have arrived");
            let line = String::from_utf8(output.stdout)?;
            let mut row = line.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
            row.push(float(arrived.bytes));
            figures.push(row);
        }
    }
    Ok(figures)
}

fn medians(rounds: &[Vec<f64>]) -> Vec<f64> {
    let columns = rounds.first().map_or(0, Vec::len);
    let column = |index: usize| rounds.iter().map(|row| row[index]).collect::<Vec<f64>>();
    (0..columns).map(|index| quantile(&column(index), 0.5)).collect()
}

fn throughput(scene: &str, spans: u64, rounds: usize) -> Result<(), Box<dyn Error>> {
    let figures = alternate(scene, spans, rounds)?.map(|rounds| medians(&rounds));
    let spans = float(spans);
    println!("\n{spans} {scene} spans, delivered\n");
    println!("| | spans/s | CPU µs per span | wire bytes per span | peak memory above idle, MiB |");
    println!("|---|---:|---:|---:|---:|");
    let row = |of: &[f64]| [spans / of[0], of[1] / spans * 1e6, of[3] / spans, of[2] / 1024.0 / 1024.0];
    let rows = figures.each_ref().map(|of| row(of));
    for (side, [speed, cpu, wire, memory]) in SIDES.into_iter().zip(rows) {
        println!("| {side} | {speed:.0} | {cpu:.2} | {wire:.0} | {memory:.1} |");
    }
    let ratio = |index: usize| rows[0][index] / rows[1][index];
    println!("| **ratio** | {:.2} | {:.3} | {:.2} | {:.2} |", ratio(0), ratio(1), ratio(2), ratio(3));
    Ok(())
}

fn flushes() -> Result<(), Box<dyn Error>> {
    let figures = alternate("flush", FLUSHES + 20, 3)?.map(|rounds| medians(&rounds));
    println!("\nflush of one span over a connection that stands, ms\n\n| | p50 | p99 |\n|---|---:|---:|");
    for (side, of) in SIDES.into_iter().zip(&figures) {
        println!("| {side} | {:.3} | {:.3} |", of[0] * 1e3, of[1] * 1e3);
    }
    println!("| **ratio** | {:.2} | {:.2} |", figures[0][0] / figures[1][0], figures[0][1] / figures[1][1]);
    Ok(())
}

/// The whole life of a process that sends one span.
fn cold() -> Result<(), Box<dyn Error>> {
    const ROUNDS: u64 = 50;
    let program = std::env::current_exe()?;
    let mut sinks = [Sink::start()?, Sink::start()?];
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for ((side, times), sink) in SIDES.into_iter().zip(&mut times).zip(&sinks) {
            let mut command = Command::new(&program);
            command.args([side, "one", sink.url()]).stdout(Stdio::null());
            let start = Instant::now();
            assert!(command.status()?.success(), "{side} failed");
            times.push(start.elapsed().as_secs_f64());
        }
    }
    for sink in &mut sinks {
        assert_eq!(sink.arrived()?.spans, ROUNDS, "not all spans have arrived");
    }
    println!("\na process from its start to its end, with one span, ms\n\n| | p50 | p99 |\n|---|---:|---:|");
    let [ours, theirs] = times.map(|times| [quantile(&times, 0.5), quantile(&times, 0.99)]);
    for (side, of) in SIDES.into_iter().zip([ours, theirs]) {
        println!("| {side} | {:.2} | {:.2} |", of[0] * 1e3, of[1] * 1e3);
    }
    println!("| **ratio** | {:.2} | {:.2} |", ours[0] / theirs[0], ours[1] / theirs[1]);
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "nobody needs the last of fifteen digits")]
fn float(number: u64) -> f64 {
    number as f64
}
