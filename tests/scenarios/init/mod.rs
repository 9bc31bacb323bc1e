//! Starting: what is resolved from where, what is refused, and what a start does to the process.

mod again;
mod ahead;
mod closures;
mod lazy;

use crate::support::{
    KEY, LONG, OTHER_KEY, Server, await_moment, await_workers, journal, scenario, span_names, threads,
};

#[test]
fn every_refusal_has_its_code() {
    scenario(
        || {
            let code = |builder: bento::Builder| builder.init().unwrap_err().code();
            let key = |key: &str| code(bento::builder().api_key(key));
            let url = |url: &str| code(bento::builder().api_key(KEY).base_url(url));
            assert_eq!(bento::init().unwrap_err().code(), "missing_api_key");
            assert_eq!(key(" \t"), "missing_api_key");
            for bad in
                ["sk-Zq7hush", "bl_pk_", "bl_pk_Zq7hush\nX-Evil: 1", "bl_pk_Zq7 hush", "bl_pk_Zq7hush\u{e9}"]
            {
                assert_eq!(key(bad), "invalid_api_key_format", "{bad}");
                let error = bento::builder().api_key(bad).init().unwrap_err();
                let shown = format!("{error} {error:?}");
                assert!(!shown.contains("Zq7") && !shown.contains("hush"), "{shown}");
            }
            for bad in [
                "localhost:8080",
                "ftp://host",
                "http://",
                "http://user:pass@host",
                "http://host?q",
                "http://host#f",
                "http://host:99999",
                "host",
            ] {
                assert_eq!(url(bad), "invalid_base_url", "{bad}");
            }
            let scheme = bento::builder().api_key(KEY).base_url("localhost:8080").init().unwrap_err();
            assert!(scheme.to_string().contains("scheme"), "{scheme}");
            await_workers(0);
            // What was refused stays refused no longer than the mistake.
            let _bento = bento::builder().api_key(KEY).base_url("http://localhost:1").init().unwrap();
            let other = bento::builder().api_key(OTHER_KEY).init().unwrap_err();
            assert_eq!(other.code(), "already_initialized");
        },
        |child| {
            child.succeeds();
        },
    );
}

#[test]
fn what_is_set_in_code_beats_the_environment() {
    scenario(
        || {
            let url = std::env::var("REAL_URL").unwrap();
            let _bento = bento::builder().api_key(format!(" {OTHER_KEY}\n")).base_url(url).init().unwrap();
            bento::track_ai("answer").send();
            bento::flush(LONG).unwrap();
        },
        |child| {
            let (real, decoy) = (Server::ok(), Server::ok());
            child.to(&decoy).env("REAL_URL", format!(" {}/ ", real.url())).succeeds();
            assert_eq!(real.only().header("authorization"), Some(format!("Bearer {OTHER_KEY}").as_str()));
            assert!(decoy.requests().is_empty());
        },
    );
}

#[test]
fn what_is_empty_counts_as_absent() {
    scenario(
        || {
            let _bento = bento::builder().api_key("").base_url("  ").init().unwrap();
            bento::track_ai("answer").send();
            bento::flush(LONG).unwrap();
        },
        |child| {
            let server = child.delivers();
            assert_eq!(server.only().header("authorization"), Some(format!("Bearer {KEY}").as_str()));
        },
    );
}

#[test]
fn resolving_starts_nothing() {
    scenario(
        || {
            let options = bento::builder().base_url("https://host/x/").resolve_options().unwrap();
            assert_eq!(options.base_url(), "https://host/x");
            assert_eq!(options.service_name(), bento::SDK_NAME);
            assert!(!format!("{options:?}").contains("hush"));
            assert_eq!(bento::resolve_options().unwrap().base_url(), "https://api.bentolabs.ai");
            await_workers(0);
            assert!(!bento::status().is_running());
        },
        |child| {
            child.env("BENTOLABS_API_KEY", KEY).env("BENTOLABS_BASE_URL", "").succeeds();
        },
    );
}

#[test]
fn a_start_costs_one_thread_and_no_request() {
    scenario(
        || {
            let before = threads().map(|names| names.len() + 1);
            let _bento = bento::init().unwrap();
            let _again = bento::init().unwrap();
            await_workers(1);
            // The one that connects ahead is gone when it has.
            await_moment(|| threads().map(|names| names.len()) == before);
        },
        |child| {
            let server = child.delivers();
            assert!(server.requests().is_empty());
        },
    );
}

#[test]
fn the_status_tells_the_books() {
    scenario(
        || {
            let _bento = bento::init().unwrap();
            assert!(bento::status().is_running());
            bento::track_ai("answer").send();
            assert_eq!((bento::status().accepted(), bento::status().waiting()), (1, 1));
            bento::flush(LONG).unwrap();
            let status = bento::status();
            assert_eq!((status.accepted(), status.delivered(), status.waiting()), (1, 1, 0));
            assert_eq!((status.retries(), status.panics(), status.last_error()), (0, 0, None));
            assert!(status.losses().is_empty());
            assert!(!format!("{status:?}").contains("hush"));
            bento::shutdown(LONG).unwrap();
            assert!(!bento::status().is_running());
            assert_eq!(bento::status().delivered(), 1);
        },
        |child| {
            let server = child.delivers();
            assert_eq!(span_names(&server.requests()), ["answer"]);
        },
    );
}

#[test]
fn bounds_that_make_no_sense_are_moved_to_the_next_that_does() {
    scenario(
        || {
            use std::time::Duration;
            let longest = bento::builder().batch_interval(Duration::MAX).batch_spans(0);
            let options = longest.resolve_options().unwrap();
            assert!(options.batch_interval() >= Duration::from_secs(3600));
            assert_eq!(options.batch_spans(), 1);
            // A worker that never waits would burn a processor.
            let shortest = bento::builder().batch_interval(Duration::ZERO).resolve_options().unwrap();
            assert!(shortest.batch_interval() >= Duration::from_millis(1));
            let _bento = longest.init().unwrap();
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
fn plain_http_beyond_this_machine_warns_once() {
    scenario(
        || {
            let _bento = bento::builder().api_key(KEY).base_url("http://192.0.2.1:9").init().unwrap();
            for _ in 0..2 {
                bento::track_ai("answer").send();
                bento::flush(std::time::Duration::from_millis(50)).unwrap_err();
            }
            assert_eq!(journal::count("unencrypted"), 1, "{:?}", journal::warnings());
            bento::shutdown(std::time::Duration::ZERO).unwrap_err();
        },
        |child| {
            child.succeeds();
        },
    );
}
