//! Reading a run back over HTTP, from this backend or from another one with the same paths.

#[cfg(feature = "cli")]
mod stream;

use std::fmt;
use std::io::Read;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::RequestBuilder;
use ureq::http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use ureq::http::{HeaderMap, HeaderValue, Response};

#[cfg(feature = "cli")]
pub(crate) use self::stream::{Listened, Subscription};
use crate::terminal::clean;
use crate::{IdError, Run, Span, TraceId};

/// How long reading a run may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// The largest answer that is read into memory.
const LARGEST: u64 = 256 << 20;

/// The largest part of a refusal that is read.
const LARGEST_REFUSAL: u64 = 64 << 10;

/// Characters of the backend's own words that an error repeats.
const LONGEST_DETAIL: usize = 400;

/// Why a run could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The text is no trace id.
    #[error("the trace id {0}")]
    TraceId(#[from] IdError),
    /// The backend has no such run.
    #[error("there is no run {0} there")]
    NotFound(TraceId),
    /// The backend refused.
    #[error("the backend answered {status}: {detail}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What the answer says, the first line of it.
        detail: String,
    },
    /// The backend could not be reached, or not in time.
    #[error("cannot read from {url}: {source}")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// What went wrong on the way.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer came in part.
    #[error("the answer from {url} broke off: {source}")]
    BrokenOff {
        /// What was asked for.
        url: String,
        /// What went wrong on the way.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What answers there does not speak JSON.
    #[error("what answers at {url} is no bento backend: its answer ({status}) is {media}")]
    Foreign {
        /// What was asked for.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The media type of its answer.
        media: String,
    },
    /// The answer is not what was asked for.
    #[error("the backend's answer is not to be understood: {0}")]
    Answer(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Asks one backend. Every request has a deadline, the reading of its answer included.
pub(crate) struct Client {
    agent: ureq::Agent,
    base_url: String,
    authorization: Option<HeaderValue>,
}

/// An answer of 2xx, its body not read yet.
#[derive(Debug)]
pub(crate) struct Answer {
    url: String,
    within: Duration,
    body: ureq::Body,
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    trace: Value,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Refusal {
    detail: String,
}

/// Reads one run from the backend at `base_url` (such as `http://127.0.0.1:8080`), within ten seconds and if it takes no
/// more than 256 MiB as JSON. It blocks.
///
/// ```
/// use bento_local::client::{FetchError, fetch_run};
///
/// let server = bento_local::Server::start(bento_local::Config::default())?;
/// let missing = fetch_run(server.url(), "4bf92f3577b34da6a3ce929d0e0e4736");
/// assert!(matches!(missing, Err(FetchError::NotFound(_))));
/// # Ok::<(), bento_local::StartError>(())
/// ```
///
/// # Errors
///
/// The trace id is none, the backend does not know it, refuses, does not answer in time, or answers something else.
pub fn fetch_run(base_url: &str, trace_id: &str) -> Result<Run, FetchError> {
    Client::new(base_url).run(trace_id, DEADLINE)
}

impl Client {
    pub(crate) fn new(base_url: &str) -> Self {
        let base_url = base_url.trim_end_matches('/').to_owned();
        let mut config = ureq::Agent::config_builder().max_redirects(0).http_status_as_error(false);
        if !base_url.starts_with("https:") {
            // What is local is not asked of a proxy, whatever HTTP_PROXY says.
            config = config.proxy(None);
        }
        Self { agent: config.build().into(), base_url, authorization: None }
    }

    /// Shows this key with every request; `None` if it cannot stand in a header.
    #[cfg(feature = "cli")]
    pub(crate) fn key(self, key: &str) -> Option<Self> {
        if !key.is_ascii() {
            return None;
        }
        let mut authorization = HeaderValue::try_from(format!("Bearer {key}")).ok()?;
        authorization.set_sensitive(true);
        Some(Self { authorization: Some(authorization), ..self })
    }

    /// The run with this trace id, read `within` that time.
    pub(crate) fn run(&self, trace_id: &str, within: Duration) -> Result<Run, FetchError> {
        let trace_id: TraceId = trace_id.parse()?;
        let body: Body = match self.body(&trace_id.to_string(), within) {
            Err(FetchError::Refused { status: 404, .. }) => return Err(FetchError::NotFound(trace_id)),
            body => body?.json()?,
        };
        let run = Run::of(body.spans).ok_or(FetchError::NotFound(trace_id))?;
        Ok(run.in_state(body.trace["state"].as_str()))
    }

    /// A run with all its spans, of which it is not checked whether there is one.
    pub(crate) fn body(&self, trace_id: &str, within: Duration) -> Result<Answer, FetchError> {
        self.get(&format!("/traces/{trace_id}/body"), &[], within)
    }

    /// Asks for what is at `path`, which begins with a slash and whose parts are escaped.
    pub(crate) fn get(
        &self,
        path: &str,
        query: &[(&str, String)],
        within: Duration,
    ) -> Result<Answer, FetchError> {
        let url = format!("{}{path}", self.base_url);
        let pairs = query.iter().map(|(name, value)| (*name, value.as_str()));
        let request = self.authorized(self.agent.get(&url).query_pairs(pairs));
        let response = request.config().timeout_global(Some(within)).build().call();
        Answer::of(url, within, response)
    }

    /// Sends JSON to `path`.
    #[cfg(feature = "cli")]
    pub(crate) fn send(
        &self,
        method: &ureq::http::Method,
        path: &str,
        json: &serde_json::Value,
        within: Duration,
    ) -> Result<Answer, FetchError> {
        let url = format!("{}{path}", self.base_url);
        let post =
            if method == ureq::http::Method::PATCH { self.agent.patch(&url) } else { self.agent.post(&url) };
        let request = self.authorized(post).header("content-type", "application/json");
        let response = request.config().timeout_global(Some(within)).build().send(json.to_string());
        Answer::of(url, within, response)
    }

    fn authorized<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        match &self.authorization {
            Some(authorization) => request.header(AUTHORIZATION, authorization),
            None => request,
        }
    }
}

impl Answer {
    fn of(
        url: String,
        within: Duration,
        response: Result<Response<ureq::Body>, ureq::Error>,
    ) -> Result<Self, FetchError> {
        let (head, mut body) = response.map_err(|error| unreachable(&url, within, error))?.into_parts();
        let status = head.status.as_u16();
        if let Some(to) = head.headers.get(LOCATION).filter(|_| head.status.is_redirection()) {
            let to = clean(&String::from_utf8_lossy(to.as_bytes()), LONGEST_DETAIL);
            return Err(FetchError::Refused { status, detail: format!("ask at {to}, it says") });
        }
        if let Some(media) = foreign(&head.headers) {
            return Err(FetchError::Foreign { url, status, media });
        }
        if head.status.is_success() {
            return Ok(Self { url, within, body });
        }
        let mut words = Vec::new();
        let read = body.as_reader().take(LARGEST_REFUSAL).read_to_end(&mut words);
        read.map_err(|error| broken_off(&url, within, error))?;
        match refusal(&words) {
            Some(detail) => Err(FetchError::Refused { status, detail }),
            // Whatever has no such path says so too, but not like this.
            None if status == 404 => {
                Err(FetchError::Foreign { url, status, media: "of another form".to_owned() })
            }
            None => Err(FetchError::Refused { status, detail: first_line(&words) }),
        }
    }

    /// The body, whatever its size, and what it means when reading fails.
    #[cfg(feature = "cli")]
    pub(crate) fn reader(self) -> (impl Read, impl Fn(std::io::Error) -> FetchError) {
        let Self { url, within, body } = self;
        (body.into_reader(), move |error| broken_off(&url, within, error))
    }

    /// The body in memory, if it is not too large.
    pub(crate) fn bytes(mut self) -> Result<Vec<u8>, FetchError> {
        let body = self.body.with_config().limit(LARGEST).read_to_vec();
        body.map_err(|error| match error {
            ureq::Error::BodyExceedsLimit(_) => FetchError::Answer(Box::new(error)),
            error => broken_off(&self.url, self.within, error.into_io()),
        })
    }

    /// The body, parsed.
    pub(crate) fn json<T: DeserializeOwned>(self) -> Result<T, FetchError> {
        serde_json::from_slice(&self.bytes()?).map_err(|error| not_understood(&error))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

fn unreachable(url: &str, within: Duration, error: ureq::Error) -> FetchError {
    let source: Box<dyn std::error::Error + Send + Sync> = match error {
        ureq::Error::Timeout(_) => format!("no answer within {} s", within.as_secs_f32()).into(),
        error if speaks_no_tls(url, &error) => "what answers there speaks no TLS: is it http://?".into(),
        error => Box::new(error),
    };
    FetchError::Unreachable { url: url.to_owned(), source }
}

/// TLS that is answered in plain text reads it as a record of an unknown type.
fn speaks_no_tls(url: &str, error: &ureq::Error) -> bool {
    url.starts_with("https:") && error.to_string().contains("InvalidContentType")
}

fn broken_off(url: &str, within: Duration, error: std::io::Error) -> FetchError {
    let source: Box<dyn std::error::Error + Send + Sync> = match error.downcast::<ureq::Error>() {
        Ok(ureq::Error::Timeout(_)) => {
            format!("it was not all there within {} s", within.as_secs_f32()).into()
        }
        Ok(error) => Box::new(error),
        Err(error) => Box::new(error),
    };
    FetchError::BrokenOff { url: url.to_owned(), source }
}

/// The media type of an answer that says it is something else than JSON.
fn foreign(headers: &HeaderMap) -> Option<String> {
    let media = headers.get(CONTENT_TYPE)?.to_str().unwrap_or("?").split(';').next()?.trim();
    let is_json = media.eq_ignore_ascii_case("application/json");
    (!is_json).then(|| clean(media, LONGEST_DETAIL))
}

/// The parser quotes what it stumbled over.
pub(crate) fn not_understood(error: &serde_json::Error) -> FetchError {
    FetchError::Answer(clean(&error.to_string(), LONGEST_DETAIL).into())
}

fn refusal(body: &[u8]) -> Option<String> {
    let refusal: Refusal = serde_json::from_slice(body).ok()?;
    Some(clean(&refusal.detail, LONGEST_DETAIL))
}

fn first_line(body: &[u8]) -> String {
    clean(String::from_utf8_lossy(body).lines().next().unwrap_or_default(), LONGEST_DETAIL)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    /// Reads a run from a backend that answers `status` and `body`, which must fail; says how.
    fn failure(status: u16, body: &str) -> std::io::Result<String> {
        failure_of(status, "", body)
    }

    /// The same, with lines in the answer's head.
    fn failure_of(status: u16, head: &str, body: &str) -> std::io::Result<String> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let answer =
            format!("HTTP/1.1 {status} Status\r\n{head}Content-Length: {}\r\n\r\n{body}", body.len())
                .into_bytes();
        let backend = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept()?;
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte)?;
                head.extend(byte);
            }
            stream.write_all(&answer)
        });
        let outcome = fetch_run(&url, TRACE);
        backend.join().map_err(|_| std::io::Error::other("the backend"))??;
        Ok(outcome.err().map(|error| error.to_string()).unwrap_or_default())
    }

    #[test]
    fn a_backend_s_words_cannot_drive_the_terminal() -> std::io::Result<()> {
        let refused = |words: &str| format!("the backend answered 500: {words}");
        assert_eq!(failure(500, r#"{"detail":"a\u001b[2J\u202eb\nc"}"#)?, refused("a [2Jb c"));
        assert_eq!(failure(500, "a\x1b[2J\u{202e}b\nc")?, refused("a [2Jb"));
        assert_eq!(failure(500, &"x".repeat(9_999))?, refused(&format!("{}…", "x".repeat(400))));
        let status = failure(200, r#"{"spans":[{"status":"\u001b[2J\u202ebad"}]}"#)?;
        assert!(status.contains("unknown variant ` [2Jbad`"), "{status:?}");
        Ok(())
    }

    #[test]
    fn a_web_server_that_is_no_backend_is_told_apart() -> std::io::Result<()> {
        for status in [200, 404] {
            let told = failure_of(status, "Content-Type: text/html; charset=utf-8\r\n", "<html>")?;
            let expected = format!("is no bento backend: its answer ({status}) is text/html");
            assert!(told.ends_with(&expected), "{told}");
        }
        let told = failure_of(404, "Content-Type: application/json\r\n", r#"{"detail": "no"}"#)?;
        assert!(told.starts_with("there is no run"), "{told}");
        let told = failure(404, "<html>")?;
        assert!(told.ends_with("is no bento backend: its answer (404) is of another form"), "{told}");
        Ok(())
    }

    #[test]
    fn a_backend_that_never_answers_is_given_up() -> std::io::Result<()> {
        let silent = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", silent.local_addr()?);
        let told =
            Client::new(&url).run(TRACE, Duration::from_millis(50)).err().map(|error| error.to_string());
        let expected = format!("cannot read from {url}/traces/{TRACE}/body: no answer within 0.05 s");
        assert_eq!(told, Some(expected));
        Ok(())
    }

    #[test]
    fn an_answer_that_breaks_off_is_told_apart() -> std::io::Result<()> {
        let told =
            failure_of(200, "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nX-", "9\r\n{")?;
        assert!(told.starts_with("the answer from http://") && told.contains("/body broke off: "), "{told}");
        Ok(())
    }

    #[test]
    fn a_redirect_is_told_and_not_followed() -> std::io::Result<()> {
        let told = failure_of(302, "Location: https://elsewhere/\r\nContent-Type: text/html\r\n", "")?;
        assert_eq!(told, "the backend answered 302: ask at https://elsewhere/, it says");
        Ok(())
    }

    #[test]
    #[cfg(feature = "cli")]
    fn a_backend_without_tls_is_told_apart() -> std::io::Result<()> {
        let plain = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("https://{}", plain.local_addr()?);
        let backend = std::thread::spawn(move || {
            let (mut stream, _) = plain.accept()?;
            stream.read_exact(&mut [0; 5])?;
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")?;
            // What it says next is not read: it would be told as a connection that was reset.
            std::io::copy(&mut stream, &mut std::io::sink()).map(drop)
        });
        let told = fetch_run(&url, TRACE).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(told.ends_with("what answers there speaks no TLS: is it http://?"), "{told}");
        let _ = backend.join();
        Ok(())
    }
}
