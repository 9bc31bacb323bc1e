//! A server that goes away, and is another one when it is back.

use bento_local::Config;
use serde_json::json;

use crate::browser::Browser;
use crate::runs::{Backend, Step, id, trace};

fn root(end: i64) -> Step {
    Step::new(1, 0, "agent", "trip", 0..end)
}

/// Another server at the address of the first one.
fn again(first: Backend, config: Config) -> Backend {
    let port = first.server.addr().port();
    first.server.stop();
    Backend::of(config.port(port), "bl_pk_test")
}

#[test]
fn a_run_that_is_gone_when_the_server_is_back_is_said_to_be_and_may_come_again() {
    let first = Backend::start();
    let Some(mut browser) = Browser::open() else { return };
    browser.forgive("net::ERR_");
    browser.forgive("404");
    first.send(1, [root(first.now()).pending()]);
    browser.go(&first.at(&format!("/runs/{}", trace(1))));
    browser.until_is("$('[data-run-state]')?.dataset.runState", "running");
    browser.until_is("$('#connection').dataset.state", "live");

    let second = again(first, Config::default());
    browser.until("$('.notice').checkVisibility() && text('.notice').includes('no longer')");
    browser.until_is("$('#connection').dataset.state", "");
    browser.until_is("$('[data-run-state]').dataset.runState", "unfinished");
    browser.until_is("$$('[role=treeitem] .mark').map((mark) => mark.textContent)", json!(["unfinished"]));

    second.send(1, [root(second.now()).pending()]);
    browser.until_is("$('[data-run-state]').dataset.runState", "running");
    browser.until_is("$('#connection').dataset.state", "live");
    browser.until("!$('.notice').checkVisibility()");
}

#[test]
fn a_key_that_the_server_wants_when_it_is_back_is_asked_for() {
    let first = Backend::start();
    let Some(mut browser) = Browser::open() else { return };
    browser.forgive("net::ERR_");
    browser.forgive("401");
    first.send(1, [root(first.now()).pending()]);
    browser.go(&first.at(&format!("/runs/{}", trace(1))));
    browser.until_is("$('#connection').dataset.state", "live");
    let _second = again(first, Config::default().key("bl_pk_test"));
    browser.until_is("document.activeElement.name", "key");
}

#[test]
fn a_run_that_is_opened_while_the_server_is_away_is_shown_once_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let config = || Config::default().database(folder.path().join("runs.db"));
    let first = Backend::of(config(), "bl_pk_test");
    let Some(mut browser) = Browser::open() else { return };
    browser.forgive("net::ERR_");
    first.send(1, [root(900).input("Where to?"), Step::new(2, 1, "tool", "weather", 10..20).output("clear")]);
    browser.go(&first.at("/"));
    browser.until(&format!("$('a[href=\"/runs/{}\"]')", trace(1)));
    let port = first.server.addr().port();
    first.server.stop();
    browser.click(&format!("a[href=\"/runs/{}\"]", trace(1)));
    browser.until("text('main .empty').includes('does not answer')");
    let _second = Backend::of(config().port(port), "bl_pk_test");
    browser.until_is("$$('[role=treeitem]').length", 2);
    browser.until_is("$('[data-run-state]').dataset.runState", "completed");
}

#[test]
fn an_address_that_was_cut_leads_to_a_run_that_is_not_here() {
    let backend = Backend::start();
    let Some(mut browser) = Browser::open() else { return };
    browser.forgive("404");
    browser.go(&backend.at("/runs/%E0%A4%A"));
    browser.until("text('main').includes('not here')");
}

#[test]
fn a_key_is_kept_only_once_the_server_has_taken_it() {
    let backend = Backend::of(Config::default().key("bl_pk_secret"), "bl_pk_secret");
    let Some(mut browser) = Browser::open() else { return };
    browser.forgive("401");
    backend.send(1, [root(900)]);
    browser.go(&backend.at("/"));
    for wrong in ["bl_pk_…", "bl_pk_other"] {
        browser.until_is("document.activeElement.name", "key");
        browser.write(wrong);
        browser.click("dialog button.main");
        browser.until("text('dialog [role=alert]')");
        browser.until_is("document.activeElement.value", "");
        browser.run("document.querySelector('dialog [role=alert]').textContent = ''");
    }
    assert!(browser.eval::<bool>("sessionStorage.length === 0"));
    // Who does not have it at hand finds the way back.
    browser.press(thirtyfour::Key::Escape);
    browser.until("text('main').includes('has a key')");
    browser.click("main button");
    browser.until_is("document.activeElement.name", "key");
    browser.write("bl_pk_secret");
    browser.click("dialog button.main");
    browser.until_is("$$('tr[data-run]').length", 1);
}

#[test]
fn a_failure_that_comes_before_what_it_is_inside_of_is_seen() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    backend.send(1, [root(backend.now()).pending()]);
    browser.go(&backend.at(&format!("/runs/{}?span={}", trace(1), id(1))));
    browser.until_is("$('#connection').dataset.state", "live");
    // More than is unfolded by itself, so that only the failure opens it.
    let inner = (3..=500).map(|number| Step::new(number, 2, "tool", "ask", 30..40));
    backend.send(1, [Step::new(9_999, 2, "tool", "last", 20..30).failed("no")].into_iter().chain(inner));
    browser.until_is("text('.step-tools .failed')", "1 failed");
    backend.send(1, [Step::new(2, 1, "agent", "researcher", 10..50)]);
    browser.until_is(&format!("$('[data-span=\"{}\"]')?.getAttribute('aria-expanded')", id(2)), "true");
}

#[test]
fn a_sender_whose_clock_is_behind_has_steps_that_run() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    let behind = -11 * 60_000;
    backend.send(
        1,
        [
            Step::new(1, 0, "agent", "trip", behind..behind + 1).pending(),
            Step::new(2, 1, "tool", "weather", behind..behind + 1).pending(),
        ],
    );
    browser.go(&backend.at(&format!("/runs/{}", trace(1))));
    browser.until_is(
        "$$('[role=treeitem] .mark').map((mark) => mark.textContent)",
        json!(["running", "running"]),
    );
}
