//! Starts that fail, starts and stops in turn, and emission at the wrong time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use bento_faults::{Plan, Server};

use crate::fault::{Arrived, Fault, Flushed, Stage, fault};
use crate::life::{LONG, Life, start, timed};

/// More than any system has for the stack of a thread.
const NO_STACK: &str = "1152921504606846976";

pub(crate) fn faults() -> Vec<Fault> {
    let mut faults = off();
    faults.extend(again());
    faults
}

fn off() -> Vec<Fault> {
    let counted = |fault: Fault| {
        fault
            .arrived(Arrived::Exactly(0))
            .lost(vec![("SDK not running", 10)])
            .flushes(vec![Flushed::Lost(10), Flushed::Ok])
    };
    vec![
        counted(fault("no-thread-to-be-had", |life| {
            match bento::init() {
                Ok(_) => life.require(false, "it started without a thread"),
                Err(error) => {
                    life.require(error.code() == "worker_not_started", format!("it failed with {error}"));
                }
            }
            // What is emitted all the same tries once more, and is counted.
            emit_in_vain(life);
        }))
        .on(|| Stage::of(Plan::ok()).env("RUST_MIN_STACK", NO_STACK)),
        counted(fault("no-key", emit_in_vain)).on(|| Stage::of(Plan::ok()).env("BENTOLABS_API_KEY", "")),
        counted(fault("key-with-a-line-break", emit_in_vain))
            .on(|| Stage::of(Plan::ok()).env("BENTOLABS_API_KEY", "bl_pk_Zq7hush\r\nX-Evil: 1")),
        fault("emission-after-shutdown", |life| {
            let _bento = start();
            life.emit(10);
            life.shutdown(LONG).ok();
            life.emit(5);
            life.flush(LONG).ok();
            life.status();
        })
        .arrived(Arrived::Exactly(10))
        .lost(vec![("SDK not running", 5)])
        .flushes(vec![Flushed::Ok, Flushed::Lost(5)]),
        fault("emission-during-shutdown", emit_during_shutdown).by_the_books(),
    ]
}

fn emit_in_vain(life: &mut Life) {
    life.emit(10);
    life.flush(LONG).ok();
    life.flush(LONG).ok();
    life.status();
}

/// What each thread emits before the shutdown arrives; what comes after it is counted; nothing is both or neither.
fn emit_during_shutdown(life: &mut Life) {
    let _bento = start();
    let over = AtomicBool::new(false);
    let emitted = thread::scope(|scope| {
        let threads: Vec<_> = (0..3)
            .map(|thread| {
                let over = &over;
                scope.spawn(move || {
                    let mut spans = Vec::new();
                    while !over.load(Ordering::Relaxed) {
                        spans.push(timed(&format!("{thread}-{}", spans.len()), |event| event));
                        thread::sleep(Duration::from_micros(300));
                    }
                    spans
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(100));
        bento::shutdown(LONG).ok();
        thread::sleep(Duration::from_millis(20));
        over.store(true, Ordering::Relaxed);
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    life.tell(emitted);
    life.status();
}

fn again() -> Vec<Fault> {
    vec![
        fault("20-starts-and-stops", |life| {
            for _ in 0..20 {
                let _bento = start();
                life.emit(5);
                life.shutdown(LONG).ok();
                life.status();
            }
        })
        .status_of_a_part()
        .flushes(vec![Flushed::Ok; 20]),
        fault("hostile-variables", |life| {
            let _bento = start();
            life.deliver(20, LONG);
        })
        .on(|| {
            let decoy = Server::ok();
            let mut stage = Stage::of(Plan::ok());
            for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
                stage = stage.env(name, decoy.url());
            }
            for (name, value) in [
                ("OTEL_SDK_DISABLED", "true"),
                ("OTEL_TRACES_SAMPLER", "always_off"),
                ("OTEL_BSP_MAX_QUEUE_SIZE", "1"),
                ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20stolen"),
            ] {
                stage = stage.env(name, value);
            }
            stage = stage.env("OTEL_EXPORTER_OTLP_ENDPOINT", decoy.url());
            stage.decoys.push(decoy);
            stage
        })
        .check(|seen| {
            let authorized = format!("Bearer {}", crate::run::KEY);
            let is_ours = |request: &bento_faults::Received| {
                request.header("authorization") == Some(authorized.as_str())
            };
            if seen.requests.iter().all(is_ours) { Ok(()) } else { Err("the key was replaced".to_owned()) }
        }),
    ]
}
