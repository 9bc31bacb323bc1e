//! Gives an answer in the manner it asks for.

use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use crate::answer::{Answer, Body, Content, End, Manner, Parting};
use crate::socket::Connection;

/// What a generated body consists of.
const FILLER: [u8; 16 * 1024] = [b'x'; 16 * 1024];
/// Long enough for what was sent to be read before a reset takes it back, on every system.
const SETTLING: Duration = Duration::from_millis(50);

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Serve,
    Close,
    Hold,
}

/// Gives `answer`, and says how to go on; an error where the other side is gone. `is_said` becomes true once an HTTP
/// head is on its way.
pub(crate) fn send(answer: &Answer, connection: &mut Connection, is_said: &mut bool) -> io::Result<Then> {
    thread::sleep(answer.pause);
    if let Some(gate) = &answer.gate {
        gate.pass();
    }
    if let Manner::Cut(bytes, parting) = answer.manner {
        let mut whole = Vec::new();
        write_content(answer, &mut whole, &mut false)?;
        connection.write_all(whole.get(..bytes).unwrap_or(&whole))?;
        connection.flush()?;
        *is_said = true;
        if parting == Parting::Reset {
            if bytes > 0 {
                thread::sleep(SETTLING);
            }
            connection.reset_at_end()?;
        }
        return Ok(Then::Close);
    }
    match &answer.trailer {
        Some((pause, trailer)) if pause.is_zero() => {
            let mut whole = Vec::new();
            write_content(answer, &mut whole, &mut false)?;
            whole.extend_from_slice(trailer);
            connection.write_all(&whole)?;
            *is_said = true;
        }
        Some((pause, trailer)) => {
            write_content(answer, connection, is_said)?;
            connection.flush()?;
            thread::sleep(*pause);
            connection.write_all(trailer)?;
        }
        None => write_content(answer, connection, is_said)?,
    }
    connection.flush()?;
    Ok(match answer.end {
        End::KeepAlive => Then::Serve,
        End::CloseAfter(pause) => {
            thread::sleep(pause);
            Then::Close
        }
        End::Hold => Then::Hold,
    })
}

fn write_content(answer: &Answer, sink: &mut impl Write, is_said: &mut bool) -> io::Result<()> {
    let (in_head, in_body) = match answer.manner {
        Manner::TrickledHead(pause) => (pause, Duration::ZERO),
        Manner::TrickledBody(pause) => (Duration::ZERO, pause),
        Manner::Whole | Manner::Cut(..) => (Duration::ZERO, Duration::ZERO),
    };
    match &answer.content {
        Content::Silence => Ok(()),
        Content::Raw(bytes) => trickle(bytes, in_body, sink),
        Content::EndlessHead => {
            trickle(b"HTTP/1.1 200 OK\r\nX-Endless: ", in_head, sink)?;
            loop {
                trickle(&FILLER, in_head, sink)?;
            }
        }
        Content::Http { body, .. } => {
            trickle(answer.head().unwrap_or_default().as_bytes(), in_head, sink)?;
            *is_said = true;
            write_body(body, in_body, sink)
        }
    }
}

fn write_body(body: &Body, pause: Duration, sink: &mut impl Write) -> io::Result<()> {
    match body {
        Body::Sized(bytes) => trickle(bytes, pause, sink),
        Body::Chunked(bytes) => {
            for chunk in bytes.chunks(3) {
                trickle(format!("{:x}\r\n", chunk.len()).as_bytes(), pause, sink)?;
                trickle(chunk, pause, sink)?;
                trickle(b"\r\n", pause, sink)?;
            }
            trickle(b"0\r\n\r\n", pause, sink)
        }
        Body::Generated(bytes) => {
            let mut left = *bytes;
            while left > 0 {
                let piece = usize::try_from(left).unwrap_or(FILLER.len()).min(FILLER.len());
                trickle(FILLER.get(..piece).unwrap_or_default(), pause, sink)?;
                left -= piece as u64;
            }
            Ok(())
        }
    }
}

/// Sends `bytes`, one at a time where there is a pause between them.
fn trickle(bytes: &[u8], pause: Duration, sink: &mut impl Write) -> io::Result<()> {
    if pause.is_zero() {
        return sink.write_all(bytes);
    }
    for byte in bytes {
        sink.write_all(&[*byte])?;
        sink.flush()?;
        thread::sleep(pause);
    }
    Ok(())
}
