//! The server and the proxy do as they are told, as a plain client on a socket sees it.

#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;

use bento_faults::{Answer, Cut, Door, Early, Fate, Keep, Parting, Plan, Proxy, Server};

const LONG: Duration = Duration::from_secs(30);
const SPAN: &str =
    r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"t","spanId":"s","name":"n"}]}]}]}"#;

/// Sends one request with `body` on a connection of its own, and reads until the connection ends.
fn exchange(address: SocketAddr, body: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(LONG))?;
    write!(stream, "POST /v1/traces HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The same with a body in gzip; gives its size on the wire.
fn exchange_packed(address: SocketAddr, body: &str) -> io::Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body.as_bytes())?;
    let packed = encoder.finish()?;
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(LONG))?;
    let length = packed.len();
    write!(stream, "POST / HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n")?;
    stream.write_all(&packed)?;
    stream.read_to_end(&mut Vec::new())?;
    Ok(length)
}

fn fates(server: &Server) -> Vec<Fate> {
    server.requests().iter().map(|request| request.fate).collect()
}

fn address(url: &str) -> SocketAddr {
    url.strip_prefix("http://").unwrap().parse().unwrap()
}

#[test]
fn what_was_received_is_remembered() {
    let server = Plan::always(Answer::ok().then_close()).start();
    assert!(exchange(server.address(), SPAN).unwrap().starts_with("HTTP/1.1 200 "));
    let request = server.only();
    assert_eq!((request.method(), request.path(), request.fate), ("POST", "/v1/traces", Fate::Accepted));
    assert_eq!((request.body, request.wire_bytes), (SPAN.as_bytes().to_vec(), SPAN.len()));
    assert!(server.received_bytes() > SPAN.len() as u64);
    assert_eq!(server.connections(), 1);

    let frugal = Plan::always(Answer::ok().then_close()).keep(Keep::Spans).start();
    exchange(frugal.address(), SPAN).unwrap();
    let request = frugal.only();
    assert_eq!((request.body.len(), request.spans()[0].name.as_str()), (0, "n"));
}

#[test]
fn a_packed_body_is_inflated_when_somebody_looks() {
    let plan = || Plan::always(Answer::ok().then_close());
    let lazy = plan().keep(Keep::Packed).start();
    let length = exchange_packed(lazy.address(), SPAN).unwrap();
    let request = lazy.only();
    assert_eq!((request.body.len(), request.wire_bytes), (length, length));
    assert_eq!((request.spans()[0].name.as_str(), request.json()["resourceSpans"].is_array()), ("n", true));

    let eager = plan().start();
    exchange_packed(eager.address(), SPAN).unwrap();
    assert_eq!((eager.only().body, eager.only().spans().len()), (SPAN.as_bytes().to_vec(), 1));
}

#[test]
fn resets_come_where_they_are_wanted() {
    let reset = |plan: Plan| {
        let server = plan.start();
        let outcome = exchange(server.address(), SPAN).map_err(|error| error.kind());
        assert!(matches!(outcome, Err(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)), "{outcome:?}");
        fates(&server)
    };
    assert_eq!(reset(Plan::ok().doors(|_| Door::Reset)), []);
    assert_eq!(reset(Plan::ok().heads(|_, _| Early::Reset(4))), [Fate::Unread]);
    assert_eq!(reset(Plan::always(Answer::reset())), [Fate::Unanswered]);
    assert_eq!(reset(Plan::always(Answer::ok().cut_after(12, Parting::Reset))), [Fate::Unanswered]);
}

#[test]
fn answers_have_the_form_that_is_asked_for() {
    let answered = |answer: Answer| {
        let server = Plan::always(answer.then_close()).start();
        (exchange(server.address(), SPAN).unwrap(), fates(&server)[0])
    };
    let (text, fate) = answered(Answer::ok().cut_after(12, Parting::Close));
    assert_eq!((text.as_str(), fate), ("HTTP/1.1 200", Fate::Unanswered));
    let (text, fate) = answered(Answer::status(200).body("abcd").chunked());
    assert!(text.ends_with("\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"), "{text}");
    assert_eq!(fate, Fate::Accepted);
    let (text, fate) = answered(Answer::status(503).header("Retry-After", "1"));
    assert!(text.contains("\r\nRetry-After: 1\r\n"), "{text}");
    assert_eq!(fate, Fate::Refused);
    assert_eq!(answered(Answer::raw("SSH")), ("SSH".to_owned(), Fate::Unanswered));
    let (text, _) = answered(Answer::status(200).generated(100_000));
    assert!(text.ends_with(&"x".repeat(100_000)));
    let (text, _) = answered(Answer::partial_success("\"2\"", "a \"b\""));
    assert!(text.ends_with(r#"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"a \"b\""}}"#), "{text}");
    let (text, _) = answered(Answer::status(200).trickled_head(Duration::from_millis(1)));
    assert!(text.starts_with("HTTP/1.1 200 Status\r\n"), "{text}");
}

#[test]
fn an_answer_may_come_before_the_body() {
    let server = Plan::ok().heads(|_, _| Early::Answer(Answer::status(413))).start();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n").unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 413");
    assert_eq!(fates(&server), [Fate::Refused]);

    let server = Plan::always(Answer::ok().then_close()).heads(|_, _| Early::Continue).start();
    assert!(
        exchange(server.address(), SPAN).unwrap().starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")
    );
}

#[test]
fn a_server_may_be_down_for_a_while() {
    let server = Plan::ok().start();
    let mut idle = TcpStream::connect(server.address()).unwrap();
    idle.set_read_timeout(Some(LONG)).unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = [0; 100];
    assert!(idle.read(&mut answer).unwrap() > 0);
    for _ in 0..2 {
        server.stop();
        assert_eq!(TcpStream::connect(server.address()).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        server.resume();
        TcpStream::connect(server.address()).unwrap();
    }
    // The connection of before has ended in order; what came of the answer in a second piece may still be read.
    assert!(idle.read_to_end(&mut Vec::new()).unwrap() < 100);
    assert_eq!(fates(&server), [Fate::Accepted]);
}

#[test]
fn a_proxy_cuts_either_way() {
    let server = Plan::always(Answer::ok().then_close()).start();
    let proxy = Proxy::to(server.address(), Parting::Reset, |number| match number {
        0 => Cut { request: Some(20), answer: None },
        1 => Cut { request: None, answer: Some(5) },
        _ => Cut::default(),
    });
    let address = address(&proxy.url());
    assert!(exchange(address, SPAN).is_err());
    let broken = exchange(address, SPAN);
    assert!(broken.as_ref().is_err() || broken.as_ref().is_ok_and(|text| text.len() == 5), "{broken:?}");
    assert!(exchange(address, SPAN).unwrap().ends_with("{}"));
    assert_eq!((proxy.connections(), server.connections()), (3, 3));
    // The first request never came whole; the second did, though its sender cannot know.
    assert_eq!(fates(&server), [Fate::Accepted, Fate::Accepted]);
}

#[test]
fn an_untrusted_server_speaks_tls() {
    let server = Plan::ok().untrusted_tls().start();
    let began = Instant::now();
    let told = exchange(server.address(), SPAN);
    assert!(told.is_err() || told.is_ok_and(|text| !text.starts_with("HTTP")));
    assert!(began.elapsed() < LONG);
    assert_eq!(fates(&server), []);
}
