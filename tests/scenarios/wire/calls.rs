//! What each call makes of its arguments.

use std::time::{Duration, SystemTime};

use serde_json::json;

use super::{flush, sends};
use crate::support::{scenario, spans_of};

#[test]
fn track_ai_with_every_argument() {
    scenario(
        || {
            let id = bento::track_ai("answer")
                .user_id("u42")
                .convo_id("c1")
                .model("gpt-4o")
                .provider("openai")
                .input("Hi")
                .output(json!({"a": "é", "b": [1, null]}))
                .tokens(12, 7)
                .cached_tokens(3)
                .tags(["env:prod", "team:x"])
                .kind("agent")
                .property("experiment", 17)
                .properties(json!({"flag": true, "ratio": 0.5}))
                .start_time(SystemTime::UNIX_EPOCH + Duration::from_nanos(1_700_000_000_000_000_001))
                .duration(Duration::from_millis(1_500))
                .send();
            assert_eq!(id.to_string().len(), 16);
            flush();
        },
        |child| {
            let server = child.delivers();
            let span = &spans_of(&server.requests())[0];
            assert_eq!(span["startTimeUnixNano"], "1700000000000000001");
            assert_eq!(span["endTimeUnixNano"], "1700000001500000001");
            sends(
                &server,
                json!([{"traceId": "T1", "spanId": "S1", "name": "answer", "kind": 1, "attributes": {
                    "gen_ai.user.id": {"stringValue": "u42"},
                    "gen_ai.conversation.id": {"stringValue": "c1"},
                    "gen_ai.request.model": {"stringValue": "gpt-4o"},
                    "gen_ai.system": {"stringValue": "openai"},
                    "input.value": {"stringValue": "Hi"},
                    "output.value": {"stringValue": "{\"a\":\"é\",\"b\":[1,null]}"},
                    "gen_ai.usage.input_tokens": {"intValue": "12"},
                    "gen_ai.usage.output_tokens": {"intValue": "7"},
                    "gen_ai.usage.cache_read.input_tokens": {"intValue": "3"},
                    "llm.token_count.prompt": {"intValue": "12"},
                    "llm.token_count.completion": {"intValue": "7"},
                    "llm.token_count.total": {"intValue": "19"},
                    "llm.token_count.prompt_details.cache_read": {"intValue": "3"},
                    "langfuse.tags": {"arrayValue": {"values": [
                        {"stringValue": "env:prod"}, {"stringValue": "team:x"},
                    ]}},
                    "openinference.span.kind": {"stringValue": "agent"},
                    "experiment": {"intValue": "17"},
                    "flag": {"boolValue": true},
                    "ratio": {"doubleValue": 0.5},
                }}]),
            );
        },
    );
}

#[test]
fn what_was_not_passed_is_left_out() {
    scenario(
        || {
            bento::track_ai("answer").send();
            bento::track_ai("nothing").input(None::<&str>).output(()).user_id(None::<u8>).send();
            bento::track_ai("empty").input("").output("").user_id("").send();
            flush();
        },
        |child| {
            let server = child.delivers();
            let empty = json!({"stringValue": ""});
            sends(
                &server,
                json!([
                    {"traceId": "T1", "spanId": "S1", "name": "answer", "kind": 1},
                    {"traceId": "T2", "spanId": "S2", "name": "nothing", "kind": 1},
                    {"traceId": "T3", "spanId": "S3", "name": "empty", "kind": 1, "attributes": {
                        "input.value": empty, "output.value": empty, "gen_ai.user.id": empty,
                    }},
                ]),
            );
        },
    );
}

#[test]
fn a_trajectory_holds_its_calls_and_tools() {
    scenario(
        || {
            let turn = bento::begin("turn").user_id("u1").convo_id("c1").input("Hi").start();
            bento::track_ai("plan").model("m").send();
            bento::tool_span("search").input(json!({"q": 1})).enter(|tool| {
                bento::track_ai("inside").send();
                tool.output("12 hits");
            });
            turn.output("Bye").property("p", "v").finish().unwrap();
            turn.finish().unwrap();
            flush();
        },
        |child| {
            let server = child.delivers();
            sends(
                &server,
                json!([
                    {"traceId": "T1", "spanId": "S1", "parentSpanId": "S2", "name": "plan", "kind": 1,
                        "attributes": {"gen_ai.request.model": {"stringValue": "m"}}},
                    {"traceId": "T1", "spanId": "S3", "parentSpanId": "S4", "name": "inside", "kind": 1},
                    {"traceId": "T1", "spanId": "S4", "parentSpanId": "S2", "name": "search", "kind": 1,
                        "attributes": {
                            "openinference.span.kind": {"stringValue": "tool"},
                            "input.value": {"stringValue": "{\"q\":1}"},
                            "output.value": {"stringValue": "12 hits"},
                        }},
                    {"traceId": "T1", "spanId": "S2", "name": "turn", "kind": 1, "attributes": {
                        "gen_ai.user.id": {"stringValue": "u1"},
                        "gen_ai.conversation.id": {"stringValue": "c1"},
                        "input.value": {"stringValue": "Hi"},
                        "output.value": {"stringValue": "Bye"},
                        "p": {"stringValue": "v"},
                    }},
                ]),
            );
        },
    );
}

#[test]
fn a_nested_trajectory_is_a_child_unless_it_asks_for_its_own_trace() {
    scenario(
        || {
            let _outer = bento::begin("outer").start();
            bento::begin("inner").enter(|_| {
                bento::track_ai("leaf").send();
            });
            bento::begin("apart").own_trace().enter(|_| {
                bento::track_ai("leaf").send();
            });
            flush();
        },
        |child| {
            let server = child.delivers();
            let requests = server.requests();
            // The outer one is delivered at the end of the process.
            assert_eq!(crate::support::span_names(&requests).last().unwrap(), "outer");
            let spans = crate::support::normalised(&requests[0]);
            assert_eq!(
                spans["resourceSpans"][0]["scopeSpans"][0]["spans"],
                json!([
                    {"traceId": "T1", "spanId": "S1", "parentSpanId": "S2", "name": "leaf", "kind": 1},
                    {"traceId": "T1", "spanId": "S2", "parentSpanId": "S3", "name": "inner", "kind": 1},
                    {"traceId": "T2", "spanId": "S4", "parentSpanId": "S5", "name": "leaf", "kind": 1},
                    {"traceId": "T2", "spanId": "S5", "name": "apart", "kind": 1},
                ])
            );
        },
    );
}

#[test]
fn a_failure_is_a_status_and_an_exception() {
    scenario(
        || {
            let failed = bento::tool_span("fetch").enter(|_| "x".parse::<u8>());
            assert!(failed.is_err());
            bento::track_ai("answer").error("first").send();
            flush();
        },
        |child| {
            let server = child.delivers();
            let exception = |kind: &str, message: &str| {
                json!([{"name": "exception", "attributes": {
                    "exception.type": {"stringValue": kind},
                    "exception.message": {"stringValue": message},
                }}])
            };
            let message = "invalid digit found in string";
            sends(
                &server,
                json!([
                    {"traceId": "T1", "spanId": "S1", "name": "fetch", "kind": 1,
                        "attributes": {"openinference.span.kind": {"stringValue": "tool"}},
                        "status": {"code": 2, "message": message},
                        "events": exception("core::num::error::ParseIntError", message)},
                    {"traceId": "T2", "spanId": "S2", "name": "answer", "kind": 1,
                        "status": {"code": 2, "message": "first"},
                        "events": exception("str", "first")},
                ]),
            );
        },
    );
}

#[test]
fn a_panic_inside_a_guard_is_its_failure() {
    scenario(
        || {
            let result = std::panic::catch_unwind(|| {
                let _turn = bento::begin("turn").start();
                panic!("boom");
            });
            assert!(result.is_err());
            flush();
        },
        |child| {
            let server = child.delivers();
            let span = &spans_of(&server.requests())[0];
            assert_eq!(span["status"]["code"], 2);
            assert_eq!(span["events"][0]["name"], "exception");
            assert_eq!(span["events"][0]["attributes"][0]["value"]["stringValue"], "panic");
        },
    );
}
