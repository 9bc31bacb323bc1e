//! The key joins a request beneath ureq, which at the level `trace` logs every byte of a head it writes.

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
        Ok(chained.map(|connection| Filled { connection, secret: self.clone() }))
    }
}

/// A connection on which the stand-in is never seen.
#[derive(Debug)]
pub(super) struct Filled<T> {
    connection: T,
    secret: Secret,
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
        self.connection.await_input(timeout)
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
