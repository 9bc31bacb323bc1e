//! Bodies that are as they should be, from several senders.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bento_local::{Config, Server};
use serde_json::{Value, json};

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/otlp");
const SENDERS: [&str; 3] = [
    include_str!("senders/javascript.json"),
    include_str!("senders/python.json"),
    include_str!("senders/collector.json"),
];

/// Those that are JSON at least: a part of the corpus is broken on purpose, and comes as bytes.
#[derive(Debug)]
pub(crate) struct Bodies {
    pub(crate) json: Vec<Value>,
    pub(crate) bytes: Vec<Vec<u8>>,
}

pub(crate) fn all() -> Bodies {
    let mut bodies: Vec<_> = SENDERS.iter().map(|body| body.as_bytes().to_vec()).collect();
    bodies.extend(from_the_sdk());
    bodies.extend(of_a_run_that_is_watched());
    let mut corpus: Vec<_> =
        fs::read_dir(Path::new(CORPUS)).unwrap().map(|entry| entry.unwrap().path()).collect();
    corpus.sort();
    bodies.extend(corpus.into_iter().map(|path| fs::read(path).unwrap()));
    let (json, broken): (Vec<_>, Vec<_>) =
        bodies.into_iter().partition(|body| serde_json::from_slice::<Value>(body).is_ok());
    let json = json.iter().map(|body| serde_json::from_slice(body).unwrap()).collect();
    Bodies { json, bytes: broken }
}

/// A run whose spans are sent while they are open and when they have ended: as one body, and with the ends ahead.
fn of_a_run_that_is_watched() -> Vec<Vec<u8>> {
    let form = |id: u64, end: u64, output: &str, pending: bool| {
        let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
        let tokens = json!({"key": "gen_ai.usage.input_tokens", "value": {"intValue": "12"}});
        let mark = json!({"key": "bento.pending", "value": {"boolValue": true}});
        let model = text("gen_ai.request.model", "gpt-4o");
        json!({
            "traceId": "5bf92f3577b34da6a3ce929d0e0e4736", "spanId": format!("{id:016x}"), "name": "step",
            "parentSpanId": if id == 1 { String::new() } else { format!("{:016x}", 1) },
            "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": (1_700_000_000_000_000_000 + end).to_string(),
            "attributes": [model, text("output.value", output), if pending { mark } else { tokens }],
        })
    };
    let open = [form(1, 0, "", true), form(2, 1, "", true), form(2, 5, "Pa", true), form(2, 3, "P", true)];
    let ended = [form(2, 9, "Paris", false), form(1, 10, "Paris", false)];
    let body = |spans: Vec<&Value>| json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]});
    let bodies = [
        body(open.iter().chain(&ended).collect()),
        body(ended.iter().rev().chain(&open).collect()),
        body(open.iter().take(3).chain(&ended[..1]).collect()),
    ];
    bodies.iter().map(|body| body.to_string().into_bytes()).collect()
}

/// What the SDK puts on the wire for everything that its public interface offers.
fn from_the_sdk() -> Vec<Vec<u8>> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let hook = Arc::clone(&seen);
    let server =
        Server::start(Config::default().on_body(move |json| hook.lock().unwrap().push(json.to_vec())))
            .unwrap();
    let bento = bento::builder().api_key("bl_pk_test").base_url(server.url()).init().unwrap();
    for round in 0..6 {
        let turn = bento::begin("user_turn")
            .user_id("u42")
            .convo_id("c1")
            .tags(["env:prod", "beta"])
            .input("Grüße 👋")
            .start();
        bento::track_ai("plan")
            .model("gpt-4o")
            .provider("openai")
            .input(json!({"a": [1, null]}))
            .tokens(12, 7)
            .send();
        bento::tool_span("search").input("q").output(json!([{"hit": 1}])).send();
        bento::tool_span("fails").input("q").error("timeout: \"upstream\"\n").send();
        bento::track_ai("answer")
            .model("claude-sonnet-4-5")
            .property("experiment", round)
            .property("ratio", 0.1)
            .property("flags", vec![true, false])
            .property("nested", json!({"deep": {"er": [1, "two"]}}))
            .output("x".repeat(round * 40))
            .send();
        turn.output("done").finish().unwrap();
        bento::flush(Duration::from_secs(20)).unwrap();
    }
    drop(bento);
    let bodies = seen.lock().unwrap().clone();
    assert!(bodies.len() >= 6, "each round is a body");
    bodies
}
