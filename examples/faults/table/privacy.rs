//! Hooks that hide, drop or panic, traces that are left out, and a host that wants to know of losses.

use std::sync::atomic::{AtomicU64, Ordering};

use bento_faults::{Answer, Plan};

use crate::fault::{Arrived, Fault, Flushed, fault};
use crate::life::{LONG, Life};

static TOLD: AtomicU64 = AtomicU64::new(0);

pub(crate) fn faults() -> Vec<Fault> {
    vec![
        fault("hook-hides-what-it-is-shown", |life| {
            let hook = |field: &mut bento::Field<'_>| {
                if field.text().is_some_and(|text| text.contains("hunter2")) {
                    field.replace("hidden");
                }
            };
            with(bento::builder().redact(hook), life);
        })
        .check(|seen| {
            let body = |request: &bento_faults::Received| String::from_utf8_lossy(&request.body).into_owned();
            let shown = seen.requests.iter().filter(|request| body(request).contains("hunter2")).count();
            if shown == 0 { Ok(()) } else { Err("what was to be hidden arrived".to_owned()) }
        }),
        fault("hook-panics", |life| {
            let hook = |field: &mut bento::Field<'_>| assert!(field.key() != "input.value", "a faulty hook");
            with(bento::builder().redact(hook), life);
            life.require(bento::status().panics() == 20, "the panics are not counted");
        })
        .host_panics(20)
        .check(|seen| {
            let body = |request: &bento_faults::Received| String::from_utf8_lossy(&request.body).into_owned();
            let shown = seen.requests.iter().filter(|request| body(request).contains("hunter2")).count();
            if shown == 0 { Ok(()) } else { Err("a value arrived that its hook had panicked at".to_owned()) }
        }),
        fault("hook-drops-spans", |life| {
            let hook = |field: &mut bento::Field<'_>| {
                if field.text().is_some_and(|name| name.ends_with('7')) {
                    field.drop_span();
                }
            };
            with(bento::builder().redact(hook), life);
        })
        .arrived(Arrived::Exactly(18))
        .lost(vec![("dropped by a redaction hook", 2)]),
        fault("sampled-out", |life| with(bento::builder().sample(0.0), life))
            .arrived(Arrived::Exactly(0))
            .lost(vec![("sampled out", 20)]),
        fault("loss-hook-panics", |life| {
            let hook = |losses: &bento::Losses| {
                TOLD.fetch_add(losses.total(), Ordering::Relaxed);
                panic!("a faulty hook");
            };
            let _bento = bento::builder().on_loss(hook).init().unwrap();
            life.emit(20);
            life.flush(LONG).ok();
            life.emit(20);
            life.shutdown(LONG).ok();
            life.require(TOLD.load(Ordering::Relaxed) == 20, "the hook was not told");
            life.status();
        })
        .against(|| Plan::first([Answer::status(400)]))
        .host_panics(1)
        .arrived(Arrived::Exactly(20))
        .lost(vec![("refused with status 400", 20)])
        .flushes(vec![Flushed::Lost(20), Flushed::Ok]),
    ]
}

fn with(builder: bento::Builder, life: &mut Life) {
    let _bento = builder.init().unwrap();
    life.emit_each(20, |event| event.input("the password is hunter2"));
    life.flush(LONG).ok();
    life.status();
}
