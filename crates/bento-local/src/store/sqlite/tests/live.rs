//! Spans that have not ended, and runs that never do.

use std::time::SystemTime;

use super::*;

/// The span while it is open, as it is sent `end` nanoseconds behind its start.
fn pending(span: &Span, end: u64) -> Span {
    Span {
        status: SpanStatus::Pending,
        end_time: Timestamp::from_unix_nanos(span.start_time.unix_nanos() + end),
        output: None,
        input_tokens: None,
        output_tokens: None,
        cost: None,
        ..span.clone()
    }
}

/// A pending form, as a sender of ours makes it or as nobody should: of another start, another parent, another model, with
/// tokens, or with an end behind the span's own.
fn any_pending(span: &Span) -> BoxedStrategy<Span> {
    let whole = span.clone();
    let (end, odd, luck) = (0..2_000_000_000_u64, any::<bool>(), 0..6_u64);
    (end, odd, luck)
        .prop_map(move |(end, odd, luck)| {
            let mut form = pending(&whole, end);
            if odd {
                match luck {
                    0 => form.start_time = Timestamp::from_unix_nanos(whole.start_time.unix_nanos() - 5),
                    1 => form.model = Some("another".to_owned()),
                    2 => form.parent_id = None,
                    3 => form.cost = Some(Usd::from_picos(9)),
                    4 => form.tags = vec!["early".to_owned()],
                    _ => form.input_tokens = Some(3),
                }
            }
            form
        })
        .boxed()
}

/// Whole spans, each with up to three pending forms, all in any order, some of them twice, in batches.
fn any_batches() -> impl Strategy<Value = Vec<Vec<Span>>> {
    let forms = any_span().prop_flat_map(|span| {
        let earlier = vec(any_pending(&span), 0..4);
        (Just(span), earlier, any::<bool>()).prop_map(|(span, mut forms, is_whole)| {
            if is_whole {
                forms.push(span);
            }
            forms
        })
    });
    let all = vec(forms, 1..20).prop_map(|spans| spans.into_iter().flatten().collect::<Vec<_>>());
    let twice = all.prop_flat_map(|forms| {
        let again = proptest::sample::subsequence(forms.clone(), 0..=forms.len());
        again.prop_map(move |again| forms.iter().cloned().chain(again).collect::<Vec<_>>())
    });
    (twice.prop_shuffle(), 1..9_usize)
        .prop_map(|(forms, size)| forms.chunks(size).map(<[Span]>::to_vec).collect())
}

/// The form of each span that has to be kept.
fn kept(batches: &[Vec<Span>]) -> HashMap<(TraceId, SpanId), Span> {
    let mut kept: HashMap<_, Span> = HashMap::new();
    for span in batches.iter().flatten() {
        let key = (span.trace_id, span.span_id);
        let goes = kept.get(&key).is_none_or(|before| {
            before.is_pending() && (!span.is_pending() || span.end_time > before.end_time)
        });
        if goes {
            kept.insert(key, span.clone());
        }
    }
    kept
}

fn runs(store: &Sqlite, filter: Filter) -> Result<Vec<(Summary, Vec<Span>)>, StoreError> {
    let query = RunQuery { filter, ..RunQuery::newest(WORKSPACE, 1_000) };
    let mut runs = store.runs(&query)?.items;
    runs.sort_unstable_by_key(|run| run.trace_id);
    runs.into_iter().map(|run| Ok((run.clone(), store.spans(run.trace_id, &whole(1_000))?.items))).collect()
}

fn fail(error: impl Error) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// In whatever order the forms come: the same as if those that are kept had come alone.
    #[test]
    fn a_span_that_was_pending_leaves_nothing_behind(batches in any_batches()) {
        let (live, plain) = (memory().map_err(fail)?, memory().map_err(fail)?);
        for batch in &batches {
            keep(&live, batch).map_err(fail)?;
        }
        let alone: Vec<_> = kept(&batches).into_values().collect();
        keep(&plain, &alone).map_err(fail)?;
        prop_assert_eq!(runs(&live, Filter::default()).map_err(fail)?, runs(&plain, Filter::default()).map_err(fail)?);
        let models = ["a", "b", "another"].map(|model| Filter { models: vec![model.to_owned()], ..Filter::default() });
        let tags = ["one", "early"].map(|tag| Filter { tags: vec![tag.to_owned()], ..Filter::default() });
        for filter in models.into_iter().chain(tags) {
            let expected = plain.totals(WORKSPACE, &filter).map_err(fail)?;
            prop_assert_eq!(live.totals(WORKSPACE, &filter).map_err(fail)?, expected);
        }
        for span in alone {
            let found = live.span(span.span_id, None).map_err(fail)?;
            prop_assert!(found.is_some_and(|found| found.span_id == span.span_id));
        }
    }
}

#[test]
fn a_run_goes_on_until_its_root_has_ended() -> Outcome {
    let store = memory()?;
    let mut root = span(1, 1, 0, 0)?;
    (root.model, root.input_tokens) = (Some("gpt".to_owned()), Some(7));
    let open = Span { user_id: Some("u".to_owned()), ..pending(&root, 10) };
    assert_eq!(keep(&store, std::slice::from_ref(&open))?, 1);
    let run = || -> Result<Summary, Box<dyn Error>> { Ok(store.run(trace(1)?)?.ok_or("no run")?.1) };
    let begun = run()?;
    assert_eq!((begun.state(), begun.span_count, begun.input_tokens), (RunState::Running, 1, 0));
    assert_eq!(
        (begun.name.as_str(), begun.user_id.as_deref(), begun.models()),
        ("step 1", Some("u"), vec!["gpt"])
    );
    assert_eq!(keep(&store, &[open.clone(), pending(&root, 9)])?, 0, "neither is later");
    let further = Span { output: Some("so far".to_owned()), ..pending(&root, 11) };
    assert_eq!(keep(&store, &[further])?, 1);
    let shown = store.span(span_id(1)?, None)?.ok_or("no span")?;
    assert_eq!((shown.status, shown.output.as_deref()), (SpanStatus::Pending, Some("so far")));
    root.status = SpanStatus::Error;
    assert_eq!(keep(&store, &[root.clone(), open, pending(&root, 12)])?, 1);
    let ended = run()?;
    assert_eq!((ended.state(), ended.span_count, ended.input_tokens), (RunState::Failed, 1, 7));
    assert_eq!((ended.error_count, ended.user_id.as_deref()), (1, None), "it is what the whole root says");
    Ok(())
}

#[test]
fn a_model_that_answers_under_another_name_takes_the_place_of_the_one_that_was_asked() -> Outcome {
    let store = memory()?;
    let call = |id, start, model: &str| -> Result<Span, Box<dyn Error>> {
        Ok(Span { model: Some(model.to_owned()), ..span(1, id, 0, start)? })
    };
    let models = || -> Result<Vec<String>, Box<dyn Error>> {
        let run = store.run(trace(1)?)?.ok_or("no run")?.1;
        Ok(run.models().into_iter().map(str::to_owned).collect())
    };
    let with = |model: &str| -> Result<usize, StoreError> {
        Ok(found(&store, Filter { models: vec![model.to_owned()], ..Filter::default() })?.len())
    };
    keep(
        &store,
        &[pending(&call(1, 0, "asked")?, 1), call(2, 1, "other")?, pending(&call(3, 2, "asked")?, 3)],
    )?;
    assert_eq!(models()?, ["asked", "other"]);
    keep(&store, &[call(1, 0, "answered")?])?;
    assert_eq!(models()?, ["answered", "other", "asked"], "another span has asked it, later");
    keep(&store, &[call(3, 2, "answered")?])?;
    assert_eq!(
        (models()?, with("asked")?, with("answered")?),
        (vec!["answered".into(), "other".into()], 0, 1)
    );
    Ok(())
}

#[test]
fn the_words_are_those_of_the_first_form_and_of_the_last() -> Outcome {
    let store = memory()?;
    let mut root = span(1, 1, 0, 0)?;
    root.input = Some("question".to_owned());
    root.output = Some("beginning middle ending".to_owned());
    for (end, output) in [(1, "beginning"), (2, "beginning middle"), (3, "beginning middle elsewhere")] {
        keep(&store, &[Span { output: Some(output.to_owned()), ..pending(&root, end) }])?;
    }
    let found = |text| -> Result<usize, StoreError> { Ok(searched(&store, text)?.len()) };
    assert_eq!((found("question beginning")?, found("middle")?), (1, 0));
    keep(&store, &[root, span(1, 2, 1, 0)?, pending(&span(1, 3, 1, 0)?, 1)])?;
    keep(&store, &[span(1, 3, 1, 0)?])?;
    keep(&store, &[span(1, 4, 1, 0)?])?;
    assert_eq!((found("question middle ending")?, found("elsewhere")?), (1, 0));
    for id in 1..=4 {
        assert!(store.span(span_id(id)?, None)?.is_some(), "{id}");
    }
    let now = Timestamp::from_unix_nanos(2_000_000_000 * 1_000_000_000);
    let age = Retention { age: Some(Duration::from_secs(1)), bytes: None };
    assert_eq!(store.retain(&age, now)?.removed, [trace(1)?]);
    let left = "SELECT (SELECT count(*) FROM spans) + (SELECT count(*) FROM search_docsize)";
    assert_eq!(store.read(|connection| connection.query_row(left, [], |row| row.get::<_, i64>(0)))?, 0);
    Ok(())
}

#[test]
fn who_is_not_heard_of_is_given_up_until_it_is() -> Outcome {
    let store = memory()?;
    let at = |seconds: u64| Timestamp::from_unix_nanos((1_700_000_000 + seconds) * 1_000_000_000);
    // One without a root, one whose root is open, one that has ended, one that came later.
    keep(&store, &[span(1, 2, 1, 0)?, pending(&span(2, 1, 0, 0)?, 1), span(3, 1, 0, 0)?])?;
    keep(&store, &[span(4, 2, 1, 9)?])?;
    assert!(store.give_up(at(1))?.is_empty());
    let mut given_up = store.give_up(at(5))?;
    given_up.sort_unstable();
    assert_eq!(given_up, [trace(1)?, trace(2)?]);
    assert!(store.give_up(at(5))?.is_empty(), "each once");
    let in_state = |state| found(&store, Filter { states: vec![state], ..Filter::default() });
    let mut unfinished = in_state(RunState::Unfinished)?;
    unfinished.sort_unstable();
    assert_eq!((unfinished, in_state(RunState::Running)?), (given_up, vec![trace(4)?]));
    assert_eq!(store.totals(WORKSPACE, &Filter::default())?.states, [1, 2, 1, 0, 0]);
    keep(&store, &[span(2, 7, 1, 1)?])?;
    assert_eq!(store.run(trace(2)?)?.map(|(_, run)| run.state()), Some(RunState::Running));
    keep(&store, &[span(1, 1, 0, 0)?])?;
    assert_eq!(store.run(trace(1)?)?.map(|(_, run)| run.state()), Some(RunState::Completed));
    let plan = "EXPLAIN QUERY PLAN SELECT key FROM runs WHERE state = 'running' AND heard < 1 ORDER BY heard LIMIT 1000";
    let plan =
        store.read(|connection| connection.query_row(plan, [], |row| row.get::<_, String>("detail")))?;
    assert!(plan.contains("runs_running"), "{plan}");
    Ok(())
}

/// What the first version has written: a run that is done, one without its root, and one of a clock that is far ahead.
const FIRST_VERSION: &str = "
INSERT INTO runs VALUES (1, 'local', '00000000000000000000000000000001', 'step 1', 'ok', 'completed',
    1700000000000000000, 1700000001000000000, 1000000000, 1, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, '[]', '{}',
    '0000000000000001', 1700000000000000000, 1, 0);
INSERT INTO runs VALUES (2, 'local', '00000000000000000000000000000002', 'step 2', 'ok', 'running',
    1700000000000000000, 1700000001000000000, 1000000000, 1, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, '[]', '{}',
    '0000000000000002', 1700000000000000000, 0, 0);
INSERT INTO runs VALUES (3, 'local', '00000000000000000000000000000003', 'step 3', 'ok', 'running',
    7000000000000000000, 7000000001000000000, 1000000000, 1, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, '[]', '{}',
    '0000000000000003', 7000000000000000000, 0, 0);
INSERT INTO spans (run, span_id, parent_id, name, status, start_time, end_time) VALUES
    (1, '0000000000000001', NULL, 'step 1', 'UNSET', 1700000000000000000, 1700000001000000000),
    (2, '0000000000000002', '0000000000000001', 'step 2', 'UNSET', 1700000000000000000, 1700000001000000000);
INSERT INTO search (rowid, words) VALUES (16777216, '00000000000000000000000000000001 0000000000000001 step 1'),
    (33554432, '00000000000000000000000000000002 0000000000000002 step 2');
PRAGMA application_id = 0x626e746f; PRAGMA user_version = 1;";

#[test]
fn a_file_of_the_first_version_goes_on() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("runs.db");
    let first = Connection::open(&path)?;
    first.execute_batch(include_str!("../1.sql"))?;
    first.execute_batch(FIRST_VERSION)?;
    drop(first);
    let store = Sqlite::open(Place::File(path.clone()))?;
    let state = |number| -> Result<Option<RunState>, Box<dyn Error>> {
        Ok(store.run(trace(number)?)?.map(|(_, run)| run.state()))
    };
    assert_eq!((state(1)?, state(2)?), (Some(RunState::Completed), Some(RunState::Running)));
    let heard = Timestamp::from_unix_nanos(1_700_000_001 * 1_000_000_000);
    assert!(store.give_up(heard)?.is_empty());
    assert_eq!(store.give_up(Timestamp::from_unix_nanos(heard.unix_nanos() + 1))?, [trace(2)?]);
    assert_eq!(state(2)?, Some(RunState::Unfinished));
    assert_eq!(store.give_up(Timestamp::of(SystemTime::now() + Duration::from_secs(2)))?, [trace(3)?]);
    keep(&store, &[pending(&span(2, 1, 0, 0)?, 1), span(1, 3, 1, 0)?])?;
    keep(&store, &[span(2, 1, 0, 0)?])?;
    assert_eq!((state(1)?, state(2)?), (Some(RunState::Completed), Some(RunState::Completed)));
    assert_eq!(searched(&store, "step")?.len(), 2);
    assert_eq!(
        store.run(trace(2)?)?.map(|(_, run)| (run.name, run.span_count)),
        Some(("step 1".to_owned(), 2))
    );
    drop(store);
    assert_eq!(Sqlite::open(Place::File(path))?.totals(WORKSPACE, &Filter::default())?.spans, 5);
    Ok(())
}
