//! Rows, one by one.

use bento_local::client::{FetchError, fetch_run};
use bento_local::{RunState, RunStatus, Server};
use serde_json::{Value, json};

use crate::wire::{TRACE, failed, get, hold, of, post, send, server, span, trace};

/// A turn with four steps, the last of which failed.
pub(crate) fn turn() -> Server {
    let server = server();
    let mut search =
        failed(span(5, 1, "search", 30, 40, &json!({"openinference.span.kind": "tool"})), "timeout");
    search["events"] = json!([{"name": "exception", "timeUnixNano": "1700000000035000000",
        "attributes": [{"key": "exception.type", "value": {"stringValue": "Timeout"}}]}]);
    let root = json!({"gen_ai.user.id": "u42", "gen_ai.conversation.id": "c1", "langfuse.tags": ["a", "b"], "input.value": "hi", "plan": "pro",
        "bento.trigger": "scheduled"});
    let model = json!({"gen_ai.request.model": "gpt-4o", "gen_ai.system": "openai", "gen_ai.usage.input_tokens": 812,
        "gen_ai.usage.output_tokens": 64, "gen_ai.user.id": "other"});
    let plan = [span(2, 1, "plan", 1, 10, &model), span(3, 1, "plan", 10, 20, &model)];
    send(&server, &[search, plan[0].clone(), plan[1].clone(), span(4, 3, "note", 11, 12, &json!({}))]);
    send(&server, &[span(1, 0, "user_turn", 0, 50, &root)]);
    server
}

fn run_row() -> Value {
    json!({
        "id": TRACE, "trace_id": TRACE, "workspace_id": "local", "name": "user_turn", "status": "error", "state": "failed",
        "start_time": "2023-11-14T22:13:20.000000000Z", "end_time": "2023-11-14T22:13:20.050000000Z", "duration_ms": 50.0,
        "span_count": 5, "error_count": 1, "input_tokens": 1624, "output_tokens": 128, "total_tokens": 1752, "cost": 0.00534,
        "models": ["gpt-4o"], "tags": ["a", "b"], "user_id": "u42", "session_id": "c1", "trigger": "scheduled", "version": "1.2.3",
    })
}

fn search_row() -> Value {
    json!({
        "id": "0000000000000005", "span_id": "0000000000000005", "trace_id": TRACE, "parent_id": "0000000000000001", "name": "search",
        "kind": "tool", "status": "ERROR", "start_time": "2023-11-14T22:13:20.030000000Z", "end_time": "2023-11-14T22:13:20.040000000Z",
        "duration_ms": 10.0, "model": null, "provider": null, "input_tokens": null, "output_tokens": null, "cost": null,
    })
}

fn plan_row() -> Value {
    json!({
        "id": "0000000000000002", "span_id": "0000000000000002", "trace_id": TRACE, "parent_id": "0000000000000001", "name": "plan",
        "kind": "llm", "status": "UNSET", "start_time": "2023-11-14T22:13:20.001000000Z", "end_time": "2023-11-14T22:13:20.010000000Z",
        "duration_ms": 9.0, "model": "gpt-4o", "provider": "openai", "input_tokens": 812, "output_tokens": 64, "cost": 0.00267,
    })
}

fn full_search() -> Value {
    let mut span = search_row();
    let rest = json!({
        "status_message": "timeout", "input": null, "output": null, "user_id": null, "session_id": null, "tags": [], "service_name": null,
        "service_version": "1.2.3", "attributes": {},
        "events": [{"name": "exception", "time": "2023-11-14T22:13:20.035000000Z", "attributes": {"exception.type": "Timeout"}}],
    });
    span.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    span
}

/// The columns of a row in their order, which is the order of a table's columns.
fn columns(row: &Value) -> Vec<String> {
    row.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn a_run_is_a_row() {
    let server = turn();
    assert_eq!(get(&server, &format!("/traces/{TRACE}")).body, run_row());
    assert_eq!(
        get(&server, "/workspaces/local/traces").body,
        json!({"items": [run_row()], "next_cursor": null})
    );
    let upper = format!("/traces/{}", TRACE.to_uppercase());
    assert_eq!(get(&server, &upper).body, run_row(), "an id in upper case is the same id");
}

#[test]
fn a_run_s_state_is_how_far_it_has_come() {
    let server = server();
    let root = |number, attributes: Value| of(number, span(1, 0, "turn", 0, 10, &attributes));
    let child = |number| {
        of(number, span(2, 1, "plan", 0, 10, &json!({"gen_ai.user.id": "u", "langfuse.tags": ["t"]})))
    };
    send(&server, &[child(1), root(2, json!({})), child(2), failed(root(3, json!({})), "no")]);
    send(
        &server,
        &[
            root(4, json!({"bento.cancelled": true})),
            failed(root(5, json!({"bento.unfinished": true})), "no"),
        ],
    );
    let said = |number| {
        let row = get(&server, &format!("/traces/{}", trace(number))).body;
        [&row["state"], &row["status"], &row["name"]].map(|value| value.as_str().unwrap().to_owned())
    };
    assert_eq!(said(1), ["running", "ok", "plan"]);
    assert_eq!(said(2), ["completed", "ok", "turn"]);
    assert_eq!(said(3), ["failed", "error", "turn"]);
    assert_eq!(said(4), ["cancelled", "ok", "turn"]);
    assert_eq!(said(5), ["cancelled", "error", "turn"]);
    let rootless = server.run(&trace(1)).unwrap().unwrap();
    assert!(
        rootless.root().is_none() && rootless.summary.user_id.is_none() && rootless.summary.tags.is_empty()
    );
    assert_eq!((rootless.summary.state(), rootless.summary.status()), (RunState::Running, RunStatus::Ok));
}

#[test]
fn spans_are_rows_without_texts_by_start_time() {
    let server = turn();
    let answer = get(&server, &format!("/traces/{TRACE}/spans"));
    assert_eq!(
        (answer.status, answer.ids(), &answer.body["next_cursor"]),
        (200, vec!["1", "2", "3", "4", "5"], &Value::Null)
    );
    assert_eq!((&answer.items()[1], &answer.items()[4]), (&plan_row(), &search_row()));
    let kinds: Vec<_> = answer.items().iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["agent", "llm", "llm", "llm", "tool"],
        "a step with a model stays an LLM call though it has a child"
    );
    let [first, .., last] = answer.items() else { unreachable!() };
    assert_eq!(columns(first), columns(last));
}

#[test]
fn a_span_by_its_id_has_its_texts() {
    let server = turn();
    for id in ["0000000000000005", "0000000000000005"] {
        assert_eq!(get(&server, &format!("/spans/{id}")).body, full_search());
    }
    let root = get(&server, "/spans/0000000000000001").body;
    assert_eq!(
        [&root["input"], &root["attributes"], &root["tags"], &root["parent_id"], &root["user_id"]],
        [
            &json!("hi"),
            &json!({"plan": "pro", "bento.trigger": "scheduled"}),
            &json!(["a", "b"]),
            &Value::Null,
            &json!("u42")
        ]
    );
    send(&server, &[of(7, span(0xab, 0, "elsewhere", 0, 1, &json!({})))]);
    let found = get(&server, "/spans/00000000000000AB").body;
    assert_eq!((&found["trace_id"], &found["name"]), (&json!(trace(7)), &json!("elsewhere")));
}

#[test]
fn of_spans_with_the_same_id_one_can_be_named_by_its_run() {
    let server = turn();
    send(&server, &[of(7, span(5, 0, "twin", 0, 1, &json!({})))]);
    let name = |query: &str| get(&server, &format!("/spans/0000000000000005{query}")).body["name"].clone();
    assert_eq!(name(""), "twin");
    assert_eq!(name(&format!("?trace_id={TRACE}")), full_search()["name"]);
    assert_eq!(name(&format!("?trace_id={}", trace(7))), "twin");
    let missing = get(&server, &format!("/spans/0000000000000005?trace_id={}", trace(9)));
    assert_eq!(missing.status, 404, "{missing:?}");
}

#[test]
fn an_assumed_kind_is_bettered_as_children_come() {
    let server = server();
    let kinds = || {
        let answer = get(&server, &format!("/traces/{TRACE}/spans"));
        answer.items().iter().map(|row| row["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let plain = |id, parent| span(id, parent, "step", id, 10, &json!({}));
    send(&server, &[plain(1, 0), plain(3, 2)]);
    assert_eq!(kinds(), ["llm", "llm"]);
    send(&server, &[plain(2, 1)]);
    assert_eq!(kinds(), ["agent", "agent", "llm"], "the child came after the one and before the other");
}

#[test]
fn spans_come_in_pages() {
    let server = turn();
    let spans = |query: &str| get(&server, &format!("/traces/{TRACE}/spans?{query}"));
    let first = spans("limit=2");
    assert_eq!((first.ids(), &first.body["next_cursor"]), (vec!["1", "2"], &json!("0000000000000002")));
    let second = spans("limit=3&after_id=0000000000000002");
    assert_eq!((second.ids(), &second.body["next_cursor"]), (vec!["3", "4", "5"], &Value::Null));
    assert_eq!(spans("after=2023-11-14T22:13:20.010Z").ids(), ["4", "5"]);
    assert_eq!(spans("after=2023-11-14T22:13:20.010Z&after_id=0000000000000004").ids(), ["5"]);
    assert_eq!(spans("after=2023-11-14T22:13:20.010Z&after_id=0000000000000001").ids(), ["4", "5"]);
    assert_eq!(spans("status=ERROR&unknown=1").ids(), ["5"]);
    assert_eq!(spans("status=UNSET&limit=2&after_id=0000000000000002").ids(), ["3", "4"]);
    assert_eq!(spans("status=OK").ids(), Vec::<&str>::new());
    assert_eq!(spans("limit=&after=&after_id=&status=").ids().len(), 5, "what is empty is not said");
}

#[test]
fn nothing_is_found_in_any_run_yet() {
    let server = turn();
    let none = json!({"items": [], "next_cursor": null});
    assert_eq!(get(&server, &format!("/traces/{TRACE}/issues")).body, none);
    assert_eq!(get(&server, &format!("/workspaces/local/trajectories/{TRACE}/findings")).body, none);
}

#[test]
fn a_run_read_over_http_is_the_run_that_is_there() {
    let server = turn();
    let read = fetch_run(&format!("{}/", server.url()), TRACE).unwrap();
    let there = server.run(TRACE).unwrap().unwrap();
    assert_eq!(read.tree().to_string(), there.tree().to_string());
    assert_eq!((read.summary.models(), &read.summary.tags), (there.summary.models(), &there.summary.tags));
    let many: Vec<_> = (1..=2500).map(|id| span(id, id - 1, "deep", id, id + 1, &json!({}))).collect();
    let server = self::server();
    send(&server, &many);
    assert_eq!(fetch_run(server.url(), TRACE).unwrap().spans.len(), 2500);
}

#[test]
fn a_run_that_cannot_be_read_says_why() {
    let server = server();
    assert!(matches!(fetch_run(server.url(), "abc"), Err(FetchError::TraceId(_))));
    assert!(matches!(fetch_run(server.url(), TRACE), Err(FetchError::NotFound(_))));
    let url = server.url().to_owned();
    let _port = hold(&server);
    server.stop();
    assert!(matches!(fetch_run(&url, TRACE), Err(FetchError::Unreachable { .. })));
}

#[test]
fn large_payloads_come_back_whole() {
    let server = server();
    let text = "é\u{1}\"".repeat(300_000);
    send(&server, &[span(1, 0, "turn", 0, 1, &json!({"input.value": text}))]);
    assert_eq!(fetch_run(server.url(), TRACE).unwrap().spans[0].input.as_deref(), Some(text.as_str()));
    assert_eq!(post(&server, &[], b"{}").status, 200);
}
