//! Panics: a span that one goes through is an error, one that is opened on the way is not.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};

use bento::testing::{Span, Spans, capture, capture_async};

fn caught<T>(work: impl FnOnce() -> T) -> Box<dyn Any + Send> {
    catch_unwind(AssertUnwindSafe(work)).err().unwrap()
}

fn failure<'a>(spans: &'a Spans, name: &str) -> Option<(&'a str, &'a str)> {
    let span: &Span = spans.find(name).unwrap();
    assert_eq!(span.error().is_some(), span.error_type().is_some());
    span.error_type().zip(span.error())
}

/// A panic that the hook does not print.
fn panic_quietly(payload: impl Any + Send) {
    resume_unwind(Box::new(payload));
}

#[test]
fn a_panic_inside_enter_is_recorded_and_goes_on() {
    let spans = capture(|| {
        let panic = caught(|| bento::begin("turn").enter(|_| panic_quietly("a &str".to_owned())));
        assert_eq!(panic.downcast_ref::<String>().unwrap(), "a &str");
        caught(|| bento::tool_span("tool").enter(|_| panic_quietly("static")));
        caught(|| bento::tool_span("other").enter(|_| panic_quietly(7_u8)));
        assert!(!bento::current().has_span(), "the frame was left");
    });
    assert_eq!(failure(&spans, "turn"), Some(("panic", "a &str")));
    assert_eq!(failure(&spans, "tool"), Some(("panic", "static")));
    assert_eq!(failure(&spans, "other"), Some(("panic", "the panic has no message")));
}

#[tokio::test]
async fn a_panic_inside_run_is_recorded_and_goes_on() {
    let spans = capture_async(async {
        let task = bento::current().run(async {
            bento::begin("turn")
                .run(async |_| {
                    let _guard = bento::tool_span("guard").start();
                    tokio::task::yield_now().await;
                    panic_quietly("later");
                })
                .await;
        });
        let panic = tokio::spawn(task).await.unwrap_err().into_panic();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"later"));
        assert!(!bento::current().has_span());
    })
    .await;
    assert_eq!(failure(&spans, "turn"), Some(("panic", "later")));
    assert_eq!(failure(&spans, "guard").map(|(kind, _)| kind), Some("panic"));
    assert!(!spans.iter().any(super::support::is_cancelled));
}

#[test]
fn a_guard_that_a_panic_drops_is_an_error() {
    let spans = capture(|| {
        caught(|| {
            let _turn = bento::begin("turn").start();
            let _tool = bento::tool_span("tool").start();
            panic_quietly("boom");
        });
        assert!(!bento::current().has_span());
        bento::track_ai("after").send();
    });
    assert_eq!(spans.tree(), "turn !\n  tool [tool] !\nafter");
    assert_eq!(failure(&spans, "turn").map(|(kind, _)| kind), Some("panic"));
}

#[test]
fn the_error_that_came_first_stands() {
    let spans = capture(|| {
        caught(|| {
            bento::begin("turn").enter(|turn| {
                turn.error("the cause");
                panic_quietly("its consequence");
            });
        });
    });
    assert_eq!(failure(&spans, "turn"), Some(("str", "the cause")));
}

#[test]
fn a_span_that_is_opened_during_unwinding_is_not_an_error() {
    struct CleanUp;
    impl Drop for CleanUp {
        fn drop(&mut self) {
            let guard = bento::tool_span("guard").start();
            bento::tool_span("entered").enter(|_| ());
            bento::track_ai("call").send();
            drop(guard);
        }
    }
    let spans = capture(|| {
        caught(|| {
            let _turn = bento::begin("turn").start();
            let _clean_up = CleanUp;
            panic_quietly("boom");
        });
    });
    assert_eq!(spans.tree(), "turn !\n  guard [tool]\n    entered [tool]\n    call");
}

#[test]
fn a_panic_leaves_every_frame() {
    let spans = capture(|| {
        let outer = bento::begin("outer").start();
        caught(|| {
            outer.context().enter(|| {
                bento::propagate_attributes().user_id("u").enter(|| panic_any("printed, once"));
            });
        });
        bento::track_ai("call").send();
        assert_eq!(super::support::header(), outer.context().traceparent());
    });
    let call = spans.find("call").unwrap();
    assert_eq!(call.attribute("gen_ai.user.id"), None);
    assert_eq!(call.parent_id(), Some(spans.find("outer").unwrap().id()));
}
