//! A context that is handed over carries all of itself: the parent, the attributes in force, the capture.

use std::thread;

use bento::Context;
use bento::testing::capture;

use super::support::header;

#[test]
fn a_span_opened_by_a_handle_brings_its_context_along() {
    let spans = capture(|| {
        let turn = bento::propagate_attributes()
            .user_id("u42")
            .property("plan", "pro")
            .enter(|| bento::begin("turn").start());
        thread::scope(|scope| {
            scope.spawn(|| {
                assert!(!bento::current().has_span());
                let tool = turn.tool_span("tool").start();
                bento::track_ai("call").send();
                drop(tool);
                assert!(!bento::current().has_span());
            });
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let nested = turn.begin("nested");
            tokio::spawn(async {
                let _nested = nested.start();
                tokio::task::yield_now().await;
                bento::track_ai("nested call").send();
            })
            .await
            .unwrap();
        });
    });
    assert_eq!(spans.tree(), "turn\n  tool [tool]\n    call\n  nested\n    nested call");
    for span in &spans {
        assert_eq!(span.attribute("gen_ai.user.id"), Some("u42".into()), "{}", span.name());
        assert_eq!(span.attribute("plan"), Some("pro".into()), "{}", span.name());
    }
}

#[test]
fn another_process_hangs_its_spans_below() {
    let mut sent = None;
    let ours = capture(|| bento::begin("client").enter(|_| sent = header()));
    let sent = sent.unwrap();
    let client = ours.find("client").unwrap();
    assert_eq!(sent, format!("00-{}-{}-01", client.trace_id(), client.id()));
    let theirs = capture(|| {
        bento::propagate_attributes().session_id("s").enter(|| {
            let caller = Context::from_traceparent(&sent).unwrap();
            assert_eq!(caller.traceparent().as_ref(), Some(&sent));
            assert!(caller.has_span());
            caller.enter(|| {
                let turn = bento::begin("server").start();
                assert_eq!(turn.trace_id(), client.trace_id());
                bento::update_current_trace().user_id("u").apply();
            });
        });
    });
    let server = theirs.find("server").unwrap();
    assert_eq!((server.trace_id(), server.parent_id()), (client.trace_id(), Some(client.id())));
    assert_eq!(server.attribute("gen_ai.user.id"), Some("u".into()), "it is the root here");
    assert_eq!(server.attribute("gen_ai.conversation.id"), Some("s".into()), "the scope stays in force");
}

#[test]
fn a_context_from_elsewhere_does_not_lead_out_of_a_capture() {
    let spans = capture(|| {
        Context::default().enter(|| bento::track_ai("in a closure").send());
        let future = Context::default().run(async { bento::track_ai("in a future").send() });
        futures_util::FutureExt::now_or_never(future).unwrap();
    });
    assert_eq!(spans.tree(), "in a closure\nin a future");
}

#[test]
fn a_context_is_a_snapshot() {
    let spans = capture(|| {
        let before = bento::current();
        let turn = bento::begin("turn").start();
        let inside = bento::current();
        before.enter(|| bento::track_ai("beside").send());
        drop(turn);
        inside.enter(|| bento::track_ai("late").send());
        Context::default().enter(|| assert!(!bento::current().has_span()));
    });
    assert_eq!(spans.find("beside").unwrap().parent_id(), None);
    assert_eq!(spans.find("late").unwrap().parent_id(), Some(spans.find("turn").unwrap().id()));
}

#[test]
fn long_chains_of_parents_are_freed_without_recursion() {
    let spans = capture(|| {
        let mut guards = vec![bento::begin("0").start()];
        for depth in 1..4_000 {
            let next = guards[depth - 1].begin(depth.to_string()).start();
            guards.push(next);
        }
        let deepest = bento::current();
        drop(guards);
        thread::Builder::new().stack_size(64 * 1024).spawn(move || drop(deepest)).unwrap().join().unwrap();
    });
    assert_eq!(spans.len(), 4_000);
}
