//! What `Debug` shows of whatever a host may hold, log by accident, or have logged for it.

use std::time::Duration;

const SECRET: &str = "hunter2";

#[test]
fn nothing_that_holds_values_shows_them() {
    bento::testing::capture(|| {
        let turn = bento::begin("turn").user_id(SECRET).input(SECRET).property("p", SECRET);
        let mut shown = vec![format!("{turn:?}")];
        let turn = turn.start();
        bento::update_current_trace().user_id(SECRET).apply();
        bento::track_ai("waiting").input(SECRET).send();
        shown.push(format!("{turn:?}"));
        shown.push(format!("{:?}", turn.context()));
        let call = bento::track_ai("call").input(SECRET).output(SECRET).user_id(SECRET).convo_id(SECRET);
        shown.push(format!("{call:?}"));
        let tool = bento::tool_span("tool").input(SECRET);
        shown.push(format!("{tool:?}"));
        let tool = tool.start();
        shown.push(format!("{tool:?}"));
        shown.push(format!("{:?}", bento::propagate_attributes().user_id(SECRET).property("p", SECRET)));
        shown.push(format!("{:?}", bento::update_current_trace().user_id(SECRET).property("p", SECRET)));
        shown.push(format!("{:?}", bento::update_current_span().output(SECRET)));
        let future = bento::begin("future").input(SECRET).run(async |_| ());
        drop(future);
        shown.push(format!("{:?}", bento::builder().api_key("bl_pk_hunter2").user_id(SECRET).tags([SECRET])));
        shown.push(format!("{:?}", bento::current()));
        for shown in shown {
            assert!(!shown.contains(SECRET), "{shown}");
        }
    });
    bento::flush(Duration::ZERO).ok();
}

#[test]
fn captured_spans_show_nothing_that_a_hook_took_out() {
    let hook = |field: &mut bento::Field<'_>| match field.key() {
        "input.value" => field.replace("[hushed]"),
        "card" | "note" => field.remove(),
        _ => {}
    };
    let spans = bento::testing::builder().redact(hook).capture(|| {
        let call = bento::track_ai("call").input(SECRET).property("card", SECRET).property("kept", "shown");
        call.property("note", SECRET.repeat(1_000)).send();
    });
    let shown = format!("{spans:?} {:?}", spans.find("call"));
    assert!(!shown.contains(SECRET), "{shown}");
    assert!(shown.contains("[hushed]") && shown.contains("shown"), "{shown}");
}
