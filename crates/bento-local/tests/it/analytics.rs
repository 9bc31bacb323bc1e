//! What runs add up to.

use bento_local::Server;
use serde_json::{Value, json};

use crate::wire::{START, failed, get, of, send, server, span};

const HOUR: u64 = 3_600_000;

/// Half past ten on a day, in milliseconds behind the moment where these tests begin.
fn half_past(hours: u64) -> u64 {
    hours * HOUR
}

/// Three runs in the first hour, one of them without its root, none in the second, one in the third, one a day later.
fn runs() -> Server {
    let server = server();
    let call = |tokens: u64| json!({"gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": tokens, "gen_ai.usage.output_tokens": 10});
    let turn =
        |number, start, length, tokens| of(number, span(1, 0, "turn", start, start + length, &call(tokens)));
    send(
        &server,
        &[
            turn(1, half_past(0), 10, 100),
            failed(turn(2, half_past(0) + 5, 20, 200), "no"),
            of(3, span(1, 9, "plan", half_past(0) + 6, half_past(0) + 9, &json!({}))),
            turn(4, half_past(2), 30, 400),
            of(
                4,
                span(
                    2,
                    1,
                    "search",
                    half_past(2),
                    half_past(2) + 1,
                    &json!({"openinference.span.kind": "tool"}),
                ),
            ),
            turn(5, half_past(24), 40, 800),
        ],
    );
    server
}

fn moment(milliseconds: u64) -> String {
    bento_local::Timestamp::from_unix_nanos(START + milliseconds * 1_000_000).to_string()
}

fn ask(server: &Server, what: &str, end: u64, rest: &str) -> Value {
    let path = format!("/workspaces/local/traces/{what}?start={}&end={}&{rest}", moment(0), moment(end));
    let answer = get(server, &path);
    assert_eq!(answer.status, 200, "{}", answer.detail());
    answer.body
}

#[test]
fn runs_of_a_stretch_of_time_add_up() {
    let server = runs();
    let sum = ask(&server, "summary", half_past(3), "");
    assert_eq!(
        sum,
        json!({
            "start": moment(0), "end": moment(half_past(3)), "trace_count": 4, "error_count": 1, "running_count": 1, "unfinished_count": 0, "completed_count": 2,
            "failed_count": 1, "cancelled_count": 0, "span_count": 5, "input_tokens": 700, "output_tokens": 30, "total_tokens": 730,
            "cost": 0.00205, "total_duration_ms": 63.0, "avg_duration_ms": 15.75,
        })
    );
    assert_eq!(ask(&server, "summary", half_past(24), "")["trace_count"], 4, "the end is outside");
    assert_eq!(ask(&server, "summary", half_past(24) + 1, "")["trace_count"], 5);
    let nothing = ask(&server, "summary", 0, "");
    assert_eq!(
        (&nothing["trace_count"], &nothing["cost"], &nothing["avg_duration_ms"]),
        (&json!(0), &Value::Null, &Value::Null)
    );
}

#[test]
fn sums_and_lists_pass_the_same_filters() {
    let server = runs();
    let end = half_past(30);
    for filter in [
        "",
        "status=error",
        "status=ok&status=error",
        "state=running",
        "state=completed&state=failed",
        "model=gpt-4o",
        "q=search",
        "q=turn&status=ok",
        "tag=none",
        "finding_kind=timeout",
    ] {
        let listed = get(
            &server,
            &format!("/workspaces/local/traces?start_time={}&end_time={}&{filter}", moment(0), moment(end)),
        );
        let count = listed.items().len() as u64;
        let sum = |column: &str| listed.items().iter().map(|row| row[column].as_u64().unwrap()).sum::<u64>();
        let summary = ask(&server, "summary", end, filter);
        assert_eq!(summary["trace_count"], count, "{filter}");
        assert_eq!(
            [&summary["span_count"], &summary["total_tokens"]],
            [&json!(sum("span_count")), &json!(sum("total_tokens"))],
            "{filter}"
        );
        for bucket in ["hour", "day"] {
            let timeline = ask(&server, "timeline", end, &format!("{filter}&bucket={bucket}"));
            let counted = timeline["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["trace_count"].as_u64().unwrap());
            assert_eq!(counted.sum::<u64>(), count, "{filter} by the {bucket}");
        }
    }
}

#[test]
fn a_timeline_has_every_bucket() {
    let server = runs();
    let hours = ask(&server, "timeline", half_past(2) + 1, "");
    let bucket = |start: &str, counts: [u64; 4], cost: Value| {
        json!({"start": format!("2023-11-{start}:00:00.000000000Z"), "trace_count": counts[0], "error_count": counts[1], "span_count": counts[2],
            "total_tokens": counts[3], "cost": cost})
    };
    // The tests begin at 22:13:20.
    assert_eq!(
        hours,
        json!({"bucket": "hour", "items": [
            bucket("14T22", [3, 1, 3, 320], json!(0.00095)),
            bucket("14T23", [0, 0, 0, 0], Value::Null),
            bucket("15T00", [1, 0, 2, 410], json!(0.0011)),
        ]})
    );
    let days = ask(&server, "timeline", half_past(24) + 1, "bucket=day");
    assert_eq!(
        days,
        json!({"bucket": "day", "items": [
            bucket("14T00", [3, 1, 3, 320], json!(0.00095)),
            bucket("15T00", [2, 0, 3, 1220], json!(0.0032)),
        ]})
    );
    assert_eq!(
        ask(&server, "timeline", 0, "")["items"].as_array().unwrap().len(),
        1,
        "its moment is within an hour"
    );
    let most = ask(&server, "timeline", 9_999 * HOUR, "");
    assert_eq!(most["items"].as_array().unwrap().len(), 10_000);
}
