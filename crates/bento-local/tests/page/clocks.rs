//! Senders whose clocks are wrong, and lists that were not looked at for a while.

use serde_json::json;

use crate::browser::Browser;
use crate::runs::{Backend, Step, trace, turn};

const DAY: i64 = 24 * 60 * 60_000;

#[test]
fn a_clock_that_is_years_ahead_leaves_the_others_their_bars() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    for run in 1..=4 {
        backend.send(run, turn("trip", 0));
    }
    backend.send(5, turn("trip to come", 170 * 365 * DAY));
    browser.go(&backend.at("/?range=all"));
    browser.until_is("$$('[data-bucket]').reduce((sum, bar) => sum + Number(bar.dataset.runs), 0)", 4);
    browser.until_is("text('.totals [data-total=runs]')", "5");
    browser.until_is(&format!("text('tr[data-run=\"{}\"] .c-started')", trace(5)), "in 169 years");
}

#[test]
fn rows_behind_the_first_page_are_had_anew_when_the_server_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let config = || bento_local::Config::default().database(folder.path().join("runs.db"));
    let first = Backend::of(config(), "bl_pk_test");
    let Some(mut browser) = Browser::open() else { return };
    browser.forgive("net::ERR_");
    let root = |run: u64| Step::new(1, 0, "agent", "trip", -i64::try_from(run).unwrap() * 1_000..0);
    first.send_all((1..=140).map(|run| (run, root(run))));
    first.send(141, [root(141).pending()]);
    browser.go(&first.at("/"));
    browser.until_is("$$('tr[data-run]').length > 0", true);
    browser.run("scrollTo(0, 1e6)");
    let last = format!("$('tr[data-run=\"{}\"] [data-state]')?.dataset.state", trace(141));
    browser.until(&format!("scrollTo(0, 1e6) || {last} === 'running'"));
    let port = first.server.addr().port();
    first.server.stop();
    browser.until("$('#connection').dataset.state === 'lost'");

    let second = Backend::of(config().port(port), "bl_pk_test");
    second.send(141, [root(141).failed("no")]);
    browser.until_is("$('#connection').dataset.state", "live");
    browser.until_is(&last, json!("failed"));
}
