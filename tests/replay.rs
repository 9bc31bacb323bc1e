//! Recorded runs come out of the replay as they went into their files.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test may fail loudly, and says what it skips"
)]

mod example;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bento_local::{Config, Run, Server, Span};
use example::{Finished, timeless};
use serde_json::{Value, json};

#[test]
fn a_chat_log() {
    let (server, finished) = replay(&["tests/data/chat.json"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let run = run_of(&server, "7-1");
    let expected = "\
conversation  agent  error  user ana_1  session 7-1  tags tau-bench
├─ turn  llm  gpt-4o
├─ find_table  tool
├─ free_slots  tool  ✗ Error: no such hour
└─ turn  llm  gpt-4o";
    assert_eq!(timeless(&run.tree().to_string()), expected);

    let [conversation, asks, find, free, answers] = &run.spans[..] else { unreachable!("{run:?}") };
    assert_eq!(texts(conversation), (Some("Move my table to eight."), Some("Eight is taken — nine?")));
    let properties = ["task_id", "trial", "reward"].map(|key| conversation.attributes[key].clone());
    assert_eq!(properties, [json!(7), json!(1), json!(1.0)]);
    assert_eq!(texts(find), (Some(r#"{"user":"ana_1"}"#), Some(r#"{"table":4}"#)));
    assert_eq!(texts(free), (Some(r#"{"hour":20}"#), Some("Error: no such hour")));
    assert_eq!(asks.provider.as_deref(), Some("openai"));
    assert_eq!(roles(asks), ["system", "user"]);
    assert_eq!(value(asks.output.as_deref())[1]["function"]["name"], "free_slots");
    assert_eq!(roles(answers), ["tool", "tool"]);
    assert_eq!(answers.output.as_deref(), Some("Eight is taken — nine?"));
    assert_eq!(run_of(&server, "7-2").spans.len(), 2);
}

#[test]
fn a_chat_log_of_another_model() {
    let options = ["--model", "claude-sonnet-4-5", "--provider", "anthropic", "tests/data/chat.json"];
    let (server, _) = replay(&options);
    let turn = &run_of(&server, "7-2").spans[1];
    assert_eq!(
        (turn.model.as_deref(), turn.provider.as_deref()),
        (Some("claude-sonnet-4-5"), Some("anthropic"))
    );
}

#[test]
fn steps_of_an_agent() {
    let (server, finished) = replay(&["tests/data/steps.traj"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let run = run_of(&server, "steps");
    let expected = "\
swe_agent  agent  ok  5 200→326 tok  session steps  tags swe-agent
├─ turn  llm
├─ ls  tool
├─ turn  llm
├─ turn  llm
└─ submit  tool";
    assert_eq!(timeless(&run.tree().to_string()), expected);

    let [root, looks, ls, empty, .., submit] = &run.spans[..] else { unreachable!("{run:?}") };
    assert_eq!(texts(root), (Some("Fix the bug."), Some("diff --git a/x b/x\n")));
    let properties = ["environment", "exit_status", "cost"].map(|key| root.attributes[key].clone());
    assert_eq!(properties, [json!("swe_main"), json!("submitted"), json!(0.5)]);
    assert_eq!(roles(looks), ["system", "user", "user"]);
    assert_eq!(texts(ls), (Some("ls -F\n"), Some("src/")));
    // In which order a map is written is up to who else uses `serde_json`.
    let (asked, answered) = texts(empty);
    assert_eq!((value(asked), answered), (json!([{"role": "user", "content": "src/"}]), Some("Hm.")));
    assert_eq!(texts(submit), (Some("submit"), None));
}

#[test]
fn function_calls_of_an_agent() {
    let (server, finished) = replay(&["tests/data/functions.traj"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let run = run_of(&server, "functions");
    let expected = "\
swe_agent  agent  ok  session functions  tags swe-agent
├─ turn  llm  gpt-4o
└─ create  tool";
    assert_eq!(timeless(&run.tree().to_string()), expected);
    assert_eq!(texts(&run.spans[2]), (Some(r#"{"filename":"a.py"}"#), Some("created")));
}

#[test]
fn a_file_of_another_kind_is_told_and_the_others_still_come() {
    let (server, finished) =
        replay(&["Cargo.toml", "tests/data/none.json", "clippy.toml", "tests/data/chat.json"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let told: Vec<_> = finished.stderr.lines().map(|line| line.split_once(": ").unwrap().0).collect();
    assert_eq!(told, ["Cargo.toml", "tests/data/none.json", "clippy.toml"]);
    assert_eq!(server.runs().unwrap().len(), 2);

    let other = Path::new(env!("CARGO_TARGET_TMPDIR")).join("other.json");
    for content in ["{}", "[]", "7", r#"{"history": ["a"]}"#, r#"[{"traj": []}, {}]"#] {
        fs::write(&other, content).unwrap();
        let (_, finished) = replay(&[other.to_str().unwrap()]);
        let told = finished.stderr.contains("neither a chat log");
        assert!(finished.code == Some(1) && told, "{content}: {finished:?}");
    }
}

#[test]
fn every_body_is_strict_otlp() {
    let files = ["chat.json", "steps.traj", "functions.traj"].map(|file| format!("tests/data/{file}").into());
    let (sent, bodies) = replay_locally("small", &files);
    assert_eq!(sent, 5 + 2 + 6 + 3);
    check_strictly(&bodies);
}

#[test]
fn real_recordings() {
    let data = Path::new("../shared/data");
    let [chats, trajectories] =
        [("tau-bench", "json"), ("swe-agent", "traj")].map(|(folder, kind)| files(&data.join(folder), kind));
    if chats.is_empty() || trajectories.is_empty() {
        eprintln!("skipped: there are no recordings in {}", data.display());
        return;
    }
    let (sent, bodies) = replay_locally("chats", &chats);
    assert_eq!(sent, chats.iter().map(|file| steps_of_chats(file)).sum::<usize>());
    check_strictly(&bodies);
    let (sent, bodies) = replay_locally("trajectories", &trajectories);
    assert!(sent > 20 * trajectories.len() / 2, "{sent}");
    check_strictly(&bodies);
}

/// Runs the example against a backend of the test's own.
fn replay(arguments: &[&str]) -> (Server, Finished) {
    let server = Server::start(Config::default()).unwrap();
    let environment = [("BENTOLABS_API_KEY", "bl_pk_test"), ("BENTOLABS_BASE_URL", server.url())];
    let finished = example::run("replay", arguments, &environment);
    (server, finished)
}

/// Runs it with its own backend, and gives how many spans were sent and received, and the folder of the bodies.
fn replay_locally(name: &str, files: &[PathBuf]) -> (usize, PathBuf) {
    let bodies = Path::new(env!("CARGO_TARGET_TMPDIR")).join("replay").join(name);
    let _ = fs::remove_dir_all(&bodies);
    let mut arguments = vec!["--bodies", bodies.to_str().unwrap()];
    arguments.extend(files.iter().map(|file| file.to_str().unwrap()));
    let finished = example::run("replay", &arguments, &[]);
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{}", finished.stdout);
    let count = |label: &str| -> usize {
        let line = finished.stdout.lines().find_map(|line| line.strip_prefix(label)).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    };
    assert_eq!(count("spans sent"), count("spans received"));
    assert_eq!(fs::read_dir(&bodies).unwrap().count(), count("bodies "));
    (count("spans sent"), bodies)
}

/// Asks a reader of OTLP that is not ours, where there is one.
fn check_strictly(bodies: &Path) {
    let checker = "../shared/tools/strict_otlp_json.py";
    let probe = Command::new("python3")
        .args(["-c", "import opentelemetry.proto.collector.trace.v1.trace_service_pb2"])
        .output();
    if !Path::new(checker).exists() || !probe.is_ok_and(|probe| probe.status.success()) {
        eprintln!("skipped: no {checker}, or python3 without opentelemetry-proto");
        return;
    }
    let verdict = Command::new("python3").arg(checker).args(files(bodies, "json")).output().unwrap();
    assert!(verdict.status.success(), "{}", String::from_utf8_lossy(&verdict.stdout));
}

fn files(folder: &Path, kind: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|ext| ext == kind)).collect();
    files.sort();
    files
}

/// Counted by hand: a span for the run, each message of the model, and each tool call.
fn steps_of_chats(file: &Path) -> usize {
    let runs: Vec<Value> = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let turns = runs
        .iter()
        .flat_map(|run| run["traj"].as_array().unwrap())
        .filter(|message| message["role"] == "assistant");
    runs.len() + turns.map(|turn| 1 + turn["tool_calls"].as_array().map_or(0, Vec::len)).sum::<usize>()
}

fn run_of(server: &Server, convo_id: &str) -> Run {
    server
        .runs()
        .unwrap()
        .into_iter()
        .find(|run| run.summary.session_id.as_deref() == Some(convo_id))
        .unwrap()
}

fn texts(span: &Span) -> (Option<&str>, Option<&str>) {
    (span.input.as_deref(), span.output.as_deref())
}

fn value(text: Option<&str>) -> Value {
    serde_json::from_str(text.unwrap()).unwrap()
}

fn roles(span: &Span) -> Vec<String> {
    let messages = value(span.input.as_deref());
    messages.as_array().unwrap().iter().map(|message| message["role"].as_str().unwrap().to_owned()).collect()
}
