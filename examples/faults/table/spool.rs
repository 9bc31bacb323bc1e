//! Processes that end before the backend has everything, and the ones after them; disks that do not do as they should.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use bento_faults::{Answer, Plan};

use crate::fault::{Arrived, Fault, Flushed, Scratch, Stage, fault};
use crate::life::{LONG, Life};
use crate::run::CHILD;

const DIRECTORY: &str = "FAULT_SPOOL";
/// Set in a process that ends before the one that is watched.
const EARLIER: &str = "FAULT_EARLIER";

pub(crate) fn faults() -> Vec<Fault> {
    let mut faults = restarts();
    faults.extend(outages());
    faults.extend(disks());
    faults
}

/// A backend that is down, with a directory for the spool.
fn stage(plan: &dyn Fn() -> Plan) -> Stage {
    let scratch = Scratch::new();
    let directory = scratch.path().to_str().unwrap().to_owned();
    Stage { _scratch: Some(scratch), ..Stage::of(plan()).env(DIRECTORY, directory) }
}

fn spooling(name: &'static str, child: fn(&mut Life), plan: fn() -> Plan) -> Fault {
    fault(name, child).on(move || stage(&plan))
}

fn builder() -> bento::Builder {
    bento::builder().spool(directory())
}

fn directory() -> PathBuf {
    env::var_os(DIRECTORY).unwrap().into()
}

/// One of several processes that come after it at once.
const HEIR: &str = "heir";

fn is_earlier() -> bool {
    env::var_os(EARLIER).is_some()
}

/// Lives through the same fault in another process, which ends before this returns.
fn live_earlier() {
    live_as("1");
}

fn live_as(role: &str) {
    let mut process = Command::new(env::current_exe().unwrap());
    process.args([CHILD, &env::args().nth(2).unwrap()]).env(EARLIER, role).stdin(Stdio::null());
    process.status().unwrap();
}

fn await_kept() {
    let end = Instant::now() + LONG;
    while bento::status().spooled() < bento::status().accepted() && Instant::now() < end {
        thread::sleep(Duration::from_millis(1));
    }
}

/// Brings spans to the disk, and dies as a process does whose memory ran out.
fn leave_behind(life: &mut Life, builder: bento::Builder, spans: usize) {
    let _bento = builder.init().unwrap();
    life.emit(spans);
    await_kept();
    Command::new("kill").args(["-9", &std::process::id().to_string()]).status().unwrap();
    thread::park();
}

/// Delivers what was left and some spans more.
fn deliver_all(life: &mut Life, left: usize) {
    *life = Life::at(left);
    let _bento = builder().init().unwrap();
    life.emit(10);
    life.shutdown(LONG).ok();
    life.status();
}

/// The files of the spool, of whatever process.
fn files(directory: &Path) -> Vec<PathBuf> {
    let list =
        |directory: &Path| fs::read_dir(directory).into_iter().flatten().map(|entry| entry.unwrap().path());
    let slots: Vec<PathBuf> = list(directory).filter(|path| path.is_dir()).collect();
    let mut files: Vec<PathBuf> = slots.iter().flat_map(|slot| list(slot)).collect();
    files.sort();
    files
}

fn restarts() -> Vec<Fault> {
    let killed = |life: &mut Life| {
        if is_earlier() {
            leave_behind(life, builder(), 700);
        }
        live_earlier();
        deliver_all(life, 700);
    };
    vec![
        spooling("spool-sigkill-in-flight", killed, || Plan::first([Answer::hang()])),
        spooling("spool-sigkill-in-an-outage", killed, || Plan::first([503; 4].map(Answer::status))),
        spooling(
            "spool-shutdown-without-time",
            |life| {
                if is_earlier() {
                    let _bento = builder().init().unwrap();
                    life.emit(50);
                    life.shutdown(Duration::ZERO).ok();
                    return;
                }
                live_earlier();
                deliver_all(life, 50);
            },
            || Plan::first([Answer::status(503)]),
        )
        .flushes(vec![Flushed::Waiting(50), Flushed::Ok]),
        spooling(
            "spool-many-heirs",
            |life| match env::var(EARLIER).as_deref() {
                Ok(HEIR) => {
                    let _bento = builder().init().unwrap();
                    bento::shutdown(LONG).ok();
                }
                Ok(_) => {
                    leave_behind(life, builder(), 100);
                }
                Err(_) => {
                    live_earlier();
                    thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(|| live_as(HEIR)))));
                }
            },
            Plan::ok,
        )
        .flushes(Vec::new()),
        spooling("spool-kept-body-too-large", killed, || {
            Plan::script(|number, request| match request.spans().len() {
                _ if number == 0 => Answer::hang(),
                65.. => Answer::status(413),
                _ => Answer::ok(),
            })
        }),
        spooling(
            "spool-files-damaged",
            |life| {
                if is_earlier() {
                    leave_behind(life, builder().batch_spans(10), 50);
                }
                live_earlier();
                let files = files(&directory());
                let mut bytes = fs::read(&files[1]).unwrap();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 4;
                fs::write(&files[1], &bytes).unwrap();
                fs::write(&files[3], &bytes[..middle]).unwrap();
                deliver_all(life, 50);
            },
            || Plan::first([Answer::hang()]),
        )
        .arrived(Arrived::Exactly(40))
        .lost(vec![("spool file damaged", 20)])
        .flushes(vec![Flushed::Ok]),
    ]
}

fn outages() -> Vec<Fault> {
    vec![
        fault("spool-outage-beyond-the-memory", |life| {
            let _bento = builder().batch_spans(100).init().unwrap();
            for _ in 0..5 {
                life.emit(1_000);
                await_kept();
            }
            life.ready();
            life.await_parent();
            life.flush(LONG).ok();
            life.status();
        })
        .on(|| {
            let stage = stage(&|| Plan::ok());
            stage.server.stop();
            stage
        })
        .directed(|stage, child| {
            child.await_ready();
            stage.server.resume();
            child.go();
        }),
        spooling(
            "spool-full",
            |life| {
                let guard = builder().spool_bytes(8 * 4096).batch_spans(100).init().unwrap();
                life.emit(2_000);
                await_losses(life, "spool full");
                life.status();
                std::mem::forget(guard);
                std::process::exit(0);
            },
            || Plan::always(Answer::status(503)),
        )
        .by_the_books()
        .exits_within(Duration::from_secs(5))
        .check(|seen| {
            let lost = seen.books.as_ref().and_then(|books| books.lost.get("spool full")).copied();
            if lost > Some(0) { Ok(()) } else { Err("nothing was lost to the bound".to_owned()) }
        })
        .long(),
    ]
}

/// Emits until something is lost for this reason.
fn await_losses(life: &mut Life, reason: &str) {
    let end = Instant::now() + LONG;
    while !bento::status().losses().to_string().contains(reason) && Instant::now() < end {
        life.emit(10);
        thread::sleep(Duration::from_millis(10));
    }
}

fn disks() -> Vec<Fault> {
    vec![
        spooling(
            "spool-directory-vanishes",
            |life| {
                let _bento = builder().init().unwrap();
                fs::remove_dir_all(directory()).unwrap();
                life.emit(100);
                life.flush(LONG).ok();
                life.emit(100);
                life.flush(LONG).ok();
                life.status();
            },
            Plan::ok,
        )
        .flushes(vec![Flushed::Ok, Flushed::Ok]),
        fault("spool-without-descriptors", |life| {
            if is_earlier() {
                leave_behind(life, builder().batch_spans(10), 50);
            }
            live_earlier();
            *life = Life::at(50);
            let _bento = builder().init().unwrap();
            let end = Instant::now() + LONG;
            while bento::status().recovered() < 50 && Instant::now() < end {
                thread::sleep(Duration::from_millis(1));
            }
            let limit = rustix::process::Rlimit { current: Some(64), maximum: Some(64) };
            rustix::process::setrlimit(rustix::process::Resource::Nofile, limit).unwrap();
            let mut taken = Vec::new();
            while let Ok(file) = fs::File::open("/dev/null") {
                taken.push(file);
            }
            life.shutdown_after(Duration::from_secs(1), || drop(taken));
            life.status();
        })
        .on(|| {
            let stage = stage(&Plan::ok);
            stage.server.stop();
            stage
        })
        .directed(|stage, _| {
            thread::sleep(Duration::from_millis(500));
            stage.server.resume();
        }),
        fault("spool-not-to-be-made", |life| {
            let refused = bento::builder().spool(env::current_exe().unwrap()).init();
            life.require(refused.is_err_and(|error| error.code() == "spool_not_usable"), "it started");
            life.status();
        })
        .flushes(Vec::new()),
        fault("spool-for-another-backend", |life| {
            if is_earlier() {
                let _bento = builder().base_url("http://127.0.0.1:9").init().unwrap();
                life.emit(10);
                life.shutdown(Duration::ZERO).ok();
                life.status();
                return;
            }
            live_earlier();
            let _bento = builder().init().unwrap();
            life.shutdown(LONG).ok();
            life.require(files(&directory()).len() == 1, "the file is not there any more");
        })
        .on(|| stage(&|| Plan::ok()))
        .flushes(vec![Flushed::Waiting(10), Flushed::Ok])
        .by_the_books(),
    ]
}
