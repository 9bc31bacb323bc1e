//! How a body is put on the wire, rightly or not, and what the headers and the bytes alone deserve.

use std::fmt;
use std::io::{Read as _, Write as _};

use fastrand::Rng;
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;

/// What the server takes, on the wire and inflated.
pub(crate) const BODY: usize = 256 << 10;
pub(crate) const INFLATED: usize = 512 << 10;

pub(crate) struct Request {
    headers: Vec<(&'static str, &'static str)>,
    pub(crate) wire: Vec<u8>,
    is_chunked: bool,
}

/// Without the bytes, which may be many.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, chunked: {}, {} bytes", self.headers, self.is_chunked, self.wire.len())
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// As good senders do it.
pub(crate) fn right(rng: &mut Rng, json: Vec<u8>) -> Request {
    let media = ["application/json", "Application/JSON; charset=utf-8", "application/json;charset=UTF-8"];
    let mut headers = vec![("authorization", "Bearer bl_pk_test"), ("content-type", media[rng.usize(..3)])];
    let wire = match rng.u8(..4) {
        0 => json,
        1 => {
            let (one, two) = json.split_at(rng.usize(..=json.len()));
            headers.push(("content-encoding", "GZIP"));
            [gzip(one), gzip(two)].concat()
        }
        _ => {
            headers.push(("content-encoding", "gzip"));
            gzip(&json)
        }
    };
    Request { headers, wire, is_chunked: rng.u8(..4) == 0 }
}

/// With something that no sender should do.
pub(crate) fn wrong(rng: &mut Rng, json: Vec<u8>) -> Request {
    let mut request = right(rng, json);
    let headers = &mut request.headers;
    let mut set = |name: &'static str, value: Option<&'static str>| {
        headers.retain(|(other, _)| *other != name);
        headers.extend(value.map(|value| (name, value)));
    };
    match rng.u8(..12) {
        0 => set("authorization", None),
        1 => {
            let keys = [
                "",
                "Bearer",
                "Bearer bl_pk_",
                "Bearer sk-123",
                "Basic bl_pk_x",
                "bl_pk_x",
                "Bearer bl_pk_a b",
            ];
            set("authorization", Some(keys[rng.usize(..keys.len())]));
        }
        2 => set("content-type", None),
        3 => {
            let media =
                ["application/x-protobuf", "text/plain", "application/jsonp", "json", "", "application/xml"];
            set("content-type", Some(media[rng.usize(..media.len())]));
        }
        4 => set("content-encoding", Some(["br", "zstd", "gzip, gzip", "gzip,br"][rng.usize(..4)])),
        5 => set("content-encoding", Some("gzip")),
        6 => set("content-encoding", None),
        7 => set("content-encoding", Some("identity")),
        8 => {
            set("content-encoding", Some("gzip"));
            request.wire.truncate(rng.usize(..=request.wire.len()));
        }
        9 if !request.wire.is_empty() => {
            let at = rng.usize(..request.wire.len());
            request.wire[at] ^= 1 << rng.u8(..8);
        }
        10 => request.wire.extend_from_slice([&b"\0\0\0\0"[..], b"more", b"\x1f\x8b", b" "][rng.usize(..4)]),
        _ if rng.u8(..4) == 0 => request.wire = vec![b' '; BODY + rng.usize(1..9)],
        _ if rng.u8(..3) == 0 => {
            // A few hundred bytes that would be megabytes.
            set("content-encoding", Some("gzip"));
            request.wire = gzip(&vec![b' '; INFLATED / 2]).repeat(rng.usize(3..20));
        }
        _ => request.wire.clear(),
    }
    request
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

impl Request {
    fn header(&self, wanted: &str) -> Option<&'static str> {
        self.headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value)
    }

    /// The body's JSON, or the answers that the rest of the request deserves; where several things are wrong, any of
    /// them may be told.
    pub(crate) fn json(&self) -> Result<Vec<u8>, Vec<u16>> {
        let mut wrong = Vec::new();
        if !self.header("authorization").is_some_and(is_key) {
            wrong.push(401);
        }
        let media = self.header("content-type").and_then(|value| value.split(';').next());
        if !media.is_some_and(|media| media.eq_ignore_ascii_case("application/json")) {
            wrong.push(415);
        }
        let encoding = self.header("content-encoding").map_or("identity".to_owned(), str::to_lowercase);
        if !["gzip", "identity"].contains(&encoding.as_str()) {
            wrong.push(415);
        }
        if self.wire.len() > BODY {
            wrong.push(413);
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        if encoding == "gzip" { inflate(&self.wire) } else { Ok(self.wire.clone()) }
    }

    pub(crate) fn send(&self, agent: &ureq::Agent, url: &str) -> Answer {
        let mut request = agent.post(format!("{url}/v1/traces"));
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        let response = if self.is_chunked {
            request.send(ureq::SendBody::from_reader(&mut self.wire.as_slice()))
        } else {
            request.send(&self.wire)
        };
        read(response)
    }
}

fn is_key(value: &str) -> bool {
    let key =
        value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, key)| key);
    key.and_then(|key| key.strip_prefix("bl_pk_")).is_some_and(|rest| !rest.is_empty() && !rest.contains(' '))
}

/// One member after the other, until nothing is left.
fn inflate(mut wire: &[u8]) -> Result<Vec<u8>, Vec<u16>> {
    let mut json = Vec::new();
    loop {
        let mut member = GzDecoder::new(wire);
        let outcome = (&mut member).take(4 * INFLATED as u64).read_to_end(&mut json);
        if json.len() > INFLATED {
            // What comes after the limit may be broken, or not be read at all.
            return Err(if outcome.is_ok() { vec![413] } else { vec![413, 400] });
        }
        if outcome.is_err() {
            return Err(vec![400]);
        }
        wire = member.into_inner();
        if wire.is_empty() {
            return Ok(json);
        }
    }
}

pub(crate) fn get(agent: &ureq::Agent, url: &str) -> Answer {
    read(agent.get(url).call())
}

fn read(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let mut response = response.unwrap();
    let body = response.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap();
    Answer { status: response.status().as_u16(), body: serde_json::from_slice(&body).unwrap() }
}
