//! Recorded runs, sent by `bento replay` into a server with its database in a file, and read back over every path that there is.
//!
//! What should be there is counted from the files by code that knows nothing of how the replay reads them. Where the large
//! recordings are not at hand, the small ones of this repository have to do.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test may fail loudly, and says what it skips"
)]

mod expected;
mod rest;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bento_local::{Config, Server};

use expected::Recorded;
use rest::Rest;

const SMALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data");
const LARGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");

#[test]
fn small_recordings_come_out_as_they_went_in() {
    let spans = replay(&files(Path::new(SMALL)), &[]).spans;
    assert_eq!(spans, 16);
}

#[test]
fn runs_that_were_watched_are_the_same_when_they_are_over() {
    let files = files(Path::new(SMALL));
    let plain = replay(&files, &[]);
    // Each step takes longer than what is open waits to be sent.
    let watched = replay(&files, &["--live", "--step", "150ms"]);
    is_same(&plain, &watched);
    assert!(watched.forms >= 2 * watched.spans, "{} forms of {} spans", watched.forms, watched.spans);
}

#[test]
fn many_runs_that_were_watched_are_the_same_when_they_are_over() {
    let files = files(&Path::new(LARGE).join("tau-bench"));
    if files.is_empty() {
        eprintln!("skipped: there are no recordings in {LARGE}/tau-bench");
        return;
    }
    let plain = replay(&files, &[]);
    for pace in [&["--live"][..], &["--live", "--step", "2ms"]] {
        is_same(&plain, &replay(&files, pace));
    }
}

fn is_same(one: &Replayed, other: &Replayed) {
    assert_eq!(one.essence.len(), other.essence.len());
    for (one, other) in one.essence.iter().zip(&other.essence) {
        assert_eq!(one, other);
    }
}

#[test]
fn large_recordings_come_out_as_they_went_in() {
    for (folder, at_least) in [("tau-bench", 1_000), ("swe-agent", 200)] {
        let files = files(&Path::new(LARGE).join(folder));
        if files.is_empty() {
            eprintln!("skipped: there are no recordings in {LARGE}/{folder}");
            continue;
        }
        let spans = replay(&files, &[]).spans;
        assert!(spans >= at_least, "{folder}: {spans}");
    }
}

/// What came out.
struct Replayed {
    spans: usize,
    /// How many spans were received, each as often as it came.
    forms: usize,
    /// What does not differ from one replay to the next.
    essence: Vec<String>,
}

/// Sends the files and compares every run.
fn replay(files: &[PathBuf], pace: &[&str]) -> Replayed {
    let folder = tempfile::tempdir().unwrap();
    let forms = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&forms);
    let config = Config::default().database(folder.path().join("runs.db")).on_body(move |body| {
        let body = String::from_utf8_lossy(body);
        counted.fetch_add(body.matches("\"startTimeUnixNano\"").count(), Ordering::Relaxed);
    });
    let server = Server::start(config).unwrap();
    let sent = Command::new(env!("CARGO_BIN_EXE_bento"))
        .arg("replay")
        .args(files)
        .args(pace)
        .env_clear()
        .envs([("BENTOLABS_BASE_URL", server.url()), ("BENTOLABS_API_KEY", "bl_pk_local")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&sent.stdout).into_owned();
    assert!(sent.status.success() && sent.stderr.is_empty(), "{sent:?}");

    let recorded: Vec<_> = files.iter().flat_map(|file| expected::runs(file)).collect();
    let spans: usize = recorded.iter().map(|run| run.steps.len() + 1).sum();
    assert!(
        said.starts_with(&format!("{} runs: {spans} of {spans} spans delivered", recorded.len())),
        "{said}"
    );

    let rest = Rest::new(server.url());
    let mut rows = rest.pages("/workspaces/local/traces?limit=7", "cursor");
    assert_eq!(rows.len(), recorded.len(), "every run, each once");
    for run in &recorded {
        let matches = rows.iter().position(|row| is_row_of(row, run));
        let row =
            rows.swap_remove(matches.unwrap_or_else(|| unreachable!("{} is not in the list", run.session)));
        rest.check(&row, run);
    }
    rest.check_sums(&recorded);
    let essence = rest.essence();
    server.stop();
    Replayed { spans, forms: forms.load(Ordering::Relaxed), essence }
}

/// The session alone would do if each were recorded once.
fn is_row_of(row: &serde_json::Value, run: &Recorded) -> bool {
    row["session_id"] == run.session && row["span_count"] == run.steps.len() + 1
}

/// The recordings of a folder, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let is_recording = |path: &PathBuf| path.extension().is_some_and(|kind| kind == "json" || kind == "traj");
    let mut files: Vec<_> = entries.filter(is_recording).collect();
    files.sort();
    files
}
