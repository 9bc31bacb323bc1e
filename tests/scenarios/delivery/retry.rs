//! Failures that pass.

use std::time::{Duration, Instant};

use crate::support::{
    Answer, ClosedPort, LONG, Plan, Server, await_moment, journal, scenario, span_names, spans_of,
};

#[test]
fn an_outage_costs_tries_and_no_span() {
    scenario(
        || {
            bento::track_ai("answer").send();
            bento::flush(LONG).unwrap();
            let status = bento::status();
            assert_eq!((status.delivered(), status.retries()), (1, 3));
            assert!(status.last_error().unwrap().contains("502"), "{status:?}");
            assert!(status.losses().is_empty());
        },
        |child| {
            let answers = [503, 429, 502].map(Answer::status);
            let server = Server::first(answers);
            child.to(&server).succeeds();
            let requests = server.requests();
            assert_eq!(requests.len(), 4);
            assert!(requests.iter().all(|request| request.json() == requests[0].json()));
        },
    );
}

#[test]
fn an_episode_is_logged_once() {
    scenario(
        || {
            for name in ["first", "second"] {
                bento::track_ai(name).send();
                bento::flush(LONG).unwrap();
            }
            assert_eq!(journal::count("will be retried"), 2, "{:?}", journal::warnings());
        },
        |child| {
            let answers = [503, 502, 200, 504, 503].map(Answer::status);
            child.to(&Server::first(answers)).succeeds();
        },
    );
}

#[test]
fn retry_after_is_heeded_by_later_batches_too() {
    scenario(
        || {
            let _bento = bento::builder().batch_spans(1).init().unwrap();
            bento::track_ai("first").send();
            // A flush does not break a pause that the backend asked for, and a later span is held back too.
            bento::flush(Duration::from_millis(100)).unwrap_err();
            bento::track_ai("second").send();
            bento::flush(LONG).unwrap();
        },
        |child| {
            std::thread::scope(|scope| {
                for status in [429, 503] {
                    let child = child.clone();
                    scope.spawn(move || {
                        let throttle = Answer::status(status).header("Retry-After", "1");
                        let server = Server::first([throttle]);
                        child.to(&server).succeeds();
                        let requests = server.requests();
                        assert_eq!(requests.len(), 3);
                        assert!(requests[1].at - requests[0].at >= Duration::from_secs(1));
                        assert_eq!(span_names(&requests), ["first", "first", "second"]);
                    });
                }
            });
        },
    );
}

#[test]
fn a_retry_after_of_zero_is_no_invitation_to_hammer() {
    scenario(
        || {
            bento::track_ai("answer").send();
            bento::flush(Duration::from_millis(300)).unwrap_err();
            bento::shutdown(Duration::ZERO).unwrap_err();
        },
        |child| {
            let server = Server::always(Answer::status(503).header("Retry-After", "0"));
            child.to(&server).succeeds();
            assert!(server.requests().len() < 50, "{} requests", server.requests().len());
        },
    );
}

#[test]
fn a_connection_that_breaks_is_replaced() {
    scenario(
        || {
            bento::track_ai("answer").send();
            bento::flush(LONG).unwrap();
            bento::track_ai("later").send();
            bento::flush(LONG).unwrap();
        },
        |child| {
            let server = Server::first([Answer::close(), Answer::close(), Answer::ok(), Answer::close()]);
            child.to(&server).succeeds();
            assert_eq!(span_names(&server.accepted()), ["answer", "later"]);
        },
    );
}

#[test]
fn a_backend_that_comes_up_late_gets_everything() {
    scenario(
        || {
            let port = ClosedPort::new();
            let _bento = bento::builder().base_url(port.url()).init().unwrap();
            bento::track_ai("early").send();
            let error = bento::flush(Duration::from_secs(1)).unwrap_err();
            assert_eq!((error.undelivered(), error.waiting()), (1, 1));
            assert!(error.cause().unwrap().contains("no answer"), "{error}");
            let server = Plan::ok().start_on(port.open());
            bento::track_ai("late").send();
            bento::flush(LONG).unwrap();
            let mut names = span_names(&server.requests());
            names.sort_unstable();
            assert_eq!(names, ["early", "late"]);
        },
        |child| {
            child.env("BENTOLABS_API_KEY", crate::support::KEY).succeeds();
        },
    );
}

#[test]
fn what_waits_leaves_by_itself() {
    scenario(
        || {
            let interval = Duration::from_millis(200);
            let _bento = bento::builder().batch_interval(interval).batch_spans(3).init().unwrap();
            bento::track_ai("by time").send();
            await_moment(|| bento::status().delivered() == 1);
        },
        |child| {
            let server = child.delivers();
            assert_eq!(spans_of(&server.requests()).len(), 1);
        },
    );
}

#[test]
fn a_full_batch_leaves_at_once() {
    scenario(
        || {
            let _bento = bento::builder().batch_interval(LONG).init().unwrap();
            let start = Instant::now();
            for _ in 0..512 {
                bento::track_ai("answer").send();
            }
            while bento::status().delivered() < 512 {
                assert!(start.elapsed() < LONG / 2);
                std::thread::yield_now();
            }
        },
        |child| {
            let server = child.delivers();
            assert_eq!(server.requests().len(), 1);
        },
    );
}
