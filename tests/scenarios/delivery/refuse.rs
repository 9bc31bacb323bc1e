//! Failures that do not pass: counted, told with what to do, logged once.

use crate::support::{Answer, LONG, Server, journal, scenario, span_names, spans_of};

#[test]
fn a_final_status_is_told_with_its_remedy() {
    scenario(
        || {
            let status: u16 = std::env::var("STATUS").unwrap().parse().unwrap();
            let remedy = std::env::var("REMEDY").unwrap();
            for round in 1..=3 {
                bento::track_ai("answer").send();
                bento::track_ai("answer").send();
                let error = bento::flush(LONG).unwrap_err();
                assert_eq!((error.undelivered(), error.waiting()), (2, 0), "{round}: {error}");
                let losses = error.losses().of(bento::LossReason::Refused { status });
                assert_eq!(losses, 2);
                assert!(error.cause().unwrap().contains(&remedy), "{error}");
                assert!(error.cause().unwrap().contains("because"), "{error}");
            }
            bento::flush(LONG).unwrap();
            let books = bento::status();
            assert_eq!((books.accepted(), books.failed(), books.retries()), (6, 6, 0));
            assert_eq!(journal::count(&remedy), 1, "{:?}", journal::warnings());
        },
        |child| {
            for (status, remedy) in [
                (400, "could not read the request"),
                (401, "BENTOLABS_API_KEY"),
                (403, "BENTOLABS_API_KEY"),
                (404, "BENTOLABS_BASE_URL"),
                (415, "OTLP/JSON"),
                (500, "does not call temporary"),
            ] {
                let server = Server::always(Answer::status(status).body(r#"{"message":"because"}"#));
                let child = child.clone().env("STATUS", status.to_string()).env("REMEDY", remedy);
                child.to(&server).succeeds();
                assert_eq!(server.requests().len(), 3);
            }
        },
    );
}

#[test]
fn an_answer_that_echoes_the_key_is_not_repeated() {
    scenario(
        || {
            bento::track_ai("answer").send();
            let error = bento::flush(LONG).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hush"));
        },
        |child| {
            let echo = format!("{{\"message\":\"bad key {}\"}}", crate::support::KEY).into_bytes();
            child.to(&Server::always(Answer::status(401).body(echo))).succeeds();
        },
    );
}

#[test]
fn what_is_too_large_is_split_until_it_passes() {
    scenario(
        || {
            for number in 0..8 {
                bento::track_ai(number.to_string()).send();
            }
            bento::track_ai("large").input("x".repeat(100_000)).send();
            let error = bento::flush(LONG).unwrap_err();
            assert_eq!(error.undelivered(), 1);
            assert_eq!(error.losses().of(bento::LossReason::Refused { status: 413 }), 1);
            assert_eq!(bento::status().delivered(), 8);
        },
        |child| {
            let server =
                Server::script(
                    |_, request| {
                        if request.body.len() > 1_500 { Answer::status(413) } else { Answer::ok() }
                    },
                );
            child.to(&server).succeeds();
            let mut names = span_names(&server.accepted());
            names.sort_unstable();
            assert_eq!(names, ["0", "1", "2", "3", "4", "5", "6", "7"]);
        },
    );
}

#[test]
fn a_partial_success_is_counted_and_told() {
    scenario(
        || {
            for _ in 0..5 {
                bento::track_ai("answer").send();
            }
            let error = bento::flush(LONG).unwrap_err();
            assert_eq!((error.undelivered(), error.waiting()), (2, 0));
            assert_eq!(error.losses().of(bento::LossReason::Rejected), 2);
            assert_eq!(error.cause(), Some("too old"));
            let status = bento::status();
            assert_eq!((status.delivered(), status.rejected(), status.failed()), (3, 2, 0));
            assert_eq!(journal::count("too old"), 1);
            // A warning without a loss is none to tell.
            bento::track_ai("answer").send();
            bento::flush(LONG).unwrap();
            // A backend that rejects more than it got cannot upset the books.
            bento::track_ai("answer").send();
            assert_eq!(bento::flush(LONG).unwrap_err().undelivered(), 1);
            let status = bento::status();
            assert_eq!((status.accepted(), status.delivered(), status.rejected()), (7, 4, 3));
        },
        |child| {
            let partial = |spans: &str| Answer::partial_success(spans, "too old");
            child.to(&Server::first([partial("\"2\""), partial("0"), partial("99")])).succeeds();
        },
    );
}

#[test]
fn a_redirect_is_not_followed() {
    scenario(
        || {
            bento::track_ai("answer").send();
            let error = bento::flush(LONG).unwrap_err();
            assert!(error.cause().unwrap().contains("redirects are never followed"), "{error}");
            assert_eq!(error.undelivered(), 1);
        },
        |child| {
            let elsewhere = Server::ok();
            for status in [301, 302, 303, 307, 308] {
                let server = Server::always(Answer::status(status).header("Location", elsewhere.url()));
                child.clone().to(&server).succeeds();
                assert_eq!(spans_of(&server.requests()).len(), 1);
            }
            assert_eq!(elsewhere.connections(), 0);
        },
    );
}
