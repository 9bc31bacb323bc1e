//! `update_current_span` and `update_current_trace`.

use bento::testing::{capture, capture_async};

#[test]
fn the_innermost_open_span_is_reached() {
    let spans = capture(|| {
        bento::update_current_span().output("nowhere").apply();
        let turn = bento::begin("turn").start();
        bento::tool_span("tool").enter(|_| {
            let done = bento::begin("done").start();
            drop(done);
            let update = bento::update_current_span().input(1).output("12 hits").property("cache", "miss");
            update.model("m").tokens(1, 2).properties(serde_json::json!({"a": 1})).apply();
        });
        bento::update_current_span().error("refused").apply();
        turn.finish().unwrap();
        bento::update_current_span().output("nowhere").apply();
        turn.context().enter(|| bento::update_current_span().output("too late").apply());
    });
    let tool = spans.find("tool").unwrap();
    for (key, value) in [
        ("input.value", "1".into()),
        ("output.value", "12 hits".into()),
        ("cache", "miss".into()),
        ("gen_ai.request.model", "m".into()),
        ("llm.token_count.total", 3.into()),
        ("a", 1.into()),
        ("openinference.span.kind", "tool".into()),
    ] {
        assert_eq!(tool.attribute(key), Some(value), "{key}");
    }
    let turn = spans.find("turn").unwrap();
    assert_eq!((turn.error(), turn.attribute("output.value")), (Some("refused"), None));
    assert_eq!(spans.find("done").unwrap().attributes().count(), 0);
}

#[test]
fn outside_of_a_trajectory_nothing_changes() {
    let spans = capture(|| {
        bento::update_current_trace().user_id("u").property("p", 1).apply();
        bento::track_ai("call").send();
        bento::update_current_trace().user_id("u").tags("t").apply();
    });
    assert_eq!(spans.find("call").unwrap().attributes().count(), 0);
}

#[test]
fn the_root_gets_what_is_said_anywhere_inside() {
    let spans = capture(|| {
        let _turn = bento::begin("turn").property("plan", "free").start();
        bento::begin("nested").enter(|_| {
            let _tool = bento::tool_span("tool").start();
            bento::update_current_trace().property("plan", "pro").property("gen_ai.user.id", "x").apply();
            bento::update_current_trace().user_id("u").apply();
        });
    });
    let turn = spans.find("turn").unwrap();
    assert_eq!(turn.attribute("plan"), Some("pro".into()));
    assert_eq!(turn.attribute("gen_ai.user.id"), Some("u".into()));
    assert_eq!(spans.find("tool").unwrap().attribute("plan"), None);
}

#[tokio::test]
async fn from_a_task_that_was_handed_the_context() {
    let spans = capture_async(async {
        let turn = bento::begin("turn").start();
        let job = bento::current().run(async {
            bento::update_current_trace().user_id("u").apply();
            bento::update_current_span().output("from afar").apply();
        });
        tokio::spawn(job).await.unwrap();
        drop(turn);
    })
    .await;
    let turn = spans.find("turn").unwrap();
    assert_eq!(turn.attribute("gen_ai.user.id"), Some("u".into()));
    assert_eq!(turn.attribute("output.value"), Some("from afar".into()));
}
