//! One run: its header, its tree, and what the selected step says.

use serde_json::json;

use crate::browser::Browser;
use crate::runs::{Backend, Step, failed_turn, id, trace, turn};

/// What each row of the tree that is there is about: level and name.
const TREE: &str = "$$('[role=treeitem]').map((item) => [Number(item.ariaLevel), item.dataset.span])";

/// The step that is selected in the tree, and the one that is shown beside it.
const SELECTED: &str = "[$('[role=treeitem][aria-selected=true]')?.dataset.span, $('.detail')?.dataset.span]";

fn row(step: u64) -> String {
    format!("[role=treeitem][data-span=\"{}\"]", id(step))
}

fn selected(step: u64) -> serde_json::Value {
    json!([id(step), id(step)])
}

/// The tabs, in their order, as they are called by the page.
const TABS: &str = "$$('[role=tab]').map((tab) => tab.dataset.tab)";

const TAB: &str = "$('[role=tab][aria-selected=true]')?.dataset.tab";

#[test]
fn a_run_shows_all_its_steps_where_they_stand() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    backend.send(1, failed_turn("find_flights", 0));
    browser.go(&backend.at("/"));
    browser.click(&format!("a[href=\"/runs/{}\"]", trace(1)));
    let levels = [(1, 1), (2, 2), (2, 3), (3, 4), (3, 5), (4, 6), (2, 7)];
    let levels: Vec<_> = levels.iter().map(|(level, step)| json!([level, id(*step)])).collect();
    browser.until_is(TREE, levels);
    browser.until_is("$('[data-run-state]').dataset.runState", "failed");
    let header: String = browser.eval("text('main')");
    for part in ["find_flights", "00000001", "2.00 s", "u7"] {
        assert!(header.contains(part), "{part} is not in: {header}");
    }
    assert_eq!(browser.address().split('?').next(), Some(format!("/runs/{}", trace(1)).as_str()));
    // Every step has a bar, which begins and ends where the step does.
    let bars =
        "$$('[role=treeitem]').map((item) => item.querySelector('.bar-waterfall').getBoundingClientRect())
        .map(({ left, right }) => [left, right])";
    let bars: Vec<(f64, f64)> = browser.eval(bars);
    let (root, tool) = (bars[0], bars[5]);
    let at = |x: f64| (x - root.0) / (root.1 - root.0) * 2_000.0;
    assert!((at(tool.0) - 720.0).abs() < 30.0 && (at(tool.1) - 1_300.0).abs() < 30.0, "{bars:?}");
}

#[test]
fn where_a_step_failed_its_error_is_opened_first() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    backend.send(1, failed_turn("find_flights", 0));
    browser.go(&backend.at(&format!("/runs/{}", trace(1))));
    browser.until_is(SELECTED, selected(6));
    browser.until_is(TAB, "error");
    browser.until("text('[role=tabpanel]').includes('timeout: upstream did not answer')");
    assert_eq!(browser.eval::<String>(&format!("$('{}').dataset.status", row(6))), "ERROR");
    // The word is there for those who do not see the colour.
    let named = format!("/failed|error/i.test($('{}').ariaLabel ?? $('{0}').textContent)", row(6));
    assert!(browser.eval::<bool>(&named));
}

#[test]
fn agents_inside_agents_fold_and_unfold_all_the_way_down() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    let deep = 60;
    let agents = (1..=deep).map(|number| {
        let at = i64::try_from(number).unwrap();
        Step::new(number, number - 1, "agent", &format!("agent {number}"), at..1_000 - at)
    });
    backend.send(1, agents.chain([Step::new(99, deep, "tool", "at the bottom", 100..200).output("found")]));
    browser.go(&backend.at(&format!("/runs/{}?span={}", trace(1), id(1))));
    browser.until_is(SELECTED, selected(1));
    let opened = format!("$('{}').ariaExpanded", row(1));
    browser.until_is(&opened, "true");
    browser.eval::<()>(&format!("$('{}').focus()", row(1)));
    browser.press(thirtyfour::Key::Left);
    browser.until_is(TREE, json!([[1, id(1)]]));
    browser.until_is(&opened, "false");
    browser.press(thirtyfour::Key::Right);
    browser.until_is(&opened, "true");
    browser.press(thirtyfour::Key::End);
    browser.until_is(SELECTED, selected(99));
    browser.until_is(&format!("$('{}').ariaLevel", row(99)), "61");
    browser.until("$('[role=treeitem][aria-selected=true]').checkVisibility()");
    browser.until("text('.detail').includes('at the bottom')");
}

#[test]
fn a_tool_has_arguments_and_a_result_and_a_model_has_input_and_output() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    backend.send(1, turn("trip", 0));
    browser.go(&backend.at(&format!("/runs/{}?span={}", trace(1), id(3))));
    browser.until_is(SELECTED, selected(3));
    browser.until_is(
        "texts('[role=tab]').slice(0, 2).map((tab) => tab.split(' ')[0])",
        json!(["Args", "Result"]),
    );
    browser.click("[role=tab][data-tab=input]");
    browser.until_is(TAB, "input");
    // Pretty-printed: a key on a line of its own.
    browser
        .until("/city\\W+Lisbon/.test(text('.payload')) && $('.payload').innerText.split('\\n').length > 2");
    browser.click("[role=tab][data-tab=output]");
    browser.until("/sky\\W+clear/.test(text('.payload'))");
    browser.until("location.search.includes('tab=output')");

    browser.click(&row(2));
    browser.until_is(SELECTED, selected(2));
    browser.until_is(
        "texts('[role=tab]').slice(0, 2).map((tab) => tab.split(' ')[0])",
        json!(["Input", "Output"]),
    );
    browser.until("text('.detail').includes('gpt-4o')");
    assert!(!browser.eval::<Vec<String>>(TABS).contains(&"error".to_owned()));
    browser.click("[role=tab][data-tab=attributes]");
    browser.until_is(TAB, "attributes");
}

#[test]
fn an_address_opens_the_step_and_the_tab_that_it_was_taken_from() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    backend.send(1, failed_turn("find_flights", 0));
    browser.go(&backend.at(&format!("/runs/{}", trace(1))));
    browser.click(&row(4));
    browser.click("[role=tab][data-tab=output]");
    browser.until("text('.payload') === 'Hm.'");
    browser
        .until(&format!("location.search.includes('{}') && location.search.includes('tab=output')", id(4)));
    let address = browser.address();

    let Some(another) = Browser::open() else { return };
    another.go(&backend.at(&address));
    another.until_is(SELECTED, selected(4));
    another.until_is(TAB, "output");
    another.until("text('.payload') === 'Hm.'");
}

#[test]
fn back_leads_to_the_list_as_it_was_left_and_forward_to_the_run() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    backend.send(1, failed_turn("find_flights", 0));
    backend.send(2, turn("trip", 0));
    browser.go(&backend.at("/?state=failed"));
    browser.until_is("$$('tr[data-run]').length", 1);
    browser.run("window.marker = 'same document'");
    browser.click(&format!("a[href=\"/runs/{}\"]", trace(1)));
    browser.until_is(SELECTED, selected(6));
    browser.back();
    browser.until_is("$$('tr[data-run]').length", 1);
    assert_eq!(browser.address(), "/?state=failed");
    browser.forward();
    browser.until_is(SELECTED, selected(6));
    browser.until_is("window.marker", "same document");
}

#[test]
fn a_run_that_is_not_here_yet_is_shown_when_it_comes() {
    let backend = Backend::start();
    let Some(mut browser) = Browser::open() else { return };
    browser.forgive("404");
    browser.go(&backend.at(&format!("/runs/{}", trace(1))));
    browser.until("text('main').length > 20 && $('[role=treeitem]') === null");
    backend.send(1, turn("late", 0));
    browser.until_is("$$('[role=treeitem]').length", 3);
}

#[test]
fn steps_whose_parent_is_missing_or_themselves_are_shown_all_the_same() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    backend.send(
        1,
        [
            Step::new(1, 0, "agent", "root", 0..100),
            Step::new(2, 77, "tool", "orphan", 10..20),
            Step::new(3, 4, "tool", "of a circle", 30..40),
            Step::new(4, 3, "tool", "of a circle too", 32..38),
            Step::new(5, 5, "tool", "of itself", 50..60),
        ],
    );
    browser.go(&backend.at(&format!("/runs/{}", trace(1))));
    browser.until_is(
        "$$('[role=treeitem]').map((item) => item.dataset.span).sort()",
        json!([id(1), id(2), id(3), id(4), id(5)]),
    );
}

#[test]
fn a_text_is_copied_as_it_was_sent() {
    let backend = Backend::start();
    backend.send(1, turn("trip", 0));
    let Some(browser) = Browser::open() else { return };
    let origin = backend.server.url();
    let permissions =
        json!({"origin": origin, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]});
    browser.tell("Browser.grantPermissions", &permissions);
    browser.go(&backend.at(&format!("/runs/{}?span={}&tab=input", trace(1), id(3))));
    browser.until("/city/.test(text('.payload'))");
    browser.write("c");
    browser.until("/Copied/.test(document.body.innerText)");
    let copied =
        browser.run_to_done("navigator.clipboard.readText().then(done, (error) => done(String(error)))");
    assert_eq!(copied, r#"{"city":"Lisbon","days":[1,2,3]}"#);
}
