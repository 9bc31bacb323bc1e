//! A program with live mode on, watched from its first call to its end.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_util::{Stream, stream};
use serde_json::json;
use tokio::sync::mpsc;

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
    an_answer_is_read_while_it_is_written(&browser);
    browser.until_is("$('[data-run-state]').dataset.runState", "running");

    turn.output("Lisbon").finish().unwrap();
    browser.until_is("$('[data-run-state]').dataset.runState", "completed");
    browser.until_is(&format!("{steps}.filter(([, status]) => status === 'PENDING').length"), 0);
    browser.until_is("window.marker", "same document");
    drop(sdk);
    bento::shutdown(Duration::from_secs(5)).unwrap();
}

/// Streams an answer into the run that is looked at.
fn an_answer_is_read_while_it_is_written(browser: &Browser) {
    let (model, mut chunks) = mpsc::unbounded_channel::<String>();
    let chunks = stream::poll_fn(move |context| chunks.poll_recv(context));
    let mut answer = pin!(bento::track_ai("story").model("gpt-4o").stream(chunks));
    let mut waker = Context::from_waker(Waker::noop());
    let story = format!("[role=treeitem][data-span=\"{}\"]", answer.event_id());
    browser.click(&story);
    browser.click("[role=tab][data-tab=output]");

    // It is shown every now and then while chunks come: as far as it has come then, and no further.
    let (mut said, deadline) = (String::new(), Instant::now() + Duration::from_secs(10));
    let seen = loop {
        let chunk = format!("word {} ", said.len());
        said.push_str(&chunk);
        model.send(chunk).unwrap();
        assert!(matches!(answer.as_mut().poll_next(&mut waker), Poll::Ready(Some(_))));
        let seen: String = browser.eval("text('.payload') ?? ''");
        if seen.starts_with("word 0") {
            break seen;
        }
        assert!(Instant::now() < deadline, "nothing of it was shown: {said}");
    };
    assert!(said.starts_with(&seen), "{seen} of {said}");
    browser.until_is(&format!("$('{story}').dataset.status"), "PENDING");

    drop(model);
    assert!(matches!(answer.as_mut().poll_next(&mut waker), Poll::Ready(None)));
    browser.until_is(&format!("$('{story}').dataset.status"), "UNSET");
    browser.until_is("text('.payload')", said.trim());
}
