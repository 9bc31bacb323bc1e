//! What the tests send, and how.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::OnceLock;
use std::time::Duration;

use bento_local::{Config, Server};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

pub(crate) const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
pub(crate) const KEY: &str = "Bearer bl_pk_test";

/// Where the runs of these tests begin.
pub(crate) const START: u64 = 1_700_000_000_000_000_000;

const MS: u64 = 1_000_000;

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn detail(&self) -> &str {
        self.body["detail"].as_str().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub(crate) fn items(&self) -> &[Value] {
        self.body["items"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// The ids of the rows, without the zeros they begin with.
    pub(crate) fn ids(&self) -> Vec<&str> {
        self.items().iter().map(|row| row["id"].as_str().unwrap().trim_start_matches('0')).collect()
    }
}

pub(crate) fn server() -> Server {
    Server::start(Config::default()).unwrap()
}

/// A span from `start` to `end` milliseconds into the run; `id` and `parent` are small numbers, parent 0 is none.
pub(crate) fn span(id: u64, parent: u64, name: &str, start: u64, end: u64, attributes: &Value) -> Value {
    let attributes: Vec<_> = attributes
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, value)| json!({"key": key, "value": any(value)}))
        .collect();
    let mut span = json!({
        "traceId": TRACE, "spanId": format!("{id:016x}"), "name": name, "kind": 1, "attributes": attributes,
        "startTimeUnixNano": (START + start * MS).to_string(), "endTimeUnixNano": (START + end * MS).to_string(),
    });
    if parent != 0 {
        span["parentSpanId"] = format!("{parent:016x}").into();
    }
    span
}

fn any(value: &Value) -> Value {
    match value {
        Value::Array(items) => json!({"arrayValue": {"values": items.iter().map(any).collect::<Vec<_>>()}}),
        Value::Bool(_) => json!({"boolValue": value}),
        Value::Number(number) => json!({"intValue": number.to_string()}),
        other => json!({"stringValue": other}),
    }
}

pub(crate) fn batch(spans: &[Value]) -> Vec<u8> {
    let service = json!({"attributes": [{"key": "service.version", "value": {"stringValue": "1.2.3"}}]});
    json!({"resourceSpans": [{"resource": service, "scopeSpans": [{"spans": spans}]}]})
        .to_string()
        .into_bytes()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Posts with a key and as JSON, unless `headers` say otherwise; an empty value leaves the header out.
pub(crate) fn post(server: &Server, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut request = agent().post(format!("{}/v1/traces", server.url()));
    for (name, value) in [("authorization", KEY), ("content-type", "application/json")] {
        if !headers.iter().any(|(given, _)| *given == name) {
            request = request.header(name, value);
        }
    }
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        request = request.header(*name, *value);
    }
    answer(request.send(body))
}

/// The run of that number: its id.
pub(crate) fn trace(number: u64) -> String {
    format!("{number:032x}")
}

/// A span of another run than [`TRACE`].
pub(crate) fn of(number: u64, mut span: Value) -> Value {
    span["traceId"] = trace(number).into();
    span
}

/// The span with an error.
pub(crate) fn failed(mut span: Value, message: &str) -> Value {
    span["status"] = json!({"code": 2, "message": message});
    span
}

/// Sends good spans and insists on a plain 200.
pub(crate) fn send(server: &Server, spans: &[Value]) {
    let answer = post(server, &[], &batch(spans));
    assert_eq!((answer.status, &answer.body), (200, &json!({})));
}

pub(crate) fn get(server: &Server, path: &str) -> Answer {
    call(server, "GET", path, &[], b"")
}

/// Sends a JSON body.
pub(crate) fn form(server: &Server, method: &str, path: &str, body: &Value) -> Answer {
    call(server, method, path, &[("content-type", "application/json")], body.to_string().as_bytes())
}

/// Sends a request as it is described; one without a body for an empty one.
pub(crate) fn call(
    server: &Server,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", server.url()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if body.is_empty() {
        answer(agent().run(request.body(()).unwrap()))
    } else {
        answer(agent().run(request.body(body).unwrap()))
    }
}

/// A connection that has been served, which keeps the server's port from being given to another test once the server has
/// stopped.
pub(crate) fn hold(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
    stream
}

/// Writes a request as it stands and reads to the end of the connection.
pub(crate) fn raw(server: &Server, request: &str) -> String {
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn agent() -> &'static ureq::Agent {
    static AGENT: OnceLock<ureq::Agent> = OnceLock::new();
    AGENT.get_or_init(crate::agent::agent)
}

fn answer(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let mut response = response.unwrap();
    let body = response.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap();
    let headers = response.headers().clone();
    // The answer to HEAD has none.
    let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
    Answer { status: response.status().as_u16(), headers, body }
}
