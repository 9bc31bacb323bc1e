//! Reading a run back over HTTP, from this backend or from another one with the same paths.

use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::terminal::clean;
use crate::{IdError, Run, Span, TraceId};

/// How long reading a run may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// The largest page that is read.
const LARGEST_PAGE: u64 = 256 << 20;

/// Characters of the backend's own words that an error repeats.
const LONGEST_DETAIL: usize = 200;

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
    /// The answer is not a list of spans.
    #[error("the backend's answer is not a list of spans: {0}")]
    Answer(#[source] Box<dyn std::error::Error + Send + Sync>),
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Span>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    detail: String,
}

/// Reads one run from the backend at `base_url` (such as `http://127.0.0.1:8080`), within ten seconds. It blocks.
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
    fetch_within(DEADLINE, base_url, trace_id)
}

fn fetch_within(time: Duration, base_url: &str, trace_id: &str) -> Result<Run, FetchError> {
    let trace_id: TraceId = trace_id.parse()?;
    let list = format!("{}/traces/{trace_id}/spans?limit=1000", base_url.trim_end_matches('/'));
    let deadline = Instant::now() + time;
    let agent = agent();
    let mut spans = Vec::new();
    let mut cursor = None;
    loop {
        let page = fetch_page(&agent, &list, cursor.as_deref(), trace_id, deadline)?;
        // A backend that repeats its cursor over an empty page would have us turn in circles.
        let done = page.items.is_empty();
        spans.extend(page.items);
        cursor = page.next_cursor.filter(|_| !done);
        if cursor.is_none() {
            break;
        }
    }
    Run::of(spans).ok_or(FetchError::NotFound(trace_id))
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        // What is local is not asked of a proxy, whatever HTTP_PROXY says.
        .proxy(None)
        .max_redirects(0)
        .http_status_as_error(false)
        .build()
        .into()
}

fn fetch_page(
    agent: &ureq::Agent,
    url: &str,
    cursor: Option<&str>,
    trace_id: TraceId,
    deadline: Instant,
) -> Result<Page, FetchError> {
    let unreachable = |error| FetchError::Unreachable { url: url.to_owned(), source: Box::new(error) };
    let left = deadline.saturating_duration_since(Instant::now());
    let request = agent.get(url).query_pairs(cursor.map(|cursor| ("after_id", cursor)));
    let request = request.config().timeout_global(Some(left)).build();
    let mut response = request.call().map_err(unreachable)?;
    let body = response.body_mut().with_config().limit(LARGEST_PAGE).read_to_vec().map_err(unreachable)?;
    match response.status().as_u16() {
        // The parser quotes what it stumbled over.
        200 => serde_json::from_slice(&body)
            .map_err(|error| FetchError::Answer(clean(&error.to_string(), LONGEST_DETAIL).into())),
        404 => Err(FetchError::NotFound(trace_id)),
        status => Err(FetchError::Refused { status, detail: detail(&body) }),
    }
}

fn detail(body: &[u8]) -> String {
    match serde_json::from_slice::<Refusal>(body) {
        Ok(refusal) => clean(&refusal.detail, LONGEST_DETAIL),
        Err(_) => clean(String::from_utf8_lossy(body).lines().next().unwrap_or_default(), LONGEST_DETAIL),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    /// Reads a run from a backend that answers `status` and `body`, which must fail; says how.
    fn failure(status: u16, body: &str) -> std::io::Result<String> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let answer =
            format!("HTTP/1.1 {status} Status\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes();
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
        assert_eq!(failure(500, &"x".repeat(9_999))?, refused(&format!("{}…", "x".repeat(200))));
        let status = failure(200, r#"{"items":[{"status":"\u001b[2J\u202ebad"}]}"#)?;
        assert!(status.contains("unknown variant ` [2Jbad`"), "{status:?}");
        Ok(())
    }

    #[test]
    fn a_backend_that_never_answers_is_given_up() -> std::io::Result<()> {
        let silent = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", silent.local_addr()?);
        let outcome = fetch_within(Duration::from_millis(50), &url, TRACE);
        assert!(matches!(outcome, Err(FetchError::Unreachable { .. })), "{outcome:?}");
        Ok(())
    }
}
