//! Who may talk to a server: without a key, programs on this machine, and not the web pages that its browser shows; with
//! one, whoever has it.
//!
//! Where reading needs no key, a page that made its own name resolve to 127.0.0.1 (DNS rebinding) could read every run. Its
//! requests still carry that name as `Host`, and requests of any other page carry an `Origin`. A server that can be
//! reached from other machines always has a key, which such a page does not know; and by what name those machines call
//! it cannot be known here, so that its `Host` is left unchecked.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use subtle::ConstantTimeEq as _;

use super::problem::Problem;
use super::{Backend, body, page};

/// What keys that send begin with.
const PUBLIC: &str = "bl_pk_";

/// The one key of a server that has one: `bl_pk_…`, as senders have it.
#[derive(Clone)]
pub(crate) struct ServerKey(String);

/// Why a request shows no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyError {
    Missing,
    Form,
}

pub(super) async fn admit(
    State(backend): State<Arc<Backend>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    match check(&backend, request.uri().path(), request.headers()) {
        Ok(()) => Ok(next.run(request).await),
        Err(problem) => {
            body::discard(&mut request.into_body(), body::LINGER).await;
            Err(problem)
        }
    }
}

fn check(backend: &Backend, path: &str, headers: &HeaderMap) -> Result<(), Problem> {
    let needs_host = backend.key.is_none() || backend.bound.is_loopback();
    let bound = needs_host.then_some(backend.bound);
    check_place(headers, bound).map_err(|detail| Problem::new(StatusCode::FORBIDDEN, detail))?;
    match &backend.key {
        // Who watches over the process asks whether it lives, and has no key; the page asks its reader for it.
        Some(key) if path != "/healthz" && !page::has(path) => {
            check_key(headers, key).map_err(|detail| Problem::new(StatusCode::UNAUTHORIZED, detail))
        }
        _ => Ok(()),
    }
}

/// The key that a sender shows, without what all of them begin with: the id of a workspace, or anything else.
pub(super) fn public_key(headers: &HeaderMap) -> Result<&str, KeyError> {
    rest_of(bearer(headers)?).ok_or(KeyError::Form)
}

fn check_key(headers: &HeaderMap, key: &ServerKey) -> Result<(), &'static str> {
    match bearer(headers) {
        Err(KeyError::Missing) => Err("this server has a key; send Authorization: Bearer bl_pk_…"),
        Ok(shown) if bool::from(shown.as_bytes().ct_eq(key.0.as_bytes())) => Ok(()),
        _ => Err("the key is not this server's"),
    }
}

/// What the header shows as a bearer's.
fn bearer(headers: &HeaderMap) -> Result<&str, KeyError> {
    let value = headers.get(header::AUTHORIZATION).ok_or(KeyError::Missing)?;
    let (scheme, shown) = value.to_str().unwrap_or_default().split_once(' ').unwrap_or_default();
    if scheme.eq_ignore_ascii_case("bearer") { Ok(shown.trim_start()) } else { Err(KeyError::Form) }
}

fn rest_of(key: &str) -> Option<&str> {
    let rest = key.strip_prefix(PUBLIC)?;
    (!rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic())).then_some(rest)
}

impl ServerKey {
    /// `None` for a text that is not of the form `bl_pk_…`, which no sender could show.
    pub(crate) fn parse(key: &str) -> Option<Self> {
        rest_of(key).map(|_| Self(key.to_owned()))
    }
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerKey(…)")
    }
}

/// With `bound`, the request must name this machine as its host; a web page must be this server's own in any case.
fn check_place(headers: &HeaderMap, bound: Option<IpAddr>) -> Result<(), &'static str> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(header::HOST).unwrap_or_default();
    if bound.is_some_and(|bound| !is_local(host, bound)) {
        return Err("the Host header is not of this machine; address the server as localhost or 127.0.0.1");
    }
    match text(header::ORIGIN) {
        Some(origin) if !same_origin(origin, host) => {
            Err("a web page of another origin may not use this server")
        }
        _ => Ok(()),
    }
}

/// Any port will do: it may be forwarded.
fn is_local(host: &str, bound: IpAddr) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    if host.contains('@') {
        return false;
    }
    let name = authority.host();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|ip| ip.is_loopback() || ip == bound)
}

/// A browser names the host that it has the page from, so an origin that equals it is this server's own page.
fn same_origin(origin: &str, host: &str) -> bool {
    !host.is_empty() && origin.strip_prefix("http://").is_some_and(|origin| origin.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_this_machine_is_local() {
        let local = |host| is_local(host, Ipv4Addr::LOCALHOST.into());
        for host in ["localhost", "LocalHost:8080", "127.0.0.1:1", "127.9.9.9", "[::1]:8080", "[::1]"] {
            assert!(local(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example:8080",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "evil@localhost",
            "a b",
        ] {
            assert!(!local(host), "{host}");
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        let key = ServerKey::parse("bl_pk_secret");
        assert_eq!(key.map(|key| format!("{key:?}")).as_deref(), Some("ServerKey(…)"));
        for bad in ["", "bl_pk_", "sk_1", "bl_pk_a b", "bl_pk_é"] {
            assert!(ServerKey::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_server_for_other_machines_asks_for_no_host_and_still_for_its_own_origin() {
        let check = |host: &'static str, origin: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            check_place(&headers, None).is_ok()
        };
        assert!(check("build.example:8080", "http://build.example:8080"));
        assert!(!check("build.example:8080", "http://evil.example"));
        assert!(!check("", "http://"));
    }

    #[test]
    fn an_origin_is_ours_only_to_the_port() {
        assert!(same_origin("http://localhost:8080", "localhost:8080"));
        for origin in [
            "null",
            "https://localhost:8080",
            "http://localhost:3000",
            "http://evil.example",
            "localhost:8080",
        ] {
            assert!(!same_origin(origin, "localhost:8080"), "{origin}");
        }
    }
}
