//! What the store promises, against sums that are made without it.

mod find;
mod keep;
mod live;

use std::collections::HashMap;
use std::error::Error;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::price::Usd;
use crate::store::{Detail, Direction, Position, Sort, SortBy, WORKSPACE, Window};
use crate::{Run, RunState, RunStatus, SpanStatus};

type Outcome = Result<(), Box<dyn Error>>;

fn trace(number: u64) -> Result<TraceId, crate::IdError> {
    format!("{number:032x}").parse()
}

fn span_id(number: u64) -> Result<SpanId, crate::IdError> {
    format!("{number:016x}").parse()
}

/// A step of run `run` that takes a second from `start` seconds on; parent 0 is none.
fn span(run: u64, id: u64, parent: u64, start: u64) -> Result<Span, crate::IdError> {
    let at = |seconds| Timestamp::from_unix_nanos((1_700_000_000 + seconds) * 1_000_000_000);
    Ok(Span {
        span_id: span_id(id)?,
        trace_id: trace(run)?,
        parent_id: if parent == 0 { None } else { Some(span_id(parent)?) },
        name: format!("step {id}"),
        kind: "llm".to_owned(),
        kind_said: false,
        status: SpanStatus::Unset,
        status_message: None,
        start_time: at(start),
        end_time: at(start + 1),
        model: None,
        provider: None,
        input: None,
        output: None,
        input_tokens: None,
        output_tokens: None,
        cost: None,
        user_id: None,
        session_id: None,
        tags: Vec::new(),
        service_name: None,
        service_version: None,
        attributes: crate::Attributes::new(),
        events: Vec::new(),
    })
}

fn memory() -> Result<Sqlite, OpenError> {
    Sqlite::open(Place::Memory)
}

/// Spans come when the last of them ends.
fn heard(spans: &[Span]) -> Timestamp {
    let ends = spans.iter().map(|span| span.end_time);
    ends.max().unwrap_or(Timestamp::from_unix_nanos(0))
}

fn keep(store: &dyn Store, spans: &[Span]) -> Result<usize, StoreError> {
    let mut batch = store.begin(heard(spans))?;
    let mut new = 0;
    for span in spans {
        new += usize::from(batch.add(WORKSPACE, span)?);
    }
    batch.commit()?;
    Ok(new)
}

fn whole(limit: usize) -> SpanQuery {
    SpanQuery::first(limit, Detail::Full)
}

fn found(store: &dyn Store, filter: Filter) -> Result<Vec<TraceId>, StoreError> {
    let query = RunQuery { filter, ..RunQuery::newest(WORKSPACE, 1_000) };
    Ok(store.runs(&query)?.items.into_iter().map(|run| run.trace_id).collect())
}

fn searched(store: &dyn Store, text: &str) -> Result<Vec<TraceId>, StoreError> {
    found(store, Filter { text: Some(text.to_owned()), ..Filter::default() })
}

fn any_span() -> impl Strategy<Value = Span> {
    let place = (1..4_u64, 1..20_u64, 0..6_u64, 0..9_u64);
    let model = prop_oneof![Just(None), "[ab]".prop_map(Some)];
    let marks = (0..8_u64, any::<bool>(), any::<bool>());
    let tokens = (any::<Option<u32>>(), any::<Option<u32>>());
    (place, model, marks, tokens).prop_filter_map("an id", |((run, id, parent, start), model, marks, tokens)| {
        let (luck, kind_said, cancelled) = marks;
        let mut span = span(run, id, parent, start).ok()?;
        span.status = if luck == 0 { SpanStatus::Error } else { SpanStatus::Ok };
        span.kind_said = kind_said;
        span.cost = model.is_some().then(|| Usd::from_picos(i64::from(tokens.0.unwrap_or(1))));
        span.model = model;
        (span.input_tokens, span.output_tokens) = (tokens.0.map(u64::from), tokens.1.map(u64::from));
        span.user_id = (luck == 1).then(|| "someone".to_owned());
        span.tags = if luck == 2 { vec!["one".to_owned(), "two".to_owned()] } else { Vec::new() };
        span.attributes = match json!({"bento.cancelled": cancelled, "bento.trigger": "test", "half": 0.5, "nul": "\u{0}"}) {
            serde_json::Value::Object(attributes) => attributes,
            _ => return None,
        };
        span.input = Some(format!("über{luck} a\u{0}b"));
        Some(span)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However spans are split into batches, put in order and repeated.
    #[test]
    fn a_run_is_the_sum_of_its_spans(batches in vec(vec(any_span(), 0..12), 1..8)) {
        let fail = |error: &dyn Error| TestCaseError::fail(error.to_string());
        let store = memory().map_err(|error| fail(&error))?;
        let mut first: HashMap<(TraceId, SpanId), Span> = HashMap::new();
        for batch in &batches {
            let mut new = 0;
            for span in batch {
                first.entry((span.trace_id, span.span_id)).or_insert_with(|| { new += 1; span.clone() });
            }
            prop_assert_eq!(keep(&store, batch).map_err(|error| fail(&error))?, new);
        }
        for number in 1..4 {
            let id = trace(number).map_err(|error| fail(&error))?;
            let mut sent: Vec<_> = first.values().filter(|span| span.trace_id == id).cloned().collect();
            let is_parent = |id| move |other: &Span| other.parent_id == Some(id);
            let agents: Vec<_> = sent.iter().map(|span| {
                !span.kind_said && span.model.is_none() && sent.iter().any(is_parent(span.span_id))
            }).collect();
            for (span, is_agent) in sent.iter_mut().zip(agents) {
                if is_agent { "agent".clone_into(&mut span.kind); }
            }
            let expected = Run::of(sent);
            let summary = store.run(id).map_err(|error| fail(&error))?.map(|(_, summary)| summary);
            prop_assert_eq!(&summary, &expected.as_ref().map(|run| run.summary.clone()));
            let spans = store.spans(id, &whole(1_000)).map_err(|error| fail(&error))?.items;
            prop_assert_eq!(&spans, &expected.map(|run| run.spans).unwrap_or_default());
            for span in spans {
                let single = store.span(span.span_id, None).map_err(|error| fail(&error))?;
                prop_assert!(single.is_some_and(|single| single.span_id == span.span_id));
            }
        }
        let totals = store.totals(WORKSPACE, &Filter::default()).map_err(|error| fail(&error))?;
        let tokens = first.values().filter_map(|span| span.input_tokens).sum::<u64>();
        prop_assert_eq!((totals.spans, totals.input_tokens), (first.len() as u64, tokens));
    }
}

#[test]
fn what_is_not_committed_is_not_there() -> Outcome {
    let store = memory()?;
    keep(&store, &[span(1, 1, 0, 0)?])?;
    let mut batch = store.begin(Timestamp::from_unix_nanos(0))?;
    assert!(batch.add(WORKSPACE, &span(1, 2, 1, 0)?)? && batch.add(WORKSPACE, &span(2, 1, 0, 0)?)?);
    drop(batch);
    assert_eq!(store.run(trace(1)?)?.map(|(_, run)| run.span_count), Some(1));
    assert!(store.run(trace(2)?)?.is_none() && searched(&store, &trace(2)?.to_string())?.is_empty());
    Ok(())
}
