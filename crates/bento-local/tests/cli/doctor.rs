//! `bento doctor`

use bento_local::{Config, Server};
use serde_json::Value;

use crate::program::{NOBODY, answer, ask, canned, run};
use crate::traces;

/// The line that begins with these words, whatever stands before them.
fn line<'a>(text: &'a str, words: &str) -> &'a str {
    let found = text.lines().find(|line| line.trim_start_matches([' ', '✓', '✗']).starts_with(words));
    found.unwrap_or_else(|| unreachable!("no {words:?} in:\n{text}"))
}

#[test]
fn a_healthy_backend_fills_every_column_that_was_sent() {
    let server = Server::start(Config::default()).unwrap();
    let text = ask(server.url(), &["doctor"]).printed();
    assert!(!text.contains('✗') && text.contains("There are no other runs yet."), "{text}");
    for column in [
        "spans.name",
        "traces.user_id",
        "traces.session_id",
        "traces.tags",
        "traces.version",
        "traces.trigger",
        "spans.kind",
        "spans.model",
        "spans.provider",
        "spans.input_tokens",
        "spans.output_tokens",
        "spans.input",
        "spans.output",
        "spans.attributes",
    ] {
        assert!(line(&text, column).ends_with("  filled"), "{column}: {text}");
    }
    let runs = server.runs().unwrap();
    assert_eq!((runs.len(), runs[0].summary.name.as_str(), runs[0].spans.len()), (1, "bento_doctor", 3));
    assert!(runs[0].spans.iter().all(|span| span.attributes["bento.doctor"] == true));
}

#[test]
fn what_is_empty_in_the_user_s_runs_is_a_hint() {
    let server = traces::server();
    run(&["doctor", "--api-base", server.url()], &[]).printed();
    // The probe of the first time is none of the user's runs.
    let text = run(&["doctor", "--api-base", server.url()], &[]).printed();
    for (column, share, call) in [
        ("traces.user_id  ", "2 of 2 runs", ".user_id(…)"),
        ("spans.provider  ", "2 of 2 model calls", ".provider(…)"),
        ("spans.input_tokens  ", "2 of 2 model calls", ".tokens(read, written)"),
        ("spans.output  ", "4 of 4 spans", ".output(…)"),
    ] {
        let line = text.lines().rfind(|line| line.trim_start().starts_with(column)).unwrap();
        assert!(line.contains(share) && line.contains(call), "{line}");
    }
    let (_, hints) = text.split_once("Empty in the last 2 runs").unwrap();
    assert!(!hints.contains("spans.model") && !hints.contains("spans.input  "), "{hints}");
}

#[test]
fn json_tells_the_same() {
    let server = traces::server();
    for output in ["raw", "pretty"] {
        let text = ask(server.url(), &["doctor", "--output", output]).printed();
        let report: Value = serde_json::from_str(&text).unwrap();
        let checks = report["checks"].as_array().unwrap();
        assert!(checks.len() == 6 && checks.iter().all(|check| check["ok"] == true), "{report}");
        assert_eq!(report["probe"]["columns"][1]["column"], "traces.user_id");
        assert_eq!(report["recent"]["runs"], 2);
        let gap = &report["recent"]["empty"][0];
        assert_eq!(
            (&gap["column"], &gap["empty"], &gap["of"]),
            (&"traces.user_id".into(), &2.into(), &2.into())
        );
    }
}

/// What a doctor says that has found something broken: the check, and in which words.
fn broken(finished: &crate::program::Finished, check: &str) -> String {
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(1), ""), "{}", finished.stdout);
    let line = line(&finished.stdout, check).to_owned();
    assert!(line.starts_with('✗') && finished.stdout.matches('✗').count() == 1, "{}", finished.stdout);
    line
}

#[test]
fn a_key_that_is_not_the_one() {
    let no = answer(401, r#"{"detail":"another key"}"#);
    let workspaces = answer(200, r#"[{"id":"local","name":"local"}]"#);
    let (url, _requests) = canned(vec![answer(200, "{}"), no.clone()]);
    assert!(broken(&ask(&url, &["doctor"]), "backend").ends_with("401: another key"));
    let (url, _requests) = canned(vec![answer(200, "{}"), workspaces, no]);
    assert!(broken(&ask(&url, &["doctor"]), "accepts").ends_with("401: another key"));
    let odd = [("BENTOLABS_API_KEY", "b9f3secretc07e")];
    assert!(broken(&run(&["doctor"], &odd), "key").contains("bl_pk_"));
}

#[test]
fn nothing_there_or_something_else() {
    let finished = ask(NOBODY, &["doctor"]);
    assert!(finished.stdout.contains("`bento serve` starts one"), "{finished:?}");
    broken(&finished, "reachable");

    let (url, _requests) = canned(vec![answer(404, ""), answer(404, "")]);
    assert!(broken(&ask(&url, &["doctor"]), "backend").contains("it knows no workspaces"));
    let (url, _requests) = canned(vec![answer(200, "<html>"), answer(200, "<html>")]);
    assert!(broken(&ask(&url, &["doctor"]), "backend").contains("not to be understood"));

    let server = Server::start(Config::default()).unwrap();
    let text = broken(&ask(server.url(), &["doctor", "--workspace", "other"]), "backend");
    assert!(text.ends_with("there is no workspace \"other\" there, only: local"), "{text}");
    assert!(server.runs().unwrap().is_empty(), "no probe is sent where nobody would find it");
}

#[test]
fn a_probe_lands_in_the_workspace_of_the_key() {
    let server = Server::start(Config::default()).unwrap();
    ask(server.url(), &["workspaces", "create", "--name", "Night shift"]).printed();
    let night = ["doctor", "--workspace", "night-shift", "--api-base", server.url()];
    let text = run(&night, &[]).printed();
    assert!(line(&text, "probe").ends_with("in the workspace of the key: local"), "{text}");
    let text = run(&night, &[("BENTOLABS_API_KEY", "bl_pk_night-shift")]).printed();
    assert!(line(&text, "probe").ends_with(" ms"), "{text}");
    let list = ["traces", "list", "--workspace", "night-shift", "--api-base", server.url()];
    assert!(run(&list, &[]).printed().contains("bento_doctor"));
}

#[test]
fn the_help_says_what_it_does_with_its_report() {
    let help = run(&["doctor", "--help"], &[]).printed();
    assert!(help.contains("as text, unless this is given") && !help.contains("raw elsewhere"), "{help}");
    let help = run(&["traces", "list", "--help"], &[]).printed();
    assert!(help.contains("raw elsewhere"), "{help}");
}
