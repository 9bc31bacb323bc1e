//! Failures that pass: everything arrives once, and no sooner than the backend wants.

use std::thread;
use std::time::{Duration, SystemTime};

use bento_faults::{Answer, Plan, Server};

use crate::fault::{Arrived, Fault, Flushed, Stage, fault};
use crate::judge::Seen;
use crate::life::{LONG, Life, start};

pub(crate) fn faults() -> Vec<Fault> {
    let mut faults = vec![
        once("retry-429", Answer::status(429)),
        once("retry-502", Answer::status(502)),
        once("retry-503", Answer::status(503)),
        once("retry-504", Answer::status(504)),
    ];
    faults.extend(thousands());
    faults.extend(retry_after());
    faults
}

/// A thousand spans in ten flushes, each of which says that its own have arrived.
fn thousands() -> [Fault; 4] {
    let thousand = |name| {
        fault(name, |life| {
            let _bento = start();
            for _ in 0..10 {
                life.emit(100);
                life.flush(LONG).ok();
            }
            life.status();
        })
        .flushes(vec![Flushed::Ok; 10])
    };
    [
        thousand("thousand-503-three-times").against(|| Plan::first([503, 503, 503].map(Answer::status))),
        thousand("thousand-503-retry-after")
            .against(|| Plan::first([Answer::status(503).header("Retry-After", "1")])),
        thousand("thousand-reset").against(|| Plan::first([Answer::reset()])),
        thousand("thousand-down-for-three-seconds")
            .on(|| {
                let server = Server::ok();
                server.stop();
                Stage::at(server)
            })
            .directed(|stage, _| {
                thread::sleep(Duration::from_secs(3));
                stage.server.resume();
            }),
    ]
}

fn deliver(life: &mut Life) {
    let _bento = start();
    life.deliver(20, LONG);
}

fn once(name: &'static str, answer: Answer) -> Fault {
    fault(name, deliver).against(move || Plan::first([answer.clone()])).requests(2).check(|seen| {
        let retries = seen.books.as_ref().map_or(0, |books| books.retries);
        if retries == 1 { Ok(()) } else { Err(format!("{retries} retries were counted")) }
    })
}

fn throttled(name: &'static str, value: &'static str) -> Fault {
    fault(name, deliver).against(move || Plan::first([Answer::status(503).header("Retry-After", value)]))
}

/// The second request must not come before that many seconds have passed.
fn not_before(seconds: f64) -> impl Fn(&Seen) -> Result<(), String> {
    move |seen| match seen.moments().get(1) {
        Some(second) if *second < seconds => Err(format!("the next try came after {second:.2} s")),
        Some(_) => Ok(()),
        None => Err("there was no second try".to_owned()),
    }
}

fn retry_after() -> Vec<Fault> {
    vec![
        throttled("retry-after-seconds", "2").check(not_before(2.0)),
        fault("retry-after-date", deliver)
            .against(|| {
                Plan::script(|number, _| match number {
                    // A date has whole seconds, so of three of them two are certain.
                    0 => Answer::status(429).retry_at(SystemTime::now() + Duration::from_secs(3)),
                    _ => Answer::ok(),
                })
            })
            .check(not_before(1.5)),
        throttled("retry-after-past-date", "Sun, 06 Nov 1994 08:49:37 GMT"),
        throttled("retry-after-negative", "-5"),
        throttled("retry-after-words", "soon"),
        throttled("retry-after-zero", "0"),
        fault("retry-after-huge", |life| {
            let _bento = start();
            life.emit(20);
            life.flush(Duration::from_secs(1)).ok();
            // The pause outlasts the shutdown, which need not wait for it.
            life.shutdown(Duration::from_secs(3)).ok();
            life.status();
            life.leave();
        })
        .against(|| Plan::always(Answer::status(429).header("Retry-After", "99999999999999999999999999")))
        .arrived(Arrived::Exactly(0))
        .lost(vec![("shutdown deadline passed", 20)])
        .flushes(vec![Flushed::Waiting(20), Flushed::Lost(20)])
        .requests(1),
        fault("throttle-holds-later-batches", |life| {
            let _bento = bento::builder().batch_spans(1).init().unwrap();
            life.emit(1);
            life.flush(Duration::from_millis(200)).ok();
            life.emit(3);
            life.flush(LONG).ok();
            life.status();
        })
        .against(|| Plan::first([Answer::status(429).header("Retry-After", "2")]))
        .flushes(vec![Flushed::Waiting(1), Flushed::Ok])
        .check(not_before(2.0)),
    ]
}
