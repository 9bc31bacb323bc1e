//! `shutdown` delivers what it can within its time, and the thread goes with it.

use std::thread;
use std::time::{Duration, Instant};

use bento::LossReason;

use crate::support::{Answer, Gate, KEY, LONG, Server, await_workers, leave, scenario, span_names, spans_of};

/// Time that passes without an answer.
const SHORT: Duration = Duration::from_millis(50);

#[test]
fn a_shutdown_delivers_and_ends_the_worker() {
    scenario(
        || {
            let turn = bento::begin("turn").input("Hi").start();
            let tool = bento::tool_span("tool").start();
            bento::track_ai("answer").send();
            bento::shutdown(LONG).unwrap();
            await_workers(0);
            assert!(!bento::status().is_running());
            // What was open is sent once; its guards have nothing left to do.
            tool.output("late").finish();
            turn.finish().unwrap();
            assert_eq!(bento::status().delivered(), 3);
            bento::shutdown(LONG).unwrap();

            bento::track_ai("after").send();
            assert_eq!(bento::shutdown(LONG).unwrap_err().losses().of(LossReason::NotRunning), 1);
            bento::flush(LONG).unwrap();
            let status = bento::status();
            assert_eq!((status.accepted(), status.delivered(), status.dropped()), (4, 3, 1));
        },
        |child| {
            let server = child.delivers();
            let spans = spans_of(&server.requests());
            assert_eq!(spans.len(), 3);
            for span in &spans {
                let unfinished = span["attributes"].to_string().contains("bento.unfinished");
                assert_eq!(unfinished, span["name"] != "answer", "{span}");
            }
        },
    );
}

#[test]
fn a_shutdown_ends_at_its_deadline_and_tells_the_loss() {
    scenario(
        || {
            for _ in 0..600 {
                bento::track_ai("answer").send();
            }
            let start = Instant::now();
            let error = bento::shutdown(Duration::from_millis(500)).unwrap_err();
            let took = start.elapsed();
            assert!(took >= Duration::from_millis(500) && took < Duration::from_secs(4), "{took:?}");
            assert_eq!((error.undelivered(), error.waiting()), (600, 0), "{error}");
            assert_eq!(error.losses().of(LossReason::ShutdownDeadline), 600);
            let status = bento::status();
            assert_eq!((status.accepted(), status.dropped(), status.waiting()), (600, 600, 0));
            // The end of the process has nothing to wait for either, or it would be for five seconds.
            leave();
        },
        |child| {
            let lingered = child.to(&Server::always(Answer::hang())).succeeds().lingered();
            assert!(lingered < Duration::from_secs(4), "{lingered:?}");
        },
    );
}

#[test]
fn a_shutdown_tries_again_while_there_is_time() {
    scenario(
        || {
            bento::track_ai("answer").send();
            bento::shutdown(LONG).unwrap();
            await_workers(0);
        },
        |child| {
            let server = Server::first([Answer::status(503), Answer::close()]);
            child.to(&server).succeeds();
            assert_eq!(span_names(&server.accepted()), ["answer"]);
        },
    );
}

/// Begins a shutdown, has `beside` done while the backend's answer to it is awaited, and sees it end well.
fn during_a_shutdown(beside: impl FnOnce()) {
    let gate = Gate::default();
    let server = Server::first([Answer::ok().held(&gate)]);
    let builder = bento::builder().api_key(KEY).base_url(server.url());
    let _bento = builder.batch_interval(LONG).init().unwrap();
    bento::track_ai("answer").send();
    thread::scope(|scope| {
        let first = scope.spawn(|| bento::shutdown(LONG).unwrap());
        // Nothing but the shutdown can have sent it.
        server.wait_for(1);
        beside();
        assert_eq!(bento::status().delivered(), 0);
        gate.open();
        first.join().unwrap();
        assert_eq!(bento::status().delivered(), 1, "Ok means that the backend has it");
    });
}

#[test]
fn a_flush_beside_a_shutdown_waits_for_it() {
    scenario(
        || {
            let mut later = None;
            during_a_shutdown(|| {
                assert_eq!(bento::flush(SHORT).unwrap_err().waiting(), 1);
                later = Some(bento::flush_async(LONG));
            });
            tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(later.unwrap()).unwrap();
        },
        |child| {
            child.succeeds();
        },
    );
}

#[test]
fn a_second_shutdown_beside_the_first_waits_too() {
    scenario(
        || {
            during_a_shutdown(|| assert_eq!(bento::shutdown(SHORT).unwrap_err().waiting(), 1));
            bento::shutdown(LONG).unwrap();
        },
        |child| {
            child.succeeds();
        },
    );
}

#[test]
fn a_shutdown_without_a_start_is_nothing() {
    scenario(
        || {
            bento::flush(LONG).unwrap();
            bento::shutdown(LONG).unwrap();
            // It did not switch the SDK off either.
            bento::track_ai("answer").send();
            bento::shutdown(LONG).unwrap();
            assert_eq!(bento::status().delivered(), 1);
        },
        |child| {
            let server = child.delivers();
            assert_eq!(server.requests().len(), 1);
        },
    );
}
