//! Server-sent events (`text/event-stream`), read one by one and within bounds.

use std::io::{self, BufRead as _, BufReader, Read};

/// The largest event that is read, and with it the longest line, in bytes: rows are flat, but their names have no bound.
const LARGEST: usize = 4 << 20;

/// Something that the backend tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerEvent {
    /// What kind of news it is.
    pub(crate) name: String,
    /// The news.
    pub(crate) data: String,
}

/// Why an event could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EventError {
    /// The stream broke off.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// An event was too large to be kept. It is skipped, and the next ones can be read.
    #[error("an event has more than {LARGEST} bytes")]
    TooLarge,
}

/// A stream of events. It ends with the stream; an event that is not complete then is none.
pub(crate) struct EventStream<R> {
    from: BufReader<R>,
    largest: usize,
    /// The line that is read, without its end.
    line: Vec<u8>,
    /// The line before ended with a carriage return, to which a line feed may belong.
    after_return: bool,
    /// Nothing was read yet: a byte order mark may stand here.
    first: bool,
}

/// The event that is put together.
#[derive(Default)]
struct Draft {
    name: String,
    data: String,
    has_data: bool,
    too_large: bool,
}

/// A line, whose text is in the stream's buffer.
enum Line {
    Whole,
    TooLong,
}

impl<R: Read> EventStream<R> {
    pub(crate) fn new(from: R) -> Self {
        Self::with_largest(from, LARGEST)
    }

    fn with_largest(from: R, largest: usize) -> Self {
        Self { from: BufReader::new(from), largest, line: Vec::new(), after_return: false, first: true }
    }

    fn read_event(&mut self) -> Result<Option<ServerEvent>, EventError> {
        let mut draft = Draft::default();
        while let Some(line) = self.read_line()? {
            match line {
                Line::TooLong => draft.too_large = true,
                Line::Whole if self.line.is_empty() => {
                    if draft.too_large {
                        return Err(EventError::TooLarge);
                    }
                    if let Some(event) = draft.finish() {
                        return Ok(Some(event));
                    }
                    draft = Draft::default();
                }
                Line::Whole => draft.add(&String::from_utf8_lossy(&self.line), self.largest),
            }
        }
        Ok(None)
    }

    /// Reads up to the end of a line; `None` if the stream ends before.
    fn read_line(&mut self) -> io::Result<Option<Line>> {
        self.line.clear();
        let mut too_long = false;
        loop {
            let piece = match self.from.fill_buf() {
                Ok([]) => return Ok(None),
                Ok(piece) => piece,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let skipped = usize::from(std::mem::take(&mut self.after_return) && piece[0] == b'\n');
            let rest = &piece[skipped..];
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let text = &rest[..end.unwrap_or(rest.len())];
            if self.line.len() + text.len() > self.largest {
                too_long = true;
            } else {
                self.line.extend_from_slice(text);
            }
            self.after_return = end.is_some_and(|end| rest[end] == b'\r');
            let read = skipped + text.len() + usize::from(end.is_some());
            self.from.consume(read);
            if end.is_some() {
                if std::mem::take(&mut self.first) && self.line.starts_with(b"\xef\xbb\xbf") {
                    self.line.drain(..3);
                }
                return Ok(Some(if too_long { Line::TooLong } else { Line::Whole }));
            }
        }
    }
}

impl<R: Read> Iterator for EventStream<R> {
    type Item = Result<ServerEvent, EventError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read_event().transpose()
    }
}

impl Draft {
    /// Adds a line. A line that begins with a colon is a comment; fields of other names are for browsers.
    fn add(&mut self, line: &str, largest: usize) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" if self.data.len() + value.len() >= largest => self.too_large = true,
            "data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.data.push_str(value);
                self.has_data = true;
            }
            _ => {}
        }
    }

    /// What has no data is no event.
    fn finish(self) -> Option<ServerEvent> {
        let name = if self.name.is_empty() { "message".to_owned() } else { self.name };
        self.has_data.then_some(ServerEvent { name, data: self.data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its text in pieces of so many bytes.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(self.0.len()).min(into.len());
            into[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    /// The events of a text, `!` for one that is too large for `largest` bytes, however the text is cut into pieces.
    fn read(text: &str, largest: usize) -> Vec<(String, String)> {
        let by = |size| -> Vec<_> {
            let events = EventStream::with_largest(Pieces(text.as_bytes(), size), largest);
            let pair = |event: Result<_, EventError>| match event {
                Ok(ServerEvent { name, data }) => (name, data),
                Err(error) => ("!".to_owned(), error.to_string()),
            };
            events.map(pair).collect()
        };
        let whole = by(usize::MAX);
        for size in 1..8 {
            assert_eq!(by(size), whole, "in pieces of {size}");
        }
        whole
    }

    fn event(name: &str, data: &str) -> (String, String) {
        (name.to_owned(), data.to_owned())
    }

    #[test]
    fn events_come_out_as_they_went_in() {
        for end in ["\n", "\r\n", "\r"] {
            let text = "event: run\ndata: {\"a\": 1}\n\n:\n: keep alive\n\nevent:span\ndata:2\n\n";
            assert_eq!(read(&text.replace('\n', end), 99), [event("run", "{\"a\": 1}"), event("span", "2")]);
        }
        assert_eq!(read("data: a\ndata:  b\ndata\ndata: c\n\n", 99), [event("message", "a\n b\n\nc")]);
        assert_eq!(read("\u{feff}event: é\ndata: 日本\n\n", 99), [event("é", "日本")]);
        assert_eq!(read("id: 7\nretry: 10\nodd\nevent: x\ndata: 1\n\n", 99), [event("x", "1")]);
    }

    #[test]
    fn what_is_no_event_is_left_out() {
        assert_eq!(read("event: x\n\ndata: 1\n\n", 99), [event("message", "1")], "no data, no event");
        assert_eq!(read("event: x\ndata: 1\n", 99), [], "it broke off");
        assert_eq!(read("event: x\ndata: 1", 99), []);
        assert_eq!(read("event: x\ndata:\n\n", 99), [event("x", "")]);
        assert_eq!(read("", 99), []);
    }

    #[test]
    fn what_is_too_large_is_skipped_and_told() {
        let told = event("!", &EventError::TooLarge.to_string());
        let line = format!("data: {}\n\ndata: 2\n\n", "x".repeat(50));
        assert_eq!(read(&line, 20), [told.clone(), event("message", "2")]);
        let lines = format!("{}\nevent: y\ndata: 2\n\n", "data: 123\n".repeat(9));
        assert_eq!(read(&lines, 20), [told, event("y", "2")]);
        let comment = format!(": {}\ndata: 1\n\ndata: 2\n\n", "x".repeat(50));
        assert_eq!(read(&comment, 20).len(), 2, "what is too long to be read may have been anything");
    }

    #[test]
    fn a_stream_that_breaks_off_is_told() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::ConnectionReset.into())
            }
        }
        let mut events = EventStream::new(Pieces(b"data: 1\n\nda", 3).chain(Broken));
        assert!(matches!(events.next(), Some(Ok(ServerEvent { .. }))));
        assert!(matches!(events.next(), Some(Err(EventError::Read(_)))));
    }
}
