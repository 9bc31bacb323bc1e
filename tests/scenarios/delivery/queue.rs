//! The queue's bounds, with a backend that takes nothing.

use std::time::Duration;

use bento::LossReason;
use bento_faults::machine::resident_bytes;

use crate::support::{Answer, Gate, KEY, LONG, Server, await_moment, journal, scenario, span_names};

#[test]
fn past_its_bound_the_oldest_go_and_are_told() {
    scenario(
        || {
            let gate = Gate::default();
            let server = Server::first([Answer::ok().held(&gate)]);
            let interval = Duration::from_millis(10);
            let builder = bento::builder().api_key(KEY).base_url(server.url());
            let _bento = builder.batch_interval(interval).init().unwrap();
            bento::track_ai("first").send();
            server.wait_for(1);
            for number in 1..5_000 {
                bento::track_ai(number.to_string()).send();
            }
            gate.open();
            let dropped = 5_000 - 2_048;
            let error = bento::flush(LONG).unwrap_err();
            assert_eq!((error.undelivered(), error.waiting()), (dropped, 0));
            assert_eq!(error.losses().of(LossReason::QueueFull), dropped);
            assert_eq!(bento::status().delivered(), 2_048);
            assert_eq!(journal::count("Queue full, dropping span."), 1, "{:?}", journal::warnings());
            assert_eq!(journal::count(&dropped.to_string()), 1, "{:?}", journal::warnings());
            bento::flush(LONG).unwrap();
            // The span on its way could not be dropped; of the rest the newest are left.
            let names = span_names(&server.accepted());
            assert_eq!(names[0], "first");
            assert!(
                names[1..].iter().eq((5_000 - 2_047..5_000)
                    .map(|number: u32| number.to_string())
                    .collect::<Vec<_>>()
                    .iter())
            );
        },
        |child| {
            child.succeeds();
        },
    );
}

#[test]
fn the_byte_budget_holds() {
    scenario(
        || {
            let budget = 1024 * 1024;
            let _bento = bento::builder().queue_bytes(budget).batch_interval(LONG).init().unwrap();
            for _ in 0..100 {
                bento::track_ai("large").input("x".repeat(100 * 1024)).send();
            }
            let status = bento::status();
            assert_eq!(status.accepted(), 100);
            assert!((5..=10).contains(&status.waiting()), "{status:?}");
            assert_eq!(status.losses().of(LossReason::BytesFull), 100 - status.waiting());
            // One that fits nowhere is lost, and costs the others nothing more than their place.
            bento::track_ai("huge")
                .input("x".repeat(900 * 1024))
                .property("y", "y".repeat(900 * 1024))
                .send();
            let status = bento::status();
            assert_eq!(status.accepted(), status.waiting() + status.dropped());
            bento::flush(LONG).unwrap_err();
            assert_eq!(journal::count("Queue full, dropping span."), 1);
        },
        |child| {
            child.to(&Server::ok()).succeeds();
        },
    );
}

#[test]
fn a_batch_that_is_retried_makes_room_for_what_is_new() {
    scenario(
        || {
            let _bento = bento::builder().batch_interval(Duration::from_millis(10)).init().unwrap();
            bento::track_ai("first").send();
            await_moment(|| bento::status().last_error().is_some());
            for number in 0..2_048 {
                bento::track_ai(number.to_string()).send();
            }
            let status = bento::status();
            assert_eq!(status.waiting(), 2_048, "{status:?}");
            assert_eq!(status.losses().of(LossReason::QueueFull), 1);
            bento::shutdown(Duration::ZERO).unwrap_err();
        },
        |child| {
            let server = Server::always(Answer::status(503).header("Retry-After", "30"));
            child.to(&server).succeeds();
            assert_eq!(span_names(&server.requests()), ["first"]);
        },
    );
}

#[test]
fn a_full_queue_costs_at_most_twice_its_budget() {
    scenario(
        || {
            let _bento = bento::init().unwrap();
            let before = resident_bytes();
            for _ in 0..2_000 {
                bento::track_ai("large").input("x".repeat(64 * 1024)).send();
            }
            assert!(bento::status().losses().of(LossReason::BytesFull) > 1_000);
            if let (Some(before), Some(after)) = (before, resident_bytes()) {
                let grown = after.saturating_sub(before);
                assert!(grown <= 64 * 1024 * 1024, "{grown} bytes");
            }
            bento::shutdown(Duration::ZERO).unwrap_err();
        },
        |child| {
            child.to(&Server::always(Answer::hang())).succeeds();
        },
    );
}
