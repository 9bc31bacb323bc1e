//! What a directory keeps of spans that could not be delivered.

#[cfg(unix)]
mod killed;
mod outage;
mod restart;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::{Answer, Child, Server, await_moment, span_names};

/// Where the child finds its spool, and what it is to do.
const DIRECTORY: &str = "TEST_SPOOL";
const ACT: &str = "TEST_ACT";

/// A directory of its own for a test, which goes with it.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        Self(std::env::temp_dir().join(format!("bento-scenario-{}-{nanos}", std::process::id())))
    }

    /// Has `child` keep its spans here, and do as `act` says.
    fn of(&self, child: &Child, act: &str) -> Child {
        child.clone().env(DIRECTORY, self.0.to_str().unwrap()).env(ACT, act)
    }

    /// The bodies that are kept.
    fn files(&self) -> Vec<PathBuf> {
        let is_body = |path: &PathBuf| path.to_str().unwrap().ends_with(".json.gz");
        list(&self.0).iter().flat_map(|slot| list(slot)).filter(is_body).collect()
    }

    fn is_empty(&self) -> bool {
        list(&self.0).is_empty()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn list(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// In a child: whether it is to do this.
fn acts(act: &str) -> bool {
    std::env::var(ACT).is_ok_and(|told| told == act)
}

/// In a child: the SDK with the spool that the test made.
fn spooling() -> bento::Builder {
    bento::builder().spool(std::env::var(DIRECTORY).unwrap())
}

/// A backend that does as it is told until it comes up.
struct Backend {
    server: Server,
    is_up: Arc<AtomicBool>,
}

impl Backend {
    fn down(answer: Answer) -> Self {
        let is_up = Arc::new(AtomicBool::new(false));
        let state = Arc::clone(&is_up);
        let script =
            move |_, _: &_| if state.load(Ordering::Relaxed) { Answer::ok() } else { answer.clone() };
        Self { server: Server::script(script), is_up }
    }

    fn come_up(&self) {
        self.is_up.store(true, Ordering::Relaxed);
    }

    /// The names of the spans it accepted, which are numbers, in order.
    fn numbers(&self) -> Vec<usize> {
        numbers(&self.server)
    }
}

fn numbers(server: &Server) -> Vec<usize> {
    let mut numbers: Vec<usize> =
        span_names(&server.accepted()).iter().map(|name| name.parse().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

fn up_to(end: usize) -> Vec<usize> {
    (0..end).collect()
}

fn emit(spans: usize) {
    for number in 0..spans {
        bento::track_ai(number.to_string()).send();
    }
}

/// In a child: waits until everything is on disk, then dies as a process does whose memory ran out.
fn die_when_kept() -> ! {
    await_moment(|| bento::status().spooled() == bento::status().accepted());
    Command::new("kill").args(["-9", &std::process::id().to_string()]).status().unwrap();
    loop {
        std::thread::park();
    }
}
