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

use bento_local::{Config, Server};

use expected::Recorded;
use rest::Rest;

const SMALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data");
const LARGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");

#[test]
fn small_recordings_come_out_as_they_went_in() {
    let spans = replay(&files(Path::new(SMALL)));
    assert_eq!(spans, 16);
}

#[test]
fn large_recordings_come_out_as_they_went_in() {
    for (folder, at_least) in [("tau-bench", 1_000), ("swe-agent", 200)] {
        let files = files(&Path::new(LARGE).join(folder));
        if files.is_empty() {
            eprintln!("skipped: there are no recordings in {LARGE}/{folder}");
            continue;
        }
        let spans = replay(&files);
        assert!(spans >= at_least, "{folder}: {spans}");
    }
}

/// Sends the files and compares every run; gives how many spans they have.
fn replay(files: &[PathBuf]) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(Config::default().database(folder.path().join("runs.db"))).unwrap();
    let sent = Command::new(env!("CARGO_BIN_EXE_bento"))
        .arg("replay")
        .args(files)
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
    server.stop();
    spans
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
