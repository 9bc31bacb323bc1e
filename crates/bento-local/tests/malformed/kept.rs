//! What should be in the store, and whether it is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::request::get;

/// By trace and span; the first of an id stays, but for one that is pending.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    runs: BTreeMap<String, BTreeMap<String, Value>>,
    /// Traces of which nobody can say what should be there.
    open: BTreeSet<String>,
}

impl Kept {
    pub(crate) fn add(&mut self, span: &Value) {
        let [trace, id] = ["trace_id", "span_id"].map(|key| span[key].as_str().unwrap().to_owned());
        let spans = self.runs.entry(trace).or_default();
        if spans.get(&id).is_none_or(|before| makes_way(before, span)) {
            spans.insert(id, span.clone());
        }
    }

    /// Every id that the body may mean.
    pub(crate) fn give_up_on(&mut self, body: &[u8]) {
        let is_hex = |word: &&[u8]| word.len() >= 32 && word.iter().all(u8::is_ascii_hexdigit);
        let words = body.split(|byte| !byte.is_ascii_alphanumeric()).filter(is_hex);
        self.open.extend(words.map(|word| String::from_utf8_lossy(word).to_lowercase()));
    }

    /// Of a run that both have, nobody can say which span was the first.
    pub(crate) fn extend(&mut self, other: Self) {
        for (run, spans) in other.runs {
            if self.runs.insert(run.clone(), spans).is_some() {
                self.open.insert(run);
            }
        }
        self.open.extend(other.open);
    }

    /// Reads everything back: no run too many, no span missing or too many, every column as it was sent. Gives how many
    /// spans were compared, and in how many runs the rules left something open.
    pub(crate) fn compare(&self, agent: &ureq::Agent, url: &str) -> (usize, usize) {
        let mut stored = BTreeSet::new();
        let first = format!("{url}/workspaces/local/traces?limit=1000");
        let mut next = Some(first.clone());
        while let Some(page) = next {
            let answer = get(agent, &page);
            assert_eq!(answer.status, 200, "{answer:?}");
            stored.extend(
                answer.body["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|run| run["id"].as_str().unwrap().to_owned()),
            );
            next = answer.body["next_cursor"].as_str().map(|cursor| format!("{first}&cursor={cursor}"));
        }
        let surplus: Vec<_> =
            stored.iter().filter(|run| !self.runs.contains_key(*run) && !self.open.contains(*run)).collect();
        assert!(surplus.is_empty(), "nothing stays of what was refused: {surplus:?}");
        let mut compared = 0;
        for (run, spans) in self.runs.iter().filter(|(run, _)| !self.open.contains(*run)) {
            let answer = get(agent, &format!("{url}/traces/{run}/body"));
            assert_eq!(answer.status, 200, "{run}: {answer:?}");
            let found: BTreeMap<_, _> =
                answer.body["spans"].as_array().unwrap().iter().map(columns).collect();
            assert_eq!(answer.body["trace"]["span_count"], json!(spans.len()), "{run}");
            assert_eq!(found.keys().collect::<Vec<_>>(), spans.keys().collect::<Vec<_>>(), "{run}");
            for (id, span) in spans {
                let mut found = found[id].clone();
                if span["kind"].is_null() {
                    // What nobody said is assumed.
                    found["kind"] = Value::Null;
                }
                assert_eq!(found, *span, "{run} {id}");
            }
            roll_up(&answer.body["trace"], spans.values());
            compared += spans.len();
        }
        (compared, self.open.intersection(&stored).count())
    }
}

/// Whether a form of a span is replaced by another one that comes later.
fn makes_way(before: &Value, span: &Value) -> bool {
    let end = |span: &Value| span["end"].as_str().unwrap().parse::<u64>().unwrap();
    before["status"] == "PENDING" && (span["status"] != "PENDING" || end(span) > end(before))
}

/// The columns of a stored span in the form that the judge gives them, its times in nanoseconds.
fn columns(span: &Value) -> (String, Value) {
    const SAME: [&str; 17] = [
        "trace_id",
        "span_id",
        "parent_id",
        "name",
        "status",
        "status_message",
        "service_name",
        "service_version",
        "kind",
        "model",
        "provider",
        "input",
        "output",
        "user_id",
        "session_id",
        "tags",
        "attributes",
    ];
    let mut columns: serde_json::Map<_, _> =
        SAME.into_iter().map(|key| (key.to_owned(), span[key].clone())).collect();
    for key in ["input_tokens", "output_tokens"] {
        columns.insert(key.to_owned(), span[key].clone());
    }
    columns.insert("start".to_owned(), nanos(&span["start_time"]).into());
    columns.insert("end".to_owned(), nanos(&span["end_time"]).into());
    let events = span["events"].as_array().unwrap().iter();
    let events = events.map(|event| json!({"time": nanos(&event["time"]), "name": event["name"], "attributes": event["attributes"]}));
    columns.insert("events".to_owned(), events.collect());
    (span["span_id"].as_str().unwrap().to_owned(), columns.into())
}

fn nanos(time: &Value) -> String {
    let moment: jiff::Timestamp = time.as_str().unwrap().parse().unwrap();
    moment.as_nanosecond().to_string()
}

/// The run's sums are those of its spans.
fn roll_up<'a>(run: &Value, spans: impl Iterator<Item = &'a Value> + Clone) {
    let ended = spans.clone().filter(|span| span["status"] != "PENDING");
    let errors = spans.clone().filter(|span| span["status"] == "ERROR").count();
    assert_eq!(run["error_count"], json!(errors), "{run}");
    for key in ["input_tokens", "output_tokens"] {
        let sum = ended.clone().filter_map(|span| span[key].as_u64()).fold(0, u64::saturating_add);
        // A database has signed integers.
        assert_eq!(run[key], json!(sum.min(i64::MAX as u64)), "{run}");
    }
    let models: BTreeSet<_> = spans.filter_map(|span| span["model"].as_str()).collect();
    let found: BTreeSet<_> =
        run["models"].as_array().unwrap().iter().map(|model| model.as_str().unwrap()).collect();
    assert_eq!(found, models, "{run}");
}
