//! Code of the host that runs inside the SDK, and goes wrong there.

use std::cell::Cell;

use bento_faults::{Answer, Plan};
use log::{LevelFilter, Log, Metadata, Record};

use crate::fault::{Fault, fault};
use crate::life::{LONG, Life, start};

pub(crate) fn faults() -> Vec<Fault> {
    let mut faults = vec![
        fault("identity-panics", |life| {
            let panicking = || -> Option<String> { panic!("the host's closure") };
            let _bento = bento::builder().user_id(panicking).session_id("c1").init().unwrap();
            life.deliver(5, LONG);
        })
        .host_panics(5)
        .check(|seen| {
            let bodies: String =
                seen.requests.iter().map(|request| String::from_utf8_lossy(&request.body)).collect();
            match (bodies.contains("gen_ai.user.id"), bodies.matches("gen_ai.conversation.id").count()) {
                (false, 5) => Ok(()),
                other => Err(format!("a panic cost more or less than its field: {other:?}")),
            }
        }),
        fault("logger-panics", |life| {
            log::set_logger(&Panicking).unwrap();
            log::set_max_level(LevelFilter::Warn);
            let _bento = start();
            life.deliver(20, LONG);
        })
        .own_logger()
        .against(|| Plan::first([Answer::status(503)]))
        .host_panics(1),
        fault("logger-emits", |life| {
            log::set_logger(&Emitting).unwrap();
            log::set_max_level(LevelFilter::Trace);
            let _bento = start();
            life.deliver(20, LONG);
        })
        .own_logger()
        .against(|| Plan::first([503, 503].map(Answer::status)))
        .requests(3),
    ];
    #[cfg(feature = "otel")]
    faults.push(route::panics());
    faults
}

struct Panicking;

impl Log for Panicking {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, _: &Record<'_>) {
        panic!("the host's logger");
    }

    fn flush(&self) {}
}

/// Makes a span of every line that is logged: were those of the transport sent too, it would never end.
struct Emitting;

thread_local! {
    static EMITTING: Cell<bool> = const { Cell::new(false) };
}

impl Log for Emitting {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        if !EMITTING.replace(true) {
            bento::track_ai("line").input(record.args().to_string()).send();
            EMITTING.set(false);
        }
    }

    fn flush(&self) {}
}

/// An exporter that panics at its first batch.
#[cfg(feature = "otel")]
mod route {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use opentelemetry_sdk::error::OTelSdkResult;
    use opentelemetry_sdk::trace::{SpanData, SpanExporter};

    use super::{Fault, LONG, Life, fault};
    use crate::fault::{Arrived, Flushed};

    #[derive(Debug)]
    struct Panicking(AtomicUsize);

    impl SpanExporter for Panicking {
        async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
            assert!(self.0.fetch_add(1, Ordering::Relaxed) > 0, "the host's exporter");
            Ok(())
        }
    }

    pub(super) fn panics() -> Fault {
        let child = |life: &mut Life| {
            let route = bento::otel::route(Panicking(AtomicUsize::new(0)));
            let _bento = bento::builder().route(route).init().unwrap();
            life.emit(10);
            life.flush(LONG).ok();
            life.status();
            life.require(bento::status().panics() == 1, "the panic was not counted");
            // What comes after it is delivered, though not to the backend that is looked at here.
            bento::track_ai("later").send();
            life.require(bento::flush(LONG).is_ok(), "the worker did not go on");
        };
        fault("exporter-panics", child)
            .arrived(Arrived::Exactly(0))
            .lost(vec![("exporter failed", 10)])
            .flushes(vec![Flushed::Lost(10)])
            .host_panics(1)
    }
}
