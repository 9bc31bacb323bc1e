//! The list of runs: what it shows, and what leads to a part of it.

use serde_json::json;
use thirtyfour::Key;

use crate::browser::Browser;
use crate::runs::{Backend, failed_turn, trace, turn};

/// The ids that are listed, in their order, as the numbers that they were made from.
const LISTED: &str = "$$('table.runs tr[data-run]').map((row) => parseInt(row.dataset.run.slice(0, 8), 16))";

/// The number that stands beside a state.
fn counted(state: &str) -> String {
    format!("text('button[data-filter=\"{state}\"] .count')")
}

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Five runs: two completed, one failed, one cancelled, one running; one of them is three days old, one five hours.
fn five() -> Backend {
    let backend = Backend::start();
    backend.send(1, turn("plan_trip", -3 * DAY));
    backend.send(2, turn("book_trip", -5 * HOUR));
    backend.send(3, failed_turn("find_flights", -2 * MINUTE));
    let [root, rest @ ..] = <[_; 3]>::try_from(turn("stopped_trip", -MINUTE)).unwrap();
    backend.send(4, [root.cancelled()].into_iter().chain(rest));
    backend.send(5, turn("long_trip", 0).into_iter().skip(1));
    backend
}

#[test]
fn the_newest_run_stands_first_with_what_one_asks_first() {
    let backend = five();
    let Some(browser) = Browser::open() else { return };
    browser.go(&backend.at("/"));
    browser.until_is(LISTED, json!([5, 4, 3, 2, 1]));
    let row: String = browser.eval(&format!("text('tr[data-run=\"{}\"]')", trace(3)));
    for part in ["Failed", "00000003", "find_flights", "gpt-4o", "7", "1,520", "2.00 s"] {
        assert!(row.contains(part), "{part} is not in: {row}");
    }
    let link = format!("$('tr[data-run=\"{0}\"] a[href=\"/runs/{0}\"]') !== null", trace(3));
    assert!(browser.eval::<bool>(&link));
    browser.until_is("document.documentElement.scrollWidth <= innerWidth", true);
}

#[test]
fn states_narrow_the_list_and_tell_how_many_they_have() {
    let backend = five();
    let Some(browser) = Browser::open() else { return };
    browser.go(&backend.at("/"));
    for (state, runs) in
        [("all", "5"), ("running", "1"), ("completed", "2"), ("failed", "1"), ("cancelled", "1")]
    {
        browser.until_is(&counted(state), runs);
    }
    assert_eq!(browser.eval::<String>("$('button[data-filter=all]').getAttribute('aria-pressed')"), "true");
    browser.click("button[data-filter=completed]");
    browser.until_is(LISTED, json!([2, 1]));
    assert_eq!(
        browser.eval::<String>("$('button[data-filter=completed]').getAttribute('aria-pressed')"),
        "true"
    );
    assert_eq!(browser.address(), "/?state=completed");
    // The counts say what one would get by another choice, whatever is chosen now.
    browser.until_is(&counted("all"), "5");
    browser.back();
    browser.until_is(LISTED, json!([5, 4, 3, 2, 1]));
    browser.forward();
    browser.until_is(LISTED, json!([2, 1]));
}

#[test]
fn a_search_narrows_the_list_the_counts_and_the_totals() {
    let backend = five();
    let Some(browser) = Browser::open() else { return };
    browser.go(&backend.at("/"));
    browser.until_is(LISTED, json!([5, 4, 3, 2, 1]));
    browser.write("/");
    browser.until_is("document.activeElement.name", "q");
    browser.write("find_fl");
    browser.until_is(LISTED, json!([3]));
    for (state, runs) in [("all", "1"), ("failed", "1"), ("completed", "0")] {
        browser.until_is(&counted(state), runs);
    }
    browser.until("/\\b1\\b/.test(text('.totals [data-total=runs]'))");
    browser.until_is("new URLSearchParams(location.search).get('q')", "find_fl");

    // By what the id begins with, which is how one speaks of a run; and by user.
    for (words, runs) in [("00000002f", json!([2])), ("u7", json!([3]))] {
        browser.run("document.querySelector('input[name=q]').select()");
        browser.write(words);
        browser.until_is(LISTED, runs);
    }
    browser.run("document.querySelector('input[name=q]').select()");
    browser.write("nowhere");
    browser.until("$('.empty')?.checkVisibility()");
    browser.until_is(LISTED, json!([]));
}

#[test]
fn a_window_of_time_narrows_the_list_and_the_counts() {
    let backend = five();
    let Some(browser) = Browser::open() else { return };
    browser.go(&backend.at("/"));
    for (range, runs) in
        [("1h", json!([5, 4, 3])), ("24h", json!([5, 4, 3, 2])), ("7d", json!([5, 4, 3, 2, 1]))]
    {
        browser.click(&format!("button[data-range=\"{range}\"]"));
        browser.until_is(LISTED, runs.clone());
        browser.until_is(&counted("all"), runs.as_array().unwrap().len().to_string());
        let pressed = format!("$('button[data-range=\"{range}\"]').getAttribute('aria-pressed')");
        assert_eq!(browser.eval::<String>(&pressed), "true");
        assert!(browser.address().contains(&format!("range={range}")), "{}", browser.address());
    }
}

#[test]
fn an_address_opens_the_list_that_it_was_taken_from() {
    let backend = five();
    let Some(browser) = Browser::open() else { return };
    browser.go(&backend.at("/?range=24h&state=completed&q=trip"));
    browser.until_is(LISTED, json!([2]));
    browser.until_is("$('input[name=q]').value", "trip");
    let pressed = "$$('[aria-pressed=true]').map((button) => button.dataset.filter ?? button.dataset.range)";
    let pressed: Vec<Option<String>> = browser.eval(pressed);
    for wanted in ["24h", "completed"] {
        assert!(pressed.iter().flatten().any(|pressed| pressed == wanted), "{wanted}: {pressed:?}");
    }
}

#[test]
fn a_header_sorts() {
    let backend = five();
    let Some(browser) = Browser::open() else { return };
    browser.go(&backend.at("/"));
    browser.until_is(LISTED, json!([5, 4, 3, 2, 1]));
    browser.until_is("$$('th[aria-sort=descending]').length", 1);
    let tokens = "$$('table.runs th').find((head) => /tokens/i.test(head.innerText))";
    browser.run(&format!(
        "const $$ = (all) => [...document.querySelectorAll(all)]; {tokens}.querySelector('button, a').click()"
    ));
    browser.until_is(&format!("{LISTED}[0]"), 3);
    browser.until_is(&format!("{tokens}.getAttribute('aria-sort')"), "descending");
    browser.until("location.search.includes('tokens')");
}

/// A hundred and thirty runs, which are more than a page.
fn send_many(backend: &Backend) {
    backend.send_all((1..=130).flat_map(|run| {
        let turn = turn("turn", i64::try_from(run).unwrap() * 100 - HOUR);
        turn.into_iter().map(move |step| (run, step))
    }));
}

#[test]
fn a_new_run_does_not_move_what_one_has_scrolled_to() {
    let backend = Backend::start();
    send_many(&backend);
    let Some(browser) = Browser::open() else { return };
    browser.go(&backend.at("/"));
    browser.until(&format!("{LISTED}.length > 20"));
    browser.run("scrollTo(0, 1500)");
    let in_sight = "$$('tr[data-run]').find((row) => row.getBoundingClientRect().top > 200)";
    browser.until(&format!("{in_sight} && scrollY === 1500"));
    let run: String = browser.eval(&format!("{in_sight}.dataset.run"));
    let place = format!("$('tr[data-run=\"{run}\"]').getBoundingClientRect().top");
    let before: f64 = browser.eval(&place);
    backend.send(131, turn("newest", 0));
    let button =
        "$$('main button').find((button) => button.checkVisibility() && /1 new run/.test(button.innerText))";
    browser.until(button);
    assert!((browser.eval::<f64>(&place) - before).abs() < 1.0);
    browser.eval::<()>(&format!("{button}.click()"));
    browser.until_is(&format!("{LISTED}[0]"), 131);
    browser.until("$(`tr[data-run]`).getBoundingClientRect().top > 0");
}

#[test]
fn older_runs_are_shown_when_they_are_wanted() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    send_many(&backend);
    browser.go(&backend.at("/"));
    browser.until_is(&format!("{LISTED}[0]"), 130);
    let further = "
        scrollTo(0, document.documentElement.scrollHeight);
        const last = $$('table.runs tr[data-run]').at(-1);
        last?.scrollIntoView();
        $$('main button').find((button) => /more/i.test(button.innerText))?.click();
        return";
    browser.until(&format!("(() => {{ {further} parseInt($$('table.runs tr[data-run]').at(-1).dataset.run.slice(0, 8), 16) === 1; }})()"));
}

#[test]
fn where_there_is_no_run_the_page_says_how_to_send_one_and_shows_it_when_it_comes() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    browser.go(&backend.at("/"));
    browser.until("$('.empty')?.checkVisibility()");
    let words: String = browser.eval("text('.empty')");
    assert!(words.contains(backend.server.url()) && words.contains("bl_pk_local"), "{words}");
    browser.run("window.marker = 'same document'");
    backend.send(1, turn("first_turn", 0));
    browser.until_is(LISTED, json!([1]));
    browser.until_is("$('.empty')?.checkVisibility() ?? false", false);
    browser.until_is("window.marker", "same document");
}

#[test]
fn a_server_with_a_key_has_it_asked_for_once() {
    let backend = Backend::of(bento_local::Config::default().key("bl_pk_secret"), "bl_pk_secret");
    let Some(mut browser) = Browser::open() else { return };
    browser.forgive("401");
    backend.send(1, turn("secret_turn", 0));
    browser.go(&backend.at("/"));
    browser.until_is("document.activeElement.name", "key");
    browser.write("bl_pk_wrong");
    browser.press(Key::Enter);
    browser.until_is("document.activeElement.value === '' && document.activeElement.name", "key");
    assert_eq!(browser.eval::<u64>("$$('tr[data-run]').length"), 0);
    browser.write("bl_pk_secret");
    browser.press(Key::Enter);
    browser.until_is(LISTED, json!([1]));
    // It is asked for no more in this tab, and the streams have it too.
    browser.go(&backend.at("/"));
    browser.until_is(LISTED, json!([1]));
    assert!(browser.eval::<bool>("$('dialog[open]') === null"));
    backend.send(2, turn("another", 1_000));
    browser.until_is(LISTED, json!([2, 1]));
    assert!(!browser.eval::<String>("location.href + document.cookie").contains("secret"));
}

#[test]
fn what_the_browser_complains_about_is_seen() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    browser.go(&backend.at("/"));
    browser.run(
        "const inline = document.createElement('script');
        inline.textContent = 'window.ran = 1';
        document.body.append(inline);",
    );
    assert!(browser.eval::<bool>("window.ran === undefined"));
    let complaints = browser.complaints();
    assert!(complaints.len() == 1 && complaints[0].contains("Content Security Policy"), "{complaints:?}");
    browser.run("setTimeout(() => { throw new Error('of a timer'); })");
    browser.run_to_done("setTimeout(done, 20)");
    let complaints = browser.complaints();
    assert!(complaints.len() == 1 && complaints[0].contains("of a timer"), "{complaints:?}");
}
