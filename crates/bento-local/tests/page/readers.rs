//! Readers whose browsers, screens and addresses are not like the others'.

use serde_json::json;

use crate::browser::Browser;
use crate::runs::{Backend, Step, failed_turn, trace, turn};

#[test]
fn nothing_on_a_very_small_screen_is_wider_than_it() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    browser.size(320, 640);
    browser.go(&backend.at("/"));
    browser.until("text('.empty')");
    browser.until("document.documentElement.scrollWidth <= 320");
    backend.send(1, turn("trip", 0));
    backend.send(2, failed_turn("trip", 0));
    backend.send(3, [Step::new(1, 0, "agent", "trip", 0..9).cancelled()]);
    backend.send(4, [Step::new(1, 0, "agent", "trip", 0..backend.now()).pending()]);
    browser.until_is("text('button[data-filter=running] .count')", "1");
    browser.until_is("text('button[data-filter=cancelled] .count')", "1");
    browser.until("document.documentElement.scrollWidth <= 320");
    browser.click(&format!("a[href=\"/runs/{}\"]", trace(1)));
    browser.until("text('.run h1') === 'trip'");
    browser.until("document.documentElement.scrollWidth <= 320");
}

#[test]
fn a_browser_that_lets_nothing_be_kept_shows_the_page_all_the_same() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    backend.send(1, turn("trip", 0));
    let forbid = "for (const place of ['localStorage', 'sessionStorage']) Object.defineProperty(window, place, \
        { get() { throw new DOMException('not here', 'SecurityError'); } });";
    let told = browser.tell("Page.addScriptToEvaluateOnNewDocument", &json!({"source": forbid}));
    browser.go(&backend.at("/"));
    browser.until_is("$$('tr[data-run]').length", 1);
    browser.click("#theme");
    browser.click(&format!("a[href=\"/runs/{}\"]", trace(1)));
    browser.until("text('.payload')");
    browser.click(".wrap");
    browser.tell("Page.removeScriptToEvaluateOnNewDocument", &json!({"identifier": told["identifier"]}));
}

#[test]
fn a_run_leads_back_to_the_list_that_it_is_in() {
    let backend = Backend::of(bento_local::Config::default(), "bl_pk_other");
    let Some(browser) = Browser::open() else { return };
    let made = crate::agent::agent().post(backend.at("/workspaces")).content_type("application/json");
    assert_eq!(made.send(r#"{"name": "Other", "id": "other"}"#).unwrap().status(), 201);
    backend.send(1, turn("trip", 0));
    browser.go(&backend.at(&format!("/runs/{}", trace(1))));
    browser.until_is("$('.back')?.getAttribute('href')", "/?ws=other");
    browser.click(".back");
    browser.until_is("$$('tr[data-run]').length", 1);
    assert_eq!(browser.address(), "/?ws=other");
    browser.until_is("$('#workspace select').selectedOptions[0].textContent", "Other");
}
