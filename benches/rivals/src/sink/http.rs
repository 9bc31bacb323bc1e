//! As much of HTTP/1.1 as the contenders speak.

use std::io::{BufRead, Read, Write};

use anyhow::{Context, bail, ensure};

/// A request that was read whole.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) is_gzip: bool,
    pub(crate) is_protobuf: bool,
    pub(crate) body: Vec<u8>,
}

/// The next request of a connection; none if the client is done.
pub(crate) fn read(reader: &mut impl BufRead, mut writer: impl Write) -> anyhow::Result<Option<Request>> {
    let Some(head) = head(reader)? else { return Ok(None) };
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut headers);
    ensure!(parsed.parse(&head)?.is_complete(), "a head that is cut");
    let header = |name: &str| {
        let found = parsed.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.map(|header| String::from_utf8_lossy(header.value).to_ascii_lowercase())
    };
    let mut request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: parsed.path.unwrap_or_default().to_owned(),
        is_gzip: header("content-encoding").is_some_and(|value| value == "gzip"),
        is_protobuf: header("content-type").is_some_and(|value| value.contains("protobuf")),
        body: Vec::new(),
    };
    if header("expect").is_some_and(|value| value == "100-continue") {
        writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    if header("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
        chunks(reader, &mut request.body)?;
    } else if let Some(length) = header("content-length") {
        request.body = vec![0; length.parse()?];
        reader.read_exact(&mut request.body)?;
    }
    Ok(Some(request))
}

fn head(reader: &mut impl BufRead) -> anyhow::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if reader.read_until(b'\n', &mut head)? == 0 {
            ensure!(head.is_empty(), "the connection ended within a head");
            return Ok(None);
        }
        ensure!(head.len() < 64 * 1024, "a head without an end");
    }
    Ok(Some(head))
}

fn chunks(reader: &mut impl BufRead, body: &mut Vec<u8>) -> anyhow::Result<()> {
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let size = line.trim().split(';').next().context("a chunk without a size")?;
        let size = u64::from_str_radix(size, 16)?;
        let read = reader.take(size).read_to_end(body)?;
        if read as u64 != size {
            bail!("the connection ended within a chunk");
        }
        line.clear();
        reader.read_line(&mut line)?;
        if size == 0 {
            return Ok(());
        }
    }
}

/// Answers in one write, so that no client waits for a second packet.
pub(crate) fn answer(mut writer: impl Write, status: &str, body: &str) -> anyhow::Result<()> {
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    Ok(writer.write_all(answer.as_bytes())?)
}
