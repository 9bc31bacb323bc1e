//! What a server does with a request.

use std::io::Write;
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::Gate;
use crate::received::Fate;

/// How long a client waits for an answer; what comes later counts as not answered.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a server does with a request: accepts it with `{}`, unless told otherwise.
///
/// ```
/// use std::time::Duration;
/// use bento_faults::{Answer, Parting};
///
/// let throttle = Answer::status(429).header("Retry-After", "2");
/// let slow = Answer::ok().trickled_head(Duration::from_millis(200));
/// let broken = Answer::ok().cut_after(10, Parting::Reset);
/// ```
#[derive(Clone, Debug)]
#[must_use = "an answer does nothing until a server gives it"]
pub struct Answer {
    pub(crate) content: Content,
    pub(crate) gate: Option<Gate>,
    pub(crate) pause: Duration,
    pub(crate) manner: Manner,
    pub(crate) end: End,
    /// Bytes so much after the answer that nobody asked for.
    pub(crate) trailer: Option<(Duration, Vec<u8>)>,
    /// What it makes of the request, where that does not show.
    deemed: Option<Fate>,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Http {
        status: u16,
        headers: Vec<(String, String)>,
        body: Body,
    },
    /// Bytes that need not be HTTP.
    Raw(Vec<u8>),
    /// A head that begins well and does not end.
    EndlessHead,
    Silence,
}

#[derive(Clone, Debug)]
pub(crate) enum Body {
    Sized(Vec<u8>),
    Chunked(Vec<u8>),
    /// So many bytes, made as they are sent.
    Generated(u64),
}

#[derive(Clone, Debug)]
pub(crate) enum Manner {
    Whole,
    /// One byte at a time, so much apart.
    TrickledHead(Duration),
    TrickledBody(Duration),
    Cut(usize, Parting),
}

/// How a connection ends before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// In order (FIN).
    Close,
    /// With a reset (RST).
    Reset,
}

/// What becomes of the connection after the answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    KeepAlive,
    CloseAfter(Duration),
    /// It stays, and nothing more is read or said.
    Hold,
}

impl Default for Answer {
    fn default() -> Self {
        Self::ok()
    }
}

impl Answer {
    fn of(content: Content) -> Self {
        Self {
            content,
            gate: None,
            pause: Duration::ZERO,
            manner: Manner::Whole,
            end: End::KeepAlive,
            trailer: None,
            deemed: None,
        }
    }

    /// 200 with `{}`.
    pub fn ok() -> Self {
        Self::status(200).body("{}")
    }

    /// A status without a body.
    pub fn status(status: u16) -> Self {
        Self::of(Content::Http { status, headers: Vec::new(), body: Body::Sized(Vec::new()) })
    }

    /// 200 with an OTLP partial success; `rejected` is put into the JSON as it is, so that it may be a number or a
    /// string in quotes.
    pub fn partial_success(rejected: &str, message: &str) -> Self {
        let message = serde_json::Value::from(message);
        Self::status(200)
            .body(format!(r#"{{"partialSuccess":{{"rejectedSpans":{rejected},"errorMessage":{message}}}}}"#))
    }

    /// Bytes that need not be HTTP, and the end of the connection.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self::of(Content::Raw(bytes.into())).then_close()
    }

    /// A head that never ends, as fast as it is read.
    pub fn endless_head() -> Self {
        Self::of(Content::EndlessHead)
    }

    /// Never answers, and keeps the connection.
    pub fn hang() -> Self {
        Self { end: End::Hold, ..Self::of(Content::Silence) }
    }

    /// Ends the connection in order, without an answer.
    pub fn close() -> Self {
        Self::of(Content::Silence).then_close()
    }

    /// Resets the connection, without an answer.
    pub fn reset() -> Self {
        Self::ok().cut_after(0, Parting::Reset)
    }

    /// Gives an HTTP answer this body.
    pub fn body(mut self, text: impl Into<Vec<u8>>) -> Self {
        if let Content::Http { body, .. } = &mut self.content {
            *body = Body::Sized(text.into());
        }
        self
    }

    /// Gives an HTTP answer a body of so many bytes, which are made as they are sent.
    pub fn generated(mut self, bytes: u64) -> Self {
        if let Content::Http { body, .. } = &mut self.content {
            *body = Body::Generated(bytes);
        }
        self
    }

    /// Sends the body in chunks of a few bytes.
    pub fn chunked(mut self) -> Self {
        if let Content::Http { body, .. } = &mut self.content
            && let Body::Sized(bytes) = body
        {
            *body = Body::Chunked(std::mem::take(bytes));
        }
        self
    }

    /// Compresses the body, although nobody asked for that.
    pub fn gzipped(mut self) -> Self {
        if let Content::Http { body: Body::Sized(bytes), .. } = &mut self.content {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(bytes).unwrap();
            *bytes = encoder.finish().unwrap();
        }
        self.header("Content-Encoding", "gzip")
    }

    /// Gives an HTTP answer one more header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        if let Content::Http { headers, .. } = &mut self.content {
            headers.push((name.to_owned(), value.into()));
        }
        self
    }

    /// `Retry-After` as an HTTP date.
    pub fn retry_at(self, moment: SystemTime) -> Self {
        self.header("Retry-After", httpdate::fmt_http_date(moment))
    }

    /// Waits before the answer.
    pub fn late(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    /// Waits until the gate is open.
    pub fn held(self, gate: &Gate) -> Self {
        Self { gate: Some(gate.clone()), ..self }
    }

    /// Sends the head one byte at a time, `pause` apart.
    pub fn trickled_head(self, pause: Duration) -> Self {
        Self { manner: Manner::TrickledHead(pause), ..self }
    }

    /// Sends the body one byte at a time, `pause` apart, after the whole head.
    pub fn trickled_body(self, pause: Duration) -> Self {
        Self { manner: Manner::TrickledBody(pause), ..self }
    }

    /// Sends so many bytes of the answer, and ends the connection.
    pub fn cut_after(self, bytes: usize, parting: Parting) -> Self {
        Self { manner: Manner::Cut(bytes, parting), ..self }
    }

    /// Sends these bytes so much after the answer; without a pause, in the same breath.
    pub fn followed_by(self, pause: Duration, trailer: impl Into<Vec<u8>>) -> Self {
        Self { trailer: Some((pause, trailer.into())), ..self }
    }

    /// Says what the answer makes of a request, where it is none that this crate understands.
    pub fn deemed(self, fate: Fate) -> Self {
        Self { deemed: Some(fate), ..self }
    }

    /// Closes the connection after the answer, which does not say so.
    pub fn then_close(self) -> Self {
        self.then_close_after(Duration::ZERO)
    }

    /// Closes the idle connection so much after the answer.
    pub fn then_close_after(self, pause: Duration) -> Self {
        Self { end: End::CloseAfter(pause), ..self }
    }

    /// The head of an HTTP answer.
    pub(crate) fn head(&self) -> Option<String> {
        let Content::Http { status, headers, body } = &self.content else { return None };
        let length = match body {
            Body::Sized(bytes) => format!("Content-Length: {}", bytes.len()),
            Body::Chunked(_) => "Transfer-Encoding: chunked".to_owned(),
            Body::Generated(bytes) => format!("Content-Length: {bytes}"),
        };
        let mut lines = vec![format!("HTTP/1.1 {status} Status"), length];
        lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
        Some(lines.join("\r\n") + "\r\n\r\n")
    }

    /// What this answer makes of a request that was read whole. A status that arrives decides; the body only explains.
    pub fn fate(&self) -> Fate {
        if let Some(fate) = self.deemed {
            return fate;
        }
        let Content::Http { status, .. } = &self.content else { return Fate::Unanswered };
        let arrives = match self.manner {
            Manner::Whole | Manner::TrickledBody(_) => true,
            Manner::TrickledHead(pause) => {
                let bytes = self.head().map_or(0, |head| u32::try_from(head.len()).unwrap_or(u32::MAX));
                pause.saturating_mul(bytes) < PATIENCE
            }
            Manner::Cut(bytes, _) => self.head().is_some_and(|head| head.len() <= bytes),
        };
        match status {
            _ if !arrives || self.pause >= PATIENCE => Fate::Unanswered,
            200..300 => Fate::Accepted,
            _ => Fate::Refused,
        }
    }
}
