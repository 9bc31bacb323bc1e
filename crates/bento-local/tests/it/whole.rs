//! A run with all its spans as one body.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::read::turn;
use crate::wire::{TRACE, get, raw, send, server, span};

#[test]
fn it_is_the_row_and_the_full_spans() {
    let server = turn();
    let body = get(&server, &format!("/traces/{TRACE}/body")).body;
    assert_eq!(body["trace"], get(&server, &format!("/traces/{TRACE}")).body);
    let spans: Vec<_> = (1..=5).map(|id| get(&server, &format!("/spans/{id:016x}")).body).collect();
    assert_eq!(body, json!({"trace": body["trace"], "spans": spans}));
}

/// Spans of very different sizes, some alike in their start.
fn many(count: u64) -> Vec<Value> {
    let text = |id: u64| "x".repeat(if id.is_multiple_of(500) { 300_000 } else { (id % 100) as usize });
    (1..=count).map(|id| span(id, id / 2, "step", id / 3, id, &json!({"input.value": text(id)}))).collect()
}

#[test]
fn a_long_run_comes_whole() {
    let server = server();
    for part in many(5_000).chunks(1000) {
        send(&server, part);
    }
    let body = get(&server, &format!("/traces/{TRACE}/body")).body;
    let spans = body["spans"].as_array().unwrap();
    assert_eq!((spans.len(), &body["trace"]["span_count"]), (5_000, &json!(5_000)));
    let key = |span: &Value| [&span["start_time"], &span["id"]].map(|part| part.as_str().unwrap().to_owned());
    assert!(spans.is_sorted_by(|span, next| key(span) < key(next)));
    let longest = spans.iter().map(|span| span["input"].as_str().unwrap().len()).max();
    assert_eq!(longest, Some(300_000));
}

#[test]
fn it_is_sent_in_pieces() {
    let server = server();
    send(&server, &many(600));
    let answer = raw(
        &server,
        &format!("GET /traces/{TRACE}/body HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
    );
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let head = head.to_lowercase();
    assert!(
        head.contains("transfer-encoding: chunked") && head.contains("content-type: application/json"),
        "{head}"
    );
    assert!(
        body.starts_with(char::is_alphanumeric) && body.ends_with("\r\n0\r\n\r\n"),
        "it is ended, not broken off"
    );
}

#[test]
fn a_reader_that_hangs_up_holds_up_nobody() {
    let server = server();
    for part in many(6_000).chunks(2000) {
        send(&server, part);
    }
    for _ in 0..20 {
        let mut stream = TcpStream::connect(server.addr()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
            .write_all(format!("GET /traces/{TRACE}/body HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes())
            .unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).unwrap();
        assert_eq!(&start, b"HTTP/1.1 200");
    }
    assert_eq!(get(&server, &format!("/traces/{TRACE}")).status, 200);
}
