//! HTTP: one request, one answer, within bounds that hold whatever the other side does.

mod dial;
mod secret;
mod socket;
mod whole;

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use ureq::http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use ureq::http::{HeaderMap, HeaderValue, Uri};

use self::dial::Ahead;
use self::secret::Secret;
use self::socket::Limit;
use super::retry::parse_retry_after;
use crate::config::{Destination, Proxy, SDK_NAME, SDK_VERSION};
use crate::credential::BaseUrl;

/// Bytes of an answer that are read; a connection on which more was sent is not used again.
const ANSWER_BYTES: u64 = 64 * 1024;
/// Just under the 60 seconds after which common load balancers drop an idle connection.
const IDLE: Duration = Duration::from_secs(50);
/// Bytes that an answer's head may have, and half of what a connection's input and output buffers have.
const HEAD_BYTES: usize = 16 * 1024;

/// Posts bodies to one address, over a connection that is kept alive.
pub(crate) struct Transport {
    agent: ureq::Agent,
    url: String,
    headers: HeaderMap,
    bounds: Bounds,
    limit: Arc<Limit>,
    ahead: Arc<Ahead>,
}

/// How long a request may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Until a connection stands: name look-up, TCP, tunnel and TLS together.
    pub(crate) connect: Duration,
    /// Until the answer is read, connecting included.
    pub(crate) exchange: Duration,
}

/// What came back. A status is an answer, never an error.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    /// The first 64 KiB at most; less where the rest did not come in time.
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer. No message shows a header or a proxy's credentials.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    /// No connection, no time left, or no HTTP on the other side: another try may succeed.
    #[error("no answer from the backend: {0}")]
    Unreachable(String),
    /// TLS cannot vouch for the backend, and will not the next time either.
    #[error(
        "the backend's TLS certificate is not trusted: {0}; check the host in its URL, and this machine's clock"
    )]
    Untrusted(String),
    /// No request could be made of what was given.
    #[error("the request could not be built: {0}")]
    Invalid(String),
}

impl Default for Bounds {
    fn default() -> Self {
        Self { connect: Duration::from_secs(3), exchange: Duration::from_secs(10) }
    }
}

impl Transport {
    /// The transport of OTLP/JSON to a Bento backend.
    pub(crate) fn bento(destination: &Destination) -> Self {
        let base_url = &destination.base_url;
        if !base_url.is_https() && !base_url.is_loopback() {
            log::warn!("bento: the API key and all traces travel unencrypted to {base_url}: use https");
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        // A key is visible ASCII, as its type promises, so it always makes a header value.
        if let Ok(bearer) = HeaderValue::try_from(destination.api_key.bearer()) {
            headers.insert(AUTHORIZATION, bearer);
        }
        let proxy = destination.proxy.as_ref().filter(|proxy| !is_exempt(proxy, base_url));
        Self::new(base_url.traces(), headers, proxy, Bounds::default())
    }

    /// A transport that sends every body to `url` with `headers`. It looks into no variable of the environment.
    pub(crate) fn new(url: String, mut headers: HeaderMap, proxy: Option<&Proxy>, bounds: Bounds) -> Self {
        let secret = headers.get_mut(AUTHORIZATION).map(Secret::take).unwrap_or_default();
        let config = ureq::Agent::config_builder()
            .proxy(proxy.and_then(tunnel))
            .user_agent(format!("{SDK_NAME}/{SDK_VERSION}"))
            .accept_encoding("")
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(HEAD_BYTES)
            .input_buffer_size(2 * HEAD_BYTES)
            .output_buffer_size(2 * HEAD_BYTES)
            .max_idle_connections(1)
            .max_idle_age(IDLE)
            .build();
        let (limit, ahead) = <(Arc<Limit>, Arc<Ahead>)>::default();
        let agent = socket::agent(config, &limit, &ahead, secret);
        Self { agent, url, headers, bounds, limit, ahead }
    }

    /// Begins a connection for the first request, and waits for nothing. Through a proxy there is none before it is
    /// needed.
    pub(crate) fn open(&self) {
        if self.agent.config().proxy().is_none()
            && let Ok(uri) = self.url.parse::<Uri>()
            && uri.host().is_some()
        {
            self.ahead.begin(uri, self.bounds.connect);
        }
    }

    /// Posts `body` and returns by `deadline`, or when the bounds are reached, whichever comes first.
    pub(crate) fn post(&mut self, body: &[u8], deadline: Instant) -> Result<Answer, TransportError> {
        let now = Instant::now();
        self.limit.begin(now + self.bounds.connect, deadline.min(now + self.bounds.exchange));

        let mut request = self.agent.post(&self.url);
        if let Some(headers) = request.headers_mut() {
            headers.extend(self.headers.clone());
        }
        let response = request.send(body)?;

        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| parse_retry_after(value.to_str().ok()?, SystemTime::now()));
        let mut body = Vec::new();
        // The status has decided about the batch. A body that breaks off or is late only says less about it, whereas
        // an error here would send again what was perhaps accepted.
        let _ = response.into_body().into_reader().take(ANSWER_BYTES).read_to_end(&mut body);
        Ok(Answer { status, retry_after, body })
    }
}

impl From<ureq::Error> for TransportError {
    fn from(error: ureq::Error) -> Self {
        match error {
            ureq::Error::Io(error) if is_certificate_error(&error) => Self::Untrusted(error.to_string()),
            ureq::Error::Io(error) => Self::Unreachable(error.to_string()),
            #[cfg(feature = "tls")]
            ureq::Error::Rustls(error) => Self::Untrusted(error.to_string()),
            ureq::Error::Tls(_) | ureq::Error::TlsRequired => Self::Untrusted(error.to_string()),
            ureq::Error::Http(_) | ureq::Error::BadUri(_) => Self::Invalid(error.to_string()),
            _ => Self::Unreachable(error.to_string()),
        }
    }
}

/// During a handshake rustls puts its error into one of `std::io`. Its type is that of a crate this one does not name,
/// so its fixed words have to do; a test holds them to a real handshake.
fn is_certificate_error(error: &std::io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.to_string().starts_with("invalid peer certificate"))
}

/// The proxy as ureq takes it. Those that speak SOCKS need a feature of ureq that this crate does not enable.
fn tunnel(proxy: &Proxy) -> Option<ureq::Proxy> {
    let tunnel = ureq::Proxy::new(&proxy.url.0)
        .ok()
        .filter(|proxy| matches!(proxy.protocol(), ureq::ProxyProtocol::Http | ureq::ProxyProtocol::Https));
    if tunnel.is_none() {
        log::warn!(
            "bento: HTTPS_PROXY holds no http:// or https:// address, so traces are sent without a proxy"
        );
    }
    tunnel
}

/// Whether `NO_PROXY` names the host of `base_url`: itself, a domain above it, or `*`, each perhaps with a port. There is
/// one host only, so this is decided once. Ranges of addresses (`10.0.0.0/8`) are not understood.
fn is_exempt(proxy: &Proxy, base_url: &BaseUrl) -> bool {
    let host = base_url.host().trim_matches(['[', ']']);
    proxy.exceptions.iter().flat_map(|list| list.split(',')).map(str::trim).any(|exception| {
        let (name, port) = match exception.rsplit_once(':') {
            // The colons of an IPv6 address without brackets belong to it.
            Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, Some(port)),
            _ => (exception, None),
        };
        let domain = name.trim_start_matches("*.").trim_start_matches('.').trim_matches(['[', ']']);
        let is_named = name == "*"
            || domain.eq_ignore_ascii_case(host)
            || (!domain.is_empty() && host.len() > domain.len() && {
                let (above, tail) = host.split_at_checked(host.len() - domain.len()).unwrap_or_default();
                above.ends_with('.') && tail.eq_ignore_ascii_case(domain)
            });
        is_named && port.is_none_or(|port| port.parse().ok() == base_url.port())
    })
}

#[cfg(test)]
pub(super) mod tests;
