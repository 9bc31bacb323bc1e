//! The identity sources of `init` are the caller's code: they may emit, and even start the SDK again, without an end to
//! it or a deadlock. One test, because the running SDK is one for the process.
#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

use std::mem::forget;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

static ASKED: AtomicUsize = AtomicUsize::new(0);

/// A deadlock shows as a failure, not as a test that never ends.
fn in_time(work: impl FnOnce() + Send + 'static) {
    let (done, ended) = channel();
    thread::spawn(move || {
        work();
        done.send(())
    });
    ended.recv_timeout(Duration::from_secs(20)).unwrap();
}

fn emitted_by(work: impl FnOnce() + Send + 'static) -> u64 {
    let before = bento::status().accepted();
    in_time(work);
    bento::status().accepted() - before
}

#[test]
fn sources_may_call_back() {
    let start = bento::builder().api_key("bl_pk_test").base_url("http://127.0.0.1:9");
    let start = start.batch_interval(Duration::from_secs(3_600)).user_id(|| {
        ASKED.fetch_add(1, Ordering::Relaxed);
        bento::track_ai("who is it?").send();
        bento::begin("looking up").enter(|_| bento::tool_span("find").send());
        Some("u42".to_owned())
    });
    let guard =
        start.session_id(|| bento::begin("session").enter(bento::Trajectory::convo_id)).init().unwrap();

    let emitted = emitted_by(|| {
        bento::track_ai("call").send();
    });
    assert_eq!(
        emitted, 5,
        "the call, three spans of one source and one of the other, which ask no source again"
    );
    assert_eq!(ASKED.load(Ordering::Relaxed), 1);

    let emitted = emitted_by(|| {
        let turn = bento::begin("turn").convo_id("own").start();
        assert_eq!(turn.convo_id().as_deref(), Some("own"));
    });
    assert_eq!(emitted, 5, "a guard asks at its start, once");

    // A source that starts the SDK again replaces itself while it is asked.
    let again = || bento::builder().user_id("known").init().map(forget).ok().map(|()| "asked".to_owned());
    forget(bento::builder().user_id(again).session_id("s").init().unwrap());
    assert_eq!(emitted_by(|| drop(bento::begin("turn").start())), 1);

    in_time(|| {
        let emit = || (0..1_000).for_each(|_| drop(bento::begin("turn").start()));
        let replace = || {
            for _ in 0..200 {
                let source = || Some(bento::track_ai("who?").send().to_string());
                // Dropped, the guard would wait for what nobody takes.
                bento::builder().user_id(source).init().map(forget).unwrap();
            }
        };
        thread::scope(|scope| {
            scope.spawn(emit);
            scope.spawn(emit);
            scope.spawn(replace);
        });
    });
    forget(guard);
    bento::shutdown(Duration::ZERO).ok();
}
