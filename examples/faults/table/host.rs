//! Code of the host that runs inside the SDK, and goes wrong there.

use std::cell::Cell;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use bento_faults::{Answer, Plan};
use log::{LevelFilter, Log, Metadata, Record};
use serde::{Serialize, Serializer};

use crate::fault::{Fault, fault};
use crate::life::{Emitted, LONG, Life, opened, start, timed};

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
            log::set_logger(&PanickingLog).unwrap();
            log::set_max_level(LevelFilter::Warn);
            let _bento = start();
            life.deliver(20, LONG);
        })
        .own_logger()
        .against(|| Plan::first([Answer::status(503)]))
        .host_panics(1),
        fault("logger-emits", |life| {
            log::set_logger(&EmittingLog).unwrap();
            log::set_max_level(LevelFilter::Trace);
            let _bento = start();
            life.deliver(20, LONG);
        })
        .own_logger()
        .against(|| Plan::first([503, 503].map(Answer::status)))
        .requests(3),
    ];
    faults.extend(values());
    faults.extend(moments());
    #[cfg(feature = "otel")]
    faults.push(route::panics());
    faults
}

/// A value that panics, or emits, while it is serialised or shown.
struct Panicking;
struct Emitting;

impl Serialize for Panicking {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("the host's value")
    }
}

impl fmt::Display for Panicking {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("the host's error")
    }
}

impl Serialize for Emitting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // It is not told of to the parent, so it must not arrive there.
        bento::testing::capture(|| bento::track_ai("inside").send());
        bento::status();
        serializer.serialize_str("fine")
    }
}

fn values() -> [Fault; 3] {
    [
        fault("value-panics", |life| {
            let _bento = start();
            life.emit_each(5, |event| event.input(Panicking).property("p", Panicking).property("q", 7));
            life.flush(LONG).ok();
            life.status();
        })
        .host_panics(10),
        fault("error-panics", |life| {
            let _bento = start();
            life.emit_each(5, |event| event.error(&Panicking));
            life.flush(LONG).ok();
            life.status();
        })
        .host_panics(5),
        fault("value-emits", |life| {
            let _bento = start();
            life.emit_each(5, |event| event.input(Emitting));
            life.flush(LONG).ok();
            life.status();
        }),
    ]
}

/// Emission at moments when little can be relied on.
fn moments() -> [Fault; 3] {
    [
        fault("panic-hook-emits", |life| {
            let _bento = start();
            life.emit(5);
            std::panic::set_hook(Box::new(|_| {
                let id = bento::track_ai("crash").send().to_string();
                let crash = Emitted { id, name: "crash".to_owned(), took: Duration::ZERO };
                let mut life = Life::at(5);
                life.tell([crash]);
                life.flush(LONG).ok();
                life.status();
            }));
            panic!("the host's own trouble");
        })
        // The hook that would print it is replaced.
        .host_panics(0)
        .exits(if cfg!(panic = "abort") { None } else { Some(101) }),
        fault("thread-exit-emits", |life| {
            struct AtExit;
            impl Drop for AtExit {
                fn drop(&mut self) {
                    LAST.lock().unwrap().push(timed("last", |event| event));
                }
            }
            thread_local! {
                static AT_EXIT: AtExit = const { AtExit };
            }
            static LAST: Mutex<Vec<Emitted>> = Mutex::new(Vec::new());
            let _bento = start();
            for order in 0..2 {
                let thread = std::thread::spawn(move || {
                    // Destructors run in the order in which the variables were first used.
                    if order == 0 {
                        AT_EXIT.with(|_| ());
                    }
                    let turn = bento::begin("turn").start();
                    LAST.lock().unwrap().push(opened(&turn));
                    AT_EXIT.with(|_| ());
                });
                thread.join().unwrap();
            }
            life.tell(std::mem::take(&mut *LAST.lock().unwrap()));
            life.flush(LONG).ok();
            life.status();
        }),
        fault("identity-emits", |life| {
            static INSIDE: Mutex<Vec<Emitted>> = Mutex::new(Vec::new());
            let emitting = || {
                let span = timed("inside", |event| event);
                INSIDE.lock().unwrap().push(span);
                Some("u42".to_owned())
            };
            let _bento = bento::builder().user_id(emitting).init().unwrap();
            life.emit(5);
            life.tell(std::mem::take(&mut *INSIDE.lock().unwrap()));
            life.flush(LONG).ok();
            life.status();
        })
        .check(|seen| {
            // One for each span, and none for those.
            let spans = seen.emitted.len();
            if spans == 10 { Ok(()) } else { Err(format!("five spans became {spans}")) }
        }),
    ]
}

struct PanickingLog;

impl Log for PanickingLog {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, _: &Record<'_>) {
        panic!("the host's logger");
    }

    fn flush(&self) {}
}

/// Makes a span of every line that is logged: were those of the transport sent too, it would never end.
struct EmittingLog;

thread_local! {
    static EMITTING: Cell<bool> = const { Cell::new(false) };
}

impl Log for EmittingLog {
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
