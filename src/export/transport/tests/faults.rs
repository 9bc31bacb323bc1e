//! Backends that misbehave.

use super::*;

/// Enough that neither side's socket buffers can hold it.
const LARGE: usize = 24 * 1024 * 1024;

/// Sends `text` one byte every 50 ms, for ever from its last byte on.
fn trickle(mut stream: &TcpStream, text: &[u8]) -> io::Result<()> {
    for byte in text.iter().chain(std::iter::repeat(&b'x')) {
        stream.write_all(&[*byte])?;
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn assert_unreachable(result: &Result<Answer, TransportError>) {
    assert!(matches!(result, Err(TransportError::Unreachable(_))), "{result:?}");
}

#[test]
fn a_head_that_trickles_is_not_awaited() -> Fallible {
    let address = serve(|_, stream| {
        read_request(&mut BufReader::new(stream.try_clone()?))?;
        trickle(&stream, b"HTTP/1.1 200 OK\r\nX-Slow: ")
    })?;
    assert_unreachable(&post_in_short(address, b"body"));
    Ok(())
}

#[test]
fn a_body_that_trickles_does_not_take_back_the_status() -> Fallible {
    for head in ["Content-Length: 1000000", "Transfer-Encoding: chunked\r\n\r\nffffff", "X-Until: closed"] {
        let address = serve(move |_, mut stream| {
            read_request(&mut BufReader::new(stream.try_clone()?))?;
            stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").as_bytes())?;
            trickle(&stream, b"")
        })?;
        assert_eq!(post_in_short(address, b"body")?.status, 200, "{head}");
    }
    Ok(())
}

#[test]
fn silence_is_bounded() -> Fallible {
    let address = serve(|_, stream| {
        let mut stream = BufReader::new(stream);
        while read_request(&mut stream)?.is_some() {}
        Ok(())
    })?;
    assert_unreachable(&post_in_short(address, b"body"));
    // A deadline in the past leaves no time at all.
    assert_unreachable(&transport(address, LONG).post(b"body", Instant::now()));
    Ok(())
}

#[test]
fn a_backend_that_does_not_read_is_bounded() -> Fallible {
    let (keep, _kept) = mpsc::channel();
    let address = serve(move |_, stream| {
        let _ = keep.send(stream);
        Ok(())
    })?;
    assert_unreachable(&post_in_short(address, &vec![0; LARGE]));
    Ok(())
}

#[test]
fn a_backend_that_reads_slowly_is_bounded() -> Fallible {
    let address = serve(|_, mut stream| {
        let mut piece = vec![0; 64 * 1024];
        while stream.read(&mut piece)? > 0 {
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    })?;
    assert_unreachable(&post_in_short(address, &vec![0; LARGE]));
    Ok(())
}

#[test]
fn a_closed_port_is_unreachable() -> Fallible {
    let closed = ClosedPort::new()?;
    assert_unreachable(&post(closed.address, b"body"));
    let mut nowhere =
        Transport::new("http://host.invalid/".to_owned(), HeaderMap::new(), None, Bounds::default());
    assert_unreachable(&nowhere.post(b"body", Instant::now() + LONG));
    Ok(())
}

#[test]
fn an_address_that_is_none_is_told_apart() {
    for url in ["", "/path", "http://"] {
        let mut nowhere = Transport::new(url.to_owned(), HeaderMap::new(), None, Bounds::default());
        let result = nowhere.post(b"body", Instant::now() + LONG);
        assert!(matches!(result, Err(TransportError::Invalid(_))), "{url:?}: {result:?}");
    }
}

#[test]
fn no_answer_and_no_http_are_unreachable() -> Fallible {
    let large_head = format!("HTTP/1.1 200 OK\r\nX-Large: {}\r\n\r\n", "x".repeat(100_000));
    let answers: [&[u8]; 6] = [
        b"",
        b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        large_head.as_bytes(),
    ];
    for answer in answers {
        let text = String::from_utf8_lossy(answer).into_owned();
        let answer = answer.to_vec();
        let address = serve(move |_, mut stream| {
            read_request(&mut BufReader::new(stream.try_clone()?))?;
            stream.write_all(&answer)
        })?;
        let result = post(address, b"body");
        assert!(matches!(result, Err(TransportError::Unreachable(_))), "{text:.40?}: {result:?}");
    }
    Ok(())
}

#[test]
fn an_endless_body_is_cut_and_its_connection_dropped() -> Fallible {
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    let address = serve(move |number, stream| {
        counter.store(number + 1, Ordering::Relaxed);
        let mut stream = BufReader::new(stream);
        read_request(&mut stream)?;
        stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n")?;
        loop {
            stream.get_mut().write_all(&[b'x'; 4096])?;
        }
    })?;
    let mut transport = transport(address, LONG);
    for expected in 1..=2 {
        let answer = transport.post(b"body", Instant::now() + LONG)?;
        assert_eq!((answer.status, answer.body.len()), (200, 64 * 1024));
        assert_eq!(connections.load(Ordering::Relaxed), expected);
    }
    Ok(())
}

#[test]
fn an_answer_before_the_end_of_the_request_is_read() -> Fallible {
    let address = serve(|_, mut stream| {
        let mut head = [0; 200];
        stream.read_exact(&mut head)?;
        // Closing with the request unread makes the system cut the connection, as servers do on a 413.
        stream.write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
    })?;
    let mut transport = transport(address, LONG);
    for _ in 0..2 {
        assert_eq!(transport.post(&vec![0; LARGE], Instant::now() + LONG)?.status, 413);
    }
    Ok(())
}

#[test]
fn an_answer_found_past_the_deadline_is_read_once() -> Fallible {
    let limit = Limit::default();
    limit.begin(Instant::now(), Instant::now());
    assert!(limit.left().is_err());
    assert!(limit.left_to_read().is_ok());
    assert!(limit.left_to_read().is_err());
    limit.begin(Instant::now(), Instant::now() + LONG);
    assert!(limit.left()? > SHORT);
    Ok(())
}
