//! What a call costs its caller, and what that does not grow with: `cargo bench --bench growth`.
//!
//! A table for each thing that there can be more of. Figures are nanoseconds of the caller's own time: the median of
//! rounds, each of them the mean of many calls, with everything delivered before it begins.

#![expect(clippy::print_stdout, reason = "a benchmark reports")]

use std::error::Error;
use std::time::Duration;

use bento::Trajectory;
use bento_faults::{Answer, Keep, Plan};

mod measured {
    pub(crate) mod chat;
    pub(crate) mod filter;
    pub(crate) mod quantile;
    pub(crate) mod sink;
    pub(crate) mod thread_time;
}
use measured::chat;
use measured::filter::is_wanted;
use measured::quantile::quantile;
use measured::sink::{self, Sink};
use measured::thread_time::thread_time;

/// More than anything here takes.
const LONG: Duration = Duration::from_secs(60);
const ROUNDS: usize = 20;
const KIB: usize = 1024;

/// A table and its name.
type Table = (&'static str, fn() -> Outcome);
type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    if sink::is_sink() {
        return Ok(());
    }
    let mut sink = Sink::start()?;
    drop(bento::builder().api_key("bl_pk_bench").base_url(sink.url()).init()?);
    let tables: [Table; 5] = [
        ("Properties", properties),
        ("Payload", payload),
        ("Depth", depth),
        ("Open trajectories", trajectories),
        ("Tasks", tasks),
    ];
    for (name, table) in tables.into_iter().filter(|(name, _)| is_wanted(name)) {
        println!("\n### {name}\n");
        table()?;
    }
    let empty = [cost(500, small)?, cost(50, large)?];
    bento::flush(LONG)?;
    let emitted = bento::status().accepted();
    assert_eq!(sink.arrived()?.spans, emitted, "not all spans have arrived");
    bento::shutdown(LONG)?;
    if is_wanted("Full queue") {
        println!("\n### Full queue\n");
        full_queue(empty)?;
    }
    Ok(())
}

fn properties() -> Outcome {
    let keys: Vec<String> = (0..1_000).map(|number| format!("property_{number}")).collect();
    heading(&["properties", "`track_ai`", "per property"]);
    let mut none = 0.0;
    for count in [0, 1, 10, 100, 1_000] {
        let taken = cost(100, |_| {
            let mut call = bento::track_ai("answer");
            for (key, value) in keys.iter().take(count).zip(0..) {
                call = call.property(key, value);
            }
            call.send();
        })?;
        if count == 0 {
            none = taken;
        }
        row(count, &[taken, (taken - none) / float(count.max(1))]);
    }
    Ok(())
}

fn payload() -> Outcome {
    heading(&["KiB of input", "`track_ai`", "per byte"]);
    for kib in [1, 4, 16, 64, 256, 1_023] {
        let text = chat::text(7, KIB * kib);
        // Few at a time: what many of them take in fresh memory is the system's.
        let calls = (2 * KIB / kib).clamp(2, 500);
        let taken = cost(calls, |_| _ = bento::track_ai("answer").input(&text).send())?;
        row(kib, &[taken, taken / float(text.len())]);
    }
    Ok(())
}

/// Guards inside each other, on one thread.
fn depth() -> Outcome {
    heading(&[
        "open around it",
        "`track_ai`",
        "`begin` to drop",
        "`begin` to `finish`",
        "`finish` of the outermost",
    ]);
    let mut open: Vec<Trajectory> = Vec::new();
    for depth in [1, 10, 100, 1_000] {
        open.extend((open.len()..depth).map(|_| bento::begin("agent").start()));
        let tracked = cost(500, small)?;
        let begun = cost(500, begin_and_drop)?;
        let ended = cost(500, |_| assert!(bento::begin("agent").start().finish().is_ok()))?;
        // It is out of order, but for the one that is alone: that one would be gone.
        let finished = match &*open {
            [outermost, _, ..] => cost(100, |_| assert!(outermost.finish().is_err()))?,
            _ => f64::NAN,
        };
        row(depth, &[tracked, begun, ended, finished]);
    }
    while let Some(innermost) = open.pop() {
        drop(innermost);
    }
    Ok(())
}

/// Trajectories beside each other, as those of many requests that are served at a time.
fn trajectories() -> Outcome {
    heading(&["open elsewhere", "`track_ai`", "`begin` to drop", "`status`"]);
    let root = bento::current();
    let mut open: Vec<Trajectory> = Vec::new();
    for count in [1, 10, 100, 1_000, 10_000, 100_000] {
        open.extend((open.len()..count).map(|_| root.enter(|| bento::begin("agent").start())));
        let tracked = cost(500, small)?;
        let begun = cost(500, begin_and_drop)?;
        let asked = cost(500, |_| assert!(bento::status().is_running()))?;
        row(count, &[tracked, begun, asked]);
    }
    close(open)
}

/// Tasks that are alive, each with a trajectory of its own open. The measured one is one of them.
fn tasks() -> Outcome {
    heading(&[
        "alive with a trajectory",
        "`track_ai` inside one",
        "`begin` to drop",
        "in a task without one",
    ]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut alive = tokio::task::JoinSet::new();
        let (end, ended) = tokio::sync::watch::channel(0_usize);
        for count in [1, 10, 100, 1_000, 10_000, 100_000] {
            for number in alive.len()..count - 1 {
                let mut ended = ended.clone();
                alive.spawn(async move {
                    let _turn = bento::begin("agent").start();
                    ended.wait_for(|ended| number < *ended).await.is_ok()
                });
            }
            tokio::task::yield_now().await;
            let measured = tokio::spawn(async {
                let turn = bento::begin("agent").start();
                let inside = [cost(500, small), cost(500, begin_and_drop)].map(Result::ok);
                drop(turn);
                (inside, cost(500, small).ok())
            });
            let ([tracked, begun], outside) = measured.await?;
            row(count, &[tracked, begun, outside].map(|taken| taken.unwrap_or(f64::NAN)));
        }
        // They end in waves, so that the queue has room for all of them.
        while !alive.is_empty() {
            end.send_modify(|ended| *ended += 1_000);
            for _ in 0..1_000.min(alive.len()) {
                alive.join_next().await.ok_or("no task")??;
            }
            bento::flush(LONG)?;
        }
        Ok(())
    })
}

/// A backend that takes requests and does not answer: every call has to make room for its span.
fn full_queue([small_empty, large_empty]: [f64; 2]) -> Outcome {
    let server = Plan::always(Answer::hang()).keep(Keep::Nothing).start();
    drop(bento::builder().api_key("bl_pk_bench").base_url(server.url()).init()?);
    let fill = |calls: usize, call: fn(usize)| {
        (0..calls).for_each(call);
        chunks(calls.min(500), call, || Ok(()))
    };
    heading(&["span", "queue empty", "queue full"]);
    let taken = fill(4_000, small)?;
    println!("| small | {small_empty:.0} | {taken:.0} |");
    let taken = fill(1_000, large)?;
    println!("| of 64 KiB | {large_empty:.0} | {taken:.0} |");
    let books = bento::status();
    assert!(books.dropped() > 0, "nothing was dropped, so the queue was not full");
    assert_eq!(books.accepted(), books.dropped() + books.failed() + books.waiting(), "a span is in no book");
    bento::shutdown(Duration::ZERO).ok();
    Ok(())
}

fn small(_: usize) {
    bento::track_ai("answer").model("gpt-4o").provider("openai").input("Where to?").output("Lisbon.").send();
}

fn large(_: usize) {
    static TEXT: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| chat::text(7, 64 * KIB));
    bento::track_ai("answer").model("gpt-4o").provider("openai").input(&*TEXT).output("Lisbon.").send();
}

fn begin_and_drop(_: usize) {
    drop(bento::begin("agent").own_trace().start());
}

/// Ends them in waves, so that the queue has room for all of them.
fn close(mut open: Vec<Trajectory>) -> Outcome {
    while !open.is_empty() {
        open.truncate(open.len().saturating_sub(1_000));
        bento::flush(LONG)?;
    }
    Ok(())
}

/// Nanoseconds a call, with everything delivered before each round.
fn cost(calls: usize, call: impl FnMut(usize)) -> Outcome<f64> {
    chunks(calls, call, || Ok(bento::flush(LONG)?))
}

fn chunks(calls: usize, mut call: impl FnMut(usize), before: impl Fn() -> Outcome) -> Outcome<f64> {
    let mut means = Vec::new();
    for _ in 0..=ROUNDS {
        before()?;
        let start = thread_time();
        (0..calls).for_each(&mut call);
        means.push((thread_time() - start) * 1e9 / float(calls));
    }
    before()?;
    // The first one has warmed up.
    Ok(quantile(&means[1..], 0.5))
}

fn heading(columns: &[&str]) {
    println!("| {} |\n|{}", columns.join(" | "), "---:|".repeat(columns.len()));
}

fn row(value: usize, figures: &[f64]) {
    let cells: Vec<String> = figures.iter().map(|figure| cell(*figure)).collect();
    println!("| {value} | {} |", cells.join(" | "));
}

fn cell(figure: f64) -> String {
    match figure {
        _ if figure.is_nan() => "–".to_owned(),
        _ if figure.abs() < 10.0 => format!("{figure:.3}"),
        _ => format!("{figure:.0}"),
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody needs the last of fifteen digits")]
fn float(number: usize) -> f64 {
    number as f64
}
