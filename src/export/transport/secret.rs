//! The key joins a request beneath ureq, which at the level `trace` logs every byte of a head it writes and of an answer
//! it reads. An answer that says the key back loses it there too.

use std::fmt;

use ureq::http::HeaderValue;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

/// The value of the header `authorization`, and what ureq is given in its place: as many asterisks.
#[derive(Clone, Default)]
pub(super) struct Secret {
    value: Vec<u8>,
    /// How the stand-in looks in a head.
    line: Vec<u8>,
    key: Key,
}

const NAME: &[u8] = b"authorization: ";
const SCHEME: &[u8] = b"Bearer ";
/// What anybody may see of a key.
const PREFIX: usize = b"bl_pk_".len();

impl Secret {
    /// Takes the secret out of `value`, which is left with the stand-in.
    pub(super) fn take(value: &mut HeaderValue) -> Self {
        let stand_in = "*".repeat(value.len());
        let line = [NAME, stand_in.as_bytes(), b"\r\n"].concat();
        // Asterisks always make a header value.
        let stand_in = HeaderValue::try_from(stand_in).unwrap_or_else(|_| HeaderValue::from_static("*"));
        let value = std::mem::replace(value, stand_in).as_bytes().to_vec();
        let key = Key::new(value.strip_prefix(SCHEME).unwrap_or_default());
        Self { value, line, key }
    }

    /// Puts the secret where the stand-in is.
    fn fill_in(&self, output: &mut [u8]) {
        // A head begins what is transmitted, and comes whole.
        if self.line.is_empty() || !output.starts_with(b"POST ") {
            return;
        }
        // The first bytes tell nearly every other place apart, faster than a comparison could be called.
        let is_line = |window: &[u8]| window.starts_with(b"aut") && window == self.line;
        let found = output.windows(self.line.len()).position(is_line);
        let place = found.and_then(|start| {
            let start = start + NAME.len();
            output.get_mut(start..start + self.value.len())
        });
        if let Some(place) = place {
            place.copy_from_slice(&self.value);
        }
    }
}

/// A key as it may be said back: with its prefix and without.
#[derive(Clone, Default)]
struct Key {
    whole: Pattern,
    bare: Pattern,
}

impl Key {
    fn new(key: &[u8]) -> Self {
        Self { whole: Pattern::new(key), bare: Pattern::new(key.get(PREFIX..).unwrap_or_default()) }
    }
}

/// What is looked for in a text that is read once, byte by byte (Knuth, Morris, Pratt).
#[derive(Clone, Default)]
struct Pattern {
    bytes: Vec<u8>,
    /// By a number of bytes of the pattern: how many of its first bytes are the last of these, if not all.
    shorter: Vec<usize>,
}

impl Pattern {
    fn new(bytes: &[u8]) -> Self {
        let mut pattern = Self { bytes: bytes.to_vec(), shorter: vec![0; 2] };
        for byte in bytes.iter().skip(1) {
            let before = pattern.shorter.last().copied().unwrap_or_default();
            let shorter = pattern.next(before, *byte);
            pattern.shorter.push(shorter);
        }
        pattern
    }

    /// How many of the pattern's first bytes stand at the end of a text after `byte`, if before it there stood `seen`.
    fn next(&self, mut seen: usize, byte: u8) -> usize {
        loop {
            if self.bytes.get(seen) == Some(&byte) {
                return seen + 1;
            }
            if seen == 0 {
                return 0;
            }
            seen = self.shorter.get(seen).copied().unwrap_or_default();
        }
    }
}

/// How much of the beginning of a key stands at the end of an answer, as far as that was read.
#[derive(Default)]
struct Echo {
    whole: usize,
    bare: usize,
}

impl Echo {
    /// As many characters after the prefix as may be chance where the prefix is missing.
    const CHANCE: usize = 3;

    /// Puts asterisks over what `bytes`, the next ones of an answer, show of the key. Tells whether there was any.
    fn cover(&mut self, key: &Key, bytes: &mut [u8]) -> bool {
        let mut covered = false;
        for last in 0..bytes.len() {
            self.whole = key.whole.next(self.whole, bytes[last]);
            self.bare = key.bare.next(self.bare, bytes[last]);
            let with_prefix = self.whole.saturating_sub(PREFIX);
            let without = Some(self.bare).filter(|shown| *shown > Self::CHANCE);
            let shown = with_prefix.max(without.unwrap_or_default());
            if shown > 0 {
                bytes[(last + 1).saturating_sub(shown)..=last].fill(b'*');
                covered = true;
            }
        }
        covered
    }
}

impl fmt::Debug for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Echo").finish_non_exhaustive()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").finish_non_exhaustive()
    }
}

impl<In: Transport> Connector<In> for Secret {
    type Out = Filled<In>;

    fn connect(
        &self,
        _: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        Ok(chained.map(|connection| Filled { connection, secret: self.clone(), echo: Echo::default() }))
    }
}

/// A connection on which the stand-in is never seen.
#[derive(Debug)]
pub(super) struct Filled<T> {
    connection: T,
    secret: Secret,
    echo: Echo,
}

impl<T: Transport> Transport for Filled<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.connection.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.secret.fill_in(self.connection.buffers().output().get_mut(..amount).unwrap_or_default());
        self.connection.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let seen = self.connection.buffers().input().len();
        let has_more = self.connection.await_input(timeout)?;
        let buffers = self.connection.buffers();
        let mut fresh = buffers.input().get(seen..).unwrap_or_default().to_vec();
        if self.echo.cover(&self.secret.key, &mut fresh) {
            // A buffer gives its bytes to read only, but takes others in their place.
            let mut input = buffers.input().to_vec();
            input.truncate(seen);
            input.append(&mut fresh);
            buffers.input_consume(input.len());
            if let Some(place) = buffers.input_append_buf().get_mut(..input.len()) {
                place.copy_from_slice(&input);
                buffers.input_appended(input.len());
            }
        }
        Ok(has_more)
    }

    fn is_open(&mut self) -> bool {
        self.connection.is_open()
    }

    fn is_tls(&self) -> bool {
        self.connection.is_tls()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_says_the_key_back_loses_it_however_it_is_cut() {
        let key = &Key::new(b"bl_pk_hunter2");
        let answer = b"key bl_pk_hunter2 is bad, bl_pk_other, blbl_pk_hunter2";
        let covered = b"key bl_pk_******* is bad, bl_pk_other, blbl_pk_*******";
        for size in 1..answer.len() {
            let (mut echo, mut bytes) = (Echo::default(), answer.to_vec());
            for piece in bytes.chunks_mut(size) {
                echo.cover(key, piece);
            }
            assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(covered), "{size}");
        }
        let mut bytes = *b"unknown: hunter2";
        assert!(Echo::default().cover(key, &mut bytes));
        assert_eq!(&bytes, b"unknown: *******");
        let mut bytes = *b"token b7secret, aaab9";
        assert!(Echo::default().cover(&Key::new(b"bl_pk_b7secret"), &mut bytes));
        assert_eq!(&bytes, b"token ********, aaab9");
        assert!(!Echo::default().cover(key, &mut b"{}".to_vec()));
        assert!(!Echo::default().cover(&Key::new(b""), &mut b"anything".to_vec()));
    }

    #[test]
    fn a_pattern_knows_how_much_of_it_was_read_last() {
        let text = b"aababaaabababaabaababab";
        for length in 1..8 {
            let pattern = Pattern::new(&text[..length]);
            let mut seen = 0;
            for end in 1..=text.len() {
                seen = pattern.next(seen, text[end - 1]);
                let longest = (0..=length).rev().find(|shown| text[..end].ends_with(&text[..*shown]));
                assert_eq!(Some(seen), longest, "{length} {end}");
            }
        }
    }

    #[test]
    fn the_secret_takes_the_place_of_its_stand_in() {
        let mut value = HeaderValue::from_static("Bearer bl_pk_hunter2");
        let secret = Secret::take(&mut value);
        assert_eq!(value, "********************");
        assert!(!format!("{secret:?}").contains("hunter2"));

        let head =
            "POST /******************** HTTP/1.1\r\nauthorization: ********************\r\nhost: x\r\n\r\n";
        let mut output = head.as_bytes().to_vec();
        secret.fill_in(&mut output);
        let expected =
            "POST /******************** HTTP/1.1\r\nauthorization: Bearer bl_pk_hunter2\r\nhost: x\r\n\r\n";
        assert_eq!(String::from_utf8_lossy(&output), expected);

        for other in ["", "POST ", "\u{1f}authorization: ********************\r\n"] {
            let mut output = other.as_bytes().to_vec();
            secret.fill_in(&mut output);
            Secret::default().fill_in(&mut output);
            assert_eq!(output, other.as_bytes());
        }
    }
}
