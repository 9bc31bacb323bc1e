//! Long runs and large payloads.

use thirtyfour::Key;

use crate::browser::Browser;
use crate::runs::{Backend, id, large, marathon, trace};

#[test]
fn a_run_of_ten_thousand_steps_is_walked_to_its_end() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    for part in marathon(10_000).chunks(1_000) {
        backend.send(1, part.to_vec());
    }
    browser.go(&backend.at(&format!("/runs/{}", trace(1))));
    browser.until_is("$('[role=treeitem]')?.dataset.span", id(1));
    // Only what is on screen is there, and its place in the whole is said.
    assert!(browser.eval::<u64>("$$('[role=treeitem]').length") < 200);
    browser.until("/10,000/.test(text('main'))");
    browser.go(&backend.at(&format!("/runs/{}?span={}", trace(1), id(9_999))));
    browser.until_is("$('.detail')?.dataset.span", id(9_999));
    browser.until_is("$('[role=treeitem][aria-selected=true]')?.dataset.span", id(9_999));
    browser.eval::<()>("$('[role=tree] [tabindex=\"0\"], [role=tree][tabindex=\"0\"]').focus()");
    browser.press(Key::End);
    browser.until_is("$('.detail').dataset.span", id(10_000));
    let on_screen = "(() => { const { top, bottom } = $('[role=treeitem][aria-selected=true]').getBoundingClientRect(); return top >= 0 && bottom <= innerHeight + 1; })()";
    browser.until(on_screen);
    browser.until("text('[role=treeitem][aria-selected=true]').includes('step 10000')");
}

#[test]
fn a_mebibyte_of_input_is_shown_from_end_to_end() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    backend.send(1, large());
    let at = |step| backend.at(&format!("/runs/{}?span={}&tab=input", trace(1), id(step)));
    browser.go(&at(2));
    browser.until("text('.payload')?.includes('line 0 of')");
    let end = "(() => { const scroller = area('.payload'); scroller.scrollTop = scroller.scrollHeight; return text('.payload'); })()";
    browser.until(&format!("{end}.includes('line 19999 of')"));
    browser.go(&at(3));
    browser.until("/first\\W+1/.test(text('.payload'))");
    assert!(browser.eval::<u64>("$$('.payload *').length") < 20_000);
    browser.go(&at(4));
    browser.until("text('.payload')?.includes('xxxx')");
    browser.until("document.documentElement.scrollWidth <= innerWidth");
    // The page answers at once, whatever it shows.
    browser.write("k");
    browser.until_is("$('.detail').dataset.span", id(3));
}
