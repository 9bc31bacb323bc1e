//! A small run with everything set that has a column, sent through the SDK and read back.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::remote::Remote;
use super::columns::{
    ATTRIBUTES, COST, Column, INPUT, INPUT_TOKENS, KIND, MODEL, NAME, OUTPUT, OUTPUT_TOKENS, PROVIDER,
    SESSION, TAGS, TRIGGER, USER, VERSION,
};
use super::report::{Check, Found, Probe};
use crate::client::{Client, FetchError};

/// By this name a probe is told from a run of the user.
pub(super) const PROBE: &str = "bento_doctor";

/// How long the backend may take to accept the probe, and then to show it.
const DEADLINE: Duration = Duration::from_secs(10);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

const MODEL_NAME: &str = "gpt-4o";
const VERSION_NAME: &str = env!("CARGO_PKG_VERSION");
const SPANS: usize = 3;

/// Sends the probe and looks at what became of its columns.
pub(super) fn send(remote: &Remote, client: &Client) -> Check<(Probe, String)> {
    let started = Instant::now();
    let trace_id = {
        let _bento = remote.backend.sdk(|sdk| sdk.service_version(VERSION_NAME))?;
        let trace_id = emit();
        bento::flush(DEADLINE).map_err(|error| error.to_string())?;
        trace_id
    };
    let (run, spans) = read_back(client, &trace_id)?;
    let elsewhere = run["workspace_id"].as_str().filter(|landed| *landed != remote.workspace());
    let place =
        elsewhere.map(|landed| format!(", in the workspace of the key: {landed}")).unwrap_or_default();
    let took = started.elapsed().as_millis();
    let detail = format!("{SPANS} spans were sent and read back in {took} ms{place}");
    Ok((Probe { columns: columns(&run, &spans), trace_id }, detail))
}

/// An agent that asks a model and calls a tool.
fn emit() -> String {
    let run = bento::begin(PROBE)
        .kind("agent")
        .user_id("bento-doctor")
        .convo_id("bento-doctor")
        .tags(["bento-doctor"])
        .input("Does everything arrive?")
        .property("bento.doctor", true)
        .property("bento.trigger", "test")
        .start();
    bento::track_ai("model_call")
        .model(MODEL_NAME)
        .provider("openai")
        .input("Does everything arrive?")
        .output("Ask the tool.")
        .tokens(12, 7)
        .property("bento.doctor", true)
        .send();
    bento::tool_span("tool_call")
        .input(json!({"question": "?"}))
        .output("It does.")
        .property("bento.doctor", true)
        .send();
    run.output("It does.");
    run.trace_id().to_string()
}

/// The run's row and its spans, as soon as all of them are there.
fn read_back(client: &Client, trace_id: &str) -> Check<(Value, Vec<Value>)> {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let found = match client.body(trace_id, left) {
            Ok(body) => {
                let mut body: Value = body.json()?;
                let Value::Array(spans) = body["spans"].take() else {
                    return Err("its answer holds no spans".to_owned().into());
                };
                Some((body["trace"].take(), spans))
            }
            Err(FetchError::Refused { status: 404, .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let count = found.as_ref().map_or(0, |(_, spans)| spans.len());
        match found {
            Some(found) if count >= SPANS => return Ok(found),
            _ if Instant::now() + PAUSE > deadline => {
                let seconds = DEADLINE.as_secs();
                return Err(format!(
                    "the backend took {SPANS} spans, but {seconds} s later it shows {count} of them in run {trace_id}"
                )
                .into());
            }
            _ => thread::sleep(PAUSE),
        }
    }
}

fn columns(run: &Value, spans: &[Value]) -> Vec<Found> {
    let span = |name: &str| spans.iter().find(|span| span["name"] == name).unwrap_or(&Value::Null);
    let (model, tool) = (span("model_call"), span("tool_call"));
    let mut columns = vec![
        compared(&NAME, &run["name"], &json!(PROBE)),
        compared(&USER, &run["user_id"], &json!("bento-doctor")),
        compared(&SESSION, &run["session_id"], &json!("bento-doctor")),
        compared(&TAGS, &run["tags"], &json!(["bento-doctor"])),
        compared(&VERSION, &run["version"], &json!(VERSION_NAME)),
        compared(&TRIGGER, &run["trigger"], &json!("test")),
        compared(&KIND, &tool["kind"], &json!("tool")),
        compared(&MODEL, &model["model"], &json!(MODEL_NAME)),
        compared(&PROVIDER, &model["provider"], &json!("openai")),
        compared(&INPUT_TOKENS, &model["input_tokens"], &json!(12)),
        compared(&OUTPUT_TOKENS, &model["output_tokens"], &json!(7)),
        compared(&INPUT, &tool["input"], &json!(r#"{"question":"?"}"#)),
        compared(&OUTPUT, &tool["output"], &json!("It does.")),
        compared(&ATTRIBUTES, &tool["attributes"]["bento.doctor"], &json!(true)),
    ];
    let cost = model["cost"].as_f64();
    columns.push(Found {
        column: COST.name,
        filled: cost.is_some(),
        why: cost.is_none().then(|| {
            format!(
                "the backend knows no price for {MODEL_NAME}; `bento serve --prices FILE` gives it a list"
            )
        }),
        must_be: false,
    });
    columns
}

fn compared(column: &Column, found: &Value, sent: &Value) -> Found {
    let why = if found == sent {
        None
    } else if found.is_null() {
        Some(format!("it was sent as `{}`, and the backend has not kept it", column.attribute))
    } else {
        Some(format!("{sent} was sent as `{}`, and the backend shows {found}", column.attribute))
    };
    Found { column: column.name, filled: why.is_none(), why, must_be: true }
}
