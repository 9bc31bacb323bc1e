//! How runs that did not go well look, in the list and by themselves.

use std::time::Duration;

use crate::browser::Browser;
use crate::runs::{Backend, Step, failed_turn, trace, turn};

/// Opens the list and then the run, each of which has to say the state with its own word.
fn says(browser: &Browser, backend: &Backend, state: &str, word: &str) {
    browser.go(&backend.at("/"));
    browser.until(&format!("text('tr[data-run=\"{}\"] [data-state={state}]')?.includes('{word}')", trace(1)));
    browser.click(&format!("a[href=\"/runs/{}\"]", trace(1)));
    browser.until(&format!("$('[data-run-state={state}]')?.checkVisibility()"));
    browser.until(&format!("text('[data-run-state={state}]').includes('{word}')"));
}

#[test]
fn a_failed_run_says_so() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    backend.send(1, failed_turn("find_flights", 0));
    says(&browser, &backend, "failed", "Failed");
}

#[test]
fn a_cancelled_run_says_so() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    let [root, ..] = <[_; 3]>::try_from(turn("trip", 0)).unwrap();
    backend.send(1, [root.cancelled()]);
    says(&browser, &backend, "cancelled", "Cancelled");
}

#[test]
fn a_running_run_says_that_it_is_live() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    backend.send(1, [Step::new(1, 0, "agent", "trip", 0..backend.now()).pending()]);
    says(&browser, &backend, "running", "Running");
    browser.until("/live/i.test(text('[data-run-state=running]'))");
}

#[test]
fn a_run_of_which_nothing_more_was_heard_is_unfinished() {
    let soon = bento_local::Config::default().unfinished_after(Duration::from_millis(1));
    let backend = Backend::of(soon, "bl_pk_test");
    let Some(browser) = Browser::open() else { return };
    backend.send(1, [Step::new(1, 0, "agent", "trip", 0..backend.now()).pending()]);
    says(&browser, &backend, "unfinished", "Unfinished");
    browser.go(&backend.at("/"));
    browser.until_is("text('button[data-filter=unfinished] .count')", "1");
}
