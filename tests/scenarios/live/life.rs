//! How processes end that have something open, and what a fork makes of it.

use std::process::Command;

use serde_json::json;

use super::{attribute, flush, forms, live};
use crate::support::{LONG, await_moment, scenario, spans_of};

#[test]
fn a_process_that_is_killed_leaves_what_was_open_at_the_backend() {
    scenario(
        || {
            let _bento = bento::builder().live(true).init().unwrap();
            let turn = bento::begin("turn").user_id("u42").input("Hi").start();
            let _tool = turn.tool_span("search").input("q").start();
            await_moment(|| bento::status().waiting() == 0);
            Command::new("kill").args(["-9", &std::process::id().to_string()]).status().unwrap();
            std::thread::sleep(LONG);
        },
        |child| {
            let server = crate::support::Server::ok();
            let killed = child.to(&server).end();
            assert_eq!(killed.code, None, "{}", killed.output);
            let expected = ["turn", "search"].map(|name| (name.to_owned(), true));
            assert_eq!(forms(&server.accepted()), expected);
            let turn = &spans_of(&server.accepted())[0];
            assert_eq!(attribute(turn, "input.value"), Some(json!({"stringValue": "Hi"})));
        },
    );
}

#[test]
fn a_shutdown_sends_what_is_open_as_unfinished_and_no_longer_as_pending() {
    scenario(
        || {
            let _bento = live().init().unwrap();
            let turn = bento::begin("turn").start();
            let _tool = bento::tool_span("search").start();
            flush();
            turn.output("so far");
            bento::shutdown(LONG).unwrap();
            drop(turn);
            assert_eq!(bento::status().delivered(), 4);
        },
        |child| {
            let server = child.delivers();
            let requests = server.requests();
            let mut last = forms(&requests).split_off(2);
            last.sort_unstable();
            assert_eq!(last, [("search".to_owned(), false), ("turn".to_owned(), false)]);
            for span in &spans_of(&requests)[2..] {
                assert_eq!(attribute(span, "bento.unfinished"), Some(json!({"boolValue": true})), "{span}");
            }
        },
    );
}

#[test]
fn so_does_the_end_of_the_process() {
    scenario(
        || {
            let bento = live().init().unwrap();
            std::mem::forget(bento::begin("turn").start());
            flush();
            std::mem::forget(bento);
        },
        |child| {
            let requests = child.delivers().requests();
            assert_eq!(forms(&requests), [("turn".to_owned(), true), ("turn".to_owned(), false)]);
            let last = spans_of(&requests).pop().unwrap();
            assert_eq!(attribute(&last, "bento.unfinished"), Some(json!({"boolValue": true})));
        },
    );
}

#[test]
#[cfg(unix)]
fn a_forked_child_is_as_live_as_its_parent() {
    use fork::{Fork, fork, waitpid};
    scenario(
        || {
            let _bento = live().init().unwrap();
            let turn = bento::begin("turn").start();
            flush();
            match fork().unwrap() {
                Fork::Child => {
                    let tool = bento::tool_span("in the child").start();
                    flush();
                    tool.finish();
                    flush();
                    let counts = (bento::status().accepted(), bento::status().delivered());
                    std::process::exit(if counts == (2, 2) { 0 } else { 101 });
                }
                Fork::Parent(pid) => assert_eq!(waitpid(pid).unwrap(), 0, "the child failed"),
            }
            turn.finish().unwrap();
            flush();
        },
        |child| {
            let server = child.delivers();
            let requests = server.requests();
            let forms = forms(&requests);
            let expected = [("turn", true), ("in the child", true), ("in the child", false), ("turn", false)];
            assert_eq!(forms, expected.map(|(name, is_pending)| (name.to_owned(), is_pending)));
            let spans = spans_of(&requests);
            assert_eq!(spans[1]["parentSpanId"], spans[0]["spanId"]);
        },
    );
}

#[test]
fn with_a_spool_it_is_the_same() {
    scenario(
        || {
            let directory = std::env::temp_dir().join(format!("bento-live-{}", std::process::id()));
            let _bento = bento::builder().live(true).spool(&directory).init().unwrap();
            let turn = bento::begin("turn").start();
            await_moment(|| bento::status().delivered() == 1);
            for _ in 0..100 {
                bento::tool_span("search").enter(|_| ());
            }
            turn.finish().unwrap();
            flush();
            let status = bento::status();
            assert_eq!((status.accepted(), status.waiting()), (202, 0));
            assert_eq!(status.losses().total(), status.withheld(), "{}", status.losses());
            bento::shutdown(LONG).unwrap();
            std::fs::remove_dir_all(directory).unwrap();
        },
        |child| {
            let server = child.delivers();
            let forms = forms(&server.requests());
            assert_eq!(forms.iter().filter(|(_, is_pending)| !is_pending).count(), 101);
            assert_eq!(forms[0], ("turn".to_owned(), true));
        },
    );
}
