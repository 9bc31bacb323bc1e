//! Finding runs and spans.

use std::collections::HashSet;

use super::*;

#[test]
fn a_search_finds_the_beginnings_of_all_its_words() -> Outcome {
    let store = memory()?;
    let mut plan = span(1, 0xabcd_ef01, 0, 0)?;
    plan.name = "plan_the_trip".to_owned();
    plan.input = Some("Où est l'Été à Lisbon? 東京".to_owned());
    let mut late = span(1, 2, 1, 0)?;
    late.output = Some(format!("hotels {}needle", "é".repeat(2_000)));
    keep(&store, &[plan, span(2, 7, 0, 0)?])?;
    keep(&store, &[late])?;
    for text in [
        "plan",
        "trip",
        "PLAN_THE",
        "ete",
        "été",
        "lis",
        "lisbon hotel",
        "hotel plan",
        "東京",
        "00000000abcdef01",
    ] {
        assert_eq!(searched(&store, text)?, [trace(1)?], "{text}");
    }
    for text in [
        "lisbon nowhere",
        "isbon",
        "needle",
        "\"lisbon\" NEAR/2 *",
        "'; DROP TABLE runs; --lis",
        "col:lisbon",
    ] {
        assert!(searched(&store, text)?.is_empty(), "{text}");
    }
    assert!(searched(&store, "  \"'*-")?.is_empty(), "a text without words finds nothing");
    assert_eq!(searched(&store, &trace(2)?.to_string())?, [trace(2)?]);
    Ok(())
}

#[test]
fn what_many_have_and_what_few_have_is_found_alike() -> Outcome {
    let store = memory()?;
    let mut spans = Vec::new();
    for number in 1..=5_000 {
        let mut span = span(number, number, 0, number)?;
        span.name = if number % 2 == 0 { "even" } else { "odd" }.to_owned();
        span.model = Some(if number % 1_000 == 0 { "rare" } else { "common" }.to_owned());
        span.tags = vec![if number % 3 == 0 { "three" } else { "other" }.to_owned()];
        spans.push(span);
    }
    keep(&store, &spans)?;
    let count = |text: Option<&str>, model: Option<&str>, tag: Option<&str>| {
        let list = |value: Option<&str>| value.map(str::to_owned).into_iter().collect();
        let filter = Filter {
            text: text.map(str::to_owned),
            models: list(model),
            tags: list(tag),
            ..Filter::default()
        };
        store.totals(WORKSPACE, &filter).map(|totals| totals.runs)
    };
    assert_eq!((count(Some("even"), None, None)?, count(Some("eve odd"), None, None)?), (2_500, 0));
    assert_eq!((count(None, Some("rare"), None)?, count(None, Some("common"), None)?), (5, 4_995));
    assert_eq!((count(None, None, Some("three"))?, count(Some("odd"), None, Some("three"))?), (1_666, 833));
    assert_eq!(
        (count(Some("even"), Some("rare"), Some("three"))?, count(Some("odd"), Some("rare"), None)?),
        (1, 0)
    );
    assert_eq!(count(Some(&format!("{:016x}", 4_000)), Some("rare"), None)?, 1);
    Ok(())
}

#[test]
fn every_order_is_walked_to_its_end() -> Outcome {
    let store = memory()?;
    let mut spans = Vec::new();
    for number in 1..=40 {
        let mut span = span(number, number, 0, number % 7)?;
        span.end_time = Timestamp::from_unix_nanos(span.start_time.unix_nanos() + number % 5);
        span.input_tokens = Some(number % 3);
        span.cost = (number % 4 > 0).then(|| Usd::from_picos(i64::try_from(number % 4).unwrap_or(0)));
        spans.push(span);
    }
    keep(&store, &spans)?;
    for by in [SortBy::StartTime, SortBy::Duration, SortBy::Cost, SortBy::TotalTokens, SortBy::SpanCount] {
        for direction in [Direction::Ascending, Direction::Descending] {
            let sort = Sort { by, direction };
            let mut query = RunQuery { sort, limit: 7, ..RunQuery::newest(WORKSPACE, 7) };
            let mut values = Vec::new();
            let mut seen = Vec::new();
            loop {
                let page = store.runs(&query)?;
                values.extend(page.items.iter().map(|run| Position::of(run, sort).value));
                seen.extend(page.items.iter().map(|run| run.trace_id));
                query.after = page.items.last().map(|run| Position::of(run, sort));
                // What arrives in the meantime moves nothing.
                keep(&store, &[span(1_000 + seen.len() as u64, 1, 0, 3)?])?;
                if !page.more {
                    break;
                }
            }
            let in_order = match direction {
                Direction::Ascending => values.is_sorted(),
                Direction::Descending => values.iter().rev().is_sorted(),
            };
            let (all, unique) = (seen.len(), seen.iter().collect::<HashSet<_>>().len());
            let old = (1..=40).map(trace).collect::<Result<Vec<_>, _>>()?;
            assert!(
                in_order && all == unique && old.iter().all(|run| seen.contains(run)),
                "{sort:?}: {values:?}"
            );
        }
    }
    Ok(())
}

#[test]
fn filters_narrow_and_totals_add_up() -> Outcome {
    let store = memory()?;
    let mut failed = span(1, 1, 0, 0)?;
    failed.status = SpanStatus::Error;
    let mut cancelled = span(2, 1, 0, 3_600)?;
    cancelled.attributes.insert("bento.cancelled".to_owned(), true.into());
    keep(&store, &[failed, cancelled, span(3, 1, 0, 7_200)?, span(4, 2, 1, 9_000)?])?;
    let state = |state| found(&store, Filter { states: vec![state], ..Filter::default() });
    let each: Vec<_> = RunState::ALL.into_iter().map(state).collect::<Result<_, _>>()?;
    assert_eq!(each, [vec![trace(4)?], vec![], vec![trace(3)?], vec![trace(1)?], vec![trace(2)?]]);
    let both = Filter { states: vec![RunState::Completed, RunState::Running], ..Filter::default() };
    assert_eq!(found(&store, both)?, [trace(4)?, trace(3)?]);
    let status = |statuses| found(&store, Filter { statuses, ..Filter::default() });
    assert_eq!((status(vec![RunStatus::Error])?.len(), status(vec![RunStatus::Ok])?.len()), (1, 3));
    assert_eq!(status(vec![RunStatus::Ok, RunStatus::Error])?.len(), 4);
    let moment = |seconds: u64| Some(Timestamp::from_unix_nanos((1_700_000_000 + seconds) * 1_000_000_000));
    let window = Window { start: moment(3_600), end: moment(9_000) };
    assert_eq!(found(&store, Filter { window, ..Filter::default() })?, [trace(3)?, trace(2)?]);
    assert!(
        found(&store, Filter { finding_kinds: vec!["timeout".to_owned()], ..Filter::default() })?.is_empty()
    );

    let totals = store.totals(WORKSPACE, &Filter::default())?;
    assert_eq!((totals.runs, totals.errors, totals.states, totals.cost), (4, 1, [1, 0, 1, 1, 1], None));
    assert_eq!(totals.duration, Duration::from_secs(4));
    let hours = store.timeline(WORKSPACE, &Filter::default(), Bucket::Hour)?;
    // 1,700,000,000 is 22:13:20.
    assert_eq!(hours.iter().map(|(_, totals)| totals.runs).collect::<Vec<_>>(), [1, 1, 2]);
    assert_eq!(hours[0].0.to_string(), "2023-11-14T22:00:00.000000000Z");
    assert_eq!(store.totals("elsewhere", &Filter::default())?.runs, 0);

    // Asked for bucket by bucket or all at once, and cut at both ends.
    let window = Window { start: moment(0), end: moment(9_000) };
    for text in [None, Some("step".to_owned())] {
        let filter = Filter { window, text, ..Filter::default() };
        for (bucket, expected) in [(Bucket::Hour, vec![1, 1, 1]), (Bucket::Day, vec![2, 1])] {
            let buckets = store.timeline(WORKSPACE, &filter, bucket)?;
            assert_eq!(buckets.iter().map(|(_, totals)| totals.runs).collect::<Vec<_>>(), expected);
        }
    }
    let later = Window { start: moment(1), end: moment(3_600) };
    assert!(
        store.timeline(WORKSPACE, &Filter { window: later, ..Filter::default() }, Bucket::Hour)?.is_empty()
    );
    Ok(())
}

#[test]
fn pages_of_spans_follow_each_other() -> Outcome {
    let store = memory()?;
    let spans: Vec<_> = (1..=25).map(|id| span(1, id, id / 2, id % 4)).collect::<Result<_, _>>()?;
    keep(&store, &spans)?;
    let mut query = whole(10);
    let mut seen = Vec::new();
    for expected in [10, 10, 5] {
        let page = store.spans(trace(1)?, &query)?;
        assert_eq!((page.items.len(), page.more), (expected, expected == 10));
        query.after_id = page.items.last().map(|span| span.span_id);
        seen.extend(page.items.into_iter().map(|span| (span.start_time, span.span_id)));
    }
    assert!(seen.is_sorted() && seen.len() == 25);
    let after = SpanQuery { after: Some(seen[24].0), ..whole(10) };
    assert!(store.spans(trace(1)?, &after)?.items.is_empty());
    let unknown = SpanQuery { after_id: Some(span_id(99)?), ..whole(10) };
    assert!(matches!(store.spans(trace(1)?, &unknown), Err(StoreError::NoSuchSpan(_))));
    let failed = SpanQuery { status: Some(SpanStatus::Error), ..whole(10) };
    assert!(
        store.spans(trace(1)?, &failed)?.items.is_empty()
            && store.spans(trace(2)?, &whole(10))?.items.is_empty()
    );
    Ok(())
}
