//! The two ids of a span: parsed once, so that whoever holds one need not check it again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Names a run: 16 bytes, written as 32 lower-case hex digits, never all zero.
///
/// ```
/// let id: bento_local::TraceId = "4BF92F3577B34DA6A3CE929D0E0E4736".parse()?;
/// assert_eq!(id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
/// # Ok::<(), bento_local::IdError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId([u8; 16]);

/// Names a span within its run: 8 bytes, written as 16 lower-case hex digits, never all zero.
///
/// ```
/// let id: Result<bento_local::SpanId, _> = "0000000000000000".parse();
/// assert_eq!(id, Err(bento_local::IdError::Zero));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanId([u8; 8]);

/// Why a text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// It is too short or too long.
    #[error("has {found} characters instead of {expected} hex digits")]
    Length {
        /// How many hex digits the id has.
        expected: usize,
        /// How many bytes the text has.
        found: usize,
    },
    /// A character is not a hex digit.
    #[error("is not made of hex digits")]
    NotHex,
    /// All digits are zero, which means "no id".
    #[error("is all zeros")]
    Zero,
}

const HEX: &[u8; 16] = b"0123456789abcdef";

macro_rules! id_text {
    ($id:ident) => {
        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // Written for every span that is stored, and formatting byte by byte takes ten times as long.
                let mut text = [0; 32];
                let digits = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
                for (place, digit) in text.iter_mut().zip(digits) {
                    *place = HEX[usize::from(digit)];
                }
                f.write_str(std::str::from_utf8(&text[..2 * self.0.len()]).map_err(|_| fmt::Error)?)
            }
        }

        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($id))
            }
        }

        impl FromStr for $id {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse(text).map(Self)
            }
        }

        impl Serialize for $id {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $id {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

id_text!(TraceId);
id_text!(SpanId);

fn parse<const N: usize>(text: &str) -> Result<[u8; N], IdError> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return Err(IdError::Length { expected: 2 * N, found: digits.len() });
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = hex(pair[0])? << 4 | hex(pair[1])?;
    }
    if bytes == [0; N] { Err(IdError::Zero) } else { Ok(bytes) }
}

fn hex(digit: u8) -> Result<u8, IdError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(IdError::NotHex),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_case_is_read_and_lower_case_is_written() {
        let id: Result<SpanId, _> = "00F067aa0BA902b7".parse();
        assert_eq!(id.map(|id| id.to_string()).as_deref(), Ok("00f067aa0ba902b7"));
    }

    #[test]
    fn what_is_not_an_id_says_why() {
        let reason = |text: &str| text.parse::<SpanId>().err();
        assert_eq!(reason(""), Some(IdError::Length { expected: 16, found: 0 }));
        assert_eq!(reason("00f067aa0ba902b7aa"), Some(IdError::Length { expected: 16, found: 18 }));
        assert_eq!(reason("00f067aa0ba902bg"), Some(IdError::NotHex));
        assert_eq!(reason("00f067aa0ba902é"), Some(IdError::NotHex));
        assert_eq!(reason("0000000000000000"), Some(IdError::Zero));
    }
}
