//! One process, a backend that is away for longer than the memory lasts, and disks that fail.

use std::time::Duration;

use super::{Backend, Directory, emit, spooling};
use crate::support::{Answer, LONG, Server, await_moment, journal, scenario, span_names};

#[test]
fn an_outage_longer_than_the_memory_loses_nothing() {
    scenario(
        || {
            let _bento = spooling().batch_spans(100).init().unwrap();
            for round in 0..10 {
                emit(1_000);
                await_moment(|| bento::status().spooled() == 1_000 * (round + 1));
            }
            let status = bento::status();
            assert_eq!((status.waiting(), status.losses().total()), (10_000, 0), "{status:?}");
            std::fs::write(std::env::var("ALL_KEPT").unwrap(), "").unwrap();
            bento::flush(LONG).unwrap();
            let status = bento::status();
            assert_eq!((status.delivered(), status.waiting(), status.spooled()), (10_000, 0, 0));
        },
        |child| {
            let (directory, backend) = (Directory::new(), Backend::down(Answer::status(503)));
            // The child has to have seen that everything is kept: the last file alone does not say so.
            let all_kept = directory.0.with_extension("kept");
            let child = child.env("ALL_KEPT", all_kept.to_str().unwrap());
            std::thread::scope(|scope| {
                let running = scope.spawn(|| directory.of(&child, "").to(&backend.server).succeeds());
                await_moment(|| std::fs::remove_file(&all_kept).is_ok());
                assert!(directory.files().len() >= 100);
                backend.come_up();
                running.join().unwrap();
            });
            let mut names = span_names(&backend.server.accepted());
            names.sort_unstable();
            let mut expected: Vec<String> = (0..10_000).map(|number| (number % 1_000).to_string()).collect();
            expected.sort_unstable();
            assert_eq!(names, expected);
            assert!(directory.files().is_empty());
        },
    );
}

#[test]
fn a_full_spool_drops_the_oldest_and_counts_it() {
    scenario(
        || {
            let _bento = spooling().spool_bytes(10 * 4096).batch_spans(100).init().unwrap();
            emit(2_000);
            await_moment(|| bento::status().spooled() == 500);
            await_moment(|| {
                emit(1);
                bento::status().losses().of(bento::LossReason::SpoolFull) > 0
            });
            let status = bento::status();
            let settled = status.delivered() + status.rejected() + status.failed() + status.dropped();
            assert_eq!(status.accepted(), settled + status.waiting());
            assert!(status.spooled() <= 1_000);
        },
        |child| {
            let directory = Directory::new();
            directory.of(&child, "").to(&Server::always(Answer::status(503))).succeeds();
            let bytes: u64 = directory.files().iter().map(|file| file.metadata().unwrap().len()).sum();
            assert!(bytes <= 10 * 4096, "{bytes}");
        },
    );
}

#[test]
fn a_disk_that_takes_nothing_costs_no_delivery() {
    scenario(
        || {
            let _bento = spooling().init().unwrap();
            std::fs::remove_dir_all(std::env::var(super::DIRECTORY).unwrap()).unwrap();
            emit(100);
            bento::flush(LONG).unwrap();
            emit(100);
            bento::flush(LONG).unwrap();
            assert_eq!(bento::status().delivered(), 200);
            assert_eq!(journal::count("the spool takes nothing"), 1);
        },
        |child| {
            let (directory, server) = (Directory::new(), Server::ok());
            directory.of(&child, "").to(&server).succeeds();
            assert_eq!(span_names(&server.accepted()).len(), 200);
        },
    );
}

#[test]
fn a_spool_that_cannot_be_made_is_an_error_from_init() {
    scenario(
        || {
            let file = std::env::current_exe().unwrap();
            let error = bento::builder().spool(file.join("spool")).init().unwrap_err();
            assert_eq!(error.code(), "spool_not_usable");
            #[cfg(feature = "otel")]
            {
                let route = bento::otel::collector("http://localhost:4318").unwrap();
                let error = spooling().route(route).init().unwrap_err();
                assert!(error.to_string().contains("for a Bento backend only"), "{error}");
            }
            assert!(!bento::status().is_running());
            bento::shutdown(Duration::ZERO).unwrap();
        },
        |child| {
            let directory = Directory::new();
            directory.of(&child, "").to(&Server::ok()).succeeds();
            assert!(directory.is_empty());
        },
    );
}
