//! What is wrong with a request is told with the parameter's name, what was wrong and what is allowed.

use serde_json::json;

use crate::read::turn;
use crate::wire::{TRACE, call, get, send, server, span};

#[test]
fn a_bad_parameter_is_422() {
    let server = turn();
    let many = format!("tag=x{}", "&tag=y".repeat(100));
    let long = format!("q={}", "x".repeat(1001));
    for (path, names) in [
        ("/traces/{}/spans?limit=0", ["limit", "\"0\"", "1 to 10000"]),
        ("/traces/{}/spans?limit=10001", ["limit", "\"10001\"", "1 to 10000"]),
        ("/traces/{}/spans?limit=x", ["limit", "\"x\"", "1 to 10000"]),
        ("/traces/{}/spans?after=noon", ["after", "\"noon\"", "2025-01-31T12:00:00Z"]),
        ("/traces/{}/spans?after_id=x", ["after_id", "1 characters", "16 hex digits"]),
        ("/traces/{}/spans?after_id=00000000000000ff", ["after_id", "00000000000000ff", "there is no span"]),
        ("/traces/{}/spans?status=error", ["status", "`error`", "`UNSET`, `OK`, `ERROR`"]),
        ("/traces/{}/spans?limit=1&limit=2", ["limit", "once only", ""]),
        ("/workspaces/local/traces?limit=1001", ["limit", "\"1001\"", "1 to 1000"]),
        ("/workspaces/local/traces?limit=-1", ["limit", "\"-1\"", "1 to 1000"]),
        ("/workspaces/local/traces?status=ERROR", ["status", "`ERROR`", "`ok` or `error`"]),
        ("/workspaces/local/traces?status=ok&status=x", ["status", "`x`", "`ok` or `error`"]),
        (
            "/workspaces/local/traces?state=done",
            ["state", "`done`", "`running`, `unfinished`, `completed`, `failed`, `cancelled`"],
        ),
        ("/workspaces/local/traces?sort=name", ["sort", "\"name\"", "-start_time, start_time, -duration"]),
        ("/workspaces/local/traces?cursor=x", ["cursor", "\"x\"", "next_cursor"]),
        ("/workspaces/local/traces?sort=cost&cursor={}.1.-cost", ["cursor", "-cost", "not cost"]),
        ("/workspaces/local/traces?before=2024", ["before", "\"2024\"", "RFC 3339"]),
        ("/workspaces/local/traces?start_time=1969-12-31T23:59:59Z", ["start_time", "1969", "from 1970"]),
        ("/workspaces/local/traces?end_time=2600-01-01T00:00:00Z", ["end_time", "2600", "to 2554"]),
        ("/workspaces/local/traces?before_id={}", ["before_id", "goes with before", ""]),
        (
            "/workspaces/local/traces?before_id=x&before=2024-01-01T00:00:00Z",
            ["before_id", "32 hex digits", ""],
        ),
        (
            "/workspaces/local/traces?before_id={}&before=2024-01-01T00:00:00Z&sort=cost",
            ["before_id", "-start_time", ""],
        ),
        (&format!("/workspaces/local/traces?{many}"), ["tag", "101 values", "at most 100"]),
        (&format!("/workspaces/local/traces?{long}"), ["q", "longer", "1000"]),
        ("/workspaces/local/traces/summary", ["`start`", "missing", ""]),
        ("/workspaces/local/traces/summary?start=2024-01-01T00:00:00Z&end=", ["`end`", "missing", ""]),
        (
            "/workspaces/local/traces/summary?start=2024-01-01T00:00:00Z&end=2023-01-01T00:00:00Z",
            ["end", "2023", "before start"],
        ),
        (
            "/workspaces/local/traces/timeline?start=2024-01-01T00:00:00Z&end=2023-01-01T00:00:00Z",
            ["end", "2023", "before start"],
        ),
        (
            "/workspaces/local/traces/timeline?start=2024-01-01T00:00:00Z&end=2024-01-02T00:00:00Z&bucket=week",
            ["bucket", "`week`", "`minute`, `hour`, `day`"],
        ),
        (
            "/workspaces/local/traces/timeline?start=2020-01-01T00:00:00Z&end=2024-01-01T00:00:00Z",
            ["bucket", "35064", "10000"],
        ),
        ("/workspaces/local/trajectories?status=done", ["status", "`done`", "`open` or `finalized`"]),
        ("/workspaces/local/trajectories?has_errors=maybe", ["has_errors", "\"true\"", "\"false\""]),
        ("/workspaces/local/trajectories?sort_by=name", ["sort_by", "\"name\"", "span_count"]),
        ("/workspaces/local/trajectories?limit=0", ["limit", "\"0\"", "1 to 1000"]),
        ("/workspaces/local/trajectories?cursor=x", ["cursor", "\"x\"", "next_cursor"]),
    ] {
        let answer = get(&server, &path.replace("{}", TRACE));
        assert_eq!(answer.status, 422, "{path}: {}", answer.detail());
        assert_eq!(answer.body.as_object().unwrap().len(), 1, "{path}");
        for name in names {
            assert!(answer.detail().contains(name), "{path}: {}", answer.detail());
        }
    }
}

#[test]
fn what_is_not_there_is_404() {
    let server = turn();
    let other = "4bf92f3577b34da6a3ce929d0e0e4737";
    for path in [
        "/nowhere",
        "/traces",
        "/traces/abc",
        "/traces/%ff",
        "/traces/00000000000000000000000000000000",
        "/traces/..%2f..%2fetc%2fpasswd",
        &format!("/traces/{TRACE}/"),
        &format!("/traces/{other}"),
        &format!("/traces/{other}/body"),
        &format!("/traces/{other}/spans"),
        &format!("/traces/{other}/issues"),
        "/spans/00000000000000ff",
        "/spans/abc",
        "/workspaces/other/traces",
        "/workspaces/LOCAL/traces",
        "/workspaces/%ff/traces",
        "/workspaces/other/traces/summary?start=2024-01-01T00:00:00Z&end=2024-01-02T00:00:00Z",
        "/workspaces/other/traces/timeline?start=2024-01-01T00:00:00Z&end=2024-01-02T00:00:00Z",
        "/workspaces/other/trajectories",
        &format!("/workspaces/other/trajectories/{TRACE}"),
        &format!("/workspaces/local/trajectories/{other}"),
        &format!("/workspaces/local/trajectories/{other}/findings"),
        "/workspaces/local/issues",
    ] {
        let answer = get(&server, path);
        assert!(answer.status == 404 && answer.detail().starts_with("there is no"), "{path}: {answer:?}");
    }
}

#[test]
fn another_method_is_405_and_says_which_would_do() {
    let server = server();
    for (method, path, allowed) in [
        ("GET", "/v1/traces", "POST"),
        ("DELETE", "/workspaces", "GET,HEAD,POST"),
        ("POST", "/workspaces/local/traces", "GET,HEAD"),
        ("PUT", "/workspaces/local", "PATCH"),
    ] {
        let answer = call(&server, method, path, &[], b"");
        assert_eq!(
            (answer.status, answer.detail()),
            (405, format!("{path} does not answer {method}").as_str())
        );
        assert_eq!(answer.header("allow"), allowed, "{method} {path}");
    }
    for path in ["/nowhere", "/healthz"] {
        let answer = call(&server, "POST", path, &[], &vec![b' '; 20 << 20]);
        assert!([404, 405].contains(&answer.status), "{path}: what is sent in vain is thrown away");
    }
    assert_eq!(get(&server, "/healthz").body, json!({"status": "ok"}));
}

#[test]
fn every_answer_tells_browsers_not_to_guess_and_not_to_keep() {
    let server = server();
    send(&server, &[span(1, 0, "<script>", 0, 1, &json!({}))]);
    for (path, status) in [
        ("/healthz", 200),
        ("/openapi.json", 200),
        ("/workspaces", 200),
        (&format!("/traces/{TRACE}"), 200),
        (&format!("/traces/{TRACE}/body"), 200),
        ("/nowhere", 404),
        ("/v1/traces", 405),
        ("/workspaces/local/traces?limit=x", 422),
    ] {
        let answer = get(&server, path);
        assert_eq!(answer.status, status, "{path}");
        let told =
            ["x-content-type-options", "cache-control", "content-type"].map(|name| answer.header(name));
        assert_eq!(told, ["nosniff", "no-store", "application/json"], "{path}");
    }
    let foreign = call(&server, "GET", "/workspaces", &[("host", "evil.example")], b"");
    assert_eq!((foreign.status, foreign.header("cache-control")), (403, "no-store"));
}
