//! The list of runs.

use crate::browser::Browser;
use crate::figures::Figures;
use crate::load::{heap, loads, scroll};
use crate::runs::{Backend, failed_turn, turn};

const ROW: &str = "$('table.runs tr[data-run]')";

pub(crate) fn measure() {
    let (dozen, thousands) = (Backend::start(), Backend::start());
    let Some(browser) = Browser::open() else { return };
    fill(&dozen, 12);
    fill(&thousands, 10_000);

    let few = loads(&browser, &dozen.at("/"), ROW, 15);
    let bytes: Figures = few.iter().map(|load| load.bytes / 1024.0).collect();
    bytes.row("the page on the wire", "KiB", "100");
    let paint: Figures = few.iter().map(|load| load.paint).collect();
    paint.row("12 runs: first paint", "ms", "");
    let there: Figures = few.iter().map(|load| load.there).collect();
    there.row("12 runs: the list", "ms", "300");

    let many = loads(&browser, &thousands.at("/"), ROW, 15);
    let there: Figures = many.iter().map(|load| load.there).collect();
    there.row("10,000 runs: the list", "ms", "300");
    let longest: Figures = many.iter().map(|load| load.longest).collect();
    longest.row("10,000 runs: longest task of the load (0: under 50)", "ms", "");
    let scrolls: Vec<_> = (0..5).map(|_| scroll(&browser, "table.runs")).collect();
    let gap: Figures = scrolls.iter().map(|scroll| scroll.gap).collect();
    gap.row("10,000 runs: longest time between frames while scrolling", "ms", "");
    let heap: Figures = [heap(&browser)].into_iter().collect();
    heap.row("10,000 runs: memory of the scripts", "MiB", "");
}

/// Every twelfth run fails; they lie ten seconds apart.
fn fill(backend: &Backend, runs: u64) {
    let numbers: Vec<_> = (1..=runs).collect();
    for part in numbers.chunks(500) {
        backend.send_all(part.iter().flat_map(|&run| {
            let at = i64::try_from(run).unwrap() * -10_000;
            let steps = if run % 12 == 0 { failed_turn("find_flights", at) } else { turn("plan_trip", at) };
            steps.into_iter().map(move |step| (run, step))
        }));
    }
}
