//! Without `init`: the first emission starts the SDK, or finds out that it cannot.

use crate::support::{KEY, LONG, Server, await_workers, journal, scenario, span_names};

#[test]
fn the_first_emission_starts_from_the_environment() {
    scenario(
        || {
            await_workers(0);
            bento::track_ai("answer").send();
            await_workers(1);
            bento::flush(LONG).unwrap();
        },
        |child| {
            let server = child.delivers();
            assert_eq!(span_names(&server.requests()), ["answer"]);
        },
    );
}

#[test]
fn without_a_key_emission_is_counted_and_warned_of_once() {
    scenario(
        || {
            let turn = bento::begin("turn").start();
            bento::tool_span("tool").enter(|_| ());
            for _ in 0..100 {
                bento::track_ai("answer").send();
            }
            turn.finish().unwrap();
            await_workers(0);
            assert_eq!(journal::warnings().len(), 1, "{:?}", journal::warnings());
            assert!(journal::warnings()[0].contains("BENTOLABS_API_KEY"));

            let error = bento::flush(LONG).unwrap_err();
            assert_eq!((error.undelivered(), error.waiting()), (102, 0));
            assert_eq!(error.losses().of(bento::LossReason::NotRunning), 102);
            assert!(error.cause().unwrap().contains("BENTOLABS_API_KEY"), "{error}");
            // Told once.
            bento::flush(LONG).unwrap();
            let status = bento::status();
            assert_eq!((status.accepted(), status.dropped(), status.waiting()), (102, 102, 0));

            // A later start finds nothing in its way.
            let _bento = bento::builder().api_key(KEY).init().unwrap();
            bento::track_ai("late").send();
            bento::flush(LONG).unwrap();
        },
        |child| {
            let server = Server::ok();
            child.env("BENTOLABS_BASE_URL", server.url()).succeeds();
            assert_eq!(span_names(&server.requests()), ["late"]);
        },
    );
}

#[test]
fn with_a_malformed_key_the_warning_says_so() {
    scenario(
        || {
            bento::track_ai("answer").send();
            bento::track_ai("answer").send();
            assert_eq!(journal::warnings().len(), 1);
            assert!(journal::warnings()[0].contains("bl_pk_"), "{:?}", journal::warnings());
            let error = bento::flush(LONG).unwrap_err();
            assert!(error.cause().unwrap().contains("an API key starts with"), "{error}");
        },
        |child| {
            child.env("BENTOLABS_API_KEY", "sk-Zq7hush").succeeds();
        },
    );
}

#[test]
fn a_logger_that_panics_does_not_reach_who_emits() {
    scenario(
        || {
            journal::fail();
            bento::track_ai("answer").send();
            assert_eq!(journal::count("BENTOLABS_API_KEY"), 1, "{:?}", journal::warnings());
            bento::track_ai("answer").send();
            assert_eq!(bento::status().dropped(), 2);
        },
        |child| {
            child.succeeds();
        },
    );
}

#[test]
fn many_threads_start_one_worker() {
    scenario(
        || {
            std::thread::scope(|scope| {
                for _ in 0..16 {
                    scope.spawn(|| bento::track_ai("answer").send());
                }
            });
            await_workers(1);
            bento::flush(LONG).unwrap();
            assert_eq!(bento::status().delivered(), 16);
        },
        |child| {
            child.delivers();
        },
    );
}
