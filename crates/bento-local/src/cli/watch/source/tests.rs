//! A backend on loopback that speaks as the contract says, and what is heard of it.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use super::super::rows::RunState;
use super::super::state::{Answer, Event, Failure, Filter, News};
use super::*;

/// How long anything may take.
const DEADLINE: Duration = Duration::from_secs(20);

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// A backend that lets the test answer its requests.
struct Backend {
    listener: TcpListener,
}

/// A request that waits for its answer.
struct Request {
    line: String,
    connection: BufReader<TcpStream>,
}

impl Backend {
    fn start() -> (Self, Source, Receiver<Heard>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = Client::new(&format!("http://{}", listener.local_addr().unwrap()));
        let (tells, heard) = mpsc::sync_channel(16);
        let source = Source::start(client, "w 1", tells).unwrap();
        (Self { listener }, source, heard)
    }

    fn request(&self) -> Request {
        let (stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut connection = BufReader::new(stream);
        Request { line: read_head(&mut connection), connection }
    }
}

/// The first line of a request, all of which is read.
fn read_head(connection: &mut BufReader<TcpStream>) -> String {
    let lines = connection.lines().map(Result::unwrap);
    let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    head[0].trim_end_matches(" HTTP/1.1").to_owned()
}

impl Request {
    fn write(&mut self, text: &str) {
        self.connection.get_mut().write_all(text.as_bytes()).unwrap();
    }

    fn answer(mut self, status: u16, json: &str) {
        let head =
            format!("HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\nConnection: close\r\n");
        self.write(&format!("{head}Content-Length: {}\r\n\r\n{json}", json.len()));
    }

    fn stream(&mut self, events: &str) {
        self.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
        self.write(events);
    }

    /// Waits until the other side has gone.
    fn await_end(mut self) {
        let mut rest = Vec::new();
        // A reset is an end, too.
        let _ = self.connection.read_to_end(&mut rest);
        assert!(rest.is_empty());
    }
}

fn event(heard: &Receiver<Heard>) -> Event {
    match heard.recv_timeout(DEADLINE) {
        Ok(Heard::Event(event)) => event,
        other => unreachable!("no event: {other:?}"),
    }
}

fn news(heard: &Receiver<Heard>, watch: u64) -> News {
    match event(heard) {
        Event::News(number, news) if number == watch => news,
        other => unreachable!("no news of {watch}: {other:?}"),
    }
}

fn trace() -> TraceId {
    TRACE.parse().unwrap()
}

#[test]
fn news_are_heard_as_they_come() {
    let (backend, mut source, heard) = Backend::start();
    source.watch(1, Target::Runs).unwrap();
    let mut stream = backend.request();
    assert_eq!(stream.line, "GET /workspaces/w%201/traces/stream");
    stream.stream("event: ready\ndata: {}\n\n: still here\n\n");
    assert!(matches!(news(&heard, 1), News::Ready));
    stream.write(&format!(
        "event: run\r\ndata: {{\"trace_id\":\"{TRACE}\",\"state\":\"running\",\"cost\":null}}\r\n\r\n"
    ));
    let News::Run(run) = news(&heard, 1) else { unreachable!("a run") };
    assert_eq!((run.trace_id, run.state), (trace(), RunState::Running));
    // What is not known is left, and what is not understood is no reason to miss something.
    stream.write("event: weather\ndata: fine\n\nevent: run\ndata: {}\n\nevent: reset\ndata: {}\n\n");
    assert!(matches!(news(&heard, 1), News::Ready));
    assert!(matches!(news(&heard, 1), News::Ready));
}

#[test]
fn a_stream_that_breaks_off_is_taken_up_again() {
    let (backend, mut source, heard) = Backend::start();
    source.watch(7, Target::Run(trace())).unwrap();
    let mut stream = backend.request();
    assert_eq!(stream.line, format!("GET /traces/{TRACE}/stream"));
    stream.stream("event: ready\ndata: {}\n\nevent: sp");
    assert!(matches!(news(&heard, 7), News::Ready));
    drop(stream);
    assert!(matches!(news(&heard, 7), News::Lost(_)));
    backend.request().answer(503, r#"{"detail":"busy\u001b[2J"}"#);
    let News::Lost(reason) = news(&heard, 7) else { unreachable!("still lost") };
    assert_eq!(reason, "the backend answered 503: busy [2J");
    let mut stream = backend.request();
    let span = format!(
        r#"{{"trace_id":"{TRACE}","span_id":"00f067aa0ba902b7","parent_id":null,"status":"PENDING"}}"#
    );
    stream.stream(&format!("event: ready\ndata: {{}}\n\nevent: span\ndata: {span}\n\n"));
    assert!(matches!(news(&heard, 7), News::Ready));
    let News::Step(step) = news(&heard, 7) else { unreachable!("a span") };
    assert!(step.is_pending());
}

#[test]
fn what_is_no_more_watched_is_let_go_of() {
    let (backend, mut source, heard) = Backend::start();
    source.watch(1, Target::Runs).unwrap();
    let mut first = backend.request();
    first.stream("event: ready\ndata: {}\n\n");
    assert!(matches!(news(&heard, 1), News::Ready));
    source.watch(2, Target::Run(trace())).unwrap();
    // It waited for news, and waits no longer.
    first.await_end();
    let mut second = backend.request();
    second.stream("event: ready\ndata: {}\n\n");
    assert!(matches!(news(&heard, 2), News::Ready));
    drop(source);
    second.await_end();
}

#[test]
fn a_backend_without_streams_is_to_be_asked() {
    let (backend, mut source, heard) = Backend::start();
    source.watch(1, Target::Runs).unwrap();
    backend.request().answer(404, r#"{"detail":"there is nothing"}"#);
    assert!(matches!(news(&heard, 1), News::Poll));
    assert!(matches!(news(&heard, 1), News::Poll), "again and again");
}

#[test]
fn what_is_gone_is_listened_to_when_it_comes_again() {
    let (backend, mut source, heard) = Backend::start();
    source.watch(1, Target::Run(trace())).unwrap();
    backend.request().answer(404, r#"{"detail":"there is no such run"}"#);
    assert!(matches!(news(&heard, 1), News::Poll));
    assert!(matches!(news(&heard, 1), News::Poll));
    backend.request().answer(401, r#"{"detail":"another key"}"#);
    assert!(matches!(news(&heard, 1), News::Refused));
    let mut stream = backend.request();
    stream.stream("event: ready\ndata: {}\n\n");
    assert!(matches!(news(&heard, 1), News::Ready));
}

#[test]
fn questions_are_answered_one_after_the_other() {
    let (backend, source, heard) = Backend::start();
    let requests = thread::spawn(move || {
        let answers = [
            (200, r#"{"items":[],"next_cursor":"x"}"#),
            (404, r#"{"detail":"no"}"#),
            (200, "[]"),
            (401, r#"{"detail":"who?"}"#),
        ];
        answers.map(|(status, json)| {
            let request = backend.request();
            let line = request.line.clone();
            request.answer(status, json);
            line
        })
    });
    let (span, moment) = ("00f067aa0ba902b7".parse().unwrap(), crate::Timestamp::from_unix_nanos(5));
    let filter = Filter { state: Some(RunState::Failed), words: "a b".to_owned() };
    source.ask(Question::Runs(filter, Some((moment, trace()))));
    source.ask(Question::Run(trace()));
    source.ask(Question::Steps(trace(), Some(span)));
    source.ask(Question::Step(trace(), span));
    let answer = || match event(&heard) {
        Event::Answer(answer) => *answer,
        other => unreachable!("no answer: {other:?}"),
    };
    assert!(matches!(answer(), Answer::Runs(_, Ok(page)) if page.next_cursor.is_some()));
    assert!(matches!(answer(), Answer::Run(_, Err(Failure::Missing))));
    assert!(matches!(answer(), Answer::Steps(_, Err(Failure::Other(_)))));
    assert!(matches!(answer(), Answer::Step(_, _, Err(Failure::Refused))));
    let time = "1970-01-01T00%3A00%3A00.000000005Z";
    let expected = [
        format!(
            "GET /workspaces/w%201/traces?limit=100&state=failed&q=a%20b&before={time}&before_id={TRACE}"
        ),
        format!("GET /traces/{TRACE}"),
        format!("GET /traces/{TRACE}/spans?limit=1000&after_id=00f067aa0ba902b7"),
        format!("GET /spans/00f067aa0ba902b7?trace_id={TRACE}"),
    ];
    assert_eq!(requests.join().unwrap(), expected);
}
