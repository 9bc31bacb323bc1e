//! Who may talk to a server on loopback: programs on this machine, not the web pages its browser shows.
//!
//! Reading needs no key, so a page that made its own name resolve to 127.0.0.1 (DNS rebinding) could read every run. Its
//! requests still carry that name as `Host`, and requests of any other page carry an `Origin`.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::Backend;
use super::problem::Problem;

pub(super) async fn local_only(
    State(backend): State<Arc<Backend>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    check(request.headers(), backend.bound).map_err(|detail| Problem::new(StatusCode::FORBIDDEN, detail))?;
    Ok(next.run(request).await)
}

fn check(headers: &HeaderMap, bound: IpAddr) -> Result<(), &'static str> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(header::HOST)
        .filter(|host| is_local(host, bound))
        .ok_or("the Host header is not of this machine; address the server as localhost or 127.0.0.1")?;
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

/// The host has been checked, so an origin that equals it is this server's own page.
fn same_origin(origin: &str, host: &str) -> bool {
    origin.strip_prefix("http://").is_some_and(|origin| origin.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

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
