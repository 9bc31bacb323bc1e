//! Backends behind TLS, and behind a proxy.

use super::*;

/// Answers a TLS handshake with a certificate that nobody trusts.
fn handshake(mut stream: &TcpStream) -> io::Result<()> {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).map_err(io::Error::other)?;
    let key = rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der())
        .map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| {
            config.with_no_client_auth().with_single_cert(vec![certified.cert.der().clone()], key)
        })
        .map_err(io::Error::other)?;
    let mut server = rustls::ServerConnection::new(Arc::new(config)).map_err(io::Error::other)?;
    server.complete_io(&mut stream).map(drop)
}

fn https(authority: &str, proxy: Option<&Proxy>, bound: Duration) -> Result<Answer, TransportError> {
    let bounds = Bounds { connect: bound, exchange: LONG };
    let start = Instant::now();
    let result = Transport::new(format!("https://{authority}/"), HeaderMap::new(), proxy, bounds)
        .post(b"body", start + LONG);
    assert!(start.elapsed() < bound + SLACK, "{:?}", start.elapsed());
    result
}

fn proxy(address: SocketAddr) -> Proxy {
    Proxy { url: Secret(format!("http://user:hunter2@{address}")), exceptions: None }
}

#[test]
fn an_untrusted_certificate_is_told_apart() -> Fallible {
    let address = serve(|_, stream| handshake(&stream))?;
    let result = https(&format!("localhost:{}", address.port()), None, LONG);
    assert!(matches!(result, Err(TransportError::Untrusted(_))), "{result:?}");
    Ok(())
}

#[test]
fn a_backend_without_tls_is_unreachable() -> Fallible {
    let address = serve(|_, mut stream| stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"))?;
    let result = https(&address.to_string(), None, LONG);
    assert!(matches!(result, Err(TransportError::Unreachable(_))), "{result:?}");
    Ok(())
}

#[test]
fn a_silent_handshake_is_bounded_as_connecting() -> Fallible {
    let address = serve(|_, mut stream| io::copy(&mut stream, &mut io::sink()).map(drop))?;
    let result = https(&address.to_string(), None, SHORT);
    assert!(result.is_err_and(|error| error.to_string().contains("no connection in the time allowed")));
    Ok(())
}

#[test]
fn a_proxy_is_asked_for_a_tunnel() -> Fallible {
    let (sender, heads) = mpsc::channel();
    let address = serve(move |_, mut stream| {
        if let Some(request) = read_request(&mut BufReader::new(stream.try_clone()?))? {
            let _ = sender.send(request.head);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
        handshake(&stream)
    })?;
    // The name is the proxy's to look up: here nobody knows it.
    let result = https("host.invalid", Some(&proxy(address)), LONG);
    assert!(matches!(result, Err(TransportError::Untrusted(_))), "{result:?}");
    let head = heads.recv_timeout(LONG)?;
    assert!(head.starts_with("CONNECT host.invalid:443 HTTP/1.1\r\n"), "{head}");
    assert_eq!(header(&head, "proxy-authorization"), Some("Basic dXNlcjpodW50ZXIy"));
    assert_eq!(header(&head, "authorization"), None);
    Ok(())
}

#[test]
fn a_proxy_that_trickles_is_bounded_as_connecting() -> Fallible {
    let address = serve(|_, mut stream| {
        read_request(&mut BufReader::new(stream.try_clone()?))?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nX-Slow: ")?;
        loop {
            stream.write_all(b"x")?;
            thread::sleep(Duration::from_millis(50));
        }
    })?;
    let result = https("host.invalid", Some(&proxy(address)), SHORT);
    let message = result.map(|answer| answer.status).map_err(|error| error.to_string());
    assert_eq!(message, Err("no answer from the backend: no connection in the time allowed".to_owned()));
    Ok(())
}

#[test]
fn a_proxy_that_refuses_is_told_without_its_credentials() -> Fallible {
    let address = serve_always("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")?;
    let message = https("host.invalid", Some(&proxy(address)), LONG)
        .map(|answer| answer.status)
        .map_err(|error| error.to_string());
    assert!(message.as_ref().is_err_and(|text| text.contains("407")), "{message:?}");
    assert!(!format!("{message:?}").contains("hunter2"));
    Ok(())
}
