//! More than can be sent, and many who ask whether it was.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use bento_faults::{Answer, Plan, Server};

use crate::fault::{Arrived, Fault, Flushed, Stage, fault};
use crate::life::{LONG, Life, start, timed};
use crate::line::Line;
use crate::watch::Watched;

pub(crate) fn faults() -> Vec<Fault> {
    vec![
        overflow(),
        bytes_overflow(),
        fault("100-flushes-at-once", flush_at_once)
            .against(|| Plan::first([503, 200, 503].map(Answer::status)))
            .flushes(vec![Flushed::Ok; 100]),
        fault("100-flushes-refused", |life| {
            flush_at_once(life);
            // Every loss was told by now, and none is told again.
            life.flush(LONG).ok();
        })
        .against(|| Plan::always(Answer::status(400)))
        .by_the_books()
        .lost(vec![("refused with status 400", 100)])
        .check(|seen| {
            let told = seen.ended.lines.iter().filter_map(|line| match line {
                Line::Flush { lost, waiting, .. } => Some((lost.values().sum::<u64>(), *waiting)),
                _ => None,
            });
            let told: Vec<(u64, u64)> = told.collect();
            let (last, during) = told.split_last().ok_or("no flush")?;
            if *last != (0, 0) {
                return Err(format!("a later flush tells of {last:?} again"));
            }
            // Each flush followed the span of its own thread, which was lost before or during it. One that began when
            // that loss had been told by another has nothing to tell.
            if during.iter().any(|(lost, waiting)| *lost > 100 || *waiting > 0) {
                return Err(format!("flushes told {during:?}"));
            }
            if during.iter().all(|(lost, _)| *lost == 0) {
                return Err("no flush told of the loss".to_owned());
            }
            Ok(())
        }),
        fault("four-threads-and-chaos", chaos).against(|| Plan::script(chaotic)).by_the_books(),
    ]
}

/// One request is held while 5,000 spans come: the queue keeps the newest, and counts the rest.
fn overflow() -> Fault {
    fault("queue-overflow", |life| {
        let _bento = bento::builder().batch_interval(Duration::from_millis(10)).init().unwrap();
        life.emit(1);
        life.ready();
        life.await_parent();
        life.emit(4_999);
        life.ready();
        life.flush(LONG).ok();
        life.status();
    })
    .on(held_first)
    .directed(open_when_emitted)
    .arrived(Arrived::Exactly(2_048))
    .lost(vec![("queue full", 5_000 - 2_048)])
    .flushes(vec![Flushed::Lost(5_000 - 2_048)])
}

/// Holds the first request until everything is emitted.
fn open_when_emitted(stage: &Stage, child: &mut Watched) {
    child.await_ready();
    stage.server.wait_for(1);
    child.go();
    child.await_ready();
    stage.gate.open();
}

/// The same by bytes: of 150 spans of 100 KB no more are kept than the budget has room for.
fn bytes_overflow() -> Fault {
    const BUDGET: usize = 8 << 20;
    fault("bytes-overflow", |life| {
        let _bento =
            bento::builder().queue_bytes(BUDGET).batch_interval(Duration::from_millis(10)).init().unwrap();
        life.emit(1);
        life.ready();
        life.await_parent();
        life.emit_large(150, 100_000);
        life.ready();
        life.flush(LONG).ok();
        life.status();
    })
    .on(held_first)
    .directed(open_when_emitted)
    .by_the_books()
    .check(|seen| {
        let books = seen.books.clone().unwrap_or_default();
        let kept = usize::try_from(books.delivered).unwrap_or(0);
        // A span is a little more than its text.
        let most = 1 + BUDGET / 100_000;
        if kept > most || kept < most * 9 / 10 || books.lost.keys().any(|reason| reason != "queue bytes full")
        {
            return Err(format!("{books:?}, of at most {most} that fit"));
        }
        let newest: Vec<String> = (151 - (kept - 1)..151).map(|number| format!("s{number}")).collect();
        let names: Vec<String> = seen.names().into_iter().flatten().skip(1).collect();
        if names == newest { Ok(()) } else { Err("those that are left are not the newest".to_owned()) }
    })
}

fn held_first() -> Stage {
    let stage = Stage::of(Plan::ok());
    let server = Server::first([Answer::ok().held(&stage.gate)]);
    Stage { gate: stage.gate, ..Stage::at(server) }
}

fn flush_at_once(life: &mut Life) {
    let _bento = start();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let emitted = Mutex::new(Vec::new());
    let one = |name: &str| {
        let span = timed(name, |event| event);
        emitted.lock().unwrap().push(span);
    };
    // Of what was accepted before a flush nothing may wait when it ends well.
    let is_true = |before: u64| {
        let status = bento::status();
        status.delivered() + status.losses().total() >= before
    };
    let verdicts = thread::scope(|scope| {
        let threads: Vec<_> = (0..50)
            .map(|number| {
                let one = &one;
                scope.spawn(move || {
                    one(&format!("thread{number}"));
                    let (before, start) = (bento::status().accepted(), Instant::now());
                    let verdict = bento::flush(LONG);
                    (start.elapsed(), verdict, is_true(before))
                })
            })
            .collect();
        let tasks: Vec<_> = (0..50)
            .map(|number| {
                one(&format!("task{number}"));
                let (before, start) = (bento::status().accepted(), Instant::now());
                let flush = bento::flush_async(LONG);
                runtime.spawn(async move {
                    let verdict = flush.await;
                    (start.elapsed(), verdict, is_true(before))
                })
            })
            .collect();
        let mut verdicts: Vec<_> = tasks.into_iter().map(|task| runtime.block_on(task).unwrap()).collect();
        verdicts.extend(threads.into_iter().map(|thread| thread.join().unwrap()));
        verdicts
    });
    life.tell(emitted.into_inner().unwrap());
    for (took, verdict, is_true) in verdicts {
        life.tell_flush(took, LONG, &verdict);
        life.require(is_true, "a flush ended before all was settled");
    }
    life.status();
}

fn chaotic(number: usize, _: &bento_faults::Received) -> Answer {
    match number % 9 {
        1 => Answer::status(503),
        3 => Answer::status(400),
        4 => Answer::status(413),
        5 => Answer::reset(),
        7 => Answer::ok().late(Duration::from_millis(20)).then_close(),
        _ => Answer::ok(),
    }
}

/// Spans from four threads, with flushes between them, through a backend that does everything in turn.
fn chaos(life: &mut Life) {
    let _bento = bento::builder().batch_spans(50).init().unwrap();
    let emitted = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                scope.spawn(move || {
                    let mut spans = Vec::new();
                    for number in 0..1_000 {
                        spans.push(timed(&format!("{thread}-{number}"), |event| event));
                        if number % 250 == 0 {
                            bento::flush(Duration::from_millis(50)).ok();
                        }
                    }
                    spans
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    life.tell(emitted);
    bento::flush(LONG).ok();
    life.status();
}
