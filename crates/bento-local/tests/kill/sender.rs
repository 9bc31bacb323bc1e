//! One who sends bodies as fast as they are answered, over one connection, and writes down what became of each.

use fastrand::Rng;
use serde_json::{Value, json};

use crate::agent::agent;
use crate::ledger::{Body, Ledger, Sent};

/// Runs that go on at one time.
const OPEN: usize = 6;

const MODELS: [&str; 3] = ["gpt-4o", "claude-sonnet-4-5", "o1"];
const START: u64 = 1_700_000_000_000_000_000;

#[derive(Debug)]
pub(crate) struct Sender {
    rng: Rng,
    /// The runs that go on, and their first spans.
    open: Vec<(String, String)>,
    pub(crate) ledger: Ledger,
}

impl Sender {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rng: Rng::with_seed(seed), open: Vec::new(), ledger: Ledger::default() }
    }

    /// Sends until there is nobody any more. Half of what was not answered the last time is sent again at first, as an SDK
    /// would do.
    pub(crate) fn send_until_it_fails(&mut self, url: &str) {
        let agent = agent();
        let post = |body: &Body| -> Option<()> {
            let json = json!({"resourceSpans": [{"scopeSpans": [{"spans": body.spans.iter().map(json).collect::<Vec<_>>()}]}]});
            let request = agent.post(format!("{url}/v1/traces")).header("authorization", "Bearer bl_pk_test");
            let response = request.header("content-type", "application/json").send(json.to_string());
            let mut response = response.ok()?;
            let answer = response.body_mut().read_to_string().ok()?;
            assert_eq!((response.status().as_u16(), answer.as_str()), (200, "{}"));
            Some(())
        };
        for body in self.ledger.bodies.iter_mut().filter(|body| !body.is_acknowledged && !body.is_old) {
            body.is_old = true;
            if self.rng.bool() {
                let Some(()) = post(body) else { return };
                body.is_acknowledged = true;
            }
        }
        loop {
            let mut body = self.next();
            let answered = post(&body).is_some();
            body.is_acknowledged = answered;
            self.ledger.bodies.push(body);
            if !answered {
                return;
            }
        }
    }

    /// Some spans of some runs; a run goes on over several bodies.
    fn next(&mut self) -> Body {
        let mut spans = Vec::new();
        for _ in 0..self.rng.usize(1..=4) {
            if self.open.len() < OPEN {
                let trace = format!("{:032x}", self.rng.u128(1..));
                let root = self.span(&trace, None);
                self.open.push((trace, root.span.clone()));
                spans.push(root);
            }
            let at = self.rng.usize(..self.open.len());
            let (trace, root) = self.open[at].clone();
            for _ in 0..self.rng.usize(..6) {
                spans.push(self.span(&trace, Some(&root)));
            }
            if self.rng.u8(..3) == 0 {
                self.open.swap_remove(at);
            }
        }
        Body { spans, is_acknowledged: false, is_old: false }
    }

    fn span(&mut self, trace: &str, parent: Option<&str>) -> Sent {
        let start = START + self.rng.u64(..1_000_000_000_000);
        Sent {
            trace: trace.to_owned(),
            span: format!("{:016x}", self.rng.u64(1..)),
            parent: parent.map(str::to_owned),
            start,
            end: start + self.rng.u64(..1_000_000_000),
            tokens: self.rng.u64(..10_000),
            model: MODELS[self.rng.usize(..MODELS.len())],
            is_error: self.rng.u8(..8) == 0,
        }
    }
}

fn json(span: &Sent) -> Value {
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    json!({
        "traceId": span.trace, "spanId": span.span, "parentSpanId": span.parent, "name": "step", "kind": 1,
        "startTimeUnixNano": span.start.to_string(), "endTimeUnixNano": span.end.to_string(),
        "status": {"code": if span.is_error { 2 } else { 0 }},
        "attributes": [
            text("gen_ai.request.model", span.model), text("input.value", &span.word()),
            {"key": "gen_ai.usage.input_tokens", "value": {"intValue": span.tokens.to_string()}},
        ],
    })
}
