//! What a server received.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};
use std::time::Instant;

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;

/// A request as it was received.
#[derive(Clone, Debug)]
pub struct Received {
    /// The request line and the headers, up to and with the empty line.
    pub head: String,
    /// Inflated, where it was compressed, unless the server was told to leave it [packed](crate::Keep::Packed). Empty
    /// where it was told not to keep it.
    pub body: Vec<u8>,
    /// When its head had come.
    pub at: Instant,
    /// What became of it.
    pub fate: Fate,
    /// Bytes of the body as they travelled.
    pub wire_bytes: usize,
    /// What its spans were, where the body is not kept.
    pub(crate) spans: Option<Vec<SpanName>>,
    /// Whether the body is still compressed.
    is_packed: bool,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was answered with success: its spans have arrived.
    Accepted,
    /// It was answered with another status.
    Refused,
    /// It came whole, but no status of an answer left: its spans may have arrived, and its sender cannot know.
    Unanswered,
    /// It was not read to its end.
    Unread,
}

/// Which span it was.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SpanName {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// 16 hexadecimal digits.
    pub span_id: String,
    /// The event.
    pub name: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Export {
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ResourceSpans {
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ScopeSpans {
    spans: Vec<SpanName>,
}

impl Received {
    /// The method.
    pub fn method(&self) -> &str {
        self.head.split(' ').next().unwrap_or_default()
    }

    /// The path, with a query where there is one.
    pub fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    /// The first header of that name, in whatever case.
    pub fn header(&self, wanted: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then_some(value.trim())
        })
    }

    /// The body, which must be JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.text().unwrap()).unwrap()
    }

    /// The spans of an OTLP/JSON body, in order; none of any other body.
    pub fn spans(&self) -> Vec<SpanName> {
        self.spans.clone().unwrap_or_else(|| self.text().map(|text| parse(&text)).unwrap_or_default())
    }

    /// Forgets the body but for the names of its spans.
    pub(crate) fn shrink(&mut self) {
        self.spans = Some(parse(&std::mem::take(&mut self.body)));
    }

    /// Reads a head; `None` where the connection ends first.
    pub(crate) fn read_head(stream: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read_until(b'\n', &mut head)? == 0 {
                return Ok(None);
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let (body, at, fate) = (Vec::new(), Instant::now(), Fate::Unread);
        Ok(Some(Self { head, body, at, fate, wire_bytes: 0, spans: None, is_packed: false }))
    }

    /// Reads the body that the head announces, as it travels.
    pub(crate) fn read_body(&mut self, stream: &mut impl BufRead) -> io::Result<()> {
        let length = self.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        self.body = vec![0; length];
        self.wire_bytes = length;
        self.is_packed = self.header("content-encoding") == Some("gzip");
        stream.read_exact(&mut self.body)
    }

    /// Inflates the body, where it is compressed.
    pub(crate) fn unpack(&mut self) -> io::Result<()> {
        if self.is_packed {
            self.body = self.text()?.into_owned();
            self.is_packed = false;
        }
        Ok(())
    }

    /// The body, inflated.
    fn text(&self) -> io::Result<Cow<'_, [u8]>> {
        if !self.is_packed {
            return Ok(Cow::Borrowed(&self.body));
        }
        let mut text = Vec::new();
        GzDecoder::new(&*self.body).read_to_end(&mut text)?;
        Ok(Cow::Owned(text))
    }
}

fn parse(body: &[u8]) -> Vec<SpanName> {
    let export: Export = serde_json::from_slice(body).unwrap_or_default();
    let scopes = export.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}
