use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use super::*;
use crate::config::Secret;
use crate::credential::BaseUrl;

mod ahead;
mod faults;
#[cfg(feature = "tls")]
mod tls;

pub(in crate::export) type Fallible = Result<(), Box<dyn std::error::Error>>;

/// What a bounded call may take beyond its bound on a machine that is busy with other things.
const SLACK: Duration = Duration::from_secs(3);
const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(60);

/// Hands every connection, with its number, to `answer` on a thread of its own.
pub(in crate::export) fn serve(
    answer: impl Fn(usize, TcpStream) -> io::Result<()> + Send + Sync + 'static,
) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || answer(number, stream?));
        }
    });
    Ok(address)
}

/// A port where nobody listens as long as this lives. One that was merely freed is soon another test's, since every
/// server here takes whichever is free; a connection that once came in on it keeps it out of that pool.
pub(in crate::export) struct ClosedPort {
    pub(in crate::export) address: SocketAddr,
    _connection: [TcpStream; 2],
}

impl ClosedPort {
    pub(in crate::export) fn new() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let near = TcpStream::connect(address)?;
        let (far, _) = listener.accept()?;
        Ok(Self { address, _connection: [near, far] })
    }
}

pub(in crate::export) struct Request {
    pub(in crate::export) head: String,
    pub(in crate::export) body: Vec<u8>,
}

/// Reads one request, or nothing where the connection has ended.
pub(in crate::export) fn read_request(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head)? == 0 {
            return Ok(None);
        }
    }
    let length = header(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Some(Request { head, body }))
}

pub(in crate::export) fn header<'a>(head: &'a str, wanted: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case(wanted).then_some(value)
    })
}

/// Answers every request of every connection with `answer`.
fn serve_always(answer: impl Into<Vec<u8>>) -> io::Result<SocketAddr> {
    let answer = answer.into();
    serve(move |_, stream| {
        let mut stream = BufReader::new(stream);
        while read_request(&mut stream)?.is_some() {
            stream.get_mut().write_all(&answer)?;
        }
        Ok(())
    })
}

fn transport(address: SocketAddr, exchange: Duration) -> Transport {
    let bounds = Bounds { connect: exchange, exchange };
    Transport::new(format!("http://{address}/v1/traces"), HeaderMap::new(), None, bounds)
}

fn post(address: SocketAddr, body: &[u8]) -> Result<Answer, TransportError> {
    transport(address, LONG).post(body, Instant::now() + LONG)
}

/// Posts with little time, and says how it ended once it did so soon enough.
fn post_in_short(address: SocketAddr, body: &[u8]) -> Result<Answer, TransportError> {
    // By the caller's deadline and by the transport's own bound, which of the two being left to the first byte.
    let start = Instant::now();
    let by_deadline = transport(address, LONG).post(body, start + SHORT);
    assert!(start.elapsed() < SHORT + SLACK, "{:?}", start.elapsed());
    let start = Instant::now();
    let by_bound = transport(address, SHORT).post(body, start + LONG);
    assert!(start.elapsed() < SHORT + SLACK, "{:?}", start.elapsed());
    assert_eq!(by_deadline.is_ok(), by_bound.is_ok());
    by_deadline
}

#[test]
fn the_request_is_what_was_given() -> Fallible {
    let (sender, requests) = mpsc::channel();
    let address = serve(move |_, stream| {
        let mut stream = BufReader::new(stream);
        while let Some(request) = read_request(&mut stream)? {
            stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")?;
            let _ = sender.send(request);
        }
        Ok(())
    })?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
    let mut transport = Transport::new(format!("http://{address}/x"), headers, None, Bounds::default());
    let body = vec![7; 100_000];
    let answer = transport.post(&body, Instant::now() + LONG)?;
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"{}".as_slice()));

    let request = requests.recv_timeout(LONG)?;
    assert_eq!(request.body, body);
    assert!(request.head.starts_with("POST /x HTTP/1.1\r\n"), "{}", request.head);
    let expected = [
        ("content-type", Some("application/x-protobuf")),
        ("content-length", Some("100000")),
        ("user-agent", Some(concat!("bentolabs-sdk/", env!("CARGO_PKG_VERSION")))),
        ("transfer-encoding", None),
        ("content-encoding", None),
        ("accept-encoding", None),
        ("authorization", None),
        ("expect", None),
    ];
    for (name, value) in expected {
        assert_eq!(header(&request.head, name), value, "{name}");
    }
    Ok(())
}

#[test]
fn a_small_request_arrives_in_one_piece() -> Fallible {
    let (sender, pieces) = mpsc::channel();
    let address = serve(move |_, mut stream| {
        let mut piece = vec![0; HEAD_BYTES];
        let length = stream.read(&mut piece)?;
        piece.truncate(length);
        let _ = sender.send(piece);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    })?;
    assert_eq!(post(address, b"body")?.status, 200);
    let piece = String::from_utf8(pieces.recv_timeout(LONG)?)?;
    assert!(piece.starts_with("POST /v1/traces HTTP/1.1\r\n") && piece.ends_with("\r\n\r\nbody"), "{piece}");
    Ok(())
}

#[test]
fn a_body_of_any_length_arrives_behind_its_head() -> Fallible {
    let (sender, requests) = mpsc::channel();
    let address = serve(move |_, stream| {
        let mut stream = BufReader::new(stream);
        while let Some(request) = read_request(&mut stream)? {
            let _ = sender.send(request);
            stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
        }
        Ok(())
    })?;
    let mut transport = transport(address, LONG);
    let around_a_buffer = (2 * HEAD_BYTES - 250..=2 * HEAD_BYTES + 10).step_by(13);
    for length in [0, 1].into_iter().chain(around_a_buffer).chain([4 * HEAD_BYTES, 100_000]) {
        let body: Vec<u8> = (0..=250).cycle().take(length).collect();
        assert_eq!(transport.post(&body, Instant::now() + LONG)?.status, 200);
        let request = requests.recv_timeout(LONG)?;
        assert!(request.body == body, "{length}");
        assert_eq!(header(&request.head, "content-length"), Some(&*length.to_string()));
    }
    Ok(())
}

#[test]
fn a_status_is_an_answer_and_comes_with_retry_after() -> Fallible {
    for (status, wait) in [(503, "7"), (429, "Sun, 06 Nov 1994 08:49:37 GMT"), (400, "soon")] {
        let head = format!("HTTP/1.1 {status} Status\r\nRetry-After: {wait}\r\nContent-Length: 3\r\n\r\nwhy");
        let answer = post(serve_always(head)?, b"body")?;
        assert_eq!((answer.status, answer.body.as_slice()), (status, b"why".as_slice()));
        let expected = [(503, Some(Duration::from_secs(7))), (429, Some(Duration::ZERO)), (400, None)];
        assert!(expected.contains(&(status, answer.retry_after)), "{answer:?}");
    }
    Ok(())
}

#[test]
fn a_connection_is_used_again() -> Fallible {
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    let address = serve(move |number, stream| {
        counter.store(number + 1, Ordering::Relaxed);
        let mut stream = BufReader::new(stream);
        while read_request(&mut stream)?.is_some() {
            stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")?;
        }
        Ok(())
    })?;
    let mut transport = transport(address, LONG);
    for _ in 0..5 {
        assert_eq!(transport.post(b"body", Instant::now() + LONG)?.status, 200);
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
    Ok(())
}

#[test]
fn a_connection_that_the_backend_closed_is_replaced() -> Fallible {
    let (sender, closed) = mpsc::channel();
    let address = serve(move |_, stream| {
        let mut stream = BufReader::new(stream);
        read_request(&mut stream)?;
        stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")?;
        stream.get_mut().shutdown(Shutdown::Both)?;
        let _ = sender.send(());
        Ok(())
    })?;
    let mut transport = transport(address, LONG);
    for _ in 0..3 {
        assert_eq!(transport.post(b"body", Instant::now() + LONG)?.status, 200);
        closed.recv_timeout(LONG)?;
    }
    Ok(())
}

#[test]
fn redirects_are_answers() -> Fallible {
    let strangers = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&strangers);
    let elsewhere = serve(move |_, _| {
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(())
    })?;
    for status in [301, 302, 303, 307, 308] {
        for body in ["Content-Length: 0\r\n\r\n", "Content-Length: 4\r\n\r\nmove"] {
            let head = format!("HTTP/1.1 {status} Moved\r\nLocation: http://{elsewhere}/\r\n{body}");
            assert_eq!(post(serve_always(head)?, b"body")?.status, status);
        }
    }
    assert_eq!(strangers.load(Ordering::Relaxed), 0);
    Ok(())
}

#[test]
fn no_proxy_names_hosts_and_domains() {
    let exempt = |exceptions: &str, authority: &str| {
        let exceptions = Some(exceptions.to_owned());
        let base_url = BaseUrl::parse(&format!("http://{authority}"));
        base_url.map(|url| is_exempt(&Proxy { url: Secret("http://proxy".into()), exceptions }, &url))
    };
    for (exceptions, authority, expected) in [
        ("api.bentolabs.ai", "api.bentolabs.ai", true),
        ("localhost, BentoLabs.ai", "api.bentolabs.ai", true),
        (".bentolabs.ai", "api.bentolabs.ai", true),
        ("*.bentolabs.ai", "api.bentolabs.ai", true),
        ("*", "anything", true),
        ("::1", "[::1]", true),
        ("labs.ai", "api.bentolabs.ai", false),
        ("api.bentolabs.ai.example", "api.bentolabs.ai", false),
        ("other", "api.bentolabs.ai", false),
        ("é", "aaé", false),
        ("", "api.bentolabs.ai", false),
        (",,", "api.bentolabs.ai", false),
        (".", "api.bentolabs.ai", false),
        ("api.bentolabs.ai:80", "api.bentolabs.ai", true),
        ("api.bentolabs.ai:443", "api.bentolabs.ai", false),
        ("localhost:1,bentolabs.ai:8443", "api.bentolabs.ai:8443", true),
        (".bentolabs.ai:8443", "api.bentolabs.ai", false),
        ("*:8443", "api.bentolabs.ai:8443", true),
        ("*:8443", "api.bentolabs.ai", false),
        ("bentolabs.ai:", "api.bentolabs.ai", false),
        ("bentolabs.ai:http", "api.bentolabs.ai", false),
        (":80", "api.bentolabs.ai", false),
        ("[::1]:80", "[::1]", true),
        ("[::1]:81", "[::1]", false),
        ("[::1]", "[::1]:81", true),
        ("::1:80", "[::1]", false),
        ("10.0.0.0/8", "10.0.0.1", false),
    ] {
        assert_eq!(exempt(exceptions, authority), Ok(expected), "{exceptions:?} {authority}");
    }
}

#[test]
fn only_proxies_that_can_be_used_are() {
    for (url, expected) in [
        ("http://proxy:3128", true),
        ("http://user:pass@proxy:3128", true),
        ("https://proxy", true),
        ("proxy:3128", true),
        ("socks5://proxy", false),
        ("ftp://proxy", false),
        ("http://", false),
        ("not a url", false),
    ] {
        let proxy = Proxy { url: Secret(url.to_owned()), exceptions: None };
        assert_eq!(tunnel(&proxy).is_some(), expected, "{url}");
    }
}
