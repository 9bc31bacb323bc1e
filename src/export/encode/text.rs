//! JSON's smallest parts, gathered into pieces that are worth a writer's while.

use std::io::{self, Write};

use serde_core::Serialize;

/// A compressor that is handed a few bytes at a time takes 27 times as long; pieces much larger leave the nearest cache.
const PIECE_BYTES: usize = 16 * 1024;

/// Text on its way to `writer`. What is put is small; what may be large goes in piece by piece.
pub(super) struct Text<W> {
    piece: Vec<u8>,
    writer: W,
}

impl<W: Write> Text<W> {
    pub(super) fn new(writer: W) -> Self {
        Self { piece: Vec::with_capacity(2 * PIECE_BYTES), writer }
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.writer.write_all(&self.piece)
    }

    #[inline]
    pub(super) fn put(&mut self, json: &[u8]) {
        self.piece.extend_from_slice(json);
    }

    /// Bytes as lower-case hex digits.
    #[inline]
    pub(super) fn hex<const N: usize>(&mut self, bytes: &[u8; N]) {
        for byte in bytes {
            self.piece.extend_from_slice(&digits(*byte));
        }
    }

    /// A number as JSON has it, without quotes.
    #[inline]
    pub(super) fn number(&mut self, number: impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.piece, &number).map_err(io::Error::from)
    }

    /// A string with its quotes.
    #[inline]
    pub(super) fn string(&mut self, text: &str) -> io::Result<()> {
        self.piece.push(b'"');
        let mut rest = text.as_bytes();
        while let Some((now, later)) = rest.split_at_checked(PIECE_BYTES) {
            escape(now, &mut self.piece);
            self.pass_on()?;
            rest = later;
        }
        escape(rest, &mut self.piece);
        self.piece.push(b'"');
        Ok(())
    }

    /// Hands the piece to the writer if it is worth it. Whatever may be repeated without a bound is followed by this.
    #[inline]
    pub(super) fn pass_on(&mut self) -> io::Result<()> {
        if self.piece.len() >= PIECE_BYTES {
            self.writer.write_all(&self.piece)?;
            self.piece.clear();
        }
        Ok(())
    }
}

/// Copies the bytes of a text, with those replaced that cannot stand in a JSON string.
#[inline]
fn escape(mut bytes: &[u8], json: &mut Vec<u8>) {
    while let Some((run, rest)) = bytes.split_at_checked(plain(bytes)) {
        json.extend_from_slice(run);
        let Some((special, rest)) = rest.split_first() else { break };
        match special {
            b'"' => json.extend_from_slice(br#"\""#),
            b'\\' => json.extend_from_slice(br"\\"),
            b'\n' => json.extend_from_slice(br"\n"),
            b'\r' => json.extend_from_slice(br"\r"),
            b'\t' => json.extend_from_slice(br"\t"),
            0x08 => json.extend_from_slice(br"\b"),
            0x0c => json.extend_from_slice(br"\f"),
            control => {
                json.extend_from_slice(br"\u00");
                json.extend_from_slice(&digits(*control));
            }
        }
        bytes = rest;
    }
}

/// How many bytes at the beginning stand for themselves in a JSON string. Eight are looked at at once.
#[inline]
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let (words, tail) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The high bit of a byte tells that it was below the number it is lessened by. A borrow can only make later
        // bytes look so, and the first decides.
        let below = |word: u64, bound: u64| word.wrapping_sub(ONES * bound) & !word;
        let special = below(word, 0x20) | below(word ^ (ONES * 0x22), 1) | below(word ^ (ONES * 0x5c), 1);
        let special = special & (ONES * 0x80);
        if special != 0 {
            return index * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let special = |byte: &u8| *byte < 0x20 || matches!(byte, b'"' | b'\\');
    bytes.len() - tail.len() + tail.iter().position(special).unwrap_or(tail.len())
}

const fn digits(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [DIGITS[(byte >> 4) as usize], DIGITS[(byte & 15) as usize]]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> io::Result<String> {
        let mut json = Vec::new();
        let mut gathered = Text::new(&mut json);
        gathered.string(text)?;
        gathered.finish()?;
        String::from_utf8(json).map_err(io::Error::other)
    }

    #[test]
    fn every_character_at_every_place_is_escaped_as_serde_json_does() -> io::Result<()> {
        let characters = ('\0'..='\u{100}').chain(['\u{2028}', '日', '😀']);
        for character in characters {
            for place in 0..17 {
                let text = format!("{}{character}{}", "a".repeat(place), "\"\u{80}".repeat(17 - place));
                assert_eq!(json(&text)?, serde_json::to_string(&text)?);
            }
        }
        Ok(())
    }

    #[test]
    fn a_long_string_is_the_same_in_pieces() -> io::Result<()> {
        for length in [PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES] {
            // The cuts fall into characters, which JSON does not mind.
            let text: String = "é\n日\u{1}".chars().cycle().take(length).collect();
            assert_eq!(json(&text)?, serde_json::to_string(&text)?);
        }
        Ok(())
    }

    #[test]
    fn pieces_are_handed_over_before_they_grow() -> io::Result<()> {
        struct Largest(usize);
        impl Write for &mut Largest {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 = self.0.max(bytes.len());
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut largest = Largest(0);
        let mut text = Text::new(&mut largest);
        for _ in 0..100 {
            text.string(&"a".repeat(PIECE_BYTES * 5 / 2))?;
            text.pass_on()?;
        }
        text.finish()?;
        assert!((PIECE_BYTES..=3 * PIECE_BYTES).contains(&largest.0), "{}", largest.0);
        Ok(())
    }
}
