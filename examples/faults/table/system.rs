//! Signals (to end, to be killed, to be frozen), and limits of the system.

use crate::fault::Fault;

#[cfg(not(unix))]
pub(crate) fn faults() -> Vec<Fault> {
    Vec::new()
}

#[cfg(unix)]
pub(crate) use unix::faults;

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::thread;
    use std::time::Duration;

    use bento_faults::{Answer, Plan, Server};
    use rustix::process::{Resource, Rlimit, Signal, setrlimit};
    use tokio::signal::unix::{SignalKind, signal};

    use super::Fault;
    use crate::fault::{Arrived, Flushed, Stage, fault};
    use crate::life::{LONG, Life, start};
    use crate::watch::Watched;

    pub(crate) fn faults() -> Vec<Fault> {
        let mut faults = vec![
            fault("sigterm-with-a-handler", |life| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let mut terminate = signal(SignalKind::terminate()).unwrap();
                    let _bento = start();
                    life.emit(20);
                    life.ready();
                    terminate.recv().await;
                    let flush = bento::flush_async(LONG).await;
                    life.timed(LONG, || flush).ok();
                    life.status();
                });
            })
            .directed(|_, child| {
                child.await_ready();
                child.signal(Signal::TERM);
            }),
            fault("sigkill", |life| {
                let _bento = start();
                life.emit(20);
                life.flush(LONG).ok();
                life.emit(7);
                // Those seven are all that may be lost.
                life.status();
                life.ready();
                life.await_parent();
            })
            .directed(|_, child| {
                child.await_ready();
                child.signal(Signal::KILL);
            })
            .arrived(Arrived::Exactly(20))
            .exits(None),
        ];
        faults.extend(freezes());
        faults.push(no_descriptors());
        faults
    }

    /// All the files that a process may have open are open; later one more may be.
    fn no_descriptors() -> Fault {
        fault("no-descriptors", |life| {
            let limit = Rlimit { current: Some(64), maximum: Some(64) };
            setrlimit(Resource::Nofile, limit).unwrap();
            let mut files = Vec::new();
            while let Ok(file) = File::open("/dev/null") {
                files.push(file);
            }
            let _bento = start();
            life.emit(20);
            life.flush(Duration::from_secs(1)).ok();
            drop(files);
            life.flush(LONG).ok();
            life.status();
        })
        .flushes(vec![Flushed::Waiting(20), Flushed::Ok])
    }

    fn freezes() -> Vec<Fault> {
        let in_flight = |name, freeze: fn(&Stage, &mut Watched)| {
            fault(name, |life: &mut Life| {
                let _bento = start();
                life.emit(20);
                life.ready();
                life.flush(LONG).ok();
                life.status();
            })
            .on(held)
            .directed(freeze)
            // What was answered while the process was frozen is answered.
            .requests(1)
        };
        vec![
            fault("frozen-while-idle", |life| {
                let _bento = start();
                life.emit(20);
                life.flush(LONG).ok();
                life.ready();
                life.await_parent();
                life.emit(20);
                life.flush(LONG).ok();
                life.status();
            })
            .directed(|stage, child| {
                child.await_ready();
                child.signal(Signal::STOP);
                // The backend's end of the connection goes meanwhile.
                stage.server.stop();
                stage.server.resume();
                thread::sleep(Duration::from_secs(1));
                child.signal(Signal::CONT);
                child.go();
            })
            .flushes(vec![Flushed::Ok, Flushed::Ok])
            .requests(2),
            in_flight("frozen-in-flight", |stage, child| freeze(stage, child, Duration::from_secs(1))),
            // A retry after the deadline would be a duplicate.
            in_flight("frozen-past-the-deadline", |stage, child| {
                freeze(stage, child, Duration::from_secs(12));
            })
            .long(),
        ]
    }

    fn held() -> Stage {
        let stage = Stage::of(Plan::ok());
        let server = Server::first([Answer::ok().held(&stage.gate)]);
        Stage { gate: stage.gate, ..Stage::at(server) }
    }

    fn freeze(stage: &Stage, child: &mut Watched, pause: Duration) {
        child.await_ready();
        stage.server.wait_for(1);
        child.signal(Signal::STOP);
        stage.gate.open();
        thread::sleep(pause);
        child.signal(Signal::CONT);
    }
}
