//! Which span hangs where, and in what order trajectories finish.

use bento::testing::capture;
use bento::{FinishError, SpanId};

#[test]
fn outside_of_a_trajectory_each_call_is_a_trace() {
    let spans = capture(|| {
        bento::track_ai("a").send();
        bento::tool_span("b").send();
    });
    assert_eq!(spans.tree(), "a\nb [tool]");
    assert_ne!(spans.find("a").unwrap().trace_id(), spans.find("b").unwrap().trace_id());
}

#[test]
fn a_nested_trajectory_shows_inside_its_caller() {
    let spans = capture(|| {
        let outer = bento::begin("outer").start();
        let tool = outer.tool_span("tool").start();
        let inner = bento::begin("inner").start();
        assert_eq!(inner.trace_id(), outer.trace_id());
        bento::track_ai("call").send();
        outer.track_ai("beside").send();
        tool.begin("nested").enter(|_| bento::tool_span("deep").send());
        drop((inner, tool));
    });
    let tree =
        ["outer", "  tool [tool]", "    inner", "      call", "    nested", "      deep [tool]", "  beside"];
    assert_eq!(spans.tree(), tree.join("\n"));
}

#[test]
fn a_trace_of_its_own_is_a_root() {
    let spans = capture(|| {
        let outer = bento::begin("outer").start();
        let own = bento::begin("own").own_trace().user_id("u").start();
        assert_ne!(own.trace_id(), outer.trace_id());
        bento::track_ai("inside").send();
        drop(own);
        bento::track_ai("outside").send();
    });
    assert_eq!(spans.tree(), "outer\n  outside\nown\n  inside");
    assert_eq!(spans.find("outer").unwrap().attribute("gen_ai.user.id"), None);
}

#[test]
fn finishing_out_of_order_is_refused_and_leaves_both_usable() {
    let spans = capture(|| {
        let outer = bento::begin("outer").start();
        let tool = bento::tool_span("tool").start();
        let inner = bento::begin("inner").start();
        let error = outer.finish().unwrap_err();
        assert_eq!(error.code(), "out_of_order");
        assert_eq!(error, FinishError::OutOfOrder { inner: "inner".to_owned() });
        bento::track_ai("still inside").send();
        outer.property("usable", true);
        inner.output("usable").finish().unwrap();
        inner.finish().unwrap();
        outer.output("done").finish().unwrap();
        outer.output("too late").property("late", true).finish().unwrap();
        tool.finish();
        tool.finish();
        bento::track_ai("after").send();
    });
    assert_eq!(spans.tree(), "outer\n  tool [tool]\n    inner\n      still inside\nafter");
    let outer = spans.find("outer").unwrap();
    assert_eq!(outer.attribute("usable"), Some(true.into()));
    assert_eq!(outer.attribute("output.value"), Some("done".into()));
    assert_eq!(outer.attribute("late"), None);
}

#[tokio::test]
async fn finishing_inside_the_run_form_ends_it_once() {
    let spans = bento::testing::capture_async(async {
        bento::begin("turn")
            .run(async |turn| {
                let inner = bento::begin("inner").start();
                assert!(turn.finish().is_err());
                drop(inner);
                turn.finish().unwrap();
                bento::track_ai("late").send();
            })
            .await;
    })
    .await;
    assert_eq!(spans.tree(), "turn\n  inner\n  late");
}

#[test]
fn a_late_child_attaches_to_its_ended_root() {
    let spans = capture(|| {
        let turn = bento::begin("turn").user_id("u").start();
        let inside = turn.context();
        turn.finish().unwrap();
        turn.track_ai("by the guard").send();
        inside.enter(|| bento::tool_span("by the context").send());
        turn.begin("begun late").enter(|_| ());
        assert!(!bento::current().has_span());
    });
    assert_eq!(spans.tree(), "turn\n  by the guard\n  by the context [tool]\n  begun late");
}

#[test]
fn ids_are_hex_of_full_width_and_tell_the_spans_apart() {
    let mut said = Vec::<SpanId>::new();
    let spans = capture(|| {
        let turn = bento::begin("turn").start();
        said.push(bento::track_ai("call").send());
        said.push(bento::tool_span("tool").send());
        said.push(turn.event_id());
    });
    let sent: Vec<SpanId> = spans.iter().map(bento::testing::Span::id).collect();
    assert_eq!(sent, said);
    for id in said {
        let id = id.to_string();
        assert_eq!(id.len(), 16);
        assert!(id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{id}");
    }
}

#[test]
fn a_span_always_has_a_name() {
    let spans = capture(|| {
        bento::track_ai("").send();
        bento::begin("").enter(|_| bento::tool_span("").send());
    });
    assert!(spans.iter().all(|span| span.name() == "unnamed"));
}

#[test]
fn siblings_and_runs_of_their_own_may_end_in_any_order() {
    let spans = capture(|| {
        let turn = bento::begin("turn").start();
        let first = turn.begin("first").start();
        let second = turn.begin("second").start();
        let apart = turn.begin("apart").own_trace().start();
        first.finish().unwrap();
        assert_eq!(turn.finish().unwrap_err(), FinishError::OutOfOrder { inner: "second".into() });
        second.finish().unwrap();
        turn.finish().unwrap();
        apart.finish().unwrap();
    });
    assert_eq!(spans.len(), 4);
}

#[test]
fn a_nested_trajectory_knows_the_conversation_of_its_trace() {
    capture(|| {
        let turn = bento::begin("turn").convo_id("c1").start();
        let nested = bento::begin("nested").start();
        assert_eq!(nested.convo_id().as_deref(), Some("c1"));
        nested.finish().unwrap();
        turn.finish().unwrap();
        assert_eq!(turn.convo_id().as_deref(), Some("c1"));
    });
}

#[test]
fn what_leaves_from_between_does_not_hide_what_is_inside() {
    capture(|| {
        let outer = bento::begin("outer").start();
        let tool = bento::tool_span("tool").start();
        let middle = bento::begin("middle").start();
        let inner = bento::begin("inner").start();
        tool.finish();
        drop(middle);
        assert_eq!(outer.finish().unwrap_err(), FinishError::OutOfOrder { inner: "inner".into() });
        inner.finish().unwrap();
        outer.finish().unwrap();
    });
}
