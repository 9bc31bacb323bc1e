//! The forms of a span: as it starts, and as it ends.

use serde_json::{Value, json};

use super::{attribute, flush, forms, is_pending, live, moment};
use crate::support::{LONG, body, normalised, scenario, spans_of};

#[test]
fn a_span_is_sent_at_its_start_with_what_is_known_and_at_its_end_as_ever() {
    scenario(
        || {
            let _bento = live().user_id(|| "by init").tags("t").init().unwrap();
            let scope = bento::propagate_attributes().session_id("scoped").property("plan", "pro");
            scope.enter(|| {
                let turn = bento::begin("turn").user_id("u42").model("gpt-4o").input(json!({"a": 1})).start();
                flush();
                let tool =
                    bento::tool_span("search").input("q").property("page", 2).error("known early").start();
                flush();
                tool.output("12 hits");
                tool.finish();
                turn.output("Paris").finish().unwrap();
                flush();
            });
        },
        |child| {
            let server = child.delivers();
            let requests = server.requests();
            let text = |text: &str| json!({"stringValue": text});
            let of_turn = json!({
                "gen_ai.user.id": text("u42"),
                "gen_ai.conversation.id": text("scoped"),
                "langfuse.tags": {"arrayValue": {"values": [text("t")]}},
                "gen_ai.request.model": text("gpt-4o"),
                "input.value": text(r#"{"a":1}"#),
                "plan": text("pro"),
            });
            let of_tool = json!({
                "gen_ai.user.id": text("by init"),
                "gen_ai.conversation.id": text("scoped"),
                "langfuse.tags": {"arrayValue": {"values": [text("t")]}},
                "openinference.span.kind": text("tool"),
                "input.value": text("q"),
                "page": {"intValue": "2"},
                "plan": text("pro"),
            });
            let with = |attributes: &Value, key: &str, value: Value| {
                let mut attributes = attributes.clone();
                attributes[key] = value;
                attributes
            };
            let is_pending = json!({"boolValue": true});
            let span = |name: &str, span: &str, attributes: Value| json!({"traceId": "T1", "spanId": span, "name": name, "kind": 1, "attributes": attributes});
            let turn = span("turn", "S1", with(&of_turn, "bento.pending", is_pending.clone()));
            assert_eq!(normalised(&requests[0]), body(json!([turn])));
            let mut tool = span("search", "S1", with(&of_tool, "bento.pending", is_pending));
            tool["parentSpanId"] = "S2".into();
            assert_eq!(normalised(&requests[1]), body(json!([tool])), "neither status nor event");
            let mut tool = span("search", "S1", with(&of_tool, "output.value", text("12 hits")));
            tool["parentSpanId"] = "S2".into();
            tool["status"] = json!({"code": 2, "message": "known early"});
            let why = json!({"exception.type": text("str"), "exception.message": text("known early")});
            tool["events"] = json!([{"name": "exception", "attributes": why}]);
            let turn = span("turn", "S2", with(&of_turn, "output.value", text("Paris")));
            assert_eq!(normalised(&requests[2]), body(json!([tool, turn])));
            assert_eq!(requests.len(), 3);
            same_spans(&spans_of(&requests));
        },
    );
}

/// Forms of one name are forms of one span, which starts once, and of which no form is older than the one before.
fn same_spans(spans: &[Value]) {
    for (place, form) in spans.iter().enumerate() {
        let Some(earlier) = spans[..place].iter().rfind(|earlier| earlier["name"] == form["name"]) else {
            assert!(is_pending(form), "{form}");
            continue;
        };
        for key in ["traceId", "spanId", "parentSpanId", "startTimeUnixNano"] {
            assert_eq!(form[key], earlier[key], "{key}");
        }
        assert!(moment(form, "endTimeUnixNano") >= moment(earlier, "endTimeUnixNano"));
    }
}

#[bento::interaction(event = "outer")]
async fn outer() {
    flush();
    inner(7);
}

#[bento::tool(name = "inner")]
fn inner(_number: u32) {
    flush();
}

#[test]
fn every_way_to_open_a_span_sends_it() {
    scenario(
        || {
            let _bento = live().init().unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                bento::begin("turn")
                    .run(async |_| {
                        flush();
                        bento::tool_span("tool").run(async |_| flush()).await;
                    })
                    .await;
                outer().await;
            });
            bento::begin("sync").enter(|turn| {
                flush();
                turn.tool_span("within").enter(|_| flush());
                let _own = turn.begin("own").own_trace().start();
                flush();
            });
            flush();
        },
        |child| {
            let server = child.delivers();
            let requests = server.requests();
            let open = |name: &str| (name.to_owned(), true);
            let over = |name: &str| (name.to_owned(), false);
            let expected = [
                vec![open("turn"), open("tool"), over("tool"), over("turn"), open("outer"), open("inner")],
                vec![over("inner"), over("outer"), open("sync"), open("within"), over("within"), open("own")],
                vec![over("own"), over("sync")],
            ];
            assert_eq!(forms(&requests), expected.concat());
            let spans = spans_of(&requests);
            same_spans(&spans);
            let find = |name: &str| spans.iter().find(|span| span["name"] == name).unwrap();
            for (child, parent) in [("tool", "turn"), ("inner", "outer"), ("within", "sync")] {
                assert_eq!(find(child)["parentSpanId"], find(parent)["spanId"], "already as it starts");
            }
            assert_ne!(find("own")["traceId"], find("sync")["traceId"]);
            assert_eq!(
                attribute(find("inner"), "input.value"),
                Some(json!({"stringValue": r#"{"_number":7}"#}))
            );
        },
    );
}

#[test]
fn what_is_over_when_it_is_emitted_is_sent_once() {
    scenario(
        || {
            let _bento = live().init().unwrap();
            bento::track_ai("answer").send();
            bento::tool_span("search").send();
            bento::shutdown(LONG).unwrap();
        },
        |child| {
            let expected = ["answer", "search"].map(|name| (name.to_owned(), false));
            assert_eq!(forms(&child.delivers().requests()), expected);
        },
    );
}

#[test]
fn a_capture_sees_each_span_once() {
    scenario(
        || {
            let _bento = live().init().unwrap();
            let spans = bento::testing::capture(|| {
                let _turn = bento::begin("turn").start();
                bento::tool_span("search").enter(|_| ());
                drop(bento::track_ai("answer").stream(futures_util::stream::iter(["a"])));
            });
            assert_eq!(spans.tree(), "turn\n  search [tool]\n  answer");
            assert!(spans.iter().all(|span| span.attribute("bento.pending").is_none()));
            bento::shutdown(LONG).unwrap();
        },
        |child| assert!(child.delivers().requests().is_empty()),
    );
}

#[test]
fn a_span_is_sent_as_soon_as_it_starts() {
    scenario(
        || {
            let _bento = bento::builder().live(true).init().unwrap();
            for opened in 1..=3 {
                let turn = bento::begin("turn").start();
                // Nothing hastens it, and an interval of usual length would outlast the test.
                crate::support::await_moment(|| bento::status().delivered() >= 2 * opened - 1);
                drop(turn);
                crate::support::await_moment(|| bento::status().delivered() == 2 * opened);
            }
        },
        |child| {
            let of_each = [("turn".to_owned(), true), ("turn".to_owned(), false)];
            assert_eq!(
                forms(&child.delivers().requests()),
                [of_each.clone(), of_each.clone(), of_each].concat()
            );
        },
    );
}

/// The bytes of a body, but for the ids and times, which differ from run to run.
fn bytes(request: &crate::support::Received) -> String {
    let mut text = String::from_utf8(request.body.clone()).unwrap();
    for span in spans_of(std::slice::from_ref(request)) {
        let names = [("traceId", "T"), ("spanId", "S"), ("startTimeUnixNano", "0"), ("endTimeUnixNano", "0")];
        for (key, name) in names {
            text = text.replace(span[key].as_str().unwrap(), name);
        }
    }
    text.replace(bento::SDK_VERSION, "V")
}

#[test]
fn without_it_not_one_byte_is_other_than_it_was() {
    scenario(
        || {
            let turn = bento::begin("turn").user_id("u42").convo_id("c1").tags(["a"]).input("Hi").start();
            bento::track_ai("answer").model("gpt-4o").output("Paris").tokens(12, 7).property("x", 1.5).send();
            turn.tool_span("search").input("q").start().output("12 hits");
            turn.output("Paris").finish().unwrap();
            bento::shutdown(LONG).unwrap();
        },
        |child| {
            let server = child.delivers();
            assert_eq!(bytes(&server.only()), EXPECTED.replace('\n', ""));
        },
    );
}

/// As the version before live mode sent it, but for the line breaks.
const EXPECTED: &str = r#"{"resourceSpans":[{"resource":{"attributes":[
{"key":"service.name","value":{"stringValue":"bentolabs-sdk"}},{"key":"service.version","value":{"stringValue":"V"}},
{"key":"telemetry.sdk.name","value":{"stringValue":"bentolabs-sdk"}},{"key":"telemetry.sdk.language","value":{"stringValue":"rust"}},{"key":"telemetry.sdk.version","value":{"stringValue":"V"}}]},
"scopeSpans":[{"scope":{"name":"bentolabs-sdk.analytics","version":"V"},"spans":[
{"traceId":"T","spanId":"S","parentSpanId":"S","name":"answer","kind":1,"startTimeUnixNano":"0","endTimeUnixNano":"0","attributes":[
{"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o"}},{"key":"output.value","value":{"stringValue":"Paris"}},
{"key":"gen_ai.usage.input_tokens","value":{"intValue":"12"}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":"7"}},
{"key":"llm.token_count.prompt","value":{"intValue":"12"}},{"key":"llm.token_count.completion","value":{"intValue":"7"}},
{"key":"llm.token_count.total","value":{"intValue":"19"}},{"key":"x","value":{"doubleValue":1.5}}]},
{"traceId":"T","spanId":"S","parentSpanId":"S","name":"search","kind":1,"startTimeUnixNano":"0","endTimeUnixNano":"0","attributes":[
{"key":"openinference.span.kind","value":{"stringValue":"tool"}},{"key":"input.value","value":{"stringValue":"q"}},
{"key":"output.value","value":{"stringValue":"12 hits"}}]},
{"traceId":"T","spanId":"S","name":"turn","kind":1,"startTimeUnixNano":"0","endTimeUnixNano":"0","attributes":[
{"key":"gen_ai.user.id","value":{"stringValue":"u42"}},{"key":"gen_ai.conversation.id","value":{"stringValue":"c1"}},
{"key":"langfuse.tags","value":{"arrayValue":{"values":[{"stringValue":"a"}]}}},
{"key":"input.value","value":{"stringValue":"Hi"}},{"key":"output.value","value":{"stringValue":"Paris"}}]}]}]}]}"#;
