//! What is empty in the user's own runs.

use std::time::{Duration, Instant};

use serde::Deserialize;

use super::super::ask::path;
use super::columns::{
    COST, Column, INPUT, INPUT_TOKENS, MODEL, OUTPUT, OUTPUT_TOKENS, Of, PROVIDER, Presence, RunRow, SESSION,
    SpanRow, TAGS, TRIGGER, USER, VERSION,
};
use super::probe::PROBE;
use super::report::{Check, Gap, Recent};
use crate::client::Client;

/// How many runs are looked at, and out of how many rows they are picked.
const RUNS: usize = 50;
const ROWS: usize = 200;

/// How long all of that may take. What is not read by then is not counted.
const DEADLINE: Duration = Duration::from_secs(20);

/// A column and where it stands in a row.
type In<R> = (&'static Column, fn(&R) -> Presence);

const OF_RUNS: [In<RunRow>; 5] = [
    (&USER, |run| run.user_id),
    (&SESSION, |run| run.session_id),
    (&TAGS, |run| run.tags),
    (&VERSION, |run| run.version),
    (&TRIGGER, |run| run.trigger),
];

const OF_SPANS: [In<SpanRow>; 7] = [
    (&MODEL, |span| span.model),
    (&PROVIDER, |span| span.provider),
    (&INPUT_TOKENS, |span| span.input_tokens),
    (&OUTPUT_TOKENS, |span| span.output_tokens),
    (&COST, |span| span.cost),
    (&INPUT, |span| span.input),
    (&OUTPUT, |span| span.output),
];

#[derive(Deserialize)]
struct Page {
    items: Vec<RunRow>,
}

#[derive(Deserialize)]
struct Body {
    spans: Vec<SpanRow>,
}

/// Looks at the runs that started last and are no probes.
pub(super) fn look(client: &Client, workspace: &str) -> Check<(Recent, String)> {
    let deadline = Instant::now() + DEADLINE;
    let path = path(&["workspaces", workspace, "traces"]);
    let Page { items } = client.get(&path, &[("limit", ROWS.to_string())], DEADLINE)?.json()?;
    let runs: Vec<_> = items.into_iter().filter(|run| run.name != PROBE).take(RUNS).collect();
    let mut spans = Vec::new();
    for run in &runs {
        let left = deadline.saturating_duration_since(Instant::now());
        // A run that has gone meanwhile, or that there is no time left for, is no fault.
        let Ok(body) = client.body(&run.trace_id, left) else { continue };
        let (body, _) = body.reader();
        let body: serde_json::Result<Body> = serde_json::from_reader(std::io::BufReader::new(body));
        spans.extend(body.into_iter().flat_map(|body| body.spans));
    }
    let detail = format!("{} runs and {} spans were looked at", runs.len(), spans.len());
    let of_runs = OF_RUNS.iter().filter_map(|(column, value)| empty(column, runs.iter().map(value)));
    let of_spans = OF_SPANS.iter().filter_map(|(column, value)| {
        let has_it = |span: &&SpanRow| column.of == Of::Spans || span.kind == "llm";
        empty(column, spans.iter().filter(has_it).map(value))
    });
    let empty = of_runs.chain(of_spans).collect();
    Ok((Recent { runs: runs.len(), empty }, detail))
}

fn empty(column: &'static Column, values: impl Iterator<Item = Presence>) -> Option<Gap> {
    let (mut empty, mut of) = (0, 0);
    for Presence(is_there) in values {
        of += 1;
        empty += usize::from(!is_there);
    }
    (empty > 0).then_some(Gap { column, empty, of })
}
