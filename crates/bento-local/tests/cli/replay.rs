//! `bento replay`

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bento_local::{Config, Run, RunState, Server};

use crate::program::{NOBODY, SECRET, answer, ask, bento, canned, run};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data");

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("replay").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The line at the end, without the seconds.
fn counts(stdout: &str) -> &str {
    let counts = stdout.strip_suffix(" s\n").and_then(|line| line.rsplit_once(" in "));
    counts.unwrap_or_else(|| unreachable!("{stdout:?}")).0
}

#[test]
fn a_folder_of_recordings_arrives() {
    let server = Server::start(Config::default()).unwrap();
    let printed = ask(server.url(), &["replay", DATA]).printed();
    assert_eq!(counts(&printed), format!("4 runs: 16 of 16 spans delivered to {}", server.url()));
    assert_eq!(server.spans_received(), 16);
    let mut sessions: Vec<_> =
        server.runs().unwrap().into_iter().filter_map(|run| run.summary.session_id).collect();
    sessions.sort();
    assert_eq!(sessions, ["7-1", "7-2", "functions", "steps"]);
}

#[test]
fn who_spoke_may_be_said() {
    let server = Server::start(Config::default()).unwrap();
    let chat = format!("{DATA}/chat.json");
    let arguments = ["replay", &chat, "--model", "claude-sonnet-4-5", "--provider", "anthropic"];
    run(&arguments, &[("BENTOLABS_BASE_URL", server.url())]).printed();
    assert!(server.runs().unwrap().iter().all(|run| run.summary.models() == ["claude-sonnet-4-5"]));
}

#[test]
fn a_run_a_line() {
    let folder = folder("lines");
    let chats: Vec<serde_json::Value> =
        serde_json::from_slice(&fs::read(format!("{DATA}/chat.json")).unwrap()).unwrap();
    let lines: Vec<_> = chats.iter().map(ToString::to_string).collect();
    fs::write(folder.join("chat.jsonl"), lines.join("\n")).unwrap();
    fs::write(folder.join("notes.txt"), "not looked at").unwrap();
    let server = Server::start(Config::default()).unwrap();
    let printed = ask(server.url(), &["replay", folder.to_str().unwrap()]).printed();
    assert!(printed.starts_with("2 runs: 7 of 7 spans delivered"), "{printed}");
}

#[test]
fn a_file_that_fails_is_told_and_the_others_still_come() {
    let server = Server::start(Config::default()).unwrap();
    let empty = folder("empty");
    let chat = format!("{DATA}/chat.json");
    let arguments = ["replay", "nowhere.json", empty.to_str().unwrap(), "Cargo.toml", &chat];
    let finished = ask(server.url(), &arguments);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let told: Vec<_> = finished.stderr.lines().collect();
    assert!(told.len() == 3 && told.iter().all(|line| line.starts_with("bento: ")), "{told:?}");
    for name in ["nowhere.json: ", "empty: no .json", "Cargo.toml: it is not JSON"] {
        assert!(finished.stderr.contains(name), "{name}: {told:?}");
    }
    assert!(finished.stdout.starts_with("2 runs: 7 of 7 spans delivered"), "{finished:?}");
}

#[test]
fn spans_that_are_refused_are_lost_and_told() {
    let (url, requests) = canned(vec![answer(404, ""), answer(401, r#"{"detail":"another key"}"#)]);
    let finished = ask(&url, &["replay", &format!("{DATA}/chat.json")]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stdout.starts_with("2 runs: 0 of 7 spans delivered"), "{finished:?}");
    assert!(finished.stderr.starts_with("bento: ") && finished.stderr.contains("401"), "{finished:?}");
    assert!(requests.join().unwrap()[1].contains(SECRET));
}

#[test]
fn a_run_can_be_watched_while_it_is_replayed() {
    let server = Server::start(Config::default()).unwrap();
    let chat = format!("{DATA}/chat.json");
    let arguments = ["replay", "--live", "--step", "1500ms", &chat];
    let environment = [("BENTOLABS_BASE_URL", server.url()), ("BENTOLABS_API_KEY", SECRET)];
    let mut replay = bento(&arguments, &environment).spawn().unwrap();
    let answer = await_run(&server, |run| {
        let turn = run.spans.iter().find(|span| span.name == "turn" && span.is_pending())?;
        turn.output.clone().filter(|text| !text.is_empty())
    });
    let tool = await_run(&server, |run| {
        let tool = run.spans.iter().find(|span| span.kind == "tool" && span.is_pending())?;
        assert_eq!(tool.output, None, "it is at work");
        Some(tool.span_id)
    });
    let whole = await_run(&server, |run| {
        let turn = run.spans.iter().find(|span| span.name == "turn" && !span.is_pending())?;
        turn.output.clone()
    });
    assert!(whole.starts_with(&*answer) && whole.len() > answer.len(), "{answer} of {whole}");
    await_run(&server, |run| {
        run.spans.iter().find(|span| span.span_id == tool && !span.is_pending()).map(drop)
    });
    assert!(server.runs().unwrap().iter().any(|run| run.summary.state() == RunState::Running));
    replay.kill().unwrap();
    replay.wait().unwrap();
}

/// Looks at the runs until there is something to see.
fn await_run<T>(server: &Server, look: impl Fn(&Run) -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(seen) = server.runs().unwrap().iter().find_map(&look) {
            return seen;
        }
        assert!(Instant::now() < deadline, "it did not come to be seen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn live_and_step_by_step_it_ends_as_ever() {
    let server = Server::start(Config::default()).unwrap();
    let chat = format!("{DATA}/chat.json");
    let printed = ask(server.url(), &["replay", "--live", "--step", "1ms", &chat]).printed();
    assert_eq!(counts(&printed), format!("2 runs: 7 of 7 spans delivered to {}", server.url()));
    for odd in ["soon", "-1s", "300", "2h"] {
        run(&["replay", &format!("--step={odd}"), &chat], &[]).failed(2);
    }
}

#[test]
fn nobody_there_is_told_at_once() {
    let told = ask(NOBODY, &["replay", DATA]).failed(1);
    assert!(told.contains("`bento serve` starts one"), "{told}");
    run(&["replay"], &[]).failed(2);
    run(&["replay", DATA], &[("BENTOLABS_API_KEY", "b9f3secretc07e")]).failed(2);
}
