//! Processes that are killed at any moment.

use std::collections::HashMap;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::{ACT, Directory, acts, spooling};
use crate::support::{Answer, Ended, LONG, Server, await_moment, scenario, span_names};

const RUNS: u64 = 12;

/// What a child prints: so many of its spans are delivered or on disk.
const SAFE: &str = "safe: ";

/// In a child: emits until it is killed, after some milliseconds that differ from run to run.
fn work(run: u64) {
    let _bento = spooling().batch_spans(50).init().unwrap();
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(20 + run * 37 % 200));
        Command::new("kill").args(["-9", &std::process::id().to_string()]).status().unwrap();
    });
    for number in 0_u64.. {
        bento::track_ai(format!("{run}-{number}")).send();
        if number % 64 == 0 {
            let unkept = |status: &bento::Status| status.waiting() - status.spooled();
            // As fast as the disk takes it, or the queue would overflow.
            await_moment(|| unkept(&bento::status()) < 500);
            let status = bento::status();
            assert!(status.losses().is_empty(), "{}", status.losses());
            println!("{SAFE}{}", status.accepted() - status.recovered() - unkept(&status));
        }
    }
}

fn safe(ended: &Ended) -> u64 {
    let mut safe = ended.output.lines().filter_map(|line| line.split_once(SAFE)?.1.parse().ok());
    safe.next_back().unwrap_or(0)
}

#[test]
fn what_was_on_disk_arrives_whenever_a_process_is_killed() {
    scenario(
        || {
            log::set_max_level(log::LevelFilter::Off);
            if acts("drain") {
                let _bento = spooling().init().unwrap();
                bento::shutdown(2 * LONG).unwrap();
                // A kill in the midst of writing tears the file, whose spans were not safe yet.
                let losses = bento::status().losses().clone();
                assert_eq!(losses.total(), losses.of(bento::LossReason::SpoolDamaged), "{losses}");
            } else {
                work(std::env::var(ACT).unwrap().parse().unwrap());
            }
        },
        |child| {
            let directory = Directory::new();
            let is_calm = Arc::new(AtomicBool::new(false));
            let calms = Arc::clone(&is_calm);
            let server = Server::script(move |number, _| match number % 7 {
                _ if is_calm.load(Ordering::Relaxed) => Answer::ok(),
                1 => Answer::status(503),
                3 => Answer::ok().late(Duration::from_millis(30)),
                5 => Answer::close(),
                _ => Answer::ok(),
            });
            let mut expected = Vec::new();
            for run in 0..RUNS {
                let killed = directory.of(&child, &run.to_string()).to(&server).end();
                assert_eq!(killed.code, None, "{}", killed.output);
                expected.push(safe(&killed));
            }
            assert!(expected.iter().sum::<u64>() > 1_000, "nothing was ever safe: {expected:?}");
            calms.store(true, Ordering::Relaxed);
            directory.of(&child, "drain").to(&server).succeeds();
            assert!(directory.files().is_empty());

            let mut times: HashMap<String, usize> = HashMap::new();
            for name in span_names(&server.accepted()) {
                *times.entry(name).or_default() += 1;
            }
            for (run, safe) in expected.into_iter().enumerate() {
                for number in 0..safe {
                    let name = format!("{run}-{number}");
                    assert!(times.contains_key(&name), "{name} of {safe} never arrived");
                }
            }
            // A kill repeats at most the one batch whose answer was under way.
            let again: usize = times.values().map(|times| times - 1).sum();
            assert!(again <= 50 * usize::try_from(RUNS).unwrap(), "{again} of {}", times.len());
        },
    );
}
