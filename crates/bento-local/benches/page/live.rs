//! From what a program does to what its watcher sees.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::browser::Browser;
use crate::figures::Figures;
use crate::runs::Backend;

const TIMES: u64 = 30;

const FLUSH: Duration = Duration::from_secs(5);

pub(crate) fn measure() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    let sdk = |live| {
        let builder = bento::builder().api_key("bl_pk_local").base_url(backend.server.url());
        builder.live(live).init().unwrap()
    };
    browser.go(&backend.at("/"));
    browser.until("$('main').innerText.length > 0");

    let guard = sdk(false);
    let flushes: Figures = (0..TIMES).map(|_| flush(&browser)).collect();
    flushes.row("flush of a run of 6 spans: in the list", "ms", "1000");
    drop(guard);
    bento::shutdown(FLUSH).unwrap();

    let guard = sdk(true);
    let starts: Figures = (0..TIMES).map(|_| start_run(&browser)).collect();
    starts.row("live mode, start of a run: in the list", "ms", "1000");
    let turn = bento::begin("watched").input("Where to?").start();
    bento::flush(FLUSH).unwrap();
    browser.go(&backend.at(&format!("/runs/{}", turn.trace_id())));
    browser.until("$('[role=treeitem]')");
    let steps: Figures = (0..TIMES).map(|_| start_step(&browser)).collect();
    steps.row("live mode, start of a step: in its run", "ms", "300");
    drop((turn, guard));
    bento::shutdown(FLUSH).unwrap();
}

fn flush(browser: &Browser) -> f64 {
    let turn = bento::begin("turn").input("Where to?").start();
    let row = format!("$('tr[data-run=\"{}\"]')", turn.trace_id());
    for _ in 0..3 {
        bento::track_ai("plan").model("gpt-4o").provider("openai").output("Lisbon").tokens(120, 30).send();
    }
    for _ in 0..2 {
        let tool = bento::tool_span("weather").input(json!({"city": "Lisbon"})).start();
        tool.output("clear").finish();
    }
    turn.output("Lisbon").finish().unwrap();
    seen(browser, &row, || bento::flush(FLUSH).unwrap())
}

fn start_run(browser: &Browser) -> f64 {
    let newest = "$('tr[data-run]')?.dataset.run";
    let before: Option<String> = browser.eval(newest);
    let mut turn = None;
    let is_there = format!("{newest} && {newest} !== '{}'", before.unwrap_or_default());
    let took = seen(browser, &is_there, || turn = Some(bento::begin("turn").input("Where to?").start()));
    drop(turn);
    bento::flush(FLUSH).unwrap();
    browser.until("$$('tr[data-run] [data-state=running]').length === 0");
    took
}

fn start_step(browser: &Browser) -> f64 {
    let running = "$('[role=treeitem][aria-level=\"2\"][data-status=PENDING]')";
    let mut open = None;
    let took = seen(browser, running, || open = Some(bento::tool_span("weather").start()));
    drop(open);
    bento::flush(FLUSH).unwrap();
    browser.until(&format!("!{running}"));
    took
}

/// Milliseconds from before the action until a frame is about to be painted with what it leads to.
fn seen(browser: &Browser, expression: &str, action: impl FnOnce()) -> f64 {
    browser.run(&format!(
        "window.seenAt = 0;
        const $ = (selector) => document.querySelector(selector);
        const look = () => {{
            if ({expression}) window.seenAt = performance.timeOrigin + performance.now();
            else requestAnimationFrame(look);
        }};
        look();"
    ));
    let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    action();
    let seen = browser.until("window.seenAt").as_f64().unwrap();
    seen - began.as_secs_f64() * 1e3
}
