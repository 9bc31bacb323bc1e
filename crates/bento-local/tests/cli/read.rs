//! The commands that ask a backend.

use std::io::Read as _;

use serde_json::Value;

use crate::program::{NOBODY, SECRET, answer, ask, bento, canned, run};
use crate::traces::{BAD, GOOD, server};

#[test]
fn raw_is_the_answer_as_it_came() {
    let body = "{\"items\" : [ ],\n \"odd\":\"\u{202e}\\u001b\", \"next_cursor\":null}";
    let (url, requests) = canned(vec![answer(200, body), answer(200, body)]);
    assert_eq!(
        ask(&url, &["traces", "list"]).printed(),
        body,
        "raw is the default where there is no terminal"
    );
    assert_eq!(ask(&url, &["traces", "list", "--output", "raw"]).printed(), body);
    let requests = requests.join().unwrap();
    assert!(requests[0].starts_with("GET /workspaces/local/traces HTTP/1.1\r\n"), "{requests:?}");
    assert!(requests[0].contains(&format!("authorization: Bearer {SECRET}\r\n")), "{requests:?}");
}

#[test]
fn pretty_is_indented_and_harmless() {
    let body = "{\"b\":1.50,\"a\":[\"\u{202e}\"]}";
    let (url, _requests) = canned(vec![answer(200, body)]);
    let shown = ask(&url, &["traces", "get", GOOD, "--output", "pretty"]).printed();
    assert_eq!(shown, "{\n  \"b\": 1.5,\n  \"a\": [\n    \"\\u202e\"\n  ]\n}\n");
}

#[test]
fn every_command_asks_for_its_path() {
    let time = "2026-01-01T00:00:00Z";
    let range = ["--start", time, "--end", time];
    let escaped = "2026-01-01T00%3A00%3A00Z";
    for (arguments, line) in [
        (&["traces", "get-body", GOOD][..], format!("GET /traces/{GOOD}/body")),
        (&["traces", "list-issues", GOOD], format!("GET /traces/{GOOD}/issues")),
        (&["traces", "get-span", "a/b?c"], "GET /spans/a%2Fb%3Fc".to_owned()),
        (
            &["traces", "list-spans", GOOD, "--limit", "7", "--after", "x", "--status", "error"],
            format!("GET /traces/{GOOD}/spans?limit=7&after=x&status=ERROR"),
        ),
        (
            &["traces", "list", "--sort", "-cost", "--status", "OK", "--status", "error", "--q", "a b&c"],
            "GET /workspaces/local/traces?sort=-cost&q=a%20b%26c&status=ok&status=error".to_owned(),
        ),
        (
            &["traces", "list", "--q", "-1", "--tag", "-x", "--state", "Failed"],
            "GET /workspaces/local/traces?q=-1&state=failed&tag=-x".to_owned(),
        ),
        (
            &[
                "traces",
                "list",
                "--workspace",
                "w2",
                "--state",
                "failed",
                "--tag",
                "x",
                "--model",
                "m",
                "--finding-kind",
                "timeout",
            ],
            "GET /workspaces/w2/traces?state=failed&tag=x&model=m&finding_kind=timeout".to_owned(),
        ),
        (
            &[&["analytics", "trace-summary"], &range[..]].concat(),
            format!("GET /workspaces/local/traces/summary?start={escaped}&end={escaped}"),
        ),
        (
            &[&["analytics", "trace-timeline", "--bucket", "day"], &range[..]].concat(),
            format!("GET /workspaces/local/traces/timeline?start={escaped}&end={escaped}&bucket=day"),
        ),
        (&["workspaces", "list"], "GET /workspaces".to_owned()),
        (
            &["trajectories", "list", "--status", "Open", "--has-errors", "true", "--sort-by", "-x"],
            "GET /workspaces/local/trajectories?status=open&has_errors=true&sort_by=-x".to_owned(),
        ),
        (&["trajectories", "get", GOOD], format!("GET /workspaces/local/trajectories/{GOOD}")),
        (
            &["trajectories", "list-findings", GOOD],
            format!("GET /workspaces/local/trajectories/{GOOD}/findings"),
        ),
    ] {
        let (url, requests) = canned(vec![answer(200, "{}")]);
        assert_eq!(ask(&url, arguments).printed(), "{}", "{arguments:?}");
        let request = &requests.join().unwrap()[0];
        assert_eq!(request.lines().next().unwrap(), format!("{line} HTTP/1.1"));
    }
}

#[test]
fn workspaces_are_made_and_renamed() {
    for (arguments, line, body) in [
        (&["create", "--name", "Night"][..], "POST /workspaces HTTP/1.1", r#"{"name":"Night"}"#),
        (
            &["create", "--name", "Night", "--id", "n-1"],
            "POST /workspaces HTTP/1.1",
            r#"{"id":"n-1","name":"Night"}"#,
        ),
        (&["update", "n-1", "--name", "Day"], "PATCH /workspaces/n-1 HTTP/1.1", r#"{"name":"Day"}"#),
    ] {
        let (url, requests) = canned(vec![answer(201, "{}")]);
        assert_eq!(ask(&url, &[&["workspaces"], arguments].concat()).printed(), "{}");
        let request = &requests.join().unwrap()[0];
        assert_eq!(request.lines().next().unwrap(), line);
        assert!(request.contains("content-type: application/json") && request.ends_with(body), "{request}");
    }
}

#[test]
fn a_table_has_what_is_to_be_said_beside_it_on_standard_error() {
    let server = server();
    let environment = [("BENTOLABS_BASE_URL", server.url())];
    let list = ["traces", "list", "--output", "table"];
    let shown = run(&list, &environment).printed();
    let lines: Vec<_> = shown.lines().collect();
    assert!(
        lines[0].starts_with("id ") && lines[0].contains("  name  ") && lines[0].contains("  span_count")
    );
    assert!(lines[1].starts_with(BAD) && lines[1].contains("  second turn  "), "{shown}");
    assert!(lines[2].starts_with(GOOD) && !shown.contains("trace_id") && lines.len() == 3, "{shown}");

    let first = run(&[&list[..], &["--limit", "1"]].concat(), &environment);
    assert_eq!((first.code, first.stdout.lines().count()), (Some(0), 2));
    let next =
        first.stderr.strip_prefix("There is more: --cursor ").unwrap().strip_suffix(", or --all.\n").unwrap();
    let second = run(&[&list[..], &["--limit", "1", "--cursor", next]].concat(), &environment).printed();
    assert!(second.contains(GOOD) && !second.contains(BAD), "{second}");

    let all = run(&[&list[..], &["--limit", "1", "--all"]].concat(), &environment).printed();
    assert_eq!(all, shown, "every page as one table");
}

#[test]
fn all_pages_come_one_after_the_other() {
    let server = server();
    let ids = |arguments: &[&str]| -> Vec<String> {
        let pages = ask(server.url(), arguments).printed();
        let pages = serde_json::Deserializer::from_str(&pages).into_iter::<Value>();
        let items = pages.flat_map(|page| page.unwrap()["items"].as_array().unwrap().clone());
        items.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&["traces", "list", "--all", "--limit", "1"]), [BAD, GOOD]);
    assert_eq!(ids(&["traces", "list", "--all", "--output", "pretty"]), [BAD, GOOD]);
    let spans = ids(&["traces", "list-spans", BAD, "--all", "--limit", "1"]);
    assert_eq!(spans, ["0000000000000003", "0000000000000004"]);

    let page = answer(200, r#"{"items":[],"next_cursor":"x"}"#);
    let (url, requests) = canned(vec![page.clone(), page]);
    ask(&url, &["traces", "list", "--all"]).printed();
    let requests = requests.join().unwrap();
    let lines: Vec<_> = requests.iter().map(|request| request.lines().next().unwrap()).collect();
    assert_eq!(
        lines,
        [
            "GET /workspaces/local/traces?limit=1000 HTTP/1.1",
            "GET /workspaces/local/traces?limit=1000&cursor=x HTTP/1.1"
        ],
        "a backend that leads round in circles is left"
    );
}

#[test]
fn show_draws_a_run() {
    let server = server();
    let tree = "turn       agent  520 ms  ok\n└─ answer  llm     20 ms  gpt-4o\n";
    assert_eq!(ask(server.url(), &["traces", "show", GOOD]).printed(), tree);
    assert_eq!(run(&["show", GOOD, "--api-base", server.url()], &[]).printed(), tree);
    assert_eq!(
        run(&["show", "4bf9", "--api-base", server.url()], &[]).failed(1),
        "bento: the trace id has 4 characters instead of 32 hex digits\n"
    );
    let none = "6bf92f3577b34da6a3ce929d0e0e4736";
    assert_eq!(
        ask(server.url(), &["show", none]).failed(1),
        format!("bento: there is no run {none} there\n")
    );
}

#[test]
fn what_a_backend_says_against_it_is_told() {
    let server = server();
    let told = ask(server.url(), &["traces", "list", "--limit", "0"]).failed(1);
    assert!(
        told.starts_with("bento: the backend answered 422: limit") && told.lines().count() == 1,
        "{told}"
    );
    let told = ask(server.url(), &["traces", "list", "--workspace", "other"]).failed(1);
    assert!(told.contains("404") && told.contains("other"), "{told}");

    for (status, body, expected) in [
        (
            401,
            r#"{"detail":"another key"}"#,
            "401: another key\n  Set BENTOLABS_API_KEY to the key that the backend wants.\n",
        ),
        (500, "<html>\u{1b}[2J", "500: <html> [2J\n"),
        (302, "", "302: \n"),
    ] {
        let (url, _requests) = canned(vec![answer(status, body)]);
        let told = ask(&url, &["traces", "get", GOOD]).failed(1);
        assert_eq!(told, format!("bento: the backend answered {expected}"));
    }
    let (url, _requests) = canned(vec![answer(200, "<html>")]);
    let told = ask(&url, &["traces", "get", GOOD, "--output", "pretty"]).failed(1);
    assert!(
        told.starts_with("bento: the backend's answer is not to be understood: expected value"),
        "{told}"
    );
}

#[test]
fn a_web_server_that_is_no_backend_is_told_apart() {
    for output in ["raw", "pretty", "table"] {
        let (url, _requests) = canned(vec![answer(200, " <html>")]);
        let told = ask(&url, &["traces", "list", "--output", output]).failed(1);
        assert!(told.contains("not to be understood"), "{output}: {told}");
    }
    let (url, _requests) = canned(vec![answer(404, "<html>")]);
    let told = ask(&url, &["traces", "show", GOOD]).failed(1);
    assert!(told.contains("is no bento backend"), "who is no backend knows nothing of runs: {told}");
}

#[test]
fn an_answer_that_breaks_off_is_no_success() {
    for (output, shown) in [("raw", "{\"trace\":"), ("pretty", "{\n  \"trace\": "), ("table", "")] {
        let (url, _requests) =
            canned(vec!["HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"trace\":".to_owned()]);
        let finished = ask(&url, &["traces", "get-body", GOOD, "--output", output]);
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), shown), "{finished:?}");
        let expected = format!("bento: the answer from {url}/traces/{GOOD}/body broke off: ");
        assert!(
            finished.stderr.starts_with(&expected) && finished.stderr.lines().count() == 1,
            "{finished:?}"
        );
    }
}

#[test]
fn nobody_there_says_what_to_do() {
    let told = ask(NOBODY, &["traces", "list"]).failed(1);
    assert!(told.starts_with("bento: cannot read from http://127.0.0.1:"), "{told}");
    assert!(told.contains("`bento serve` starts one"), "{told}");
}

#[test]
fn what_cannot_be_meant_is_a_usage_error() {
    for arguments in [
        &["traces"][..],
        &["traces", "get"],
        &["traces", "list", "--limit", "many"],
        &["traces", "list", "--status", "fine"],
        &["traces", "list", "--all", "--cursor", "x"],
        &["analytics", "trace-summary", "--start", "x"],
        &["traces", "list", "--api-base", "localhost:8080"],
        &["traces", "list", "--api-base", "http://user:b9f3secretc07e@localhost:8080"],
    ] {
        let told = run(arguments, &[]).failed(2);
        assert!(!told.is_empty(), "{arguments:?}");
    }
    for odd in ["bl_pk_b9f3secretc07e\nX: y", "bl_pk_b9f3secretc07e\u{e9}"] {
        let told = run(&["traces", "list"], &[("BENTOLABS_API_KEY", odd)]).failed(2);
        assert!(told.contains("BENTOLABS_API_KEY holds what no key can hold"), "{told}");
    }
    let password = [("BENTOLABS_BASE_URL", "http://user:b9f3secretc07e@localhost:8080")];
    run(&["traces", "list"], &password).failed(2);
    let help =
        run(&["traces", "list", "--help"], &[("BENTOLABS_BASE_URL", "http://b9f3secretc07e")]).printed();
    assert!(help.contains("Examples:") && help.contains("[env: BENTOLABS_BASE_URL]"), "{help}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let body = format!("[\"{}\"]", "x".repeat(1 << 20));
    for output in ["raw", "pretty"] {
        let (url, _requests) = canned(vec![answer(200, &body)]);
        let mut child =
            bento(&["workspaces", "list", "--output", output, "--api-base", &url], &[]).spawn().unwrap();
        let mut start = [0; 10];
        child.stdout.take().unwrap().read_exact(&mut start).unwrap();
        let finished = crate::program::finish(child);
        assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{output}");
    }
}
