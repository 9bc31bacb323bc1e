//! Children of a fork: each has a worker of its own, and leaves its parent's spans to its parent.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fork::{Fork, fork, waitpid};

use crate::support::{LONG, scenario, span_names, spans_of};

/// Runs `child` in a fork of this process, which must end well.
fn in_fork(child: impl FnOnce()) {
    match fork().unwrap() {
        Fork::Child => {
            // What is below in its stack is the parent's, and may wait for threads that are not here.
            let ended = catch_unwind(AssertUnwindSafe(child));
            std::process::exit(if ended.is_ok() { 0 } else { 101 })
        }
        Fork::Parent(pid) => assert_eq!(waitpid(pid).unwrap(), 0, "the child failed"),
    }
}

#[test]
fn a_child_sends_its_own_spans_and_not_those_of_its_parent() {
    scenario(
        || {
            let turn = bento::begin("turn").start();
            bento::track_ai("before").send();
            in_fork(|| {
                assert_eq!(bento::status().accepted(), 0);
                bento::track_ai("in the child").send();
                drop(turn);
                bento::flush(LONG).unwrap();
                let status = bento::status();
                assert_eq!((status.accepted(), status.delivered()), (1, 1), "{status:?}");
                bento::shutdown(LONG).unwrap();
            });
        },
        |child| {
            // The guard went with the child's closure, whose other copy ended the turn in the parent.
            let server = child.delivers();
            let spans = spans_of(&server.requests());
            let mut names = span_names(&server.requests());
            names.sort_unstable();
            assert_eq!(names, ["before", "in the child", "turn"]);
            let find = |name| spans.iter().find(|span| span["name"] == name).unwrap();
            assert_eq!(find("in the child")["parentSpanId"], find("turn")["spanId"]);
            assert_eq!(find("in the child")["traceId"], find("turn")["traceId"]);
        },
    );
}

#[test]
fn ids_of_parent_and_children_differ() {
    scenario(
        || {
            bento::track_ai("warm").send();
            for _ in 0..3 {
                in_fork(|| (0..100).for_each(|_| drop(bento::track_ai("a").send().to_string())));
            }
            (0..100).for_each(|_| drop(bento::track_ai("a").send().to_string()));
        },
        |child| {
            // Without a flush: the end of each process delivers.
            let spans = spans_of(&child.delivers().requests());
            assert_eq!(spans.len(), 401);
            for key in ["spanId", "traceId"] {
                let distinct: HashSet<_> = spans.iter().map(|span| span[key].to_string()).collect();
                assert_eq!(distinct.len(), 401, "{key}");
            }
        },
    );
}

#[test]
fn ids_of_the_children_of_a_parent_that_never_emitted_differ() {
    scenario(
        || {
            // The standard library keeps a key for the hash maps of a thread, which its copies have in common.
            drop(std::collections::HashMap::from([(1, 2)]));
            for _ in 0..4 {
                in_fork(|| {
                    bento::track_ai("first").send();
                });
            }
            bento::track_ai("first").send();
        },
        |child| {
            let spans = spans_of(&child.delivers().requests());
            for key in ["spanId", "traceId"] {
                let distinct: HashSet<_> = spans.iter().map(|span| span[key].to_string()).collect();
                assert_eq!((spans.len(), distinct.len()), (5, 5), "{key}");
            }
        },
    );
}

/// Ends the work of other threads, also where a child fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_fork_amid_the_work_of_other_threads_leaves_the_child_able() {
    scenario(
        || {
            // The lock of the error stream may be held at the moment of a fork, and a child that logs would wait for it.
            log::set_max_level(log::LevelFilter::Off);
            let over = AtomicBool::new(false);
            std::thread::scope(|scope| {
                let _over = Over(&over);
                for _ in 0..3 {
                    scope.spawn(|| {
                        while !over.load(Ordering::Relaxed) {
                            let turn = bento::begin("busy").start();
                            bento::track_ai("busy").send();
                            turn.finish().unwrap();
                            bento::flush(Duration::from_millis(1)).ok();
                            bento::status();
                        }
                    });
                }
                for _ in 0..40 {
                    in_fork(|| {
                        let turn = bento::begin("child").start();
                        bento::tool_span("child").send();
                        turn.finish().unwrap();
                        bento::flush(LONG).unwrap();
                    });
                }
            });
        },
        |child| {
            let names = span_names(&child.delivers().requests());
            assert_eq!(names.iter().filter(|name| *name == "child").count(), 80);
        },
    );
}

#[test]
fn a_grandchild_and_a_child_with_an_init_of_its_own_work_as_well() {
    scenario(
        || {
            let hide = |field: &mut bento::Field<'_>| {
                if field.key() == "input.value" {
                    field.replace("hidden");
                }
            };
            let parent = bento::builder().service_name("parent").user_id("u1").value_bytes(16).redact(hide);
            let _bento = parent.init().unwrap();
            in_fork(|| {
                in_fork(|| {
                    bento::track_ai("grandchild").send();
                });
                let _bento = bento::builder().service_name("child").session_id("s1").init().unwrap();
                bento::track_ai("child").input("secret").output("longer than sixteen bytes").send();
            });
        },
        |child| {
            let server = child.delivers();
            for (name, service) in [("grandchild", "parent"), ("child", "child")] {
                let requests = server.requests();
                let request =
                    requests.iter().find(|request| span_names(&[(*request).clone()]) == [name]).unwrap();
                let text = String::from_utf8(request.body.clone()).unwrap();
                assert!(text.contains(&format!("{{\"stringValue\":\"{service}\"}}")), "{text}");
                if name == "child" {
                    assert!(text.contains("hidden") && !text.contains("secret"), "{text}");
                    assert!(text.contains("bento.truncated.output.value"), "{text}");
                }
                assert!(text.contains("\"u1\"") && text.contains("\"s1\"") == (name == "child"), "{text}");
            }
        },
    );
}

#[test]
fn what_was_ended_before_the_fork_stays_ended() {
    scenario(
        || {
            drop(bento::init().unwrap());
            bento::shutdown(LONG).unwrap();
            in_fork(|| {
                bento::track_ai("late").send();
                let error = bento::flush(LONG).unwrap_err();
                assert_eq!(error.losses().of(bento::LossReason::NotRunning), 1);
                assert!(error.cause().is_some_and(|cause| cause.contains("before this process was forked")));
                let _bento = bento::init().unwrap();
                bento::track_ai("again").send();
            });
        },
        |child| assert_eq!(span_names(&child.delivers().requests()), ["again"]),
    );
}

#[cfg(feature = "otel")]
#[test]
fn an_exporter_stays_with_the_process_that_was_given_it() {
    scenario(
        || {
            let route = bento::otel::collector("http://127.0.0.1:9").unwrap();
            let _bento = bento::builder().route(route).init().unwrap();
            in_fork(|| {
                bento::track_ai("lost").send();
                let error = bento::flush(LONG).unwrap_err();
                assert!(error.to_string().contains("a route of its own"), "{error}");
            });
        },
        |child| assert!(child.delivers().requests().is_empty(), "it must not go elsewhere"),
    );
}
