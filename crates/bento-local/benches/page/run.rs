//! A long run, and a large payload.

use crate::browser::Browser;
use crate::figures::Figures;
use crate::load::{Load, heap, loads, scroll};
use crate::runs::{Backend, id, large, marathon, trace, turn};

pub(crate) fn measure() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    backend.send(1, turn("plan_trip", 0));
    for part in marathon(10_000).chunks(1_000) {
        backend.send(2, part.to_vec());
    }
    backend.send(3, large());

    let at = |run, rest: &str| backend.at(&format!("/runs/{}{rest}", trace(run)));
    row("3 steps", &loads(&browser, &at(1, ""), "$('[role=treeitem]')", 15), "300");
    row("10,000 steps", &loads(&browser, &at(2, ""), "$('[role=treeitem]')", 15), "1000");
    browser.write("x");
    browser.until("$('[role=tree]').scrollHeight > 10_000 * 20");
    moves(&browser, "10,000 steps, all unfolded", "[role=tree]");
    for (step, what) in [(2, "1 MiB of text"), (3, "1 MiB of JSON"), (4, "1 MiB on one line")] {
        let address = at(3, &format!("?span={}&tab=input", id(step)));
        row(what, &loads(&browser, &address, "$('.payload')?.textContent.length > 0", 10), "1000");
        moves(&browser, what, ".payload");
    }
}

fn row(what: &str, loads: &[Load], goal: &str) {
    let there: Figures = loads.iter().map(|load| load.there).collect();
    there.row(&format!("{what}: first paint of them"), "ms", goal);
    let longest: Figures = loads.iter().map(|load| load.longest).collect();
    longest.row(&format!("{what}: longest task of the load (0: under 50)"), "ms", "");
}

fn moves(browser: &Browser, what: &str, selector: &str) {
    let scrolls: Vec<_> = (0..5).map(|_| scroll(browser, selector)).collect();
    let longest: Figures = scrolls.iter().map(|scroll| scroll.longest).collect();
    longest.row(&format!("{what}: longest task while scrolling (0: under 50)"), "ms", "50");
    let gap: Figures = scrolls.iter().map(|scroll| scroll.gap).collect();
    gap.row(&format!("{what}: longest time between frames while scrolling"), "ms", "");
    let rate: Figures = scrolls.iter().map(|scroll| scroll.rate).collect();
    rate.row_of_more_is_better(&format!("{what}: frames while scrolling"), "a second", "60");
    let heap: Figures = [heap(browser)].into_iter().collect();
    heap.row(&format!("{what}: memory of the scripts"), "MiB", "");
}
