//! Event streams: what changes, told as it changes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use bento_local::{Config, Server};
use serde_json::{Value, json};

use crate::live::{open, wait_for};
use crate::wire::{TRACE, call, failed, form, get, of, post, send, server, span, trace};

const LIST: &str = "/workspaces/local/traces/stream";

/// How long an event is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

type Event = (String, Value);

/// A stream that is read by a thread, which ends with it.
struct Stream {
    events: Receiver<(Event, Instant)>,
}

impl Stream {
    /// Opens the stream, and reads as far as `ready`.
    fn open(server: &Server, path: &str) -> Self {
        let response = crate::agent::agent()
            .get(format!("{}{path}", server.url()))
            .config()
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .call()
            .unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let mut lines = BufReader::new(response.into_body().into_reader()).lines();
        let (sender, events) = mpsc::channel();
        thread::spawn(move || {
            while let Some(event) = event(&mut lines) {
                if sender.send((event, Instant::now())).is_err() {
                    break;
                }
            }
        });
        let stream = Self { events };
        assert_eq!(stream.next(), ("ready".to_owned(), json!({})));
        stream
    }

    fn of_run(server: &Server) -> Self {
        Self::open(server, &format!("/traces/{TRACE}/stream"))
    }

    fn next(&self) -> Event {
        self.events.recv_timeout(PATIENCE).unwrap().0
    }

    /// The next event, which is of that name.
    fn expect(&self, name: &str) -> Value {
        let (named, data) = self.next();
        assert_eq!(named, name, "{data}");
        data
    }

    /// The ids of the spans up to the next event about the run, without the zeros they begin with, and that event.
    fn spans(&self) -> (Vec<String>, Value) {
        let mut ids = Vec::new();
        loop {
            match self.next() {
                (name, row) if name == "span" => {
                    ids.push(row["id"].as_str().unwrap().trim_start_matches('0').to_owned());
                }
                (name, row) => {
                    assert_eq!(name, "run", "{row}");
                    return (ids, row);
                }
            }
        }
    }

    fn is_silent(&self) -> bool {
        self.events.recv_timeout(Duration::from_millis(300)).is_err()
    }

    fn has_ended(&self) -> bool {
        matches!(self.events.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected))
    }
}

/// The next event: two lines and an empty one. What breaks off has none.
fn event(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> Option<Event> {
    let mut lines = lines.map_while(Result::ok).filter(|line| !line.is_empty() && line != ":");
    let name = lines.next()?.strip_prefix("event: ")?.to_owned();
    let data = lines.next()?.strip_prefix("data: ")?.to_owned();
    Some((name, serde_json::from_str(&data).unwrap()))
}

fn row(server: &Server, id: &str) -> Value {
    get(server, &format!("/traces/{id}")).body
}

#[test]
fn a_list_is_told_of_each_run_that_is_new_or_changes() {
    let server = server();
    send(&server, &[of(9, span(1, 0, "before", 0, 1, &json!({})))]);
    let stream = Stream::open(&server, LIST);
    send(&server, &[open(1, 0, "turn\nof two lines", 0, 1)]);
    let begun = stream.expect("run");
    assert_eq!((&begun["state"], &begun), (&json!("running"), &row(&server, TRACE)));
    send(&server, &[span(1, 0, "turn", 0, 9, &json!({})), of(2, span(1, 0, "other", 0, 1, &json!({})))]);
    let mut both = [stream.expect("run"), stream.expect("run")];
    both.sort_unstable_by_key(|row| row["name"].to_string());
    assert_eq!(both, [row(&server, &trace(2)), row(&server, TRACE)]);
    send(&server, &[span(1, 0, "turn", 0, 9, &json!({})), open(1, 0, "turn", 0, 99)]);
    assert_eq!(post(&server, &[], b"nonsense").status, 400);
    assert!(stream.is_silent(), "nothing of it changed anything");
}

#[test]
fn a_list_is_told_of_its_own_workspace_alone() {
    let server = server();
    assert_eq!(form(&server, "POST", "/workspaces", &json!({"name": "team"})).status, 201);
    let (local, team) =
        (Stream::open(&server, LIST), Stream::open(&server, "/workspaces/team/traces/stream"));
    let theirs = [("authorization", "Bearer bl_pk_team")];
    let body = crate::wire::batch(&[span(1, 0, "theirs", 0, 1, &json!({}))]);
    assert_eq!(post(&server, &theirs, &body).status, 200);
    assert_eq!(team.expect("run")["workspace_id"], "team");
    // A run is where its first span came to.
    send(&server, &[span(2, 1, "more", 0, 1, &json!({}))]);
    assert_eq!(team.expect("run")["span_count"], 2);
    assert!(local.is_silent());
    drop(local);
}

#[test]
fn a_run_is_told_of_span_by_span() {
    let server = server();
    send(&server, &[open(1, 0, "turn", 0, 0)]);
    let stream = Stream::of_run(&server);
    send(&server, &[open(2, 1, "answer", 1, 1), of(5, span(7, 0, "elsewhere", 0, 1, &json!({})))]);
    // Nobody said what kind the root is: with a child it is taken for an agent, which is told, too.
    let (root, child) = (stream.expect("span"), stream.expect("span"));
    assert_eq!((&root["kind"], &child["status"]), (&json!("agent"), &json!("PENDING")));
    let listed = get(&server, &format!("/traces/{TRACE}/spans"));
    assert_eq!(listed.items(), [root, child]);
    assert_eq!(stream.expect("run"), row(&server, TRACE));
    let so_far = json!({"bento.pending": true, "output.value": "Par", "openinference.span.kind": "llm"});
    send(&server, &[span(2, 1, "answer", 1, 4, &so_far)]);
    assert_eq!(stream.spans().0, ["1", "2"]);
    send(
        &server,
        &[failed(span(2, 1, "answer", 1, 6, &json!({})), "no"), span(1, 0, "turn", 0, 8, &json!({}))],
    );
    let (spans, run) = stream.spans();
    assert_eq!(
        (spans, &run["state"], &run["error_count"]),
        (vec!["1".into(), "2".into()], &json!("failed"), &json!(1))
    );
    send(&server, &[of(5, span(8, 7, "elsewhere", 0, 1, &json!({})))]);
    assert!(stream.is_silent());
}

#[test]
fn what_changes_often_is_told_of_now_and_then_and_at_last_as_it_is() {
    let server = server();
    send(&server, &[open(1, 0, "turn", 0, 0)]);
    let (list, run) = (Stream::open(&server, LIST), Stream::of_run(&server));
    let before = Instant::now();
    for id in 2..=60 {
        send(&server, &[span(id, 1, "step", id, id + 1, &json!({}))]);
    }
    let sent = before.elapsed();
    let mut times = Vec::new();
    loop {
        let ((name, row), at) = list.events.recv_timeout(PATIENCE).unwrap();
        assert_eq!(name, "run");
        times.push(at);
        if row["span_count"] == 60 {
            break;
        }
    }
    assert!(times.len() as u128 <= sent.as_millis() / 100 + 2, "{} in {sent:?}", times.len());
    let mut told = std::collections::HashSet::new();
    while told.len() < 60 {
        told.extend(run.spans().0);
    }
    assert!(list.is_silent());
}

#[test]
fn an_event_is_there_soon_after_its_spans_are_stored() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(Config::default().database(folder.path().join("runs.db"))).unwrap();
    send(&server, &[open(1, 0, "turn", 0, 0)]);
    let (list, run) = (Stream::open(&server, LIST), Stream::of_run(&server));
    let mut times = Vec::new();
    for id in 2..=21 {
        send(&server, &[span(id, 1, "step", id, id + 1, &json!({}))]);
        let answered = Instant::now();
        run.spans();
        times.push(answered.elapsed());
        let (_, told) = list.events.recv_timeout(PATIENCE).unwrap();
        times.push(told.saturating_duration_since(answered));
    }
    times.sort_unstable();
    let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
    assert!(median < Duration::from_millis(100) && worst < Duration::from_secs(5), "{times:?}");
}

#[test]
fn too_much_at_once_is_a_reset() {
    let server = server();
    send(&server, &[open(1, 0, "turn", 0, 0)]);
    let (list, run) = (Stream::open(&server, LIST), Stream::of_run(&server));
    let spans: Vec<_> = (2..=502).map(|id| span(id, 1, "step", id, id + 1, &json!({}))).collect();
    send(&server, &spans);
    assert_eq!((run.expect("reset"), list.expect("run")["span_count"].clone()), (json!({}), json!(502)));
    let runs: Vec<_> = (1..=501).map(|number| of(number, span(1, 0, "turn", 0, 1, &json!({})))).collect();
    send(&server, &runs);
    assert_eq!(list.expect("reset"), json!({}));
    send(&server, &[span(503, 1, "step", 1, 2, &json!({}))]);
    assert_eq!(
        (list.expect("run")["span_count"].clone(), run.spans().0),
        (json!(503), vec!["1".into(), "1f7".into()])
    );
    let long: Vec<_> =
        (1_000..=1_300).map(|number| of(number, span(1, 0, &"é".repeat(1_000), 0, 1, &json!({})))).collect();
    send(&server, &long);
    assert_eq!(list.expect("reset"), json!({}), "what is too long is too much");
}

#[test]
fn a_run_that_is_given_up_is_told_of() {
    let server = Server::start(Config::default().unfinished_after(Duration::from_millis(500))).unwrap();
    send(&server, &[open(1, 0, "turn", 0, 0)]);
    let (list, run) = (Stream::open(&server, LIST), Stream::of_run(&server));
    assert_eq!(list.expect("run")["state"], "unfinished");
    let (spans, row) = run.spans();
    assert_eq!((spans.len(), &row["state"]), (0, &json!("unfinished")));
    send(&server, &[open(1, 0, "turn", 0, 1)]);
    assert_eq!(
        (&list.expect("run")["state"], &run.spans().1["state"]),
        (&json!("running"), &json!("running"))
    );
}

#[test]
fn a_run_that_is_let_go_is_told_to_lists_and_to_those_who_watch_it() {
    let server = Server::start(Config::default().keep(Duration::from_secs(3600))).unwrap();
    let old = of(7, span(1, 0, "old", 0, 1, &json!({})));
    let path = format!("/traces/{}/stream", trace(7));
    // It is let go a little later.
    send(&server, &[old]);
    let (list, run) = (Stream::open(&server, LIST), Stream::open(&server, &path));
    assert_eq!((list.expect("reset"), run.expect("reset")), (json!({}), json!({})));
    assert!(get(&server, "/workspaces/local/traces").items().is_empty());
    assert!(list.is_silent(), "once is enough");
}

#[test]
fn what_is_not_there_cannot_be_watched() {
    let server = server();
    for path in ["/workspaces/nowhere/traces/stream", &format!("/traces/{TRACE}/stream"), "/traces/x/stream"]
    {
        let answer = get(&server, path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.detail().is_empty());
    }
    let elsewhere = call(&server, "GET", LIST, &[("origin", "http://evil.example")], b"");
    assert_eq!((elsewhere.status, call(&server, "POST", LIST, &[], b"").status), (403, 405));
    let server = Server::start(Config::default().key("bl_pk_secret")).unwrap();
    assert_eq!(get(&server, LIST).status, 401);
    let head = call(&server, "HEAD", LIST, &[("authorization", "Bearer bl_pk_secret")], b"");
    assert_eq!((head.status, head.header("content-type")), (200, "text/event-stream"));
}

#[test]
fn a_stop_ends_the_streams_and_does_not_wait_for_them() {
    let server = server();
    send(&server, &[open(1, 0, "turn", 0, 0)]);
    let streams = [Stream::open(&server, LIST), Stream::of_run(&server)];
    let mut unread = watch(&server);
    let before = Instant::now();
    server.stop();
    assert!(before.elapsed() < Duration::from_secs(3), "{:?}", before.elapsed());
    assert!(streams.iter().all(Stream::has_ended));
    let mut rest = String::new();
    unread.read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with("0\r\n\r\n"), "it has come to its end, and was not cut off: {rest}");
}

/// Watches the list and reads nothing of it but the head.
fn watch(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {LIST} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    stream
}

#[test]
fn there_are_places_for_many_and_for_those_who_send() {
    let server = server();
    let streams: Vec<_> = (0..64).map(|_| Stream::open(&server, LIST)).collect();
    let refused = get(&server, LIST);
    assert_eq!((refused.status, refused.detail()), (503, "64 streams are open, and there can be no more"));
    send(&server, &[open(1, 0, "turn", 0, 0)]);
    for stream in &streams {
        assert_eq!(stream.expect("run")["name"], "turn");
    }
}

#[test]
fn who_hangs_up_leaves_a_place_also_while_there_is_nothing_to_tell() {
    let server = server();
    let watching: Vec<_> = (0..64).map(|_| watch(&server)).collect();
    assert_eq!(get(&server, LIST).status, 503);
    drop(watching);
    wait_for("a place", || call(&server, "HEAD", LIST, &[], b"").status == 200);
}

#[test]
fn who_never_reads_holds_up_nobody_and_is_told_that_something_was_missed() {
    let server = server();
    let mut unread = watch(&server);
    let stream = Stream::open(&server, LIST);
    let name = "🍱".repeat(1_000);
    let body = |round: u64| -> Vec<_> {
        (1..=100).map(|number| of(round * 1_000 + number, span(1, 0, &name, 0, 1, &json!({})))).collect()
    };
    // More than the network and the server keep for one who does not read.
    for round in 1..=40 {
        send(&server, &body(round));
        let mut told = 0;
        while told < 100 {
            stream.expect("run");
            told += 1;
        }
    }
    let mut missed = String::new();
    let mut piece = vec![0; 1 << 16];
    while !missed.contains("event: reset\ndata: {}\n\n") {
        let read = unread.read(&mut piece).unwrap();
        assert!(read > 0, "it is not hung up on");
        missed.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
}
