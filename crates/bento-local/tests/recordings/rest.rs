//! A run, read over every path of the REST interface, against what the file says.

use std::time::Duration;

use serde_json::{Value, json};

use crate::expected::{Recorded, Step};

#[derive(Debug)]
pub(crate) struct Rest {
    agent: ureq::Agent,
    url: String,
}

impl Rest {
    pub(crate) fn new(url: &str) -> Self {
        let deadline = Some(Duration::from_secs(20));
        let agent = ureq::Agent::config_builder().proxy(None).timeout_global(deadline).build().into();
        Self { agent, url: url.to_owned() }
    }

    fn get(&self, path: &str) -> Value {
        let mut answer = self.agent.get(format!("{}{path}", self.url)).call().unwrap();
        serde_json::from_slice(&answer.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap())
            .unwrap()
    }

    /// All rows of a list, page by page.
    pub(crate) fn pages(&self, path: &str, parameter: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut next = path.to_owned();
        loop {
            let page = self.get(&next);
            rows.extend(page["items"].as_array().unwrap().iter().cloned());
            let Some(cursor) = page["next_cursor"].as_str() else { return rows };
            next = format!("{path}&{parameter}={cursor}");
        }
    }

    pub(crate) fn check(&self, row: &Value, run: &Recorded) {
        let id = row["id"].as_str().unwrap();
        assert_eq!(self.get(&format!("/traces/{id}")), *row, "the list shows what the run shows");
        check_roll_up(row, run);

        let whole = self.get(&format!("/traces/{id}/body"));
        assert_eq!(whole["trace"], *row);
        let spans = whole["spans"].as_array().unwrap();
        let (roots, others): (Vec<_>, Vec<_>) = spans.iter().partition(|span| span["parent_id"].is_null());
        let [root] = roots[..] else { unreachable!("{id} has {} roots", roots.len()) };
        assert_eq!((&root["name"], &root["kind"]), (&json!(run.name), &json!("agent")));
        assert_eq!(
            (&root["input"], &root["output"]),
            (&json!(run.input), &json!(run.output)),
            "{}",
            run.session
        );
        assert!(
            others.iter().all(|span| span["parent_id"] == root["span_id"]),
            "all of it happened within the run"
        );
        let mut found: Vec<_> = others.iter().map(|span| step(span)).collect();
        let turns = |steps: &[Step]| {
            steps.iter().filter(|step| step.kind == "llm").map(|step| step.input.clone()).collect::<Vec<_>>()
        };
        assert_eq!(turns(&found), turns(&run.steps), "{}: one turn after the other", run.session);
        let mut expected = run.steps.clone();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{}", run.session);

        let listed = self.pages(&format!("/traces/{id}/spans?limit=5"), "after_id");
        assert_eq!(listed.len(), spans.len());
        for (listed, span) in listed.iter().zip(spans) {
            assert_eq!(self.get(&format!("/spans/{}", span["id"].as_str().unwrap())), *span);
            let columns = listed.as_object().unwrap();
            assert!(
                columns.iter().all(|(column, value)| span[column] == *value),
                "{listed} is a part of {span}"
            );
        }
        let failed = self.pages(&format!("/traces/{id}/spans?limit=5&status=ERROR"), "after_id");
        assert_eq!(json!(failed.len()), row["error_count"]);

        let tree = bento_local::client::fetch_run(&self.url, id).unwrap().tree().to_string();
        let (first, branches) = tree.split_once('\n').unwrap_or((&tree, ""));
        assert!(first.starts_with(run.name), "{tree}");
        let is_branch = |line: &str| line.starts_with("├─ ") || line.starts_with("└─ ");
        assert_eq!(branches.lines().filter(|line| is_branch(line)).count(), run.steps.len(), "{tree}");
    }

    /// Every run with every span, but for what differs from one replay to the next: ids, times, and the order of what
    /// happened at the same time.
    pub(crate) fn essence(&self) -> Vec<String> {
        const DIFFERS: [&str; 8] = [
            "id",
            "trace_id",
            "span_id",
            "start_time",
            "end_time",
            "duration_ms",
            "time",
            "gen_ai.response.time_to_first_chunk",
        ];
        let without = |value: &Value| {
            let mut object = value.as_object().unwrap().clone();
            object.retain(|key, _| !DIFFERS.contains(&key.as_str()));
            object
        };
        let mut runs: Vec<String> = Vec::new();
        for row in self.pages("/workspaces/local/traces?limit=100", "cursor") {
            let whole = self.get(&format!("/traces/{}/body", row["id"].as_str().unwrap()));
            let root = whole["spans"].as_array().unwrap().iter().find(|span| span["parent_id"].is_null());
            let root = root.unwrap()["span_id"].clone();
            let mut spans: Vec<String> = Vec::new();
            for span in whole["spans"].as_array().unwrap() {
                let mut span = without(span);
                span["attributes"] = without(&span["attributes"]).into();
                span["events"] = span["events"].as_array().unwrap().iter().map(without).collect();
                span["parent_id"] = json!(span["parent_id"] == root);
                spans.push(Value::from(span).to_string());
            }
            spans.sort_unstable();
            runs.push(format!("{} {spans:?}", Value::from(without(&row))));
        }
        runs.sort_unstable();
        runs
    }

    /// What all runs add up to.
    pub(crate) fn check_sums(&self, runs: &[Recorded]) {
        let everything = "start=2000-01-01T00:00:00Z&end=2200-01-01T00:00:00Z";
        let summary = self.get(&format!("/workspaces/local/traces/summary?{everything}"));
        let failed = |run: &&Recorded| run.steps.iter().any(|step| step.error.is_some());
        let expected = [
            ("trace_count", runs.len()),
            ("error_count", runs.iter().filter(failed).count()),
            ("span_count", runs.iter().map(|run| run.steps.len() + 1).sum()),
            ("running_count", 0),
        ];
        for (column, value) in expected {
            assert_eq!(summary[column], json!(value), "{column}: {summary}");
        }
        let tokens: u64 = runs.iter().map(|run| run.tokens.0 + run.tokens.1).sum();
        assert_eq!(summary["total_tokens"], json!(tokens));
        for tag in ["tau-bench", "swe-agent"] {
            let tagged = self.pages(&format!("/workspaces/local/traces?limit=1000&tag={tag}"), "cursor");
            assert_eq!(tagged.len(), runs.iter().filter(|run| run.tag == tag).count(), "{tag}");
        }
    }
}

fn check_roll_up(row: &Value, run: &Recorded) {
    let errors = run.steps.iter().filter(|step| step.error.is_some()).count();
    let expected = json!({
        "name": run.name, "session_id": run.session, "user_id": run.user, "tags": [run.tag], "models": run.models,
        "span_count": run.steps.len() + 1, "error_count": errors, "status": if errors > 0 { "error" } else { "ok" },
        "state": if errors > 0 { "failed" } else { "completed" }, "input_tokens": run.tokens.0, "output_tokens": run.tokens.1,
        "total_tokens": run.tokens.0 + run.tokens.1,
    });
    for (column, value) in expected.as_object().unwrap() {
        assert_eq!(row[column], *value, "{column} of {}", run.session);
    }
}

fn step(span: &Value) -> Step {
    let text = |key: &str| span[key].as_str().map(str::to_owned);
    let error = (span["status"] == "ERROR").then(|| text("status_message").unwrap_or_default());
    Step {
        kind: text("kind").unwrap(),
        name: text("name").unwrap(),
        input: text("input"),
        output: text("output"),
        error,
    }
}
