//! The books, in which a span counts once for each form.

use std::time::Duration;

use bento::LossReason;

use super::{flush, forms, live};
use crate::support::{Answer, Server, await_moment, scenario, spans_of};

fn balances() -> bool {
    let status = bento::status();
    let settled = status.delivered() + status.rejected() + status.failed() + status.dropped();
    status.accepted() == settled + status.waiting()
}

#[test]
fn a_form_that_its_span_has_overtaken_is_not_sent() {
    scenario(
        || {
            let _bento = live().on_loss(|losses| unreachable!("{losses}")).init().unwrap();
            for _ in 0..100 {
                let turn = bento::begin("turn").start();
                bento::tool_span("search").enter(|_| ());
                assert!(balances());
                turn.finish().unwrap();
            }
            let _open = bento::begin("open").start();
            assert_eq!((bento::status().accepted(), bento::status().waiting()), (401, 401));
            flush();
            let status = bento::status();
            assert_eq!((status.accepted(), status.delivered(), status.waiting()), (401, 201, 0));
            let superseded = status.losses().of(LossReason::Superseded);
            assert_eq!((superseded, status.dropped(), status.withheld()), (200, 200, 200));
            assert!(balances());
        },
        |child| {
            let server = child.delivers();
            let all = forms(&server.requests());
            let open: Vec<_> = all.iter().filter(|(_, is_pending)| *is_pending).collect();
            assert_eq!(open, [&("open".to_owned(), true)]);
            assert_eq!(all.len(), 202);
        },
    );
}

#[test]
fn however_many_are_open_none_that_has_ended_is_lost_for_them() {
    const ENDED: usize = 1_500;
    scenario(
        || {
            let _bento = live().init().unwrap();
            let turn = bento::begin("turn").start();
            // Twice as many as the queue takes, at a backend that is away.
            let open: Vec<_> = (0..4_096).map(|_| turn.begin("open").start()).collect();
            assert!(balances());
            for _ in 0..ENDED {
                bento::track_ai("ended").send();
            }
            let status = bento::status();
            assert!(balances() && status.waiting() <= 2_048);
            assert_eq!(status.losses().total(), status.losses().of(LossReason::Superseded));
            open.into_iter().for_each(std::mem::forget);
            std::mem::forget(turn);
            await_moment(|| {
                assert!(balances());
                bento::flush(Duration::from_millis(50)).is_ok()
            });
            // Without a word of what is open.
            std::process::abort();
        },
        |child| {
            let server = Server::first((0..3).map(|_| Answer::status(503)));
            child.to(&server).end();
            let arrived = spans_of(&server.accepted());
            assert_eq!(arrived.iter().filter(|span| span["name"] == "ended").count(), ENDED);
        },
    );
}

#[test]
fn a_form_that_is_refused_is_no_lost_span() {
    scenario(
        || {
            let _bento = live().init().unwrap();
            let turn = bento::begin("turn").start();
            flush();
            turn.finish().unwrap();
            flush();
            assert!(balances());
            let status = bento::status();
            assert_eq!((status.delivered(), status.failed(), status.withheld()), (1, 0, 1));
        },
        |child| {
            let server = Server::first([Answer::status(400)]);
            child.to(&server).succeeds();
            assert_eq!(forms(&server.accepted()), [("turn".to_owned(), false)]);
        },
    );
}
