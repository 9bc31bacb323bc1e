//! Answers that are HTTP, but of a kind that nobody should send.

use std::thread;
use std::time::Duration;

use bento_faults::{Answer, Fate, Plan};

use crate::fault::{Fault, Flushed, fault};
use crate::life::{LONG, Life, start};

const SPANS: usize = 50;
const PAUSE: Duration = Duration::from_millis(100);
const SECOND_ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

pub(crate) fn faults() -> Vec<Fault> {
    let mut faults = unasked();
    faults.extend(heads());
    faults
}

fn deliver(life: &mut Life) {
    let _bento = start();
    life.deliver(SPANS, LONG);
}

fn first(name: &'static str, answer: Answer) -> Fault {
    fault(name, deliver).against(move || Plan::first([answer.clone()]))
}

/// More than one answer: the second must not be taken for that to the next request, which is refused for a while.
fn unasked() -> Vec<Fault> {
    let twice = |life: &mut Life| {
        let _bento = start();
        life.emit(SPANS);
        life.flush(LONG).ok();
        thread::sleep(2 * PAUSE);
        life.emit(SPANS);
        life.flush(LONG).ok();
        life.status();
    };
    let doubled = |name, pause: Duration, answer: Answer| {
        fault(name, twice)
            .against(move || {
                Plan::first([answer.clone().followed_by(pause, SECOND_ANSWER), Answer::status(503)])
            })
            .flushes(vec![Flushed::Ok, Flushed::Ok])
            .requests(3)
    };
    vec![
        doubled("two-answers", Duration::ZERO, Answer::ok()),
        doubled("two-answers-apart", PAUSE, Answer::ok()),
        doubled("two-answers-chunked", Duration::ZERO, Answer::ok().chunked()),
        doubled("two-answers-without-content", Duration::ZERO, Answer::status(204)),
        // It has no body, whatever comes after it.
        first("no-content-with-content", Answer::status(204).body("{}")).requests(1),
        fault("switching-protocols", deliver)
            .against(|| Plan::always(Answer::status(101)))
            .loses("refused with status 101", SPANS as u64),
        first("endless-continues", Answer::raw("HTTP/1.1 100 Continue\r\n\r\n".repeat(200_000))),
    ]
}

fn heads() -> Vec<Fault> {
    let many: Vec<String> = (0..500).map(|number| format!("X-{number}: y\r\n")).collect();
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", many.concat());
    vec![
        first("many-headers", Answer::raw(many)),
        first("length-that-is-none", Answer::raw("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}")),
        first("http-1.0-without-length", Answer::raw("HTTP/1.0 200 OK\r\n\r\n{}").deemed(Fate::Accepted))
            .requests(1),
        fault("status-999", deliver)
            .against(|| Plan::always(Answer::status(999)))
            .loses("refused with status 999", SPANS as u64)
            .requests(1),
    ]
}
