//! What was sent, what was acknowledged, and whether the server still has it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::server::Server;

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) bodies: Vec<Body>,
}

#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) spans: Vec<Sent>,
    /// It was answered with 200.
    pub(crate) is_acknowledged: bool,
    /// It was not, and is not sent again.
    pub(crate) is_old: bool,
}

/// A run, as it was sent: its spans, and whether each was acknowledged.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    id: &'a str,
    sent: Vec<(&'a Sent, bool)>,
}

#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) trace: String,
    pub(crate) span: String,
    pub(crate) parent: Option<String>,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) tokens: u64,
    pub(crate) model: &'static str,
    pub(crate) is_error: bool,
}

impl Sent {
    /// Its input: a word that no other run has.
    pub(crate) fn word(&self) -> String {
        format!("word{}", &self.trace[16..])
    }
}

impl Ledger {
    /// Everything that was sent, by run.
    pub(crate) fn runs(&self) -> Vec<Run<'_>> {
        let mut runs = BTreeMap::<_, Vec<_>>::new();
        for body in &self.bodies {
            for span in &body.spans {
                runs.entry(span.trace.as_str()).or_default().push((span, body.is_acknowledged));
            }
        }
        runs.into_iter().map(|(id, sent)| Run { id, sent }).collect()
    }

    /// How many spans were acknowledged.
    pub(crate) fn acknowledged(&self) -> usize {
        self.bodies.iter().filter(|body| body.is_acknowledged).map(|body| body.spans.len()).sum()
    }

    /// A body that nobody answered is there as a whole or not at all. Gives how many such spans are there.
    pub(crate) fn check_bodies(&self, server: &Server) -> usize {
        let mut kept = 0;
        for body in self.bodies.iter().filter(|body| !body.is_acknowledged) {
            let is_there = |span: &&Sent| {
                let stored = server.get(&format!("/traces/{}/spans?limit=10000", span.trace));
                let rows = stored.as_ref().and_then(|page| page["items"].as_array());
                rows.is_some_and(|rows| rows.iter().any(|row| row["span_id"] == *span.span))
            };
            let there = body.spans.iter().filter(is_there).count();
            assert!(there == 0 || there == body.spans.len(), "{there} spans are there of {body:?}");
            kept += there;
        }
        kept
    }
}

impl Run<'_> {
    /// Every acknowledged span of the run is there, each once and as it was sent; nothing is there that was not sent; the
    /// sums are those of its spans; and the search finds it.
    pub(crate) fn check(&self, server: &Server) {
        let Some((last, _)) = self.sent.iter().rfind(|(_, is_acknowledged)| *is_acknowledged) else { return };
        let whole = server.get(&format!("/traces/{}/body", self.id));
        let whole = whole.unwrap_or_else(|| unreachable!("the run {} is lost", self.id));
        let mut found = BTreeMap::new();
        for row in whole["spans"].as_array().unwrap() {
            let id = row["span_id"].as_str().unwrap();
            assert!(found.insert(id, row).is_none(), "{} {id} is there twice", self.id);
        }
        let mut stored = Vec::new();
        for (span, is_acknowledged) in &self.sent {
            match found.remove(span.span.as_str()) {
                Some(row) => {
                    assert_eq!(columns(row), span.columns(), "{} {}", self.id, span.span);
                    stored.push(*span);
                }
                None => assert!(!is_acknowledged, "{} {} was acknowledged and is lost", self.id, span.span),
            }
        }
        assert!(found.is_empty(), "{}: nobody sent {found:?}", self.id);
        assert_eq!(sums(&whole["trace"]), expected_sums(&stored), "{}", self.id);

        let page = server.get(&format!("/workspaces/local/traces?q={}", last.word())).unwrap();
        let ids: Vec<_> =
            page["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
        assert_eq!(ids, [self.id], "the search finds it");
        let span = server.get(&format!("/spans/{}", last.span)).unwrap_or_default();
        assert_eq!(columns(&span), last.columns(), "{} {} by its id", self.id, last.span);
    }
}

impl Sent {
    fn columns(&self) -> Value {
        json!([
            self.trace,
            self.parent,
            time(self.start),
            time(self.end),
            self.tokens,
            self.model,
            self.word(),
            if self.is_error { "ERROR" } else { "UNSET" },
        ])
    }
}

fn columns(row: &Value) -> Value {
    ["trace_id", "parent_id", "start_time", "end_time", "input_tokens", "model", "input", "status"]
        .map(|key| row[key].clone())
        .to_vec()
        .into()
}

fn sums(run: &Value) -> Value {
    let models: BTreeSet<_> =
        run["models"].as_array().unwrap().iter().map(|model| model.as_str().unwrap()).collect();
    let keys = [
        "span_count",
        "error_count",
        "input_tokens",
        "output_tokens",
        "total_tokens",
        "start_time",
        "end_time",
        "status",
        "state",
    ];
    let mut sums = keys.map(|key| run[key].clone()).to_vec();
    sums.push(json!(models));
    sums.into()
}

fn expected_sums(spans: &[&Sent]) -> Value {
    let errors = spans.iter().filter(|span| span.is_error).count();
    let tokens: u64 = spans.iter().map(|span| span.tokens).sum();
    let start = spans.iter().map(|span| span.start).min().unwrap();
    let end = spans.iter().map(|span| span.end).max().unwrap();
    let models: BTreeSet<_> = spans.iter().map(|span| span.model).collect();
    let has_root = spans.iter().any(|span| span.parent.is_none());
    let status = if errors > 0 { "error" } else { "ok" };
    let state = match (has_root, errors) {
        (false, _) => "running",
        (true, 0) => "completed",
        (true, _) => "failed",
    };
    json!([spans.len(), errors, tokens, 0, tokens, time(start), time(end), status, state, models])
}

fn time(nanos: u64) -> String {
    format!("{:.9}", jiff::Timestamp::from_nanosecond(nanos.into()).unwrap())
}
