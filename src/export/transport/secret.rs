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
        Self { value: std::mem::replace(value, stand_in).as_bytes().to_vec(), line }
    }

    /// Puts the secret where the stand-in is.
    fn fill_in(&self, output: &mut [u8]) {
        // A head begins what is transmitted, and comes whole.
        if self.line.is_empty() || !output.starts_with(b"POST ") {
            return;
        }
        let found = output.windows(self.line.len()).position(|window| window == self.line);
        let place = found.and_then(|start| {
            let start = start + NAME.len();
            output.get_mut(start..start + self.value.len())
        });
        if let Some(place) = place {
            place.copy_from_slice(&self.value);
        }
    }
}

/// The last bytes of an answer, which may be saying a key back, with its prefix or without.
#[derive(Default)]
struct Echo {
    tail: Vec<u8>,
}

impl Echo {
    /// As many characters after the prefix as may be chance where the prefix is missing.
    const CHANCE: usize = 3;

    /// Puts asterisks over what `bytes`, the next ones of an answer, show of the key. Tells whether there was any.
    fn cover(&mut self, key: &[u8], bytes: &mut [u8]) -> bool {
        let mut seen = std::mem::take(&mut self.tail);
        let before = seen.len();
        seen.extend_from_slice(bytes);
        let bare = key.get(PREFIX..).unwrap_or_default();
        let mut covered = false;
        for end in before + 1..=seen.len() {
            let with_prefix = longest_beginning(key, &seen[..end]).saturating_sub(PREFIX);
            let without = Some(longest_beginning(bare, &seen[..end])).filter(|shown| *shown > Self::CHANCE);
            let shown = with_prefix.max(without.unwrap_or_default());
            if shown > 0 {
                bytes[(end - shown).saturating_sub(before)..end - before].fill(b'*');
                covered = true;
            }
        }
        self.tail = seen.split_off(seen.len().saturating_sub(key.len()));
        covered
    }
}

/// How much of the beginning of `pattern` stands at the end of `text`.
fn longest_beginning(pattern: &[u8], text: &[u8]) -> usize {
    let most = pattern.len().min(text.len());
    (1..=most).rev().find(|length| text.ends_with(&pattern[..*length])).unwrap_or(0)
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
        let mut input = buffers.input().to_vec();
        let key = self.secret.value.strip_prefix(SCHEME).unwrap_or_default();
        if self.echo.cover(key, input.get_mut(seen..).unwrap_or_default()) {
            // A buffer gives its bytes to read only, but takes others in their place.
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
        let key = b"bl_pk_hunter2";
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
        assert!(Echo::default().cover(b"bl_pk_b7secret", &mut bytes));
        assert_eq!(&bytes, b"token ********, aaab9");
        assert!(!Echo::default().cover(key, &mut b"{}".to_vec()));
        assert!(!Echo::default().cover(b"", &mut b"anything".to_vec()));
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
