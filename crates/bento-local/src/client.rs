//! Reading a run back over HTTP, from this backend or from another one with the same paths.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::{IdError, Run, Span, TraceId};

/// How long reading a run may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// The largest page that is read.
const LARGEST_PAGE: u64 = 256 << 20;

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
    items: Vec<Arc<Span>>,
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
    let mut url = list.clone();
    loop {
        let page = fetch_page(&agent, &url, trace_id, deadline)?;
        // A backend that repeats its cursor over an empty page would have us turn in circles.
        let done = page.items.is_empty();
        spans.extend(page.items);
        match page.next_cursor.filter(|_| !done) {
            Some(cursor) => url = format!("{list}&after_id={cursor}"),
            None => break,
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
    trace_id: TraceId,
    deadline: Instant,
) -> Result<Page, FetchError> {
    let unreachable = |error| FetchError::Unreachable { url: url.to_owned(), source: Box::new(error) };
    let left = deadline.saturating_duration_since(Instant::now());
    let request = agent.get(url).config().timeout_global(Some(left)).build();
    let mut response = request.call().map_err(unreachable)?;
    let body = response.body_mut().with_config().limit(LARGEST_PAGE).read_to_vec().map_err(unreachable)?;
    match response.status().as_u16() {
        200 => serde_json::from_slice(&body).map_err(|error| FetchError::Answer(Box::new(error))),
        404 => Err(FetchError::NotFound(trace_id)),
        status => Err(FetchError::Refused { status, detail: detail(&body) }),
    }
}

fn detail(body: &[u8]) -> String {
    match serde_json::from_slice::<Refusal>(body) {
        Ok(refusal) => refusal.detail,
        Err(_) => {
            String::from_utf8_lossy(body).lines().next().unwrap_or_default().chars().take(200).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_backend_that_never_answers_is_given_up() -> std::io::Result<()> {
        let silent = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", silent.local_addr()?);
        let outcome = fetch_within(Duration::from_millis(50), &url, "4bf92f3577b34da6a3ce929d0e0e4736");
        assert!(matches!(outcome, Err(FetchError::Unreachable { .. })), "{outcome:?}");
        Ok(())
    }
}
