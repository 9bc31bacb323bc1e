//! Connections that are reset, refused, cut or closed, at every stage.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use bento_faults::{Answer, ClosedPort, Cut, Door, Early, Parting, Plan, Proxy, Server};

use crate::fault::{Duplicates, Fault, Flushed, Stage, fault};
use crate::life::{LONG, Life, start};

pub(crate) fn faults() -> Vec<Fault> {
    let mut faults = vec![
        fault("reset-on-accept", deliver)
            .against(|| Plan::ok().doors(|number| if number == 0 { Door::Reset } else { Door::Open })),
        fault("reset-before-body", deliver).against(|| Plan::ok().heads(reset_first(0))),
        fault("reset-in-body", deliver).against(|| Plan::ok().heads(reset_first(100))),
        first("reset-after-request", Answer::reset()),
        first("reset-in-head", Answer::ok().cut_after(10, Parting::Reset)),
        // The status has decided: what follows it only explains.
        first("reset-in-answer-body", Answer::status(200).body("{ }").cut_after(43, Parting::Reset))
            .requests(1),
        first("close-without-answer", Answer::close()),
        first("close-in-head", Answer::ok().cut_after(10, Parting::Close)),
    ];
    faults.extend(ports());
    faults.extend(cuts());
    faults.extend(idle());
    faults
}

pub(super) fn deliver(life: &mut Life) {
    let _bento = start();
    life.deliver(50, LONG);
}

/// One that meets this answer first.
pub(super) fn first(name: &'static str, answer: Answer) -> Fault {
    fault(name, deliver).against(move || Plan::first([answer.clone()]))
}

fn reset_first(bytes: usize) -> impl Fn(usize, &bento_faults::Received) -> Early {
    move |number, _| if number == 0 { Early::Reset(bytes) } else { Early::Read }
}

/// Emits a few times with pauses, so that some of it falls into the outage.
fn emit_over_time(life: &mut Life) {
    let _bento = bento::builder().batch_interval(Duration::from_millis(100)).init().unwrap();
    for _ in 0..20 {
        life.emit(10);
        thread::sleep(Duration::from_millis(200));
    }
    life.flush(LONG).ok();
    life.status();
}

fn ports() -> [Fault; 2] {
    [
        fault("refused-then-open", |life| {
            let _bento = start();
            life.emit(50);
            life.flush(Duration::from_secs(1)).ok();
            life.ready();
            life.await_parent();
            life.flush(LONG).ok();
            life.status();
        })
        .on(|| {
            // A server that is down from the beginning.
            let server = Server::ok();
            server.stop();
            Stage::at(server)
        })
        .directed(|stage, child| {
            child.await_ready();
            stage.server.resume();
            child.go();
        })
        .flushes(vec![Flushed::Waiting(50), Flushed::Ok]),
        fault("outage-of-three-seconds", emit_over_time).directed(|stage, _| {
            stage.server.wait_for(1);
            stage.server.stop();
            thread::sleep(Duration::from_secs(3));
            stage.server.resume();
        }),
    ]
}

fn cuts() -> [Fault; 3] {
    let through = |cut: fn(usize) -> Cut, parting| {
        move || {
            let server = Server::ok();
            let proxy = Proxy::to(server.address(), parting, cut);
            let mut stage = Stage::at(server).url(proxy.url());
            stage.proxy = Some(proxy);
            stage
        }
    };
    let of_request = |number| Cut { request: (number < 2).then_some(400), answer: None };
    let of_answer = |number| Cut { request: None, answer: (number < 2).then_some(9) };
    [
        fault("proxy-cuts-request", deliver).on(through(of_request, Parting::Reset)),
        fault("proxy-cuts-answer", deliver)
            .on(through(of_answer, Parting::Reset))
            .duplicates(Duplicates::Cut)
            .check(|seen| {
                let connections = seen.stage.proxy.as_ref().map_or(0, Proxy::connections);
                if connections == 3 { Ok(()) } else { Err(format!("{connections} connections, not 3")) }
            }),
        fault("proxy-closes-in-answer", deliver)
            .on(through(of_answer, Parting::Close))
            .duplicates(Duplicates::Cut),
    ]
}

/// Three batches, with time between them for a connection to go.
fn three_batches(life: &mut Life) {
    let _bento = start();
    for _ in 0..3 {
        life.emit(10);
        life.flush(LONG).ok();
        thread::sleep(Duration::from_millis(150));
    }
    life.status();
}

fn idle() -> [Fault; 4] {
    let all_well = vec![Flushed::Ok, Flushed::Ok, Flushed::Ok];
    [
        fault("idle-close-at-once", three_batches)
            .against(|| Plan::always(Answer::ok().then_close()))
            .flushes(all_well.clone())
            .requests(3),
        fault("idle-close-later", three_batches)
            .against(|| Plan::always(Answer::ok().then_close_after(Duration::from_millis(50))))
            .flushes(all_well.clone())
            .requests(3),
        fault("restart-between-batches", |life| {
            let _bento = start();
            life.emit(10);
            life.flush(LONG).ok();
            life.ready();
            life.await_parent();
            life.emit(10);
            life.flush(LONG).ok();
            life.status();
        })
        .directed(|stage, child| {
            child.await_ready();
            stage.server.stop();
            stage.server.resume();
            child.go();
        })
        .flushes(vec![Flushed::Ok, Flushed::Ok])
        .requests(2),
        fault("nobody-accepts", |life| {
            let _bento = start();
            life.emit(10);
            life.flush(Duration::from_secs(1)).ok();
            life.shutdown(Duration::from_secs(1)).ok();
            life.status();
            life.leave();
        })
        .on(|| {
            // The system takes the connection in, and no program ever does.
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            std::mem::forget(listener);
            Stage::of(Plan::ok()).url(url)
        })
        .arrived(crate::fault::Arrived::Exactly(0))
        .lost(vec![("shutdown deadline passed", 10)])
        .flushes(vec![Flushed::Waiting(10), Flushed::Lost(10)]),
    ]
}

/// A port that stays closed.
pub(crate) fn nowhere() -> Stage {
    let port = ClosedPort::new();
    let url = port.url();
    std::mem::forget(port);
    Stage::of(Plan::ok()).url(url)
}
