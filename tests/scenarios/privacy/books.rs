//! The books: what is withheld on purpose is accepted, lost by its own reason, and no failure.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bento::LossReason::{QueueFull, Redacted, Refused};

use super::books_balance;
use crate::support::{Answer, LONG, Server, journal, scenario, span_names};

fn drop_private(field: &mut bento::Field<'_>) {
    if field.key() == "private" {
        field.drop_span();
    }
}

#[test]
fn no_flush_reports_what_was_withheld() {
    scenario(
        || {
            static TOLD: AtomicU64 = AtomicU64::new(0);
            let tell = |losses: &bento::Losses| {
                TOLD.fetch_add(losses.total(), Ordering::Relaxed);
            };
            let guard = bento::builder().redact(drop_private).on_loss(tell).init().unwrap();
            bento::track_ai("private").property("private", 1).send();
            bento::flush(Duration::ZERO).unwrap();
            assert!(books_balance(&bento::status()));
            // Beside a loss, only the loss is told.
            bento::track_ai("private").property("private", 1).send();
            bento::track_ai("refused").send();
            let error = bento::flush(LONG).unwrap_err();
            assert_eq!((error.undelivered(), error.losses().of(Refused { status: 400 })), (1, 1));
            bento::track_ai("private").property("private", 1).send();
            bento::track_ai("answer").send();
            let flush = bento::flush_async(LONG);
            tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(flush).unwrap();
            bento::track_ai("private").property("private", 1).send();
            drop(guard);
            bento::shutdown(LONG).unwrap();
            let status = bento::status();
            assert_eq!(
                (status.accepted(), status.delivered(), status.failed(), status.dropped()),
                (6, 1, 1, 4)
            );
            assert_eq!(
                status.losses().to_string(),
                "1 refused with status 400, 4 dropped by a redaction hook"
            );
            assert!(books_balance(&status));
            assert_eq!(TOLD.load(Ordering::Relaxed), 1, "a host is told of failures only");
            assert_eq!(journal::count("redaction"), 0);
        },
        |child| {
            let server = Server::first([Answer::status(400)]);
            child.to(&server).succeeds();
            assert_eq!(span_names(&server.accepted()), ["answer"]);
        },
    );
}

#[test]
fn the_books_balance_while_spans_are_emitted_withheld_and_lost() {
    scenario(
        || {
            let _bento = bento::builder().redact(drop_private).sample(0.5).init().unwrap();
            let emit = || {
                for number in 0..5_000 {
                    let call = bento::track_ai("call");
                    if number % 3 == 0 {
                        call.property("private", 1).send()
                    } else {
                        call.send()
                    };
                }
            };
            let emitters: Vec<_> = (0..3).map(|_| std::thread::spawn(emit)).collect();
            while !emitters.iter().all(std::thread::JoinHandle::is_finished) {
                assert!(books_balance(&bento::status()));
            }
            for emitter in emitters {
                emitter.join().unwrap();
            }
            let flushed = bento::flush(LONG);
            let status = bento::status();
            assert_eq!((status.accepted(), status.waiting()), (15_000, 0));
            assert!(books_balance(&status) && status.losses().of(Redacted) > 1_500, "{}", status.losses());
            // The queue may have been full for a moment, which is told and nothing else.
            let full = status.losses().of(QueueFull);
            assert_eq!(flushed.map_or_else(|error| error.undelivered(), |()| 0), full);
        },
        |child| {
            let server = child.delivers();
            assert!(span_names(&server.requests()).iter().all(|name| name == "call"));
        },
    );
}
