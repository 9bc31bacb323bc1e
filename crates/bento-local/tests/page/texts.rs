//! The texts of a step, which come after it.

use crate::browser::Browser;
use crate::runs::{Backend, Step, id, trace};

fn click(browser: &Browser, step: u64) {
    browser.click(&format!("[role=treeitem][data-span=\"{}\"]", id(step)));
}

fn two() -> Backend {
    let backend = Backend::start();
    backend.send(
        1,
        [
            Step::new(1, 0, "agent", "trip", 0..900).input("in of one").output("out of one"),
            Step::new(2, 1, "tool", "weather", 10..20).input("in of two").output("out of two"),
        ],
    );
    backend
}

#[test]
fn a_tab_that_is_chosen_early_shows_no_other_step_s_text() {
    let backend = two();
    let Some(browser) = Browser::open() else { return };
    browser.go(&backend.at(&format!("/runs/{}?span={}&tab=input", trace(1), id(1))));
    browser.until_is("text('.payload')", "in of one");
    // The next texts come when they are let through.
    browser.run(
        "const real = window.fetch;
        window.fetch = async (...all) => {
            if (String(all[0]).includes('/spans/')) await new Promise((done) => { window.let_through = done; });
            return real(...all);
        };",
    );
    click(&browser, 2);
    browser.write("2");
    browser.until("window.let_through");
    browser.until_is("$('.detail').dataset.span", id(2));
    assert!(!browser.eval::<bool>("text('.panel').includes('of one')"));
    browser.run("window.let_through()");
    browser.until_is("text('.payload')", "out of two");
}

#[test]
fn texts_that_did_not_come_can_be_asked_for_again() {
    let backend = two();
    let Some(browser) = Browser::open() else { return };
    browser.go(&backend.at(&format!("/runs/{}?span={}&tab=input", trace(1), id(1))));
    browser.until_is("text('.payload')", "in of one");
    browser.run(
        "window.real = window.fetch;
        window.fetch = async () => { throw new TypeError('Failed to fetch'); };",
    );
    click(&browser, 2);
    browser.until("text('.panel .problem')");
    browser.run("window.fetch = window.real");
    browser.click(".panel .problem button");
    browser.until("text('.payload')?.endsWith('of two')");
}

#[test]
fn a_tool_that_is_at_work_shows_its_arguments_until_it_says_something() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    let tool = || Step::new(2, 1, "tool", "weather", 10..20).input("Lisbon").pending();
    backend.send(1, [Step::new(1, 0, "agent", "trip", 0..900).pending(), tool()]);
    browser.go(&backend.at(&format!("/runs/{}?span={}", trace(1), id(2))));
    browser.until_is("text('.payload')", "Lisbon");
    backend.send(1, [Step::new(2, 1, "tool", "weather", 10..30).input("Lisbon").output("clear")]);
    browser.until_is("text('.payload')", "clear");
}
