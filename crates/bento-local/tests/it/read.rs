//! The reading half of the HTTP face.

use std::sync::Arc;

use bento_local::client::{FetchError, fetch_run};
use bento_local::{RunStatus, Server};
use serde_json::{Value, json};

use crate::wire::{Answer, TRACE, get, hold, post, send, server, span};

/// A turn with four steps, the last of which failed.
fn turn() -> Server {
    let server = server();
    let mut failed = span(5, 1, "search", 30, 40, &json!({"openinference.span.kind": "tool"}));
    failed["status"] = json!({"code": 2, "message": "timeout"});
    let root = json!({"gen_ai.user.id": "u42", "gen_ai.conversation.id": "c1", "langfuse.tags": ["a", "b"], "input.value": "hi", "plan": "pro"});
    let model = json!({"gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 812, "gen_ai.usage.output_tokens": 64, "gen_ai.user.id": "other"});
    send(
        &server,
        &[
            failed,
            span(2, 1, "plan", 1, 10, &model),
            span(3, 1, "plan", 10, 20, &model),
            span(4, 3, "note", 11, 12, &json!({})),
        ],
    );
    send(&server, &[span(1, 0, "user_turn", 0, 50, &root)]);
    server
}

fn ids(answer: &Answer) -> Vec<&str> {
    answer.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_str().unwrap().trim_start_matches('0'))
        .collect()
}

#[test]
fn spans_are_flat_rows_by_start_time() {
    let server = turn();
    let answer = get(&server, &format!("/traces/{TRACE}/spans"));
    assert_eq!(
        (answer.status, ids(&answer), &answer.body["next_cursor"]),
        (200, vec!["1", "2", "3", "4", "5"], &Value::Null)
    );
    let row = |index: usize| &answer.body["items"][index];
    assert_eq!(
        *row(0),
        json!({
            "id": "0000000000000001", "span_id": "0000000000000001", "trace_id": TRACE, "parent_id": null, "name": "user_turn", "kind": "agent",
            "status": "UNSET", "status_message": null, "start_time": "2023-11-14T22:13:20.000000000Z", "end_time": "2023-11-14T22:13:20.050000000Z",
            "duration_ms": 50.0, "model": null, "provider": null, "input": "hi", "output": null, "input_tokens": null, "output_tokens": null,
            "user_id": "u42", "session_id": "c1", "tags": ["a", "b"], "service_name": null, "service_version": "1.2.3",
            "attributes": {"plan": "pro"}, "events": [],
        })
    );
    let kinds: Vec<_> = (0..5).map(|index| row(index)["kind"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["agent", "llm", "llm", "llm", "tool"],
        "a step with a model stays an LLM call though it has a child"
    );
    assert_eq!(
        (&row(4)["status"], &row(4)["status_message"], &row(4)["parent_id"]),
        (&json!("ERROR"), &json!("timeout"), &json!("0000000000000001"))
    );
}

#[test]
fn an_assumed_kind_is_bettered_as_children_come_and_reading_copies_nothing() {
    let server = server();
    let kinds = || {
        let run = server.run(TRACE).unwrap();
        run.spans.iter().map(|span| span.kind.clone()).collect::<Vec<_>>()
    };
    let plain = |id, parent| span(id, parent, "step", id, 10, &json!({}));
    send(&server, &[plain(1, 0), plain(3, 2)]);
    assert_eq!(kinds(), ["llm", "llm"]);
    let before = server.run(TRACE).unwrap();
    send(&server, &[plain(2, 1)]);
    assert_eq!(kinds(), ["agent", "agent", "llm"], "the child came after the one and before the other");
    assert_eq!(before.spans[0].kind, "llm", "what was read stays as it was");
    let [first, second] = [(); 2].map(|()| server.run(TRACE).unwrap().spans);
    assert!(first.iter().zip(&second).all(|(first, second)| Arc::ptr_eq(first, second)));
}

#[test]
fn spans_come_in_pages() {
    let server = turn();
    let spans = |query: &str| get(&server, &format!("/traces/{TRACE}/spans?{query}"));
    let first = spans("limit=2");
    assert_eq!((ids(&first), &first.body["next_cursor"]), (vec!["1", "2"], &json!("0000000000000002")));
    let second = spans("limit=3&after_id=0000000000000002");
    assert_eq!((ids(&second), &second.body["next_cursor"]), (vec!["3", "4", "5"], &Value::Null));
    assert_eq!(ids(&spans("after=2023-11-14T22:13:20.010Z")), ["4", "5"]);
    assert_eq!(ids(&spans("status=ERROR&unknown=1")), ["5"]);
    assert_eq!(ids(&spans("status=OK")), Vec::<&str>::new());
    for bad in [
        "limit=0",
        "limit=10001",
        "limit=x",
        "after=noon",
        "after_id=00000000000000ff",
        "after_id=x",
        "status=error",
    ] {
        let answer = spans(bad);
        assert_eq!(answer.status, 422, "{bad}");
        assert!(!answer.detail().is_empty());
    }
}

#[test]
fn a_trace_is_its_roll_up() {
    let server = turn();
    let row = get(&server, &format!("/traces/{TRACE}")).body;
    let expected = json!({
        "id": TRACE, "trace_id": TRACE, "name": "user_turn", "status": "error", "start_time": "2023-11-14T22:13:20.000000000Z",
        "end_time": "2023-11-14T22:13:20.050000000Z", "duration_ms": 50.0, "span_count": 5, "input_tokens": 1624, "output_tokens": 128,
        "total_tokens": 1752, "models": ["gpt-4o"], "user_id": "u42", "session_id": "c1", "tags": ["a", "b"], "version": "1.2.3",
    });
    assert_eq!(row, expected);
    assert_eq!(
        get(&server, "/workspaces/local/traces").body,
        json!({"items": [expected], "next_cursor": null})
    );
}

#[test]
fn traces_are_listed_newest_first_and_in_pages() {
    let server = server();
    let trace = |number: u64| format!("{number:032x}");
    for number in [2, 1, 3] {
        let mut root = span(1, 0, "turn", number, number + 5, &json!({}));
        root["traceId"] = trace(number).into();
        send(&server, &[root]);
    }
    let first = get(&server, "/workspaces/local/traces?limit=2");
    assert_eq!((ids(&first), &first.body["next_cursor"]), (vec!["3", "2"], &json!(trace(2))));
    let second = get(&server, &format!("/workspaces/local/traces?limit=2&cursor={}", trace(2)));
    assert_eq!((ids(&second), &second.body["next_cursor"]), (vec!["1"], &Value::Null));
    assert_eq!(get(&server, "/workspaces/local/traces?cursor=x").status, 422);
    let order: Vec<_> = server.runs().iter().map(|run| run.trace_id.to_string()).collect();
    assert_eq!(order, [trace(3), trace(2), trace(1)]);
}

#[test]
fn the_rest_of_the_house() {
    let server = server();
    assert_eq!(get(&server, "/workspaces").body, json!([{"id": "local", "name": "local"}]));
    assert_eq!(get(&server, "/healthz").body, json!({"status": "ok"}));
    for path in [
        "/traces/abc",
        &format!("/traces/{TRACE}"),
        &format!("/traces/{TRACE}/spans"),
        "/workspaces/other/traces",
        "/nowhere",
        "/traces/%ff",
    ] {
        let answer = get(&server, path);
        assert!(answer.status == 404 && answer.detail().starts_with("there is no"), "{path}: {answer:?}");
    }
    let answer = get(&server, "/v1/traces");
    assert_eq!((answer.status, answer.detail()), (405, "/v1/traces does not answer GET"));
}

#[test]
fn a_run_without_its_root_has_no_trace_columns() {
    let server = server();
    send(&server, &[span(2, 1, "plan", 0, 10, &json!({"gen_ai.user.id": "u", "langfuse.tags": ["t"]}))]);
    let run = server.run(TRACE).unwrap();
    assert_eq!(
        (run.name.as_str(), run.status, run.user_id.as_ref(), run.tags.len()),
        ("plan", RunStatus::Ok, None, 0)
    );
    assert!(run.root().is_none());
}

#[test]
fn a_run_read_over_http_is_the_run_that_is_there() {
    let server = turn();
    let read = fetch_run(&format!("{}/", server.url()), TRACE).unwrap();
    let there = server.run(TRACE).unwrap();
    assert_eq!(
        (read.tree().to_string(), read.models, read.tags),
        (there.tree().to_string(), there.models, there.tags)
    );
    let many: Vec<_> = (1..=2500).map(|id| span(id, id - 1, "deep", id, id + 1, &json!({}))).collect();
    let server = self::server();
    send(&server, &many);
    assert_eq!(fetch_run(server.url(), TRACE).unwrap().spans.len(), 2500, "over three pages");
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
