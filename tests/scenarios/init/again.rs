//! A second start, and a start after a shutdown.

use crate::support::{KEY, LONG, OTHER_KEY, scenario, span_names};

#[test]
fn a_second_init_may_repeat_the_first_but_not_change_it() {
    scenario(
        || {
            let url = std::env::var("BENTOLABS_BASE_URL").unwrap();
            let _first = bento::builder().api_key(KEY).base_url(&url).init().unwrap();
            let same = [
                bento::builder(),
                bento::builder().api_key("").base_url(" "),
                bento::builder().api_key(format!(" {KEY} ")),
                bento::builder().base_url(format!("{url}///")),
                bento::builder().base_url(url.replace("http", "HTTP")),
            ];
            for builder in same {
                let _again = builder.init().unwrap();
            }
            let code = |builder: bento::Builder| builder.init().unwrap_err().code();
            assert_eq!(code(bento::builder().api_key(OTHER_KEY)), "already_initialized");
            assert_eq!(code(bento::builder().base_url(format!("{url}/x"))), "already_initialized");
            assert_eq!(code(bento::builder().base_url("https://api.bentolabs.ai")), "already_initialized");
            assert_eq!(code(bento::builder().api_key("sk-1")), "invalid_api_key_format");
            // The environment may change under a process; what runs counts.
            bento::track_ai("answer").send();
            bento::flush(LONG).unwrap();
        },
        |child| {
            let server = child.delivers();
            assert_eq!(span_names(&server.requests()), ["answer"]);
        },
    );
}

#[test]
fn a_shutdown_lets_the_key_rotate() {
    scenario(
        || {
            let _old = bento::init().unwrap();
            bento::track_ai("old").send();
            bento::shutdown(LONG).unwrap();
            bento::track_ai("between").send();
            let told = bento::flush(LONG).unwrap_err();
            assert_eq!(told.losses().of(bento::LossReason::NotRunning), 1);
            let _new = bento::builder().api_key(OTHER_KEY).init().unwrap();
            bento::track_ai("new").send();
            bento::flush(LONG).unwrap();
            let status = bento::status();
            assert!(status.is_running());
            assert_eq!((status.delivered(), status.dropped()), (1, 1));
        },
        |child| {
            let server = child.delivers();
            let requests = server.requests();
            assert_eq!(span_names(&requests), ["old", "new"]);
            let keys: Vec<_> =
                requests.iter().map(|request| request.header("authorization").unwrap()).collect();
            assert_eq!(keys, [format!("Bearer {KEY}"), format!("Bearer {OTHER_KEY}")]);
        },
    );
}

#[test]
fn a_guard_flushes_and_shuts_nothing_down() {
    scenario(
        || {
            let guard = bento::init().unwrap();
            bento::track_ai("first").send();
            drop(guard);
            assert_eq!(bento::status().delivered(), 1);
            bento::track_ai("second").send();
            bento::flush(LONG).unwrap();
            drop(bento::init());
            bento::track_ai("third").send();
            bento::flush(LONG).unwrap();
        },
        |child| {
            let server = child.delivers();
            assert_eq!(span_names(&server.requests()), ["first", "second", "third"]);
        },
    );
}

#[test]
fn a_rotation_keeps_a_trajectory_that_was_open_to_its_old_key() {
    scenario(
        || {
            let _old = bento::init().unwrap();
            let turn = bento::begin("turn").start();
            bento::shutdown(LONG).unwrap();
            let _new = bento::builder().api_key(OTHER_KEY).init().unwrap();
            bento::track_ai("late").send();
            turn.finish().unwrap();
            bento::flush(LONG).unwrap();
        },
        |child| {
            let server = child.delivers();
            // The turn went out as unfinished; what comes later still attaches to it.
            assert_eq!(span_names(&server.requests()), ["turn", "late"]);
            let spans = crate::support::spans_of(&server.requests());
            assert_eq!(spans[1]["parentSpanId"], spans[0]["spanId"]);
        },
    );
}
