//! Streamed answers, while they grow.

use std::task::Poll;
use std::time::{Duration, Instant};

use bento::LossReason;
use futures_util::{Stream, StreamExt, stream};
use serde_json::Value;

use super::{attribute, flush, forms, is_pending, live, moment};
use crate::support::{LONG, await_moment, scenario, spans_of};

fn output(span: &Value) -> Option<String> {
    attribute(span, "output.value").map(|value| value["stringValue"].as_str().unwrap().to_owned())
}

fn run(future: impl Future) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future);
}

/// Words, one every other millisecond, until the backend has so many forms more than now.
fn until_delivered(more: u64) -> impl Stream<Item = &'static str> {
    flush();
    let (end, forms) = (Instant::now() + LONG, bento::status().delivered() + more);
    stream::poll_fn(move |_| {
        assert!(Instant::now() < end, "they do not arrive");
        std::thread::sleep(Duration::from_millis(2));
        let goes_on = bento::status().delivered() < forms;
        Poll::Ready(goes_on.then_some("word "))
    })
}

#[test]
fn an_answer_is_seen_to_grow_and_not_too_often() {
    scenario(
        || {
            let _bento = bento::builder().live(true).init().unwrap();
            let turn = bento::begin("turn").start();
            await_moment(|| bento::status().delivered() == 1);
            run(bento::track_ai("answer").user_id("u42").input("Hi").stream(until_delivered(4)).count());
            turn.finish().unwrap();
            // A stream that is the root of its trace.
            run(bento::track_ai("root").stream(until_delivered(4)).count());
            flush();
        },
        |child| {
            let server = child.delivers();
            let spans = spans_of(&server.requests());
            let turn = &spans[0];
            for name in ["answer", "root"] {
                let forms: Vec<&Value> = spans.iter().filter(|span| span["name"] == name).collect();
                let (last, before) = forms.split_last().unwrap();
                assert!(before.len() >= 3 && before.iter().all(|form| is_pending(form)) && !is_pending(last));
                assert_eq!(output(before[0]), None, "the first is sent at the start");
                for pair in forms.windows(2) {
                    for key in ["traceId", "spanId", "parentSpanId", "startTimeUnixNano"] {
                        assert_eq!(pair[0][key], pair[1][key], "{key}");
                    }
                    let text = |form| output(form).unwrap_or_default();
                    assert!(text(pair[1]).starts_with(&text(pair[0])), "it grows");
                    let pause = moment(pair[1], "endTimeUnixNano") - moment(pair[0], "endTimeUnixNano");
                    // The clock of the span is not that of the pauses.
                    assert!(pause > 150_000_000 || !is_pending(pair[1]), "{pause} ns apart");
                }
                assert!(before[2..].iter().all(|form| output(form).is_some()));
                assert_eq!(last["parentSpanId"].is_null(), name == "root");
            }
            let answer = spans.iter().find(|span| span["name"] == "answer").unwrap();
            assert_eq!(answer["parentSpanId"], turn["spanId"]);
            let user = attribute(answer, "gen_ai.user.id");
            assert_eq!(user, Some(serde_json::json!({"stringValue": "u42"})), "already as it starts");
        },
    );
}

#[test]
fn however_a_stream_ends_its_last_form_is_what_it_was_without() {
    scenario(
        || {
            let _bento = live().init().unwrap();
            drop(bento::track_ai("never polled").stream(stream::iter(["a"])));
            flush();
            run(async {
                let mut chunks = bento::track_ai("dropped").stream(stream::iter(["a", "b"]));
                chunks.next().await;
                flush();
            });
            run(bento::track_ai("failed").stream(stream::iter([Ok("a"), Err("cut off")])).count());
            flush();
            let panics = stream::poll_fn(|_| -> Poll<Option<&str>> { panic!("a fault of the provider's") });
            let panicking = bento::track_ai("panicked").stream(panics);
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(panicking.count()))).unwrap_err();
            std::mem::forget(bento::track_ai("forgotten").stream(stream::iter(["a"])));
            flush();
            assert_eq!(bento::status().losses().of(LossReason::Superseded), 3);
        },
        |child| {
            let server = child.delivers();
            let requests = server.requests();
            let names = [
                ("never polled", false),
                ("dropped", true),
                ("dropped", false),
                ("failed", false),
                ("panicked", false),
                ("forgotten", true),
            ];
            assert_eq!(forms(&requests), names.map(|(name, is_pending)| (name.to_owned(), is_pending)));
            let spans = spans_of(&requests);
            let cancelled = |span| attribute(span, "bento.cancelled").is_some();
            assert!(cancelled(&spans[0]) && !cancelled(&spans[1]) && cancelled(&spans[2]));
            assert_eq!(spans[3]["status"]["message"], "cut off");
            assert_eq!(spans[4]["status"]["message"], "a fault of the provider's");
            let outputs: Vec<_> = spans.iter().map(output).collect();
            let a = Some("a".to_owned());
            assert_eq!(outputs, [None, None, a.clone(), a, None, None]);
        },
    );
}

#[test]
fn an_answer_past_the_limit_is_not_shown_again_and_again() {
    scenario(
        || {
            let _bento = live().value_bytes(1024).init().unwrap();
            let end = Instant::now() + Duration::from_millis(1_100);
            let chunks = stream::poll_fn(move |_| {
                std::thread::sleep(Duration::from_millis(2));
                Poll::Ready((Instant::now() < end).then_some("x".repeat(100)))
            });
            run(bento::track_ai("answer").stream(chunks).count());
            flush();
        },
        |child| {
            let server = child.delivers();
            let spans = spans_of(&server.requests());
            let grown = spans.iter().filter(|span| is_pending(span) && output(span).is_some()).count();
            assert!(grown <= 2, "shown {grown} times");
            let sizes =
                spans.iter().filter(|span| !is_pending(span)).filter_map(output).map(|text| text.len());
            assert_eq!(sizes.collect::<Vec<_>>(), [1024]);
        },
    );
}
