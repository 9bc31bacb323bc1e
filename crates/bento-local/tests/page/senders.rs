//! What senders say that is in no book: it is shown as well as it can be, and spoils nothing else.

use serde_json::json;

use crate::browser::Browser;
use crate::runs::{Backend, Step, id, trace};

/// The names of the steps in the tree.
const NAMES: &str = "$$('[role=treeitem]').map((item) => item.querySelector('.name').textContent)";

#[test]
fn a_kind_that_is_a_word_of_the_language_spoils_no_run() {
    let kinds = ["constructor", "__proto__", "hasOwnProperty", "toString", "copy"];
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    let inner =
        kinds.iter().zip(2..).map(|(kind, number)| Step::new(number, 1, kind, kind, 10..20).output("so"));
    backend.send(1, [Step::new(1, 0, "agent", "trip", 0..900)].into_iter().chain(inner));
    browser.go(&backend.at(&format!("/runs/{}", trace(1))));
    let names: Vec<_> = ["trip"].iter().chain(&kinds).collect();
    browser.until_is(NAMES, json!(names));
    for number in 2..=6 {
        browser.click(&format!("[role=treeitem][data-span=\"{}\"]", id(number)));
        browser.until_is("$('.detail').dataset.span", id(number));
        browser.until_is("text('.payload')", "so");
    }
}

#[test]
fn results_of_tools_and_what_is_no_message_are_read_all_the_same() {
    let result = |content| json!([{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": content}]}]);
    let mut deep = json!("the bottom");
    for _ in 0..100 {
        deep = json!([{"type": "tool_result", "content": deep}]);
    }
    let many = json!([{"role": "user", "content": vec![1; 150_000]}]);
    // What is sent, what is read of it, and as what.
    let cases = [
        (result(json!([{"type": "text", "text": "RESULT"}])), "RESULT", "chat"),
        (result(json!("RESULT")), "RESULT", "chat"),
        (json!([{"role": "user", "name": {"toString": null}, "content": "hi"}]), "hi", "json"),
        (
            json!([{"role": "assistant", "tool_calls": [{"id": {"toString": null}, "function": {"name": "f", "arguments": "{}"}}]}]),
            "toString",
            "chat",
        ),
        (json!([{"role": "user", "content": deep}]), "tool_result", "chat"),
        (many, "149,900 more parts", "chat"),
    ];
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    let inner = cases.iter().zip(2..).map(|((value, ..), number)| {
        Step::new(number, 1, "llm", "answer", 10..20).output(&value.to_string())
    });
    backend.send(1, [Step::new(1, 0, "agent", "trip", 0..900)].into_iter().chain(inner));
    for ((_, words, form), number) in cases.iter().zip(2..) {
        browser.go(&backend.at(&format!("/runs/{}?span={}&tab=output", trace(1), id(number))));
        browser.until_is("$('.payload')?.dataset.form", *form);
        browser.until(&format!("text('.payload').includes('{words}')"));
        assert!(!browser.eval::<bool>("text('.payload').includes('[object')"));
    }
}
