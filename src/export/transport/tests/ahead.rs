//! Connections that are begun ahead of the first request.

use super::*;

/// A transport whose connection has come to be, or not.
fn opened(url: String) -> Transport {
    let bounds = Bounds { connect: LONG, exchange: LONG };
    let transport = Transport::new(url, HeaderMap::new(), None, bounds);
    let start = Instant::now();
    transport.open();
    assert!(start.elapsed() < SLACK, "nothing is waited for");
    transport
}

#[test]
fn the_first_request_takes_the_connection_that_stands() -> Fallible {
    let (sender, numbers) = mpsc::channel();
    let address = serve(move |number, stream| {
        let _ = sender.send(number);
        let mut stream = BufReader::new(stream);
        while read_request(&mut stream)?.is_some() {
            stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
        }
        Ok(())
    })?;
    for host in ["127.0.0.1", "localhost"] {
        let mut transport = opened(format!("http://{host}:{}/v1/traces", address.port()));
        numbers.recv_timeout(LONG)?;
        assert_eq!(transport.post(b"body", Instant::now() + LONG)?.status, 200);
        assert_eq!(numbers.try_recv(), Err(mpsc::TryRecvError::Empty), "{host}");
    }
    Ok(())
}

#[test]
fn a_connection_that_was_closed_meanwhile_is_replaced() -> Fallible {
    let (sender, numbers) = mpsc::channel();
    let address = serve(move |number, stream| {
        let mut stream = BufReader::new(stream);
        if number == 0 {
            drop(stream);
            let _ = sender.send(number);
            return Ok(());
        }
        read_request(&mut stream)?;
        stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
        let _ = sender.send(number);
        Ok(())
    })?;
    let mut transport = opened(format!("http://{address}/v1/traces"));
    assert_eq!(numbers.recv_timeout(LONG)?, 0);
    assert_eq!(transport.post(b"body", Instant::now() + LONG)?.status, 200);
    assert_eq!(numbers.recv_timeout(LONG)?, 1);
    Ok(())
}

#[test]
fn where_nothing_can_be_opened_the_request_says_why() -> Fallible {
    let closed = ClosedPort::new()?;
    for url in [format!("http://{}/", closed.address), "http://host.invalid/".to_owned()] {
        let result = opened(url).post(b"body", Instant::now() + LONG);
        assert!(matches!(result, Err(TransportError::Unreachable(_))), "{result:?}");
    }
    let result = opened("/path".to_owned()).post(b"body", Instant::now() + LONG);
    assert!(matches!(result, Err(TransportError::Invalid(_))), "{result:?}");
    Ok(())
}
