//! Answers that are slow, endless, or no HTTP at all.

use std::time::{Duration, Instant};

use bento_faults::machine::peak_resident_bytes;
use bento_faults::{Answer, Door, Early, Plan};

use super::connection::{deliver, first};
use crate::fault::{Fault, Flushed, fault};
use crate::judge::Seen;
use crate::life::{LONG, Life, start};

const PAUSE: Duration = Duration::from_millis(200);

pub(crate) fn faults() -> Vec<Fault> {
    let mut faults = slow();
    faults.extend(strange());
    faults.extend(large());
    faults
}

/// Two batches: the second has to go on within eleven seconds, whatever holds the first.
fn two_batches(life: &mut Life) {
    let _bento = start();
    life.emit(50);
    life.flush(LONG).ok();
    life.emit(50);
    life.flush(LONG).ok();
    life.status();
}

fn recovers(seen: &Seen) -> Result<(), String> {
    match seen.moments().get(1) {
        // Ten seconds, a backoff of half a second at most, and a busy machine.
        Some(second) if *second > 12.5 => Err(format!("the next batch went after {second:.2} s")),
        Some(_) => Ok(()),
        None => Err("there was no second request".to_owned()),
    }
}

fn slow() -> Vec<Fault> {
    let well = vec![Flushed::Ok, Flushed::Ok];
    let slow = |name, answer: Answer| {
        fault(name, two_batches)
            .against(move || Plan::first([answer.clone()]))
            .flushes(well.clone())
            .check(recovers)
            .long()
    };
    vec![
        slow("trickled-head", Answer::ok().header("X-Padding", "x".repeat(100)).trickled_head(PAUSE)),
        // Forty bytes take eight seconds: it is in time, and nothing is to be sent again.
        slow("trickled-head-in-time", Answer::ok().trickled_head(PAUSE)).requests(2),
        slow("trickled-body", Answer::status(200).body("x".repeat(200)).trickled_body(PAUSE)),
        slow("trickled-endless-head", Answer::endless_head().trickled_head(PAUSE)),
        slow("hang", Answer::hang()),
        slow("answer-too-late", Answer::ok().late(Duration::from_secs(11))),
        fault("deaf-connection", two_batches)
            .against(|| Plan::ok().doors(|number| if number == 0 { Door::Deaf } else { Door::Open }))
            .flushes(well.clone())
            .long(),
        first("answer-late", Answer::ok().late(Duration::from_millis(1_500))).requests(1),
        fault("short-flush-of-a-hang", |life| {
            let _bento = start();
            life.emit(50);
            life.flush(Duration::from_millis(500)).ok();
            life.shutdown(Duration::from_secs(1)).ok();
            life.status();
            life.leave();
        })
        .against(|| Plan::always(Answer::hang()))
        .arrived(crate::fault::Arrived::Exactly(0))
        .lost(vec![("shutdown deadline passed", 50)])
        .flushes(vec![Flushed::Waiting(50), Flushed::Lost(50)]),
    ]
}

fn strange() -> Vec<Fault> {
    vec![
        first("garbage", Answer::raw(vec![0xff; 3_000])),
        first("garbage-status-line", Answer::raw("HTTP/1.1 abc\r\n\r\n")),
        first("garbage-blank-lines", Answer::raw("\r\n\r\n\r\n")),
        first("another-protocol", Answer::raw("* OK IMAP4rev1 ready\r\n")),
        fault("greets-first", deliver).against(|| {
            let greeting = Door::Greets(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec());
            Plan::ok().doors(move |number| if number == 0 { greeting.clone() } else { Door::Open })
        }),
        first("endless-head", Answer::endless_head()),
        fault("continue-unasked", deliver).against(|| Plan::ok().heads(|_, _| Early::Continue)).requests(1),
        first("chunked-answer", Answer::ok().chunked()).requests(1),
        first("gzipped-answer", Answer::ok().gzipped()).requests(1),
        first("no-content", Answer::status(204)).requests(1),
        first("body-that-is-no-json", Answer::status(200).body("<!doctype html>")).requests(1),
    ]
}

fn large() -> [Fault; 1] {
    let child = |life: &mut Life| {
        let _bento = start();
        life.emit(50);
        // The status has decided, so no time is spent on the rest; but for the log, which holds every byte.
        log::set_max_level(log::LevelFilter::Debug);
        let (before, start) = (peak_resident_bytes(), Instant::now());
        life.flush(LONG).ok();
        life.require(start.elapsed() < LONG / 6, "the flush waited for the whole answer");
        if let (Some(before), Some(after)) = (before, peak_resident_bytes()) {
            let grown = after.saturating_sub(before);
            life.require(grown < 16 << 20, format!("the process grew by {grown} bytes"));
        }
        life.emit(50);
        life.flush(LONG).ok();
        life.status();
    };
    [fault("answer-of-1-gib", child)
        .against(|| Plan::first([Answer::status(200).generated(1 << 30)]))
        .flushes(vec![Flushed::Ok, Flushed::Ok])
        .requests(2)]
}
