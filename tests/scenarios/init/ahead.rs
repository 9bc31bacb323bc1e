//! The connection that is opened ahead of the first span.

use std::time::Duration;

use crate::support::{
    ClosedPort, KEY, LONG, Plan, Server, await_moment, await_threads, journal, scenario, span_names,
};

fn init(url: String) -> bento::Guard {
    bento::builder().api_key(KEY).base_url(url).init().unwrap()
}

/// A backend, and the SDK with its connection to it.
fn connected() -> (Server, bento::Guard) {
    let server = Server::ok();
    let bento = init(server.url());
    await_moment(|| server.connections() == 1);
    await_threads("bento-connect", 0);
    (server, bento)
}

#[test]
fn the_first_request_finds_its_connection_standing() {
    scenario(
        || {
            let (server, _bento) = connected();
            bento::track_ai("answer").send();
            bento::flush(LONG).unwrap();
            assert_eq!(span_names(&server.requests()), ["answer"]);
            assert_eq!(server.connections(), 1);
        },
        |child| {
            child.succeeds();
        },
    );
}

#[test]
fn a_connection_that_ended_meanwhile_is_replaced_without_a_try_that_fails() {
    scenario(
        || {
            let (server, _bento) = connected();
            server.stop();
            server.resume();
            bento::track_ai("answer").send();
            bento::flush(LONG).unwrap();
            assert_eq!(span_names(&server.requests()), ["answer"]);
            assert_eq!((bento::status().retries(), journal::warnings()), (0, vec![]));
        },
        |child| {
            child.succeeds();
        },
    );
}

#[test]
fn a_backend_that_is_away_at_the_start_costs_nothing() {
    scenario(
        || {
            let port = ClosedPort::new();
            let _bento = init(port.url());
            await_threads("bento-connect", 0);
            assert_eq!(journal::warnings(), Vec::<String>::new());
            bento::track_ai("answer").send();
            // The first try is made at once, and not only after a pause as if there had been one before.
            bento::flush(Duration::from_millis(100)).unwrap_err();
            await_moment(|| bento::status().last_error().is_some());
            assert_eq!(journal::count("delivery failed and will be retried"), 1);
            let server = Plan::ok().start_on(port.open());
            bento::flush(LONG).unwrap();
            assert_eq!(span_names(&server.requests()), ["answer"]);
        },
        |child| {
            child.succeeds();
        },
    );
}
