//! Requests, spans and values that are too large.

use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};

use bento_faults::{Answer, Early, Plan};

use crate::fault::{Arrived, Fault, Flushed, fault};
use crate::life::{LONG, Life, start};

pub(crate) fn faults() -> Vec<Fault> {
    vec![
        fault("413-late", eight).against(|| {
            Plan::script(
                |_, request| {
                    if request.spans().len() > 2 { Answer::status(413) } else { Answer::ok() }
                },
            )
        }),
        fault("413-early", eight).against(|| {
            Plan::ok().heads(|_, request| {
                let length = request.header("content-length").and_then(|length| length.parse().ok());
                if length.unwrap_or(usize::MAX) > 3_000 {
                    Early::Answer(Answer::status(413))
                } else {
                    Early::Read
                }
            })
        }),
        fault("one-span-too-large", |life| {
            let _bento = start();
            life.emit(8);
            life.emit_large(1, 100_000);
            life.emit(8);
            life.flush(LONG).ok();
            life.status();
        })
        .against(|| {
            Plan::script(
                |_, request| {
                    if request.body.len() > 20_000 { Answer::status(413) } else { Answer::ok() }
                },
            )
        })
        .arrived(Arrived::Exactly(16))
        .lost(vec![("refused with status 413", 1)])
        .flushes(vec![Flushed::Lost(1)]),
        fault("everything-too-large", eight)
            .against(|| Plan::always(Answer::status(413)))
            .loses("refused with status 413", 8),
        fault("value-of-40-mib", |life| {
            let _bento = start();
            life.emit_large(3, 40 << 20);
            life.flush(LONG).ok();
            life.status();
        })
        .check(|seen| {
            let largest = seen.requests.iter().map(|request| request.body.len()).max();
            if largest.is_some_and(|bytes| bytes < 5 << 20) {
                Ok(())
            } else {
                Err(format!("the largest body has {largest:?} bytes"))
            }
        }),
    ]
}

/// Eight spans of a kilobyte each, also when they are compressed.
fn eight(life: &mut Life) {
    let _bento = start();
    life.emit_each(8, |event| event.input(noise(2_000)));
    life.flush(LONG).ok();
    life.status();
}

/// Hexadecimal digits without a pattern.
fn noise(digits: usize) -> String {
    let mut text = String::new();
    while text.len() < digits {
        write!(text, "{:016x}", RandomState::new().hash_one(text.len())).unwrap();
    }
    text
}
