//! What is measured rather than judged: memory, the caller's cost, what went elsewhere, and how soon all is well again.

use std::time::{Duration, Instant};

use bento_faults::machine::resident_bytes;
use bento_faults::{Answer, Keep, Plan};

use crate::fault::{Fault, Stage, fault};
use crate::judge::Outcome;
use crate::life::{LONG, Life, start, timed};
use crate::run;

/// The default of `queue_bytes`.
const BUDGET: f64 = (32 << 20) as f64;
const MEMORY: &str = "figure-memory";
const CALLER: &str = "figure-caller";

/// One line below the table.
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) text: String,
    /// Whether what is promised holds.
    pub(crate) holds: bool,
}

/// The children that measure; they run alone.
pub(crate) fn all() -> Vec<Fault> {
    vec![
        fault(MEMORY, memory).against(|| Plan::always(Answer::hang()).keep(Keep::Nothing)),
        fault(CALLER, caller).on(|| {
            let healthy = Plan::ok().keep(Keep::Nothing).start();
            let hanging = Plan::always(Answer::hang()).keep(Keep::Nothing);
            Stage::of(hanging).env("HEALTHY", healthy.url())
        }),
    ]
}

/// Measures, unless only some faults were asked for.
pub(crate) fn measure(outcomes: &[Outcome], is_whole: bool) -> Vec<Figure> {
    let mut figures = vec![
        Figure {
            name: "bytes sent to any other host",
            text: outcomes.iter().map(|outcome| outcome.foreign_bytes).sum::<u64>().to_string(),
            holds: outcomes.iter().all(|outcome| outcome.foreign_bytes == 0),
        },
        Figure {
            name: "secrets found in any output",
            text: outcomes.iter().map(|outcome| outcome.secrets).sum::<usize>().to_string(),
            holds: outcomes.iter().all(|outcome| outcome.secrets == 0),
        },
    ];
    let trickles = outcomes.iter().filter(|outcome| outcome.name.starts_with("trickled"));
    if let Some(longest) = trickles.filter_map(|outcome| outcome.second_request).reduce(f64::max) {
        let text = format!("{longest:.2} s");
        figures.push(Figure {
            name: "from a trickle's begin to the next batch",
            text,
            holds: longest < 12.5,
        });
    }
    if is_whole {
        for fault in all() {
            let outcome = run::one(&fault);
            figures.extend(if fault.name == MEMORY { of_memory(&outcome) } else { of_caller(&outcome) });
        }
    }
    figures
}

fn figures_named(outcomes: &[Outcome], name: &str) -> Vec<f64> {
    let figures = outcomes.iter().flat_map(|outcome| &outcome.figures);
    figures.filter(|(known, _)| known == name).map(|(_, value)| *value).collect()
}

fn of_memory(outcome: &Outcome) -> Vec<Figure> {
    let grown = figures_named(std::slice::from_ref(outcome), MEMORY);
    let Some(grown) = grown.first() else { return Vec::new() };
    vec![Figure {
        name: "memory above start, queue full of 100 KB spans, backend hangs",
        text: format!(
            "{:.1} MiB, {:.2} times the budget (at most 2)",
            grown / f64::from(1 << 20),
            grown / BUDGET
        ),
        holds: *grown <= 2.0 * BUDGET,
    }]
}

fn of_caller(outcome: &Outcome) -> Vec<Figure> {
    let of =
        |name: &str| figures_named(std::slice::from_ref(outcome), name).first().copied().unwrap_or(f64::NAN);
    let line = |name, healthy: f64, hanging: f64| Figure {
        name,
        text: format!("{healthy:.2} µs healthy, {hanging:.2} µs hanging: {:.2} times", hanging / healthy),
        // What a busy machine does to a call is not the SDK's; a wait for the network would be thousands of times more.
        holds: hanging / healthy < 20.0,
    };
    vec![
        line("a small span for its caller, median (goal: 2 times)", of("healthy-50"), of("hanging-50")),
        line("a small span for its caller, 99th of 100 (goal: 2 times)", of("healthy-99"), of("hanging-99")),
    ]
}

/// Fills the queue with spans of 100 KB while the backend hangs.
fn memory(life: &mut Life) {
    let _bento = start();
    let Some(before) = resident_bytes() else { return };
    let mut most = before;
    for _ in 0..1_500 {
        bento::track_ai("large").input("x".repeat(100_000)).send();
        most = most.max(resident_bytes().unwrap_or(0));
    }
    let end = Instant::now() + Duration::from_millis(500);
    while Instant::now() < end {
        most = most.max(resident_bytes().unwrap_or(0));
        std::thread::sleep(Duration::from_millis(5));
    }
    life.figure(MEMORY, f64::from(u32::try_from(most - before).unwrap_or(u32::MAX)));
    bento::shutdown(Duration::ZERO).ok();
}

/// Emits small spans, in rounds that alternate between a healthy backend and one that hangs.
fn caller(life: &mut Life) {
    let healthy = std::env::var("HEALTHY").unwrap();
    let (mut well, mut ill) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let guard = bento::builder().base_url(healthy.as_str()).init().unwrap();
        for _ in 0..4 {
            well.extend(micros(500));
            bento::flush(LONG).ok();
        }
        bento::shutdown(LONG).ok();
        drop(guard);
        let guard = start();
        // Where the queue is full, each call also drops the oldest.
        micros(2_048);
        for _ in 0..4 {
            ill.extend(micros(500));
        }
        bento::shutdown(Duration::ZERO).ok();
        drop(guard);
    }
    for (name, mut times) in [("healthy", well), ("hanging", ill)] {
        times.sort_by(f64::total_cmp);
        life.figure(&format!("{name}-50"), times[times.len() / 2]);
        life.figure(&format!("{name}-99"), times[times.len() * 99 / 100]);
    }
}

fn micros(spans: usize) -> Vec<f64> {
    (0..spans).map(|_| timed("small", |event| event.input("Hi")).took.as_secs_f64() * 1e6).collect()
}
