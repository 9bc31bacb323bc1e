//! One process dies, another one delivers.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{Backend, Directory, acts, die_when_kept, emit, numbers, spooling, up_to};
use crate::support::{Answer, ClosedPort, LONG, Plan, Server, scenario, span_names};

#[cfg(unix)]
#[test]
fn what_a_killed_process_had_emitted_is_sent_once_by_the_next() {
    scenario(
        || {
            let _bento = spooling().init().unwrap();
            if acts("die") {
                emit(700);
                die_when_kept();
            }
            bento::flush(LONG).unwrap();
            bento::shutdown(LONG).unwrap();
            let status = bento::status();
            assert_eq!((status.accepted(), status.recovered(), status.delivered()), (700, 700, 700));
        },
        |child| {
            let directory = Directory::new();
            // In flight, waiting for a retry, and not sent at all.
            for answer in [Answer::hang(), Answer::status(503)] {
                let backend = Backend::down(answer);
                let dead = directory.of(&child, "die").to(&backend.server).end();
                assert_eq!(dead.code, None, "{}", dead.output);
                assert!(!directory.files().is_empty());

                backend.come_up();
                directory.of(&child, "live").to(&backend.server).succeeds();
                assert_eq!(backend.numbers(), up_to(700));
                assert!(directory.is_empty(), "{:?}", directory.files());
            }
        },
    );
}

#[cfg(unix)]
#[test]
fn of_many_processes_that_start_at_once_one_sends_it() {
    scenario(
        || {
            let _bento = spooling().init().unwrap();
            if acts("die") {
                emit(100);
                die_when_kept();
            }
        },
        |child| {
            let (directory, backend) = (Directory::new(), Backend::down(Answer::hang()));
            directory.of(&child, "die").to(&backend.server).end();
            backend.come_up();
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| directory.of(&child, "live").to(&backend.server).succeeds());
                }
            });
            assert_eq!(backend.numbers(), up_to(100));
            assert!(directory.files().is_empty());
        },
    );
}

#[test]
fn a_shutdown_that_cannot_deliver_says_what_is_on_disk() {
    scenario(
        || {
            let _bento = spooling().init().unwrap();
            if acts("leave") {
                emit(10);
                let error = bento::shutdown(Duration::ZERO).unwrap_err();
                assert_eq!(
                    (error.waiting(), error.spooled(), error.losses().total()),
                    (10, 10, 0),
                    "{error}"
                );
                assert!(error.to_string().contains("10 of them on disk"), "{error}");
                let status = bento::status();
                assert_eq!((status.waiting(), status.spooled(), status.dropped()), (10, 10, 0));
                // The same process may go on with it as well as another.
                std::mem::forget(spooling().init().unwrap());
                bento::shutdown(Duration::ZERO).ok();
            }
        },
        |child| {
            let (directory, port) = (Directory::new(), ClosedPort::new());
            let left = directory.of(&child, "leave").to(&Server::ok()).env("BENTOLABS_BASE_URL", port.url());
            left.succeeds();
            assert_eq!(directory.files().len(), 1);

            // Spans for one backend do not go to another.
            let server = Server::ok();
            directory.of(&child, "live").to(&server).succeeds();
            assert!(server.requests().is_empty());
            let server = Plan::ok().start_on(port.open());
            directory.of(&child, "live").to(&server).succeeds();
            assert_eq!(numbers(&server), up_to(10));
        },
    );
}

#[cfg(unix)]
#[test]
fn damaged_files_are_set_aside_and_counted() {
    scenario(
        || {
            let _bento = spooling().batch_spans(10).init().unwrap();
            if acts("die") {
                emit(50);
                die_when_kept();
            }
            bento::shutdown(LONG).unwrap();
            let losses = bento::status().losses().clone();
            assert_eq!(losses.of(bento::LossReason::SpoolDamaged), 20, "{losses}");
            assert_eq!(bento::status().delivered(), 30);
        },
        |child| {
            let (directory, backend) = (Directory::new(), Backend::down(Answer::hang()));
            directory.of(&child, "die").to(&backend.server).end();
            backend.come_up();
            let files = directory.files();
            assert_eq!(files.len(), 5);
            let mut bytes = fs::read(&files[1]).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x10;
            fs::write(&files[1], bytes).unwrap();
            fs::write(&files[3], b"").unwrap();
            let ended = directory.of(&child, "live").to(&backend.server).succeeds();
            assert_eq!(backend.numbers().len(), 30);
            assert!(ended.output.contains("cannot be read and was set aside"), "{}", ended.output);
            assert_eq!(directory.files().len(), 2, "for somebody to look at");
        },
    );
}

#[cfg(unix)]
#[test]
fn a_kept_body_that_is_too_large_is_split() {
    scenario(
        || {
            let _bento = spooling().init().unwrap();
            if acts("die") {
                emit(100);
                die_when_kept();
            }
            bento::shutdown(LONG).unwrap();
            assert_eq!(bento::status().delivered(), 100);
        },
        |child| {
            let directory = Directory::new();
            let is_up = Arc::new(AtomicBool::new(false));
            let comes_up = Arc::clone(&is_up);
            let server = Server::script(move |_, request| {
                let spans = span_names(std::slice::from_ref(request)).len();
                match spans {
                    _ if !is_up.load(Ordering::Relaxed) => Answer::hang(),
                    11.. => Answer::status(413),
                    _ => Answer::ok(),
                }
            });
            directory.of(&child, "die").to(&server).end();
            comes_up.store(true, Ordering::Relaxed);
            directory.of(&child, "live").to(&server).succeeds();
            assert_eq!(numbers(&server), up_to(100));
        },
    );
}
