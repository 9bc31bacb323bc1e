//! Runs, seen by whether they are done.

use bento_local::Server;
use serde_json::{Value, json};

use crate::wire::{failed, get, of, send, server, span, trace};

/// One that failed, one that went well, and one that goes on.
fn runs() -> Server {
    let server = server();
    let user = json!({"gen_ai.user.id": "u", "gen_ai.conversation.id": "c"});
    send(
        &server,
        &[
            of(1, failed(span(1, 0, "first", 0, 10, &user), "no")),
            of(2, span(1, 0, "second", 1, 5, &json!({}))),
            of(3, span(2, 1, "third", 2, 4, &json!({}))),
        ],
    );
    server
}

#[test]
fn a_trajectory_is_a_row() {
    let server = runs();
    let row = json!({
        "id": trace(1), "trace_id": trace(1), "name": "first", "status": "finalized", "has_errors": true, "has_findings": false, "span_count": 1,
        "start_time": "2023-11-14T22:13:20.000000000Z", "end_time": "2023-11-14T22:13:20.010000000Z", "duration_ms": 10.0,
        "session_id": "c", "user_id": "u",
    });
    assert_eq!(get(&server, &format!("/workspaces/local/trajectories/{}", trace(1))).body, row);
    let list = get(&server, "/workspaces/local/trajectories");
    assert_eq!((list.ids(), &list.items()[2]), (vec!["3", "2", "1"], &row));
    assert_eq!(list.items()[0]["status"], "open");
}

#[test]
fn trajectories_are_filtered_and_put_in_order() {
    let server = runs();
    for (query, left) in [
        ("status=open", &["3"][..]),
        ("status=finalized", &["2", "1"]),
        ("has_errors=true", &["1"]),
        ("has_errors=false", &["3", "2"]),
        ("has_errors=false&status=finalized", &["2"]),
        ("has_errors=True", &["1"]),
        ("has_errors=False", &["3", "2"]),
        ("has_errors=YES&has_findings=0", &["1"]),
        ("has_errors=Off", &["3", "2"]),
        ("has_findings=true", &[]),
        ("has_findings=false", &["3", "2", "1"]),
        ("q=sec", &["2"]),
        ("sort_by=start_time", &["1", "2", "3"]),
        ("sort_by=-duration", &["1", "2", "3"]),
        ("sort_by=duration&limit=2", &["3", "2"]),
        ("status=&has_errors=&unknown=x", &["3", "2", "1"]),
    ] {
        assert_eq!(get(&server, &format!("/workspaces/local/trajectories?{query}")).ids(), left, "{query}");
    }
}

#[test]
fn trajectories_come_in_pages() {
    let server = server();
    send(
        &server,
        &(1..=10).map(|number| of(number, span(1, 0, "turn", number % 3, 9, &json!({})))).collect::<Vec<_>>(),
    );
    let mut seen = Vec::new();
    let mut cursor = String::new();
    for page in 0..4 {
        let answer = get(
            &server,
            &format!("/workspaces/local/trajectories?limit=3&sort_by=-duration&cursor={cursor}"),
        );
        seen.extend(answer.ids().iter().map(ToString::to_string));
        match &answer.body["next_cursor"] {
            Value::String(next) => cursor.clone_from(next),
            none => assert_eq!((page, none), (3, &Value::Null)),
        }
    }
    seen.sort();
    assert_eq!(seen, ["1", "2", "3", "4", "5", "6", "7", "8", "9", "a"]);
}
