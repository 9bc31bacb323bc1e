//! `POST /v1/traces`.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use bento_local::{Config, Server};
use serde_json::json;

use crate::wire::{KEY, TRACE, batch, gzip, of, post, raw, send, server, span};

fn one() -> Vec<u8> {
    batch(&[span(1, 0, "turn", 0, 10, &json!({}))])
}

#[test]
fn json_is_kept_with_and_without_gzip() {
    let server = server();
    for (headers, body) in [
        (vec![], one()),
        (vec![("content-encoding", "identity")], one()),
        (vec![("content-encoding", "gzip")], gzip(&one())),
        (
            vec![("content-encoding", "GZIP"), ("content-type", "Application/JSON; charset=utf-8")],
            gzip(&one()),
        ),
        (vec![("authorization", "bearer bl_pk_x")], one()),
    ] {
        let answer = post(&server, &headers, &body);
        assert_eq!((answer.status, &answer.body), (200, &json!({})), "{headers:?}");
    }
    let run = server.run(TRACE).unwrap().unwrap();
    assert_eq!((run.summary.name.as_str(), run.spans.len()), ("turn", 1), "sent five times, kept once");
    assert_eq!((server.bodies_received(), server.spans_received()), (5, 5));
    assert_eq!(server.bytes_received(), (3 * one().len() + 2 * gzip(&one()).len()) as u64);
}

#[test]
fn a_span_that_comes_again_changes_nothing() {
    let server = server();
    send(&server, &[span(1, 0, "first", 0, 10, &json!({}))]);
    send(&server, &[span(1, 0, "second", 0, 99, &json!({})), span(2, 1, "child", 1, 2, &json!({}))]);
    let run = server.run(TRACE).unwrap().unwrap();
    assert_eq!(
        (run.summary.name.as_str(), run.spans.len(), run.summary.duration().as_millis()),
        ("first", 2, 10)
    );
}

#[test]
fn without_a_good_key_it_is_401() {
    let server = server();
    for key in [
        "",
        "Bearer bl_pk_",
        "Bearer sk-123",
        "bl_pk_test",
        "Basic bl_pk_test",
        "Bearer bl_pk_two words",
        "Bearer",
    ] {
        let answer = post(&server, &[("authorization", key)], &one());
        assert_eq!(answer.status, 401, "{key}");
        assert!(answer.detail().contains("bl_pk_…"), "{answer:?}");
        assert!(!answer.detail().contains("test") && !answer.detail().contains("sk-123"), "it echoes no key");
    }
    assert_eq!((server.runs().unwrap().len(), server.bodies_received()), (0, 0));
}

#[test]
fn what_is_not_json_is_415_and_names_the_fix() {
    let server = server();
    for media in ["application/x-protobuf", "text/plain", ""] {
        let answer = post(&server, &[("content-type", media)], b"\x0a\x00");
        assert_eq!(answer.status, 415, "{media}");
        assert!(answer.detail().contains("OTEL_EXPORTER_OTLP_PROTOCOL=http/json"), "{answer:?}");
    }
    for encoding in ["br", "gzip, gzip"] {
        let answer = post(&server, &[("content-encoding", encoding)], &one());
        assert_eq!(answer.status, 415, "{encoding}");
        assert!(answer.detail().contains("gzip"), "{answer:?}");
    }
}

#[test]
fn what_is_broken_is_400_with_the_place() {
    let server = server();
    let answer = post(&server, &[], b"{\"resourceSpans\": [\n  {,}]}");
    assert_eq!(answer.status, 400);
    assert!(answer.detail().ends_with("line 2 column 4"), "{answer:?}");
    let whole = gzip(&one());
    for bad in [&b"not gzip at all"[..], &whole[..whole.len() - 9], b""] {
        let answer = post(&server, &[("content-encoding", "gzip")], bad);
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(answer.detail().contains("gzip"), "{answer:?}");
    }
    let quoted = format!("{{\"resourceSpans\": \"{}\"}}", "x".repeat(100_000));
    let answer = post(&server, &[], quoted.as_bytes());
    assert!(
        answer.status == 400 && answer.detail().len() < 1000 && answer.detail().ends_with("column 100020"),
        "{answer:?}"
    );
}

#[test]
fn a_bad_span_is_told_and_the_rest_is_kept() {
    let server = server();
    let mut bad = span(2, 1, "bad", 5, 4, &json!({}));
    let mut worse = span(3, 1, "worse", 1, 2, &json!({}));
    worse["traceId"] = "zz".into();
    let answer =
        post(&server, &[], &batch(&[span(1, 0, "turn", 0, 10, &json!({})), bad.take(), worse, json!(null)]));
    assert_eq!(answer.status, 200);
    let told = &answer.body["partialSuccess"];
    assert_eq!(told["rejectedSpans"], "3");
    let message =
        "resourceSpans[0].scopeSpans[0].spans[1]: endTimeUnixNano is before startTimeUnixNano (and 2 more)";
    assert_eq!(told["errorMessage"], message);
    assert_eq!((server.run(TRACE).unwrap().unwrap().spans.len(), server.spans_received()), (1, 1));
}

#[test]
fn bodies_are_bounded_on_the_wire() {
    let server = Server::start(Config::default().max_body(1000)).unwrap();
    let body = |size: usize| format!("{{\"pad\":\"{}\"}}", "x".repeat(size - 10)).into_bytes();
    assert_eq!(post(&server, &[], &body(1000)).status, 200);
    for size in [1001, 50_000_000] {
        let answer = post(&server, &[], &body(size));
        assert_eq!((answer.status, answer.detail()), (413, "the body is larger than 1000 bytes"));
    }
    let chunk = String::from_utf8(body(1001)).unwrap();
    let answer = raw(&server, &chunked(&[&chunk[..600], &chunk[600..]]));
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[test]
fn a_bomb_does_not_go_off() {
    let server = Server::start(Config::default().max_inflated(1 << 20)).unwrap();
    // Two gigabytes in two megabytes: inflated to the end, it would not be done in the test's time.
    let bomb = gzip(&vec![b' '; 1 << 20]).repeat(2048);
    let answer = post(&server, &[("content-encoding", "gzip")], &bomb);
    assert_eq!(
        (answer.status, answer.detail()),
        (413, "the body is larger than 1048576 bytes when inflated")
    );
    let tight = Server::start(Config::default().max_inflated(one().len())).unwrap();
    assert_eq!(
        post(&tight, &[("content-encoding", "gzip")], &gzip(&one())).status,
        200,
        "the limit itself fits"
    );
    let tight = Server::start(Config::default().max_inflated(one().len() - 1)).unwrap();
    assert_eq!(post(&tight, &[("content-encoding", "gzip")], &gzip(&one())).status, 413);
    assert_eq!(post(&tight, &[], &one()).status, 413, "the same without gzip");
}

fn chunked(chunks: &[&str]) -> String {
    let mut request = format!(
        "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nAuthorization: {KEY}\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    );
    for chunk in chunks {
        request += &[&format!("{:x}", chunk.len()), *chunk, ""].join("\r\n");
    }
    request += "0\r\n\r\n";
    request
}

#[test]
fn a_chunked_body_needs_no_length() {
    let server = server();
    let body = String::from_utf8(one()).unwrap();
    let answer = raw(&server, &chunked(&[&body[..7], &body[7..100], &body[100..]]));
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("{}"), "{answer}");
    assert_eq!(server.runs().unwrap().len(), 1);
}

#[test]
fn the_hook_sees_what_was_sent() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let hook = Arc::clone(&seen);
    let server =
        Server::start(Config::default().on_body(move |json| hook.lock().unwrap().push(json.to_vec())))
            .unwrap();
    post(&server, &[("content-encoding", "gzip")], &gzip(&one()));
    post(&server, &[], b"nonsense");
    assert_eq!(*seen.lock().unwrap(), [one(), b"nonsense".to_vec()]);
}

#[test]
fn many_at_once_lose_nothing() {
    let server = server();
    thread::scope(|scope| {
        for client in 1..=8 {
            let server = &server;
            scope.spawn(move || {
                for number in 0..50 {
                    let id = client * 1000 + number;
                    send(
                        server,
                        &[
                            span(id, 0, "step", number, number + 1, &json!({})),
                            span(7, 0, "same", 0, 1, &json!({})),
                        ],
                    );
                }
            });
        }
    });
    assert_eq!(server.run(TRACE).unwrap().unwrap().spans.len(), 401);
    assert_eq!((server.bodies_received(), server.spans_received()), (400, 800));
}

#[test]
fn senders_that_dawdle_hold_up_no_small_body_and_are_given_up() {
    let server = server();
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nAuthorization: {KEY}\r\nContent-Type: application/json\r\n"
    );
    // More than all the room, announced or not, and a byte of each.
    let dawdlers: Vec<_> =
        ["Content-Length: 16000000\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"]
            .iter()
            .cycle()
            .take(6)
            .map(|rest| {
                let mut stream = TcpStream::connect(server.addr()).unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
                stream.write_all((head.clone() + rest).as_bytes()).unwrap();
                stream
            })
            .collect();
    let before = Instant::now();
    send(&server, &[span(1, 0, "small", 0, 1, &json!({}))]);
    assert!(before.elapsed() < Duration::from_secs(4), "{:?}", before.elapsed());
    // Without a word from them, and long before a body's thirty seconds are over.
    let text = "x".repeat(8 << 20);
    send(&server, &[span(2, 0, "large", 0, 1, &json!({"input.value": text}))]);
    assert!(before.elapsed() < Duration::from_secs(25), "{:?}", before.elapsed());
    drop(dawdlers);
}

#[test]
fn large_bodies_at_once_wait_for_each_other() {
    let server = server();
    let text = "x".repeat(8 << 20);
    // Together they are more than the server holds at one time.
    thread::scope(|scope| {
        for number in 1..=12 {
            let (server, text) = (&server, &text);
            scope.spawn(move || {
                send(server, &[of(number, span(1, 0, "large", 0, 1, &json!({"input.value": text})))]);
            });
        }
    });
    assert_eq!((server.bodies_received(), server.spans_received()), (12, 12));
}
