//! A run as text.

use std::time::Duration;

use bento_local::{Config, Run, Server};
use serde_json::{Value, json};

use crate::live::wait_for;
use crate::wire::{TRACE, failed, send, server, span};

fn run(spans: &[Value]) -> (Server, Run) {
    let server = server();
    send(&server, spans);
    let run = server.run(TRACE).unwrap().unwrap();
    (server, run)
}

fn tree(spans: &[Value]) -> String {
    run(spans).1.tree().to_string()
}

fn plain(id: u64, parent: u64, name: &str, start: u64, end: u64) -> Value {
    span(id, parent, name, start, end, &json!({}))
}

fn call(id: u64, parent: u64, name: &str, start: u64, end: u64, model: &str, tokens: (u64, u64)) -> Value {
    let attributes = json!({"gen_ai.request.model": model, "gen_ai.usage.input_tokens": tokens.0, "gen_ai.usage.output_tokens": tokens.1});
    span(id, parent, name, start, end, &attributes)
}

fn tool(id: u64, parent: u64, name: &str, start: u64, end: u64) -> Value {
    span(id, parent, name, start, end, &json!({"openinference.span.kind": "tool"}))
}

fn turn() -> Vec<Value> {
    vec![
        call(6, 5, "answer", 700, 1280, "claude-sonnet-4", (2034, 310)),
        plain(5, 1, "researcher", 690, 1300),
        tool(4, 1, "search", 500, 595),
        failed(tool(3, 1, "search", 320, 440), "timeout: upstream\ndid not answer"),
        call(2, 1, "plan", 5, 317, "gpt-4o", (812, 64)),
        span(
            1,
            0,
            "user_turn",
            0,
            1310,
            &json!({"gen_ai.user.id": "u42", "gen_ai.conversation.id": "c1", "langfuse.tags": ["beta", "eu"]}),
        ),
    ]
}

#[test]
fn a_turn_with_a_nested_agent() {
    let expected = "\
user_turn      agent  1.31 s  error  user u42  session c1  tags beta, eu
├─ plan        llm    312 ms  gpt-4o  812→64 tok
├─ search      tool   120 ms  ✗ timeout: upstream did not answer
├─ search      tool    95 ms
└─ researcher  agent  610 ms
   └─ answer   llm    580 ms  claude-sonnet-4  2 034→310 tok";
    assert_eq!(tree(&turn()), expected);
}

#[test]
fn colour_is_asked_for() {
    let (_server, run) = run(&turn());
    let plain = run.tree().to_string();
    let coloured = run.tree().color(true).to_string();
    assert!(
        !plain.contains('\x1b') && coloured.contains("\x1b[31m✗ timeout: upstream did not answer\x1b[0m")
    );
    let mut stripped = coloured;
    for code in ["0", "1", "2", "31", "32", "36"] {
        stripped = stripped.replace(&format!("\x1b[{code}m"), "");
    }
    assert_eq!(stripped, plain);
}

fn marked(id: u64, parent: u64, name: &str, key: &str, value: &Value) -> Value {
    span(id, parent, name, id, 10, &json!({key: value, "gen_ai.request.model": "gpt-4o"}))
}

#[test]
fn a_span_that_did_not_come_to_its_end_says_so() {
    let expected = "\
turn        llm  9 ms  ok  … unfinished  gpt-4o
├─ loser    llm  8 ms  ⊘ cancelled  gpt-4o
├─ winner   llm  7 ms  gpt-4o
└─ hearsay  llm  6 ms  gpt-4o";
    let spans = [
        marked(1, 0, "turn", "bento.unfinished", &json!(true)),
        marked(2, 1, "loser", "bento.cancelled", &json!(true)),
        marked(3, 1, "winner", "bento.cancelled", &json!(false)),
        marked(4, 1, "hearsay", "bento.cancelled", &json!("true")),
    ];
    let (_server, run) = run(&spans);
    assert_eq!(run.tree().to_string(), expected);
    let coloured = run.tree().color(true).to_string();
    assert!(coloured.contains("\x1b[33m⊘ cancelled\x1b[0m"), "{coloured}");
}

#[test]
fn strays_stand_under_the_run_with_a_note() {
    let expected = "\
turn         agent  10 ms  ok
├─ step      llm     1 ms
├─ orphan    agent   4 ms  (its parent 0000000000000063 has not arrived)
│  └─ child  llm     1 ms
├─ again     llm     1 ms  (a second root)
├─ snake     agent   3 ms  (its parent is one of its own descendants)
│  ├─ early  llm     0 µs
│  └─ tail   agent   1 ms
└─ self      agent   1 ms  (its parent is one of its own descendants)";
    let spans = [
        plain(1, 0, "turn", 0, 10),
        plain(2, 1, "step", 0, 1),
        plain(3, 99, "orphan", 1, 5),
        plain(4, 3, "child", 2, 3),
        plain(5, 0, "again", 2, 3),
        plain(9, 6, "early", 1, 1),
        plain(6, 7, "snake", 3, 6),
        plain(7, 6, "tail", 4, 5),
        plain(8, 8, "self", 5, 6),
    ];
    assert_eq!(tree(&spans), expected);
}

#[test]
fn a_run_without_its_root_says_so() {
    let expected = "\
run 4bf92f3577b34da6a3ce929d0e0e4736  ?    9 ms  ok  its root has not arrived
├─ plan                               llm  1 ms  (its parent 0000000000000001 has not arrived)
└─ act                                llm  4 ms  (its parent 0000000000000001 has not arrived)";
    assert_eq!(tree(&[plain(3, 1, "act", 5, 9), plain(2, 1, "plan", 0, 1)]), expected);
}

#[test]
fn text_of_a_span_cannot_drive_the_terminal() {
    let text = tree(&[failed(plain(1, 0, "a\x1b[2Jb\nc", 0, 1), &"x".repeat(1000))]);
    assert!(text.lines().count() == 1 && !text.contains('\x1b') && text.chars().count() < 260, "{text}");
    assert!(text.starts_with("a [2Jb c  ") && text.ends_with("x…"), "{text}");
    let reversed = tree(&[plain(1, 0, "\u{202e}a\u{2066}b\u{200b}\u{feff}c", 0, 1)]);
    assert!(reversed.starts_with("abc  "), "{reversed:?}");
}

#[test]
fn times_and_tokens_are_short() {
    let mut spans = vec![plain(1, 0, "turn", 0, 8_000_000)];
    for (id, end) in [(2, 0), (3, 999), (4, 1000), (5, 59_999), (6, 60_000), (7, 3_599_000), (8, 3_600_000)] {
        spans.push(call(id, 1, "step", 0, end, "m", (1_234_567, 0)));
    }
    let text = tree(&spans);
    let durations: Vec<_> = text
        .lines()
        .map(|line| line[line.find("llm").or(line.find("agent")).unwrap() + 5..].trim())
        .collect();
    let shown =
        ["2 h 13 min", "0 µs", "999 ms", "1.00 s", "59.99 s", "1 min 00 s", "59 min 59 s", "1 h 00 min"];
    for (line, shown) in durations.iter().zip(shown) {
        assert!(line.starts_with(shown), "{line} / {shown}");
    }
    assert!(text.ends_with("m  1 234 567→0 tok"), "{text}");
}

#[test]
fn ten_thousand_levels_are_no_trouble() {
    let chain: Vec<_> = (1..=10_000).map(|id| plain(id, id - 1, "deep", id, 20_000)).collect();
    let text = tree(&chain);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 10_000);
    assert!(lines[9_999].contains("⋯ 9999 └─ deep"), "{}", lines[9_999]);
    assert!(text.len() < 2_000_000, "{}", text.len());
}

#[test]
fn a_circle_of_ten_thousand_comes_to_an_end() {
    let circle: Vec<_> = (1..=10_000)
        .map(|id| plain(id, if id == 1 { 10_000 } else { id - 1 }, "round", id, 20_000))
        .collect();
    assert_eq!(tree(&circle).lines().count(), 10_001);
}

fn open(id: u64, parent: u64, name: &str, end: u64) -> Value {
    span(id, parent, name, id, end, &json!({"bento.pending": true, "gen_ai.request.model": "gpt-4o"}))
}

#[test]
fn what_has_not_ended_says_so() {
    let expected = "\
turn       llm   9 ms  ● running  gpt-4o
├─ plan    llm   8 ms  gpt-4o
└─ answer  tool  7 ms  ● running  gpt-4o";
    let mut spans = [open(1, 0, "turn", 10), marked(2, 1, "plan", "n", &json!(1)), open(3, 1, "answer", 8)];
    let kind = json!({"key": "openinference.span.kind", "value": {"stringValue": "tool"}});
    spans[2]["attributes"].as_array_mut().unwrap().push(kind);
    let (_server, whole) = run(&spans);
    assert_eq!(whole.tree().to_string(), expected);
    let (_server, whole) = run(&[open(1, 0, "turn", 10), failed(marked(2, 1, "plan", "n", &json!(1)), "no")]);
    let text = whole.tree().to_string();
    assert!(text.starts_with("turn") && text.contains("9 ms  error  ● running  gpt-4o"), "{text}");
    // What was sent at its start has no time yet.
    let begun = tree(&[open(1, 0, "turn", 1)]);
    assert!(begun.starts_with("turn  llm    ● running"), "{begun}");
    let begun = tree(&[open(1, 0, "turn", 1), open(2, 1, "answer", 2)]);
    assert!(begun.contains("answer  llm        ● running") && !begun.contains("0 µs"), "{begun}");
}

#[test]
fn what_will_never_end_does_not_run() {
    let expected = "\
turn       agent  20 ms  ok
└─ answer  llm           … unfinished  gpt-4o";
    assert_eq!(tree(&[plain(1, 0, "turn", 0, 20), open(2, 1, "answer", 8)]), expected);
    let server = Server::start(Config::default().unfinished_after(Duration::from_millis(500))).unwrap();
    send(&server, &[open(1, 0, "turn", 10), open(2, 1, "answer", 8)]);
    let shown = || server.run(TRACE).unwrap().unwrap().tree().to_string();
    wait_for("the run's end", || !shown().contains("running"));
    assert_eq!(shown().matches("… unfinished").count(), 2, "{}", shown());
}
