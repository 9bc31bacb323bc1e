//! Colours and widths.

use crate::browser::Browser;
use crate::runs::{Backend, failed_turn, id, trace, turn};

/// How bright the page is, from 0 to 255.
const BRIGHTNESS: &str = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 3";

const NO_SIDEWAYS_SCROLL: &str =
    "document.documentElement.scrollWidth <= innerWidth && document.body.scrollWidth <= innerWidth";

fn backend() -> Backend {
    let backend = Backend::start();
    backend.send(1, failed_turn("find_flights", 0));
    backend.send(2, turn("a_turn_with_a_long_name_that_has_no_place_to_break_and_goes_on_and_on_for_a_hundred_letters_or_so", 1_000));
    backend
}

#[test]
fn colours_are_the_system_s_until_one_is_chosen() {
    let backend = backend();
    let Some(browser) = Browser::open() else { return };
    browser.colours("dark");
    browser.go(&backend.at("/"));
    browser.until(&format!("{BRIGHTNESS} < 60"));
    browser.colours("light");
    browser.until(&format!("{BRIGHTNESS} > 200"));
    browser.click("#theme");
    browser.until(&format!("{BRIGHTNESS} < 60"));
    browser.go(&backend.at(&format!("/runs/{}", trace(1))));
    browser.until("$('[role=treeitem]')");
    browser.until(&format!("{BRIGHTNESS} < 60"));
}

#[test]
fn a_phone_shows_everything_without_scrolling_sideways() {
    let (backend, empty) = (backend(), Backend::start());
    let Some(browser) = Browser::open() else { return };
    browser.size(390, 844);
    browser.go(&empty.at("/"));
    browser.until("$('.empty')?.checkVisibility()");
    browser.until(NO_SIDEWAYS_SCROLL);
    browser.go(&backend.at("/"));
    browser.until_is("$$('tr[data-run]').length", 2);
    browser.until(NO_SIDEWAYS_SCROLL);
    browser.click(&format!("a[href=\"/runs/{}\"]", trace(1)));
    browser.until("$('[role=treeitem]')?.checkVisibility()");
    browser.until(NO_SIDEWAYS_SCROLL);

    // A tap on a step shows what it says, and there is a way back to the steps.
    browser.click(&format!("[role=treeitem][data-span=\"{}\"]", id(2)));
    browser.until("$('.payload')?.checkVisibility()");
    browser.until("(() => { const { left, right, top } = $('.payload').getBoundingClientRect(); return left >= 0 && right <= innerWidth && top < innerHeight; })()");
    browser.until(NO_SIDEWAYS_SCROLL);
    browser.back();
    browser.until("$('[role=treeitem]')?.checkVisibility()");
    browser.go(&backend.at("/"));
    browser.until_is("$$('tr[data-run]').length", 2);
    browser.click(&format!("a[href=\"/runs/{}\"]", trace(2)));
    browser.until("$('[role=treeitem]')?.checkVisibility()");
    browser.until(NO_SIDEWAYS_SCROLL);
}

#[test]
fn what_one_needs_of_a_run_is_on_the_screen() {
    let backend = backend();
    let Some(browser) = Browser::open() else { return };
    browser.go(&backend.at("/"));
    browser.until_is("$$('tr[data-run]').length", 2);
    let cells = "$$('tr[data-run] td').filter((cell) => cell.checkVisibility() && cell.getBoundingClientRect().right > innerWidth).length";
    assert_eq!(browser.eval::<u64>(cells), 0);
    browser.until(NO_SIDEWAYS_SCROLL);
    for width in [1600, 1024, 768] {
        browser.size(width, 900);
        browser.until(NO_SIDEWAYS_SCROLL);
    }
}
