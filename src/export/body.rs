//! Request bodies: OTLP/JSON in gzip, which carries a checksum of its own.

use std::io::{self, BufWriter, Read, Write};

use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::GZIP_LEVEL;
use super::encode::encode;
use crate::record::SpanRecord;

/// The encoder writes a few bytes at a time, and handing each of them to the compressor takes 27 times as long.
const PIECE_BYTES: usize = 16 * 1024;

/// Encodes `batch` into the memory of `body`, whose content is forgotten; gives the size before compression too.
pub(crate) fn compress(batch: &[&SpanRecord], mut body: Vec<u8>) -> io::Result<(Vec<u8>, usize)> {
    body.clear();
    let counted = Counted { writer: GzEncoder::new(body, GZIP_LEVEL), bytes: 0 };
    let mut writer = BufWriter::with_capacity(PIECE_BYTES, counted);
    encode(batch, &mut writer)?;
    let Counted { writer, bytes } = writer.into_inner()?;
    Ok((writer.finish()?, bytes))
}

/// Whether a body that was stored is still what it was.
pub(crate) fn is_whole(body: &[u8]) -> bool {
    let mut decoder = GzDecoder::new(body);
    io::copy(&mut decoder, &mut io::sink()).is_ok() && decoder.into_inner().is_empty()
}

/// A stored body in two, the first with `spans` spans. `None` where it has not more than these.
pub(crate) fn split(body: &[u8], spans: usize) -> Option<[Vec<u8>; 2]> {
    let mut text = Vec::new();
    GzDecoder::new(body).read_to_end(&mut text).ok()?;
    let whole: Value = serde_json::from_slice(&text).ok()?;
    let part = |is_first: bool| {
        let (mut part, mut seen, mut kept) = (whole.clone(), 0, 0);
        for resource in list(&mut part, "resourceSpans") {
            for scope in list(resource, "scopeSpans") {
                let Some(list) = scope.get_mut("spans").and_then(Value::as_array_mut) else { continue };
                list.retain(|_| {
                    seen += 1;
                    (seen <= spans) == is_first
                });
                kept += list.len();
            }
        }
        let mut writer = GzEncoder::new(Vec::new(), GZIP_LEVEL);
        serde_json::to_writer(&mut writer, &part).ok()?;
        writer.finish().ok().filter(|_| kept > 0)
    };
    Some([part(true)?, part(false)?])
}

/// The members of an array, or none where there is no such array.
fn list<'a>(value: &'a mut Value, key: &str) -> impl Iterator<Item = &'a mut Value> {
    value.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten()
}

/// A writer that counts what passes.
struct Counted<W> {
    writer: W,
    bytes: usize,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.writer.write(bytes)?;
        self.bytes += written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
