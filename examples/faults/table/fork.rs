//! Children of a fork, which have none of their parent's threads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use fork::{Fork, fork, waitpid};

use crate::fault::{Fault, Flushed, fault};
use crate::life::{LONG, Life, opened, start};

pub(crate) fn faults() -> Vec<Fault> {
    vec![
        part(fault("fork-with-spans-queued", |life| {
            let _bento = start();
            life.emit(20);
            in_fork(life, |life| {
                life.emit(20);
                life.flush(LONG).ok();
                life.status();
            });
            life.flush(LONG).ok();
            life.status();
        }))
        .flushes(vec![Flushed::Ok, Flushed::Ok]),
        part(fault("fork-inside-a-trajectory", |life| {
            let _bento = start();
            let turn = bento::begin("turn").start();
            life.tell([opened(&turn)]);
            in_fork(life, |life| {
                life.emit(5);
                life.flush(LONG).ok();
            });
            life.emit(5);
            turn.finish().unwrap();
            life.flush(LONG).ok();
        }))
        .flushes(vec![Flushed::Ok, Flushed::Ok]),
        part(fault("fork-and-exit", |life| {
            let _bento = start();
            life.emit(20);
            // Its end delivers what it has emitted.
            in_fork(life, |life| life.emit(20));
        }))
        .flushes(Vec::new()),
        part(fault("fork-amid-other-threads", amid_other_threads)).flushes(vec![Flushed::Ok; 20]),
    ]
}

/// Parent and child have books of their own.
fn part(fault: Fault) -> Fault {
    Fault { has_logger: true, ..fault }.status_of_a_part()
}

fn in_fork(life: &mut Life, child: impl FnOnce(&mut Life)) {
    match fork().unwrap() {
        Fork::Child => {
            child(life);
            std::process::exit(0)
        }
        Fork::Parent(id) => life.require(waitpid(id).unwrap() == 0, "the child failed"),
    }
}

/// Whatever lock of the SDK another thread holds at the moment of the fork is held for ever in the child.
fn amid_other_threads(life: &mut Life) {
    let _bento = start();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    bento::flush(Duration::from_millis(1)).ok();
                    bento::status();
                }
            });
        }
        for _ in 0..20 {
            in_fork(life, |life| {
                life.emit(1);
                life.flush(LONG).ok();
            });
        }
        is_over.store(true, Ordering::Relaxed);
    });
}
