//! What stands above the list: the histogram and the totals, from the same filters as the rows.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::runs::{Backend, failed_turn, turn};

const HOUR: i64 = 3_600_000;

/// The buckets that have runs: when each begins, its runs and its failed ones.
const BUCKETS: &str = "$$('.histogram [data-bucket]').map(({ dataset: d }) => [new Date(d.bucket).toISOString(), Number(d.runs), Number(d.errors)]).filter(([, runs]) => runs > 0)";

const LISTED: &str = "$$('table.runs tr[data-run]').length";

/// Eight runs over six hours, two of them failed.
fn eight() -> Backend {
    let backend = Backend::start();
    for (run, hours) in [(1, 5), (2, 5), (3, 4), (4, 3), (5, 1), (6, 1)] {
        backend.send(run, turn("turn", -hours * HOUR));
    }
    backend.send(7, failed_turn("broken", -3 * HOUR));
    backend.send(8, failed_turn("broken", -HOUR));
    backend
}

#[test]
fn the_histogram_has_the_numbers_of_the_api() {
    let backend = eight();
    let Some(browser) = Browser::open() else { return };
    browser.go(&backend.at("/?range=24h"));
    browser.until(&format!("{BUCKETS}.reduce((sum, [, runs]) => sum + runs, 0) === 8"));
    let shown: Vec<(String, u64, u64)> = browser.eval(BUCKETS);
    assert_eq!(shown.iter().map(|(_, _, errors)| errors).sum::<u64>(), 2);
    // Run by run, put into the buckets that are shown.
    let everything = "start=1970-01-02T00:00:00Z&end=2200-01-01T00:00:00Z&limit=100";
    let runs = backend.ask(&format!("/workspaces/local/traces?{everything}"));
    let starts: Vec<String> = browser
        .eval("$$('.histogram [data-bucket]').map(({ dataset: d }) => new Date(d.bucket).toISOString())");
    assert!(starts.is_sorted() && starts.len() <= 120, "{}", starts.len());
    for (bucket, count, errors) in &shown {
        let end = starts.iter().find(|start| *start > bucket);
        let inside = |run: &&Value| {
            let start = run["start_time"].as_str().unwrap();
            start >= bucket.trim_end_matches('Z') && end.is_none_or(|end| start < end.trim_end_matches('Z'))
        };
        let inside: Vec<_> = runs["items"].as_array().unwrap().iter().filter(inside).collect();
        let failed = inside.iter().filter(|run| run["error_count"] != 0).count();
        assert_eq!((inside.len() as u64, failed as u64), (*count, *errors), "{bucket}");
    }
}

#[test]
fn a_bar_narrows_the_window_and_the_way_back_is_shown() {
    let backend = eight();
    let Some(browser) = Browser::open() else { return };
    browser.go(&backend.at("/?range=24h"));
    browser.until(&format!("{BUCKETS}.length >= 4 && {LISTED} === 8"));
    let bucket: String = browser.eval(
        "$$('.histogram [data-bucket]').find(({ dataset }) => Number(dataset.runs) > 0).dataset.bucket",
    );
    let runs: u64 = browser.eval(
        "Number($$('.histogram [data-bucket]').find(({ dataset }) => Number(dataset.runs) > 0).dataset.runs)",
    );
    browser.drag(&format!("[data-bucket=\"{bucket}\"]"), &format!("[data-bucket=\"{bucket}\"]"));
    browser.until_is(LISTED, runs);
    browser.until_is("text('button[data-filter=all] .count')", runs.to_string());
    browser.until("new URLSearchParams(location.search).has('from')");
    browser.back();
    browser.until_is(LISTED, 8);
}

#[test]
fn totals_are_of_the_runs_that_are_listed() {
    let backend = eight();
    let Some(browser) = Browser::open() else { return };
    browser.go(&backend.at("/"));
    let number = |total: &str| format!("text('.totals [data-total={total}]')");
    browser.until(&format!("/\\b8\\b/.test({})", number("runs")));
    browser.until(&format!("/\\b2\\b/.test({}) && /25\\s?%/.test({0})", number("errors")));
    browser.click("button[data-filter=failed]");
    browser.until(&format!("/\\b2\\b/.test({})", number("runs")));
    // Two runs of 1,400 tokens in and 120 out.
    browser.until(&format!("/2,800/.test({}) && /240/.test({0})", number("tokens")));
    browser.until(&format!("/2\\.00 s/.test({})", number("time")));
    let summary = "start=1970-01-02T00:00:00Z&end=2200-01-01T00:00:00Z&state=failed";
    let cost = backend.ask(&format!("/workspaces/local/traces/summary?{summary}"))["cost"].as_f64().unwrap();
    browser.until_is(&format!("{}.includes('{cost:.4}')", number("cost")), json!(true));
}
