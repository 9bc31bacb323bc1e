//! Guards that are dropped where and when nobody expects it.

use std::cell::RefCell;
use std::mem::forget;
use std::thread;

use bento::testing::{capture, capture_async};
use bento::{Tool, Trajectory};

use super::support::{header, is_cancelled};

#[test]
fn what_is_still_open_stays_the_parent() {
    let spans = capture(|| {
        let outer = bento::begin("outer").start();
        let middle = bento::tool_span("middle").start();
        let inner = bento::begin("inner").start();
        drop(middle);
        assert_eq!(header(), inner.context().traceparent());
        bento::track_ai("in inner").send();
        drop(outer);
        assert_eq!(header(), inner.context().traceparent());
        drop(inner);
        assert_eq!(header(), None);
        bento::track_ai("in nothing").send();
    });
    assert_eq!(spans.tree(), "outer\n  middle [tool]\n    inner\n      in inner\nin nothing");
}

#[test]
fn a_guard_that_ends_on_another_thread_frees_its_seat() {
    let spans = capture(|| {
        let turn = bento::begin("turn").start();
        thread::spawn(move || {
            assert!(!bento::current().has_span(), "the guard came without its context");
            turn.output("done");
            drop(turn);
        })
        .join()
        .unwrap();
        assert!(!bento::current().has_span());
    });
    assert_eq!(spans.find("turn").unwrap().attribute("output.value"), Some("done".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guard_that_ends_in_another_task_frees_its_seat() {
    let (send, receive) = tokio::sync::oneshot::channel::<Trajectory>();
    let (done, finished) = tokio::sync::oneshot::channel::<()>();
    let first = tokio::spawn(async move {
        send.send(bento::begin("turn").start()).unwrap();
        finished.await.unwrap();
        bento::current().has_span()
    });
    let second = tokio::spawn(async move {
        let turn = receive.await.unwrap();
        assert!(!bento::current().has_span());
        let nested = turn.begin("nested").start();
        assert_eq!(header(), nested.context().traceparent());
        drop(turn);
        assert_eq!(header(), nested.context().traceparent());
        drop(nested);
        done.send(()).unwrap();
        bento::current().has_span()
    });
    assert!(!first.await.unwrap());
    assert!(!second.await.unwrap());
}

#[test]
fn a_guard_may_outlive_its_thread_and_its_task() {
    let spans = capture(|| {
        let here = bento::current();
        let turn = thread::spawn(move || here.enter(|| bento::begin("of a thread").start())).join().unwrap();
        turn.track_ai("child").send();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let task = runtime.block_on(async {
            let turn = turn.context();
            tokio::spawn(turn.run(async { bento::tool_span("of a task").start() })).await.unwrap()
        });
        drop(runtime);
        assert!(!bento::current().has_span());
        drop(turn);
        drop(task);
    });
    assert_eq!(spans.tree(), "of a thread\n  child\n  of a task [tool]");
    assert!(!spans.iter().any(is_cancelled));
}

#[test]
fn a_forgotten_guard_stays_open_and_disturbs_no_other_context() {
    let spans = capture(|| {
        bento::begin("outer").enter(|_| {
            forget(bento::begin("forgotten").start());
            bento::track_ai("inside").send();
        });
        assert!(!bento::current().has_span());
        bento::track_ai("outside").send();
    });
    assert_eq!(spans.tree(), "outer\n  forgotten\n    inside\noutside");
    assert!(spans.find("forgotten").unwrap().attribute("bento.unfinished").is_some());
}

#[test]
fn what_is_open_at_the_end_of_a_capture_is_unfinished() {
    let mut kept: Option<(Trajectory, Tool)> = None;
    let spans = capture(|| kept = Some((bento::begin("turn").start(), bento::tool_span("tool").start())));
    assert_eq!(spans.tree(), "turn\n  tool [tool]");
    assert!(spans.iter().all(|span| span.attribute("bento.unfinished") == Some(true.into())));
    assert!(!bento::current().has_span());
    drop(kept);
}

#[test]
fn a_guard_may_be_used_and_dropped_while_its_thread_ends() {
    struct AtTheEnd(RefCell<Option<Trajectory>>);
    impl Drop for AtTheEnd {
        fn drop(&mut self) {
            if let Some(turn) = self.0.take() {
                turn.track_ai("explicit").send();
                bento::begin("late").enter(|_| bento::tool_span("later").send());
                let _guard = bento::tool_span("last").start();
                bento::current().enter(|| bento::track_ai("lost").send());
                turn.output("ended");
            }
        }
    }
    thread_local! {
        static HELD: AtTheEnd = const { AtTheEnd(RefCell::new(None)) };
    }
    let spans = capture(|| {
        let here = bento::current();
        let thread = thread::spawn(move || {
            // Touched before and after the SDK's own thread-locals, so that it outlives some of them.
            HELD.with(|_| ());
            here.enter(|| HELD.with(|held| held.0.replace(Some(bento::begin("turn").start()))));
        });
        thread.join().unwrap();
    });
    let turn = spans.find("turn").unwrap();
    assert_eq!(turn.attribute("output.value"), Some("ended".into()));
    assert!(turn.attribute("bento.unfinished").is_none());
    assert_eq!(spans.find("explicit").unwrap().parent_id(), Some(turn.id()));
}

#[tokio::test]
async fn a_guard_held_across_await_leaves_nothing_behind() {
    let spans = capture_async(async {
        for _ in 0..100 {
            let turn = bento::begin("turn").start();
            tokio::task::yield_now().await;
            drop(turn);
            assert!(!bento::current().has_span());
        }
    })
    .await;
    assert_eq!(spans.len(), 100);
    assert!(spans.iter().all(|span| span.parent_id().is_none()));
}
