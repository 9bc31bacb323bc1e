//! Runs that have not ended, and some that never do.

use std::thread;
use std::time::{Duration, Instant};

use bento_local::{Config, RunState, Server, SpanStatus};
use serde_json::{Value, json};

use crate::wire::{TRACE, get, of, send, server, span};

/// The span while it is open, as far as `end` milliseconds into the run.
pub(crate) fn open(id: u64, parent: u64, name: &str, start: u64, end: u64) -> Value {
    span(id, parent, name, start, end, &json!({"bento.pending": true}))
}

/// Asks until the answer is as it should be, for ten seconds.
pub(crate) fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let before = Instant::now();
    while !is_so() {
        assert!(before.elapsed() < Duration::from_secs(10), "{what} did not come to be");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_span_is_seen_from_its_start_and_whole_at_its_end() {
    let server = server();
    let tokens = json!({"gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 10});
    send(&server, &[open(1, 0, "turn", 0, 0), open(2, 1, "answer", 1, 1)]);
    let run = get(&server, &format!("/traces/{TRACE}")).body;
    assert_eq!(
        (&run["state"], &run["status"], &run["name"]),
        (&json!("running"), &json!("ok"), &json!("turn"))
    );
    assert_eq!(
        (&run["span_count"], &run["total_tokens"], &run["cost"]),
        (&json!(2), &json!(0), &Value::Null)
    );
    let rows = get(&server, &format!("/traces/{TRACE}/spans?status=PENDING"));
    assert_eq!((rows.ids(), &rows.items()[1]["status"]), (vec!["1", "2"], &json!("PENDING")));
    // The output so far, then an earlier form that has been overtaken.
    let so_far = |end: u64, text: &str| {
        span(2, 1, "answer", 1, end, &json!({"bento.pending": true, "output.value": text}))
    };
    send(&server, &[so_far(5, "Pa"), so_far(3, "P")]);
    let shown = get(&server, "/spans/0000000000000002").body;
    assert_eq!((&shown["output"], &shown["duration_ms"]), (&json!("Pa"), &json!(4.0)));
    assert_eq!(shown["attributes"]["bento.pending"], true);
    send(&server, &[span(2, 1, "answer", 1, 9, &tokens), span(1, 0, "turn", 0, 10, &json!({}))]);
    send(&server, &[so_far(20, "Paris"), open(1, 0, "turn", 0, 30)]);
    let run = server.run(TRACE).unwrap().unwrap();
    assert_eq!(
        (run.summary.state(), run.summary.duration()),
        (RunState::Completed, Duration::from_millis(10))
    );
    assert_eq!((run.summary.span_count, run.summary.total_tokens()), (2, 110));
    assert!(run.summary.cost.is_some() && run.spans.iter().all(|span| span.status == SpanStatus::Unset));
    assert!(!run.spans.iter().any(|span| span.attributes.contains_key("bento.pending")));
}

#[test]
fn what_is_said_to_be_pending_has_no_other_status() {
    let server = server();
    let mut failed = open(1, 0, "turn", 0, 1);
    failed["status"] = json!({"code": 2, "message": "too early"});
    let mut hearsay = of(2, open(1, 0, "turn", 0, 1));
    hearsay["attributes"][0]["value"] = json!({"stringValue": "true"});
    send(&server, &[failed, hearsay]);
    let runs = server.runs().unwrap();
    let said = |run: &bento_local::Run| (run.summary.state(), run.summary.error_count, run.spans[0].status);
    let mut said: Vec<_> = runs.iter().map(said).collect();
    said.sort_unstable_by_key(|(state, ..)| state.as_str());
    let expected = [(RunState::Completed, 0, SpanStatus::Unset), (RunState::Running, 0, SpanStatus::Pending)];
    assert_eq!(said, expected);
}

#[test]
fn a_run_that_nothing_is_heard_of_is_unfinished_until_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let config = |after| Config::default().database(folder.path().join("runs.db")).unfinished_after(after);
    let patient = Server::start(config(Duration::from_secs(3600))).unwrap();
    send(&patient, &[open(1, 0, "turn", 0, 1), of(2, span(1, 0, "turn", 0, 1, &json!({})))]);
    patient.stop();
    // It counts from the arrival, also where the server was not there meanwhile.
    let server = Server::start(config(Duration::from_millis(1))).unwrap();
    let state = || get(&server, &format!("/traces/{TRACE}")).body["state"].clone();
    wait_for("unfinished", || state() == "unfinished");
    assert_eq!(get(&server, "/workspaces/local/traces?state=unfinished").items().len(), 1);
    let sums =
        get(&server, "/workspaces/local/traces/summary?start=2023-11-14T00:00:00Z&end=2023-11-16T00:00:00Z");
    let count = |name: &str| sums.body[name].as_u64().unwrap();
    assert_eq!((count("unfinished_count"), count("running_count"), count("completed_count")), (1, 0, 1));
    let open_ones = get(&server, "/workspaces/local/trajectories?status=open");
    assert_eq!((open_ones.items().len(), &open_ones.items()[0]["status"]), (1, &json!("open")));
    let text = bento_local::client::fetch_run(server.url(), TRACE).unwrap().tree().to_string();
    assert!(text.ends_with("… unfinished"), "{text}");
    assert!(server.run(TRACE).unwrap().unwrap().summary.state() == RunState::Unfinished);
    assert!(server.take_settled(Duration::ZERO).is_empty(), "its root has not ended");
    send(&server, &[span(2, 1, "late", 2, 3, &json!({}))]);
    // It is running at once, and unfinished again in its time.
    wait_for("unfinished", || state() == "unfinished");
    send(&server, &[span(1, 0, "turn", 0, 5, &json!({}))]);
    assert_eq!(state(), "completed");
    assert_eq!(server.take_settled(Duration::ZERO).len(), 1);
}

#[test]
fn a_minute_is_a_bucket() {
    let server = server();
    send(
        &server,
        &[span(1, 0, "turn", 0, 1, &json!({})), of(2, span(1, 0, "turn", 60_000, 60_001, &json!({})))],
    );
    let ask = |end: &str| {
        get(
            &server,
            &format!("/workspaces/local/traces/timeline?start=2023-11-14T22:12:00Z&end={end}&bucket=minute"),
        )
    };
    let answer = ask("2023-11-14T22:16:00Z");
    let counts: Vec<_> = answer.items().iter().map(|row| row["trace_count"].as_u64().unwrap()).collect();
    assert_eq!((counts, &answer.body["bucket"]), (vec![0, 1, 1, 0], &json!("minute")));
    assert_eq!(ask("2023-11-22T00:00:00Z").status, 422, "more than 10,000");
}
