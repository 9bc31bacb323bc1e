//! A server with two runs in it.

use bento_local::{Config, Server};
use serde_json::{Value, json};

pub(crate) const GOOD: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
pub(crate) const BAD: &str = "5bf92f3577b34da6a3ce929d0e0e4736";

/// Where the runs begin.
const START: u64 = 1_700_000_000_000_000_000;

/// Holds a run that went well and, a second later, one whose tool failed.
pub(crate) fn server() -> Server {
    let server = Server::start(Config::default()).unwrap();
    send_run(server.url(), "bl_pk_test");
    let mut tool = span(BAD, 4, 3, "search\u{1b}[2J");
    tool["status"] = json!({"code": 2, "message": "timeout"});
    send(server.url(), "bl_pk_test", &[span(BAD, 3, 0, "second turn"), tool]);
    server
}

/// Sends the run that went well.
pub(crate) fn send_run(url: &str, key: &str) {
    send(url, key, &[span(GOOD, 1, 0, "turn"), span(GOOD, 2, 1, "answer")]);
}

/// A span of 20 ms; `id` and `parent` are small numbers, parent 0 is none.
pub(crate) fn span(trace: &str, id: u64, parent: u64, name: &str) -> Value {
    let start = START + id * 500_000_000;
    let text = |key: &str, text: &str| json!({"key": key, "value": {"stringValue": text}});
    let mut attributes = vec![text("input.value", "Where to?")];
    if parent != 0 {
        attributes.push(text("gen_ai.request.model", "gpt-4o"));
    }
    let mut span = json!({
        "traceId": trace, "spanId": format!("{id:016x}"), "name": name, "attributes": attributes,
        "startTimeUnixNano": start.to_string(), "endTimeUnixNano": (start + 20_000_000).to_string(),
    });
    if parent != 0 {
        span["parentSpanId"] = format!("{parent:016x}").into();
    }
    span
}

pub(crate) fn send(url: &str, key: &str, spans: &[Value]) {
    let body = json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).to_string();
    let request = ureq::post(format!("{url}/v1/traces")).header("authorization", format!("Bearer {key}"));
    let mut answer = request.header("content-type", "application/json").send(body).unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "{}");
}
