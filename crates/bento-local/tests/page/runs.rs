//! Runs that are looked at, and the way in which they get to the server.

use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

use bento_local::Server;
use serde_json::{Value, json};

const MS: i64 = 1_000_000;

/// A server with its runs, which began a minute before it did.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) server: Server,
    agent: ureq::Agent,
    /// In nanoseconds since the epoch.
    began: i64,
    key: &'static str,
}

impl Backend {
    pub(crate) fn start() -> Self {
        Self::of(bento_local::Config::default(), "bl_pk_test")
    }

    /// A server that is told more than usual; `key` is what is shown to it.
    pub(crate) fn of(config: bento_local::Config, key: &'static str) -> Self {
        let server = Server::start(config).unwrap();
        Self { server, agent: crate::agent::agent(), began: nanos() - 60_000 * MS, key }
    }

    /// An address of the page.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.server.url())
    }

    /// Sends steps of the run with that number.
    pub(crate) fn send(&self, run: u64, steps: impl IntoIterator<Item = Step>) {
        self.send_all(steps.into_iter().map(|step| (run, step)));
    }

    /// Sends steps of several runs at once.
    pub(crate) fn send_all(&self, steps: impl IntoIterator<Item = (u64, Step)>) {
        let spans: Vec<_> = steps.into_iter().map(|(run, step)| self.span(run, step)).collect();
        self.post(&json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).to_string());
    }

    fn post(&self, body: &str) {
        let request = self.agent.post(self.at("/v1/traces")).content_type("application/json");
        let request = request.header("authorization", format!("Bearer {}", self.key));
        let mut answer = request.send(body).unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap().as_str()),
            (200, "{}")
        );
    }

    fn span(&self, run: u64, Step { mut span, at }: Step) -> Value {
        span["traceId"] = trace(run).into();
        span["startTimeUnixNano"] = (self.began + at.start * MS).to_string().into();
        span["endTimeUnixNano"] = (self.began + at.end * MS).to_string().into();
        span
    }

    /// Milliseconds since the time that steps count from.
    pub(crate) fn now(&self) -> i64 {
        (nanos() - self.began) / MS
    }

    /// What the REST API says.
    pub(crate) fn ask(&self, path: &str) -> Value {
        let request = self.agent.get(self.at(path)).header("authorization", format!("Bearer {}", self.key));
        let mut answer = request.call().unwrap();
        serde_json::from_slice(&answer.body_mut().read_to_vec().unwrap()).unwrap()
    }
}

/// Now, since the epoch.
fn nanos() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_nanos()).unwrap()
}

/// The id of the run with that number, whose beginning tells it from the others.
pub(crate) fn trace(run: u64) -> String {
    format!("{run:08x}f{run:023x}")
}

/// The id of the step with that number, which is the same in every run.
pub(crate) fn id(step: u64) -> String {
    format!("{step:016x}")
}

/// A step of a run; its times are milliseconds from when the backend's runs began.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    span: Value,
    at: Range<i64>,
}

impl Step {
    /// A step below the step `parent`, 0 for none.
    pub(crate) fn new(number: u64, parent: u64, kind: &str, name: &str, at: Range<i64>) -> Self {
        let mut span = json!({"spanId": id(number), "name": name, "kind": 1, "attributes": []});
        if parent != 0 {
            span["parentSpanId"] = id(parent).into();
        }
        Self { span, at }.with("openinference.span.kind", kind)
    }

    pub(crate) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        let attribute = json!({"key": key, "value": any(&value.into())});
        self.span["attributes"].as_array_mut().unwrap().push(attribute);
        self
    }

    pub(crate) fn input(self, text: &str) -> Self {
        self.with("input.value", text)
    }

    pub(crate) fn output(self, text: &str) -> Self {
        self.with("output.value", text)
    }

    pub(crate) fn model(self, name: &str, tokens: (u64, u64)) -> Self {
        let step = self.with("gen_ai.request.model", name).with("gen_ai.system", "openai");
        step.with("gen_ai.usage.input_tokens", tokens.0).with("gen_ai.usage.output_tokens", tokens.1)
    }

    pub(crate) fn user(self, user: &str) -> Self {
        self.with("gen_ai.user.id", user)
    }

    /// Not over yet.
    pub(crate) fn pending(self) -> Self {
        self.with("bento.pending", true)
    }

    pub(crate) fn cancelled(self) -> Self {
        self.with("bento.cancelled", true)
    }

    pub(crate) fn failed(mut self, message: &str) -> Self {
        self.span["status"] = json!({"code": 2, "message": message});
        let attributes = json!([{"key": "exception.message", "value": {"stringValue": message}}]);
        self.span["events"] =
            json!([{"name": "exception", "timeUnixNano": nanos().to_string(), "attributes": attributes}]);
        self
    }
}

fn any(value: &Value) -> Value {
    match value {
        Value::Array(items) => json!({"arrayValue": {"values": items.iter().map(any).collect::<Vec<_>>()}}),
        Value::Bool(_) => json!({"boolValue": value}),
        Value::Number(number) => json!({"intValue": number.to_string()}),
        other => json!({"stringValue": other}),
    }
}

/// A turn that went well: 0.9 s, one model, one tool, 120 and 30 tokens.
pub(crate) fn turn(name: &str, at: i64) -> Vec<Step> {
    vec![
        Step::new(1, 0, "agent", name, at..at + 900).user("u42").input("Where to?").output("Lisbon"),
        Step::new(2, 1, "llm", "plan", at + 10..at + 400).model("gpt-4o", (120, 30)).output("Look it up."),
        Step::new(3, 1, "tool", "weather", at + 410..at + 600)
            .input(r#"{"city":"Lisbon","days":[1,2,3]}"#)
            .output(r#"{"sky":"clear"}"#),
    ]
}

/// A turn in which an agent's agent's tool failed.
pub(crate) fn failed_turn(name: &str, at: i64) -> Vec<Step> {
    vec![
        Step::new(1, 0, "agent", name, at..at + 2_000).user("u7").input("And flights?").output("Sorry."),
        Step::new(2, 1, "llm", "plan", at + 10..at + 300).model("gpt-4o", (200, 40)).output("Ask."),
        Step::new(3, 1, "agent", "researcher", at + 310..at + 1_500).input("flights to Lisbon"),
        Step::new(4, 3, "llm", "think", at + 320..at + 700)
            .model("claude-sonnet-4-5", (900, 20))
            .output("Hm."),
        Step::new(5, 3, "agent", "booker", at + 710..at + 1_400).input("book"),
        Step::new(6, 5, "tool", "flights", at + 720..at + 1_300)
            .input(r#"{"to":"LIS"}"#)
            .failed("timeout: upstream did not answer"),
        Step::new(7, 1, "llm", "answer", at + 1_510..at + 1_990).model("gpt-4o", (300, 60)).output("Sorry."),
    ]
}

/// A run of that many steps, a millisecond each: a root, and below it an agent every hundred steps, with the others inside.
pub(crate) fn marathon(steps: u64) -> Vec<Step> {
    let root = Step::new(1, 0, "agent", "marathon", 0..2 * i64::try_from(steps).unwrap());
    let inner = (2..=steps).map(|number| {
        let at = i64::try_from(number).unwrap();
        let parent = if number % 100 == 2 { 1 } else { (number - 2) / 100 * 100 + 2 };
        let kind = if parent == 1 { "agent" } else { "tool" };
        Step::new(number, parent, kind, &format!("step {number}"), at..at + 1)
    });
    std::iter::once(root).chain(inner).collect()
}

/// A run of a root and of three tools with a mebibyte of input each: 20,000 lines, JSON, and one line.
pub(crate) fn large() -> [Step; 4] {
    const SIZE: usize = 1 << 20;
    let line = |line| format!("line {line} of a story that is long, and that is not over yet");
    let lines = (0..20_000).map(line).collect::<Vec<_>>().join("\n");
    let item =
        |item| json!({"item": item, "words": "of a list that is long, and goes on", "tags": ["a", "b"]});
    let items: Vec<_> = (0..14_000).map(item).collect();
    let json = json!({"first": 1, "items": items}).to_string();
    assert!(lines.len() > SIZE && json.len() > SIZE, "{} {}", lines.len(), json.len());
    [
        Step::new(1, 0, "agent", "reader", 0..900),
        Step::new(2, 1, "tool", "text", 10..20).input(&lines),
        Step::new(3, 1, "tool", "json", 30..40).input(&json),
        Step::new(4, 1, "tool", "one line", 50..60).input(&"x".repeat(SIZE)),
    ]
}
