//! JSON as it came: its keys in their order, its text fit for a terminal.

use std::fmt;
use std::io::{self, Read, Write};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::ser::{Formatter, PrettyFormatter};
use serde_json::value::RawValue;

use crate::terminal::is_text;

/// An object's members in the order in which they came.
pub(super) struct Members(pub(super) Vec<(String, Box<RawValue>)>);

/// Copies JSON, indented. It takes as much memory as the longest string in it, however long the whole is.
pub(super) fn indent(from: impl Read, to: impl Write) -> Result<(), IndentError> {
    let mut watched = Watched { stream: from, failure: None };
    let mut from = serde_json::Deserializer::from_reader(io::BufReader::new(&mut watched));
    let mut to = io::BufWriter::new(Watched { stream: to, failure: None });
    let mut writer = serde_json::Serializer::with_formatter(&mut to, Escaped(PrettyFormatter::new()));
    let copied = serde_transcode::transcode(&mut from, &mut writer).and_then(|()| from.end());
    let written = if copied.is_ok() { to.write_all(b"\n").and_then(|()| to.flush()) } else { Ok(()) };
    // What went wrong on either side went on as an error of JSON, without its kind.
    if let Some(failure) = to.get_mut().failure.take() {
        return Err(IndentError::Write(failure));
    }
    if let Some(failure) = watched.failure.take() {
        return Err(IndentError::Read(failure));
    }
    copied.map_err(IndentError::Json)?;
    written.map_err(IndentError::Write)
}

/// What went wrong, on which side.
#[derive(Debug)]
pub(super) enum IndentError {
    Write(io::Error),
    Read(io::Error),
    Json(serde_json::Error),
}

impl From<IndentError> for io::Error {
    fn from(error: IndentError) -> Self {
        match error {
            IndentError::Write(error) | IndentError::Read(error) => error,
            IndentError::Json(error) => error.into(),
        }
    }
}

/// A reader or a writer that keeps its first failure.
struct Watched<S> {
    stream: S,
    failure: Option<io::Error>,
}

impl<S> Watched<S> {
    fn watch(&mut self, act: impl FnOnce(&mut S) -> io::Result<usize>) -> io::Result<usize> {
        if let Some(failure) = &self.failure {
            return Err(failure.kind().into());
        }
        act(&mut self.stream).map_err(|error| {
            let kind = error.kind();
            if kind != io::ErrorKind::Interrupted {
                self.failure = Some(error);
            }
            kind.into()
        })
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.watch(|from| from.read(bytes))
    }
}

impl<W: Write> Write for Watched<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.watch(|to| to.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Indents, and escapes what a terminal would obey and JSON lets stand.
struct Escaped(PrettyFormatter<'static>);

impl Formatter for Escaped {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, odd)) = rest.char_indices().find(|(_, character)| !is_text(*character)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            // All of them have four digits.
            write!(writer, "\\u{:04x}", u32::from(odd))?;
            rest = &rest[at + odd.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::with_capacity(map.size_hint().unwrap_or(0));
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indented_json_keeps_its_order_and_drives_no_terminal() {
        let mut text = Vec::new();
        let json = "{\"b\":[1.0,{}],\"a\":\"x\u{202e}\u{9b}y\\u001b\"}";
        assert!(indent(json.as_bytes(), &mut text).is_ok());
        let expected = "{\n  \"b\": [\n    1.0,\n    {}\n  ],\n  \"a\": \"x\\u202e\\u009by\\u001b\"\n}\n";
        assert_eq!(String::from_utf8_lossy(&text), expected);
    }
}
