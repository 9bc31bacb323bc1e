//! The `bento` program.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::wire::{TRACE, send, server, span};

fn bento(arguments: &[&str]) -> (bool, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_bento")).args(arguments).output().unwrap();
    (
        output.status.success(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn show_prints_a_run() {
    let server = server();
    send(&server, &[span(1, 0, "turn", 0, 20, &json!({}))]);
    let shown = bento(&["show", TRACE, "--base-url", server.url()]);
    assert_eq!(shown, (true, "turn  llm  20 ms  ok\n\n".to_owned(), String::new()));
    let (fine, _, error) = bento(&["show", "4bf9", "--base-url", server.url()]);
    assert_eq!(
        (fine, error.as_str()),
        (false, "bento: the trace id has 4 characters instead of 32 hex digits\n")
    );
}

#[test]
fn serve_refuses_to_leave_this_machine() {
    let (fine, _, error) = bento(&["serve", "--host", "0.0.0.0", "--port", "0"]);
    assert!(!fine && error.contains("0.0.0.0 can be reached from other machines"), "{error}");
    let taken = server();
    let (fine, _, error) = bento(&["serve", "--port", &taken.addr().port().to_string()]);
    assert!(!fine && error.starts_with("bento: cannot listen on 127.0.0.1:"), "{error}");
}

#[test]
fn serve_prints_each_run_and_stops_on_ctrl_c() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bento"))
        .args(["serve", "--port", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut line_with = |part: &str| lines.find(|line| line.contains(part)).expect(part);
    let url = line_with("BENTOLABS_BASE_URL=").trim().trim_start_matches("BENTOLABS_BASE_URL=").to_owned();
    line_with("BENTOLABS_API_KEY=bl_pk_");
    let body = crate::wire::batch(&[span(1, 0, "turn", 0, 20, &json!({}))]);
    let request = ureq::post(format!("{url}/v1/traces")).header("authorization", "Bearer bl_pk_local");
    assert_eq!(request.header("content-type", "application/json").send(&body).unwrap().status(), 200);
    assert_eq!(line_with("turn"), "turn  llm  20 ms  ok");
    interrupt(&mut child);
}

#[cfg(unix)]
fn interrupt(child: &mut std::process::Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success() && child.wait().unwrap().success());
}

/// Elsewhere there is no way to press Ctrl-C for another process.
#[cfg(not(unix))]
fn interrupt(child: &mut std::process::Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}
