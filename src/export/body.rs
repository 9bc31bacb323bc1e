//! Request bodies: OTLP/JSON in gzip, which carries a checksum of its own.

use std::io::{self, Read, Write};

use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use flate2::{Compress, Compression, FlushCompress, Status};
use serde_json::Value;

use super::GZIP_LEVEL;
use super::encode::encode;
use crate::record::SpanRecord;

/// For a span or two the making of a code of their own takes longer than everything else. This level has one ready, at
/// the price of a hundred bytes, and whoever waits for a flush has it a third sooner.
const FEW_SPANS: Compression = Compression::new(1);
const FEW_BYTES: usize = 2 * 1024;
/// What small spans say they say again, and the first match found is as good as any: level 3 takes 1.25 times as long
/// for 5 % of the bytes.
const SMALL_SPANS: Compression = Compression::new(2);
/// From this mean size of a batch's spans on it is texts that are compressed, hence at `GZIP_LEVEL`.
const LARGE_SPAN_BYTES: usize = 8 * 1024;
/// The largest window there is, as the power of two.
const WINDOW_BITS: u8 = 15;
/// The least room in the body for the compressor to write to.
const ROOM_BYTES: usize = 16 * 1024;
/// More memory than this is given back after a body, so that one large batch does not stay for good.
const KEPT_BYTES: usize = 512 * 1024;

/// Makes bodies in memory that it keeps: what the compressor works in is 260 KB, which for a single span takes longer to
/// get than to use.
#[derive(Debug, Default)]
pub(crate) struct Compressor {
    deflate: Option<Compress>,
    body: Vec<u8>,
}

impl Compressor {
    /// Encodes `batch`, and lends the body, with its size before compression, to `take`.
    pub(crate) fn compress<T>(
        &mut self,
        batch: &[&SpanRecord],
        take: impl FnOnce(&[u8], usize) -> T,
    ) -> io::Result<T> {
        let bytes: usize = batch.iter().map(|span| span.size()).sum();
        let level = match bytes {
            ..=FEW_BYTES => FEW_SPANS,
            _ if bytes / batch.len().max(1) < LARGE_SPAN_BYTES => SMALL_SPANS,
            _ => GZIP_LEVEL,
        };
        let deflate = match &mut self.deflate {
            Some(used) => {
                used.reset();
                used.set_level(level)?;
                used
            }
            none => none.insert(Compress::new_gzip(level, WINDOW_BITS)),
        };
        self.body.clear();
        let mut deflating = Deflating { deflate, body: &mut self.body };
        encode(batch, &mut deflating)?;
        while deflating.step(&[], FlushCompress::Finish)? != Status::StreamEnd {}
        let size = usize::try_from(deflate.total_in()).unwrap_or(usize::MAX);
        let taken = take(&self.body, size);
        self.body.clear();
        self.body.shrink_to(KEPT_BYTES);
        Ok(taken)
    }
}

/// A writer through the compressor to the body.
struct Deflating<'a> {
    deflate: &'a mut Compress,
    body: &'a mut Vec<u8>,
}

impl Deflating<'_> {
    fn step(&mut self, bytes: &[u8], flush: FlushCompress) -> io::Result<Status> {
        self.body.reserve(ROOM_BYTES);
        Ok(self.deflate.compress_vec(bytes, self.body, flush)?)
    }
}

impl Write for Deflating<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let before = self.deflate.total_in();
        self.step(bytes, FlushCompress::None)?;
        Ok(usize::try_from(self.deflate.total_in() - before).unwrap_or(bytes.len()))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::encode::tests::plain_span;

    fn inflate(body: &[u8]) -> io::Result<Vec<u8>> {
        let (mut plain, mut decoder) = (Vec::new(), GzDecoder::new(body));
        decoder.read_to_end(&mut plain)?;
        assert!(decoder.into_inner().is_empty(), "nothing follows a body");
        Ok(plain)
    }

    /// A text that does not compress away.
    fn noise(bytes: usize) -> String {
        let mut state = 1_u64;
        let mut letter = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b'0' + (state >> 58) as u8)
        };
        (0..bytes).map(|_| letter()).collect()
    }

    #[test]
    fn every_body_of_one_compressor_is_whole() -> io::Result<()> {
        let mut compressor = Compressor::default();
        // From each level to the others and back, with bodies larger than any buffer in between.
        for bytes in [0, 2_000, 10, 100_000, 2_000, 10, 3_000_000, 0, 20_000, 20_000] {
            let Some(mut span) = plain_span("answer") else { continue };
            span.attributes.set("input.value", noise(bytes));
            let batch = [&span; 3];
            let mut expected = Vec::new();
            encode(&batch, &mut expected)?;
            compressor.compress(&batch, |body, size| {
                assert_eq!(size, expected.len());
                assert!(is_whole(body));
                inflate(body).map(|plain| assert!(plain == expected, "{bytes}"))
            })??;
            assert!(compressor.body.capacity() <= KEPT_BYTES, "{bytes}");
        }
        Ok(())
    }

    #[test]
    fn an_empty_batch_is_a_body_too() -> io::Result<()> {
        let body = Compressor::default().compress(&[], |body, _| inflate(body))??;
        assert_eq!(body, br#"{"resourceSpans":[]}"#);
        Ok(())
    }
}
