//! A program with live mode on, watched from its first call to its end.

use std::time::Duration;

use serde_json::json;

use crate::browser::Browser;
use crate::runs::Backend;

#[test]
fn a_program_is_watched_while_it_runs() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    let sdk =
        bento::builder().api_key("bl_pk_test").base_url(backend.server.url()).live(true).init().unwrap();
    browser.go(&backend.at("/"));
    browser.until("$('.empty')?.checkVisibility()");
    browser.run("window.marker = 'same document'");

    let turn = bento::begin("watched_turn").user_id("u42").input("Where to?").start();
    let trace = turn.trace_id().to_string();
    browser.click(&format!("a[href=\"/runs/{trace}\"]"));
    browser.until_is("$('[data-run-state]')?.dataset.runState", "running");
    let steps =
        "$$('[role=treeitem]').map((item) => [item.querySelector('.name').innerText, item.dataset.status])";
    browser.until_is(steps, json!([["watched_turn", "PENDING"]]));

    let tool = bento::tool_span("weather").input(json!({"city": "Lisbon"})).start();
    browser.until_is(steps, json!([["watched_turn", "PENDING"], ["weather", "PENDING"]]));
    tool.output("clear").finish();
    browser.until(&format!("{steps}.at(1)?.at(1) === 'UNSET'"));

    bento::track_ai("answer").model("gpt-4o").provider("openai").output("Lisbon").tokens(14, 2).send();
    browser.until(&format!("{steps}.at(2)?.at(0) === 'answer'"));
    browser.until_is("$('[data-run-state]').dataset.runState", "running");

    turn.output("Lisbon").finish().unwrap();
    browser.until_is("$('[data-run-state]').dataset.runState", "completed");
    browser.until_is(&format!("{steps}.filter(([, status]) => status === 'PENDING').length"), 0);
    browser.until_is("window.marker", "same document");
    drop(sdk);
    bento::shutdown(Duration::from_secs(5)).unwrap();
}
