//! The ways in which a process ends by itself.

use std::time::Duration;

use bento_faults::{Answer, Plan};

use super::connection::nowhere;
use crate::fault::{Arrived, Fault, Flushed, fault};
use crate::life::{LONG, Life, opened, start};

/// What is promised of an end where the backend is silent.
const EXIT: Duration = Duration::from_secs(5);

pub(crate) fn faults() -> Vec<Fault> {
    let silent = |name, fault: Fault| {
        Fault { name, ..fault }
            .arrived(Arrived::AsCounted)
            .exits_within(EXIT)
            .check(|seen| {
                let is_told = seen.ended.output.contains("20 still waiting");
                if is_told { Ok(()) } else { Err("nothing tells that spans were left".to_owned()) }
            })
            .long()
    };
    vec![
        fault("main-returns", with_guard).flushes(Vec::new()),
        fault("main-returns-without-guard", |life| {
            std::mem::forget(start());
            leave_with(life, 20);
        })
        .flushes(Vec::new()),
        fault("process-exits", |life| {
            let _bento = start();
            leave_with(life, 20);
            std::process::exit(3);
        })
        .flushes(Vec::new())
        .exits(Some(3)),
        fault("main-panics", |life| {
            let _bento = start();
            let turn = bento::begin("turn").start();
            life.tell([opened(&turn)]);
            leave_with(life, 20);
            panic!("the host's own trouble");
        })
        .flushes(Vec::new())
        .status_of_a_part()
        .exits(Some(101))
        .host_panics(1),
        fault("exit-with-open-spans", |life| {
            let _bento = start();
            let turn = bento::begin("turn").start();
            life.tell([opened(&turn)]);
            leave_with(life, 20);
            std::process::exit(0);
        })
        .flushes(Vec::new())
        .status_of_a_part(),
        fault("exit-through-an-outage", with_guard)
            .against(|| Plan::first([Answer::status(503), Answer::reset()]))
            .flushes(Vec::new())
            .exits_within(EXIT),
        silent("exit-beside-a-hang", fault("", with_guard).against(|| Plan::always(Answer::hang())))
            .flushes(Vec::new()),
        silent(
            "exit-beside-a-throttle",
            fault("", with_guard).against(|| Plan::always(Answer::status(429).header("Retry-After", "60"))),
        )
        .flushes(Vec::new())
        .requests(1),
        silent("exit-beside-a-closed-port", fault("", with_guard).on(nowhere)).flushes(Vec::new()),
        fault("runtime-ends-beside-flushes", runtime_ends)
            .against(|| Plan::always(Answer::ok().late(Duration::from_millis(100)))),
        fault("abandoned-flushes", |life| {
            let _bento = start();
            life.emit(20);
            for _ in 0..100 {
                drop(bento::flush_async(LONG));
            }
            life.flush(LONG).ok();
            life.status();
        })
        .flushes(vec![Flushed::Ok]),
    ]
}

fn with_guard(life: &mut Life) {
    let _bento = start();
    leave_with(life, 20);
}

/// Emits, and has nothing left to do: that these spans wait is the last thing known of them.
fn leave_with(life: &mut Life, spans: usize) {
    life.emit(spans);
    life.status();
    life.leave();
}

/// A runtime goes with tasks that hold open spans and wait for flushes.
fn runtime_ends(life: &mut Life) {
    let _bento = start();
    for _ in 0..3 {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        life.emit(10);
        for _ in 0..10 {
            runtime.spawn(bento::flush_async(LONG));
        }
        runtime.block_on(tokio::task::yield_now());
        runtime.shutdown_background();
    }
    life.flush(LONG).ok();
    life.status();
}
