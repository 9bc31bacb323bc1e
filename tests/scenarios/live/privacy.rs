//! What is withheld stays withheld, also before the end.

use std::time::Duration;

use bento::{Field, LossReason};
use futures_util::{StreamExt, stream};
use serde_json::Value;

use super::{attribute, flush, forms, is_pending, live};
use crate::support::{LONG, scenario, spans_of};

#[test]
fn hooks_see_every_form_and_cannot_make_one_look_complete() {
    scenario(
        || {
            let known = ["input.value", Field::NAME];
            let hook = move |field: &mut Field<'_>| match field.text() {
                Some(text) if text.contains("confidential") => field.replace("[withheld]"),
                _ if !known.contains(&field.key()) => field.remove(),
                _ => {}
            };
            let _bento = live().redact(hook).init().unwrap();
            let turn = bento::begin("turn").user_id("u42").input("a confidential report").start();
            flush();
            turn.finish().unwrap();
            flush();
        },
        |child| {
            let server = child.delivers();
            let requests = server.requests();
            assert_eq!(forms(&requests), [("turn".to_owned(), true), ("turn".to_owned(), false)]);
            for span in spans_of(&requests) {
                let input = attribute(&span, "input.value").unwrap();
                assert_eq!(input, serde_json::json!({"stringValue": "[withheld]"}));
                assert_eq!(attribute(&span, "gen_ai.user.id"), None);
            }
        },
    );
}

#[test]
fn a_span_that_a_hook_drops_is_dropped_in_every_form() {
    scenario(
        || {
            let hook = |field: &mut Field<'_>| {
                if field.text() == Some("opted-out") {
                    field.drop_span();
                }
            };
            let _bento = live().redact(hook).init().unwrap();
            bento::begin("turn")
                .user_id("opted-out")
                .enter(|_| bento::tool_span("search").enter(|_| flush()));
            flush();
            assert_eq!(bento::status().losses().of(LossReason::Redacted), 2);
        },
        |child| {
            let server = child.delivers();
            let names = forms(&server.requests());
            assert_eq!(names, [("search".to_owned(), true), ("search".to_owned(), false)]);
        },
    );
}

#[test]
fn of_a_trace_that_is_left_out_nothing_is_sent() {
    scenario(
        || {
            let _bento =
                live().sample(0.0).redact(|_: &mut Field<'_>| unreachable!("no hook runs")).init().unwrap();
            bento::begin("turn").enter(|_| bento::tool_span("search").enter(|_| ()));
            let chunks = bento::track_ai("answer").stream(stream::iter(["a"]));
            tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(chunks.count());
            bento::flush(LONG).unwrap();
            let status = bento::status();
            assert_eq!((status.accepted(), status.losses().of(LossReason::SampledOut)), (3, 3));
            bento::shutdown(LONG).unwrap();
            // A stream that is the root of its trace is kept or left out in all its forms.
            let _bento = live().sample(0.5).init().unwrap();
            for _ in 0..100 {
                drop(bento::track_ai("answer").stream(stream::iter(["a"])));
            }
            flush();
            let status = bento::status();
            let kept = (status.delivered(), status.losses().of(LossReason::Superseded));
            assert_eq!(kept.0, kept.1, "each that was kept was announced");
            assert_eq!(kept.0 + status.losses().of(LossReason::SampledOut), 100);
            // Seven standard deviations around 50.
            assert!((15..=85).contains(&kept.0), "{}", kept.0);
        },
        |child| drop(child.delivers()),
    );
}

#[test]
fn a_secret_that_has_come_in_part_is_masked() {
    const PIECES: [&str; 8] =
        ["use ", "sk-pr", "oj-AbC12", "3dEf456GhI789 and ", "4111 11", "11 1111 1", "111", " to pay"];
    scenario(
        || {
            let _bento = bento::builder().live(true).redact(bento::Masks::all()).init().unwrap();
            let pieces = stream::iter(PIECES).inspect(|_| std::thread::sleep(Duration::from_millis(205)));
            let pieces = bento::track_ai("answer").stream(pieces);
            tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(pieces.count());
            flush();
        },
        |child| {
            let server = child.delivers();
            let spans = spans_of(&server.requests());
            let text =
                |span: &Value| attribute(span, "output.value").map(|value| value["stringValue"].clone());
            assert!(spans.iter().filter(|span| is_pending(span) && text(span).is_some()).count() > 2);
            for span in &spans {
                let output = text(span).unwrap_or_default().to_string();
                assert!(!["AbC", "sk-p", "4111"].iter().any(|secret| output.contains(secret)), "{output}");
            }
            assert_eq!(spans.last().and_then(text), Some("use [api-key] and [card] to pay".into()));
        },
    );
}
