//! What is seen while a run runs, without a reload.

use serde_json::json;

use crate::browser::Browser;
use crate::runs::{Backend, Step, id, trace};

/// The steps in the tree, with what became of each.
const STATUSES: &str =
    "$$('[role=treeitem]').map((item) => [parseInt(item.dataset.span, 16), item.dataset.status])";

#[test]
fn steps_appear_as_they_start_and_are_done_as_they_end() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    let root = |end| Step::new(1, 0, "agent", "trip", 0..end).user("u42").input("Where to?");
    let model = |end| Step::new(2, 1, "llm", "plan", 1_000..end).model("gpt-4o", (120, 30));
    let tool = |end| Step::new(3, 1, "tool", "weather", 61_000..end).input(r#"{"city":"Lisbon"}"#);

    backend.send(1, [root(backend.now()).pending()]);
    browser.go(&backend.at(&format!("/runs/{}", trace(1))));
    browser.until_is("$('[data-run-state]')?.dataset.runState", "running");
    browser.until_is(STATUSES, json!([[1, "PENDING"]]));
    browser.run("window.marker = 'same document'");

    backend.send(1, [model(backend.now()).pending()]);
    browser.until_is(STATUSES, json!([[1, "PENDING"], [2, "PENDING"]]));

    // What the model says is seen as far as it has come.
    browser.click(&format!("[role=treeitem][data-span=\"{}\"]", id(2)));
    browser.click("[role=tab][data-tab=output]");
    for so_far in ["Lisbon is", "Lisbon is sunny", "Lisbon is sunny in May"] {
        backend.send(1, [model(backend.now()).output(so_far).pending()]);
        browser.until_is("text('.payload')", so_far);
    }
    backend.send(1, [model(backend.now()).output("Lisbon is sunny in May.")]);
    browser.until_is(STATUSES, json!([[1, "PENDING"], [2, "UNSET"]]));
    browser.until_is("text('.payload')", "Lisbon is sunny in May.");

    // What one looks at stays, whatever else begins and ends.
    backend.send(1, [tool(backend.now() + 61_000).pending()]);
    browser.until_is(STATUSES, json!([[1, "PENDING"], [2, "UNSET"], [3, "PENDING"]]));
    backend.send(1, [tool(backend.now() + 61_000).failed("timeout")]);
    browser.until_is(STATUSES, json!([[1, "PENDING"], [2, "UNSET"], [3, "ERROR"]]));
    browser.until_is("$('.detail').dataset.span", id(2));

    backend.send(1, [root(backend.now() + 62_000).output("Go.")]);
    browser.until_is("$('[data-run-state]').dataset.runState", "failed");
    browser.until_is(STATUSES, json!([[1, "UNSET"], [2, "UNSET"], [3, "ERROR"]]));
    browser.until_is("window.marker", "same document");
    let live = "text('[data-run-state]')";
    assert!(!browser.eval::<String>(live).to_lowercase().contains("live"));
}

#[test]
fn the_list_shows_runs_as_they_start_and_as_they_end() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    let root =
        |run: u64, end| Step::new(1, 0, "agent", &format!("trip {run}"), i64::try_from(run).unwrap()..end);
    backend.send(1, [root(1, 900)]);
    browser.go(&backend.at("/"));
    let states = "$$('tr[data-run]').map((row) => row.querySelector('[data-state]').dataset.state)";
    browser.until_is(states, json!(["completed"]));
    browser.run("window.marker = 'same document'");

    backend.send(2, [root(2, backend.now()).pending()]);
    browser.until_is(states, json!(["running", "completed"]));
    browser.until_is("text('button[data-filter=running] .count')", "1");
    browser.until("/\\b2\\b/.test(text('.totals [data-total=runs]'))");

    backend.send(2, [root(2, backend.now()).failed("no")]);
    browser.until_is(states, json!(["failed", "completed"]));
    browser.until_is("text('button[data-filter=failed] .count')", "1");
    browser.until("/\\b1\\b/.test(text('.totals [data-total=errors]'))");
    browser.until_is("window.marker", "same document");
}

#[test]
fn what_was_missed_while_the_server_was_away_is_seen_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let config = || bento_local::Config::default().database(folder.path().join("runs.db"));
    let first = Backend::of(config(), "bl_pk_test");
    let Some(mut browser) = Browser::open() else { return };
    // The connection breaks, and cannot be had for a while.
    browser.forgive("net::ERR_");
    let port = first.server.addr().port();
    first.send(1, [Step::new(1, 0, "agent", "trip", 0..first.now()).pending()]);
    browser.go(&first.at(&format!("/runs/{}", trace(1))));
    browser.until_is(STATUSES, json!([[1, "PENDING"]]));
    browser.run("window.marker = 'same document'");
    first.server.stop();
    browser.until("$('#connection').dataset.state === 'lost'");

    let second = Backend::of(config().port(port), "bl_pk_test");
    second.send(1, [Step::new(2, 1, "tool", "weather", 61_000..61_500).output("clear")]);
    second.send(1, [Step::new(1, 0, "agent", "trip", -1_000..62_000).output("Go.")]);
    browser.until_is(STATUSES, json!([[1, "UNSET"], [2, "UNSET"]]));
    browser.until_is("$('[data-run-state]').dataset.runState", "completed");
    browser.until_is("window.marker", "same document");
}
