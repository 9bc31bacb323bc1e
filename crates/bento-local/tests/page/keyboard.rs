//! The page without a mouse.

use serde_json::json;
use thirtyfour::Key;

use crate::browser::Browser;
use crate::runs::{Backend, failed_turn, id, trace, turn};

/// Whether what has the focus can be told from what has not.
const FOCUS_IS_SEEN: &str = "(() => {
    const focused = document.activeElement;
    const style = getComputedStyle(focused);
    const look = () => ['outline', 'boxShadow', 'backgroundColor', 'backgroundImage', 'backgroundSize', 'borderColor']
        .map((one) => getComputedStyle(focused)[one]).join();
    if (focused === document.body) return false;
    if (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) return true;
    const withFocus = look();
    focused.blur();
    const without = look();
    focused.focus();
    return withFocus !== without;
})()";

#[test]
fn from_the_list_to_a_payload_and_back() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    for (run, at) in [(1, 3_000), (2, 2_000), (3, 4_000)] {
        backend.send(run, turn("trip", at));
    }
    backend.send(4, failed_turn("find_flights", 0));
    browser.go(&backend.at("/"));
    browser.until_is("$$('tr[data-run]').length", 4);
    for key in ["j", "j", "k", "j"] {
        browser.write(key);
    }
    browser.until(&format!("document.activeElement.closest('tr[data-run=\"{}\"]')", trace(1)));
    browser.until(FOCUS_IS_SEEN);
    browser.press(Key::Enter);
    browser.until(&format!("location.pathname === '/runs/{}'", trace(1)));
    browser.until_is("$$('[role=treeitem]').length", 3);

    browser.write("j");
    browser.write("j");
    browser.until_is("$('.detail').dataset.span", id(3));
    browser.until("document.activeElement.closest('[role=tree]')");
    browser.write("1");
    browser.until_is("$('[role=tab][aria-selected=true]').dataset.tab", "input");
    browser.write("]");
    browser.until_is("$('[role=tab][aria-selected=true]').dataset.tab", "output");
    browser.until("/sky/.test(text('.payload'))");
    browser.write("[");
    browser.until("/Lisbon/.test(text('.payload'))");
    browser.press(Key::Escape);
    browser.until_is("location.pathname", "/");
    browser.until_is("$$('tr[data-run]').length", 4);
}

#[test]
fn next_failure_leads_from_failure_to_failure() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    backend.send(1, failed_turn("find_flights", 0));
    browser.go(&backend.at(&format!("/runs/{}?span={}", trace(1), id(1))));
    browser.until_is("$('.detail')?.dataset.span", id(1));
    browser.write("n");
    browser.until_is("$('.detail').dataset.span", id(6));
    browser.until_is("$('[role=tab][aria-selected=true]').dataset.tab", "error");
}

#[test]
fn the_tree_is_walked_as_trees_are() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    backend.send(1, failed_turn("find_flights", 0));
    browser.go(&backend.at(&format!("/runs/{}?span={}", trace(1), id(3))));
    browser.until_is("$('.detail')?.dataset.span", id(3));
    browser.until("$('[role=treeitem][aria-selected=true]')");
    browser.eval::<()>("$('[role=tree] [tabindex=\"0\"], [role=tree][tabindex=\"0\"]').focus()");
    let shown = "$$('[role=treeitem]').map((item) => parseInt(item.dataset.span, 16))";
    browser.press(Key::Left);
    browser.until_is(shown, json!([1, 2, 3, 7]));
    browser.press(Key::Right);
    browser.until_is(shown, json!([1, 2, 3, 4, 5, 6, 7]));
    browser.press(Key::Right);
    browser.until_is("$('.detail').dataset.span", id(4));
    browser.press(Key::Left);
    browser.until_is("$('.detail').dataset.span", id(3));
    browser.press(Key::End);
    browser.until_is("$('.detail').dataset.span", id(7));
    browser.press(Key::Home);
    browser.until_is("$('.detail').dataset.span", id(1));
}

#[test]
fn every_stop_of_the_tab_key_is_seen_and_has_a_name() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    backend.send(1, failed_turn("find_flights", 0));
    for path in ["/".to_owned(), format!("/runs/{}", trace(1))] {
        browser.go(&backend.at(&path));
        browser.until("$('tr[data-run], [role=treeitem]')");
        let mut stops = Vec::new();
        for _ in 0..60 {
            browser.press(Key::Tab);
            let stop: Option<String> = browser.eval(
                "document.activeElement === document.body ? null
                : document.activeElement.ariaLabel || document.activeElement.innerText || document.activeElement.title
                || document.activeElement.placeholder || document.activeElement.getAttribute('aria-labelledby')
                || document.activeElement.labels?.[0]?.innerText || ''",
            );
            let Some(stop) = stop else { break };
            let what: String = browser.eval("document.activeElement.outerHTML.slice(0, 200)");
            assert!(!stop.trim().is_empty(), "{path}: no name: {what}");
            assert!(browser.eval::<bool>(FOCUS_IS_SEEN), "{path}: not seen to have the focus: {what}");
            stops.push(what);
        }
        assert!((5..60).contains(&stops.len()), "{path}: {stops:#?}");
    }
}

#[test]
fn the_keys_are_told() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    backend.send(1, turn("trip", 0));
    for path in ["/".to_owned(), format!("/runs/{}", trace(1))] {
        browser.go(&backend.at(&path));
        browser.until("$('tr[data-run], [role=treeitem]')");
        browser.write("?");
        browser.until("$$('dialog[open] kbd').length > 6");
        browser.press(Key::Escape);
        browser.until_is("$$('dialog').length", 0);
        browser.until_is("location.pathname", path);
    }
}
