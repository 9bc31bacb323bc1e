//! Sampling: a trace is kept or left out whole, and its id alone decides.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use bento::LossReason;

use super::books_balance;
use crate::support::{LONG, scenario, spans_of};

/// The rule, from the digits of a trace id: what is below the ratio of the lower half's range is kept.
fn is_kept(trace_id: &str, ratio: f64) -> bool {
    let low = u64::from_str_radix(&trace_id[16..], 16).unwrap();
    #[expect(clippy::cast_precision_loss, reason = "no id is that near to the bound")]
    let share = low as f64 / 2_f64.powi(64);
    share < ratio
}

#[test]
fn whole_traces_are_kept_and_the_rest_counted() {
    scenario(
        || {
            static SEEN: AtomicUsize = AtomicUsize::new(0);
            static ASKED: AtomicUsize = AtomicUsize::new(0);
            let see = |field: &mut bento::Field<'_>| {
                if field.key() == bento::Field::NAME {
                    SEEN.fetch_add(1, Ordering::Relaxed);
                }
            };
            let builder = bento::builder().sample(0.25).redact(see);
            assert!((builder.resolve_options().unwrap().sample_ratio() - 0.25).abs() < 1e-9);
            let _bento = builder.init().unwrap();
            let mut kept = 0;
            for _ in 0..200 {
                let turn = bento::begin("turn").user_id("u42").convo_id("c1").start();
                let header = bento::current().traceparent().unwrap();
                let expected = is_kept(&turn.trace_id().to_string(), 0.25);
                assert_eq!(header.ends_with("-01"), expected, "{header}");
                kept += u64::from(expected);
                turn.property("asked", ASKED.fetch_add(1, Ordering::Relaxed));
                bento::tool_span("tool").enter(|_| bento::track_ai("answer").send());
                assert_eq!(turn.convo_id().as_deref(), Some("c1"), "what a host reads does not depend on it");
                turn.finish().unwrap();
                assert!(books_balance(&bento::status()));
            }
            bento::flush(LONG).unwrap();
            let status = bento::status();
            let counts = (status.accepted(), status.delivered(), status.losses().of(LossReason::SampledOut));
            assert_eq!(counts, (600, 3 * kept, 600 - 3 * kept));
            assert_eq!(status.dropped(), 600 - 3 * kept);
            assert_eq!(SEEN.load(Ordering::Relaxed) as u64, 3 * kept, "no hook runs for what is left out");
            bento::shutdown(LONG).unwrap();
        },
        |child| {
            let server = child.delivers();
            let spans = spans_of(&server.requests());
            let traces: HashSet<&str> = spans.iter().map(|span| span["traceId"].as_str().unwrap()).collect();
            assert!(traces.iter().all(|trace| is_kept(trace, 0.25)), "{traces:?}");
            assert_eq!(spans.len(), 3 * traces.len(), "each of them is whole");
            // Six standard deviations around 50.
            assert!((14..=86).contains(&traces.len()), "{}", traces.len());
        },
    );
}

#[test]
fn processes_that_share_a_trace_agree() {
    const KEPT: &str = "00-ffffffffffffffff0fffffffffffffff-b7ad6b7169203331-00";
    const LEFT_OUT: &str = "00-0000000000000001f000000000000000-b7ad6b7169203331-01";
    scenario(
        || {
            let _bento = bento::builder().sample(0.5).init().unwrap();
            for header in [KEPT, LEFT_OUT] {
                let caller = bento::Context::from_traceparent(header).unwrap();
                // A span of another process is handed on as it came, one of ours says what becomes of it.
                assert_eq!(caller.traceparent().as_deref(), Some(header));
                caller.enter(|| {
                    let _turn = bento::begin("turn").start();
                    let own = bento::current().traceparent().unwrap();
                    assert_eq!(own.ends_with("-01"), header == KEPT, "{own}");
                    bento::track_ai("answer").send();
                });
                caller.enter(|| bento::track_ai("leaf").send());
            }
            bento::flush(LONG).unwrap();
            assert_eq!(bento::status().losses().of(LossReason::SampledOut), 3);
        },
        |child| {
            let server = child.delivers();
            let spans = spans_of(&server.requests());
            assert_eq!(spans.len(), 3);
            assert!(spans.iter().all(|span| KEPT.contains(span["traceId"].as_str().unwrap())));
        },
    );
}

#[test]
fn none_and_all_are_ratios_too() {
    scenario(
        || {
            for (ratio, kept) in [(-1.0, 0), (0.0, 0), (1.0, 2), (7.0, 2), (f64::NAN, 2)] {
                let guard = bento::builder().sample(ratio).init().unwrap();
                let turn = bento::begin("turn").start();
                bento::track_ai("answer").send();
                turn.finish().unwrap();
                bento::flush(LONG).unwrap();
                let status = bento::status();
                assert_eq!((status.accepted(), status.delivered()), (2, kept), "{ratio}");
                bento::shutdown(LONG).unwrap();
                drop(guard);
            }
        },
        |child| {
            let server = child.delivers();
            assert_eq!(spans_of(&server.requests()).len(), 6);
        },
    );
}
