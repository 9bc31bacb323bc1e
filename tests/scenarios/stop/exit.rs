//! The ways in which a process may end.

use std::time::Duration;

use crate::support::{Answer, ClosedPort, Server, leave, scenario, span_names, spans_of};

/// What an end may take on a busy machine beyond the wait that is promised. Less than the five seconds that a wait too
/// many would cost.
const SLACK: Duration = Duration::from_secs(4);

fn is_unfinished(span: &serde_json::Value) -> bool {
    let unfinished = serde_json::json!({"key": "bento.unfinished", "value": {"boolValue": true}});
    span["attributes"].as_array().is_some_and(|attributes| attributes.contains(&unfinished))
}

#[test]
fn a_return_from_main_delivers_with_a_guard_and_without() {
    scenario(
        || {
            let guard = bento::init().unwrap();
            bento::track_ai("answer").send();
            if std::env::var_os("LEAK").is_some() {
                std::mem::forget(guard);
            }
        },
        |child| {
            for child in [child.clone(), child.env("LEAK", "1")] {
                let server = child.delivers();
                assert_eq!(span_names(&server.requests()), ["answer"]);
            }
        },
    );
}

#[test]
fn an_exit_in_the_midst_delivers_what_is_open() {
    scenario(
        || {
            let _bento = bento::init().unwrap();
            let _turn = bento::begin("turn").user_id("u1").start();
            let _tool = bento::tool_span("tool").start();
            bento::track_ai("answer").send();
            std::process::exit(3);
        },
        |child| {
            let server = Server::ok();
            assert_eq!(child.to(&server).end().code, Some(3));
            let spans = spans_of(&server.requests());
            let find = |name| spans.iter().find(|span| span["name"] == name).unwrap();
            assert_eq!(spans.len(), 3);
            assert!(is_unfinished(find("turn")) && is_unfinished(find("tool")));
            assert!(!is_unfinished(find("answer")));
            assert_eq!(find("answer")["parentSpanId"], find("tool")["spanId"]);
        },
    );
}

#[test]
fn an_exit_inside_a_runtime_delivers_too() {
    scenario(
        || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let task = tokio::spawn(bento::begin("turn").run(async |_| {
                    tokio::task::yield_now().await;
                    std::process::exit(4)
                }));
                task.await.unwrap_or(());
            });
        },
        |child| {
            let server = Server::ok();
            assert_eq!(child.to(&server).end().code, Some(4));
            assert!(is_unfinished(&spans_of(&server.requests())[0]));
        },
    );
}

#[test]
fn a_panic_delivers_and_keeps_its_exit_code() {
    scenario(
        || {
            let _bento = bento::init().unwrap();
            let _turn = bento::begin("turn").start();
            bento::track_ai("answer").send();
            panic!("the host fails");
        },
        |child| {
            let server = Server::ok();
            let ended = child.to(&server).end();
            assert_eq!(ended.code, Some(101));
            assert!(ended.output.contains("the host fails"));
            let spans = spans_of(&server.requests());
            assert_eq!(span_names(&server.requests()), ["answer", "turn"]);
            assert_eq!(spans[1]["status"]["code"], 2);
        },
    );
}

#[test]
fn a_backend_that_is_silent_holds_the_exit_for_five_seconds_at_most() {
    scenario(
        || {
            let _bento = bento::init().unwrap();
            // Open until the very end, so that the guard and the exit both have something to send.
            std::thread::spawn(|| {
                let _turn = bento::begin("background").start();
                bento::track_ai("answer").send();
                loop {
                    std::thread::park();
                }
            });
            while bento::status().accepted() == 0 {
                std::thread::yield_now();
            }
            leave();
        },
        |child| {
            let port = ClosedPort::new();
            std::thread::scope(|scope| {
                let hang = child.clone().to(&Server::always(Answer::hang()));
                let closed = child.clone().to(&Server::ok()).env("BENTOLABS_BASE_URL", port.url());
                let refusing = child.to(&Server::always(Answer::status(503)));
                for child in [hang, closed, refusing] {
                    scope.spawn(move || {
                        let ended = child.succeeds();
                        // Were the guard and the exit to wait one after the other, it would be ten.
                        let (lingered, promised) = (ended.lingered(), Duration::from_secs(5));
                        assert!(lingered >= promised && lingered < promised + SLACK, "{lingered:?}");
                        assert!(ended.output.contains("still waiting"), "{}", ended.output);
                    });
                }
            });
        },
    );
}

#[test]
fn a_flush_that_gave_up_early_leaves_the_exit_its_time() {
    scenario(
        || {
            bento::track_ai("answer").send();
            bento::flush(Duration::from_millis(50)).unwrap_err();
        },
        |child| {
            let server = Server::first([Answer::status(503), Answer::ok().late(Duration::from_millis(300))]);
            child.to(&server).succeeds();
            assert_eq!(span_names(&server.accepted()), ["answer"]);
        },
    );
}

#[test]
fn an_exit_with_nothing_to_send_is_at_once() {
    scenario(
        || {
            let _bento = bento::init().unwrap();
            leave();
        },
        |child| {
            let server = Server::always(Answer::hang());
            let lingered = child.to(&server).succeeds().lingered();
            assert!(lingered < SLACK, "{lingered:?}");
            assert!(server.requests().is_empty());
        },
    );
}

#[test]
fn short_flushes_that_were_too_short_leave_the_end_its_time() {
    scenario(
        || {
            let guard = bento::init().unwrap();
            for number in 0..26 {
                bento::track_ai(number.to_string()).send();
                bento::flush(Duration::from_millis(50)).unwrap_err();
                while bento::status().waiting() > 0 {
                    std::thread::yield_now();
                }
            }
            bento::track_ai("last").send();
            drop(guard);
            assert_eq!(bento::status().waiting(), 0);
        },
        |child| {
            let server = Server::always(Answer::ok().late(Duration::from_millis(200)));
            child.to(&server).succeeds();
            assert_eq!(span_names(&server.requests()).len(), 27);
        },
    );
}
