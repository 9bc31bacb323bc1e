//! Any value that serde can express, made from bytes.

use serde_core::ser::{Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple};
use serde_core::{Serialize, Serializer};

use super::Bytes;

/// One of each form that serde's data model has.
#[derive(Clone, Debug)]
pub(super) enum Any {
    None,
    Unit,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Wide(i128),
    WideUnsigned(u128),
    Single(f32),
    Double(f64),
    Char(char),
    Text(String),
    Bytes(Vec<u8>),
    UnitVariant,
    Some(Box<Any>),
    Newtype(Box<Any>),
    Variant(Box<Any>),
    Seq(Vec<Any>),
    Tuple(Vec<Any>),
    Map(Vec<(Any, Any)>),
    Struct(Box<Any>),
    Fails,
}

/// The letters that choose a form, so that an input can be written by hand; other bytes choose one too.
const FORMS: &[u8; 21] = b"nutfidwWscxbvSNVlTmoe";
/// Deeper than any bound of ours, and not so deep that dropping it would need a large stack.
const DEEPEST: usize = 200;

impl Any {
    pub(super) fn read(bytes: &mut Bytes<'_>) -> Self {
        Self::at(bytes, 0)
    }

    fn at(bytes: &mut Bytes<'_>, depth: usize) -> Self {
        if bytes.is_empty() || depth >= DEEPEST {
            return Self::None;
        }
        let form = bytes.byte();
        let known = FORMS.contains(&form);
        let form = if known { form } else { FORMS[usize::from(form) % FORMS.len()] };
        let inner = |bytes: &mut Bytes<'_>| Box::new(Self::at(bytes, depth + 1));
        let items = |bytes: &mut Bytes<'_>| {
            let count = bytes.byte() % 16;
            let mut items = Vec::new();
            while items.len() < usize::from(count) && !bytes.is_empty() {
                items.push(Self::at(bytes, depth + 1));
            }
            items
        };
        match form {
            b'u' => Self::Unit,
            b't' => Self::Bool(true),
            b'f' => Self::Bool(false),
            b'i' => Self::Signed(i64::from_le_bytes(bytes.array())),
            b'd' => Self::Double(f64::from_le_bytes(bytes.array())),
            b'w' => Self::Wide(i128::from_le_bytes(bytes.array())),
            b'W' => Self::WideUnsigned(u128::from_le_bytes(bytes.array())),
            b's' => Self::Text(text(bytes)),
            b'c' => Self::Char(text(bytes).chars().next().unwrap_or('\0')),
            b'x' => Self::Unsigned(u64::from_le_bytes(bytes.array())),
            b'b' => {
                let count = usize::from(bytes.byte());
                Self::Bytes(bytes.take(count).to_vec())
            }
            b'v' => Self::UnitVariant,
            b'S' => Self::Some(inner(bytes)),
            b'N' => Self::Newtype(inner(bytes)),
            b'V' => Self::Variant(inner(bytes)),
            b'l' => Self::Seq(items(bytes)),
            b'T' => Self::Tuple(items(bytes)),
            b'm' => {
                let items = items(bytes);
                Self::Map(items.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
            }
            b'o' => Self::Struct(inner(bytes)),
            b'e' => match bytes.byte() {
                b'!' => Self::Fails,
                _ => Self::Single(f32::from_le_bytes(bytes.array())),
            },
            _ => Self::None,
        }
    }

    /// The value without the wrappers that serde looks through.
    pub(super) fn bare(&self) -> &Self {
        match self {
            Self::Some(inner) | Self::Newtype(inner) => inner.bare(),
            other => other,
        }
    }
}

/// A length, then so many bytes of text; the upper half of the lengths repeats a shorter one.
fn text(bytes: &mut Bytes<'_>) -> String {
    let length = usize::from(bytes.byte());
    let text = String::from_utf8_lossy(bytes.take(length % 128)).into_owned();
    if length < 128 { text } else { text.repeat(64) }
}

impl Serialize for Any {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_none(),
            Self::Unit => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Signed(value) => serializer.serialize_i64(*value),
            Self::Unsigned(value) => serializer.serialize_u64(*value),
            Self::Wide(value) => serializer.serialize_i128(*value),
            Self::WideUnsigned(value) => serializer.serialize_u128(*value),
            Self::Single(value) => serializer.serialize_f32(*value),
            Self::Double(value) => serializer.serialize_f64(*value),
            Self::Char(value) => serializer.serialize_char(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Bytes(value) => serializer.serialize_bytes(value),
            Self::UnitVariant => serializer.serialize_unit_variant("Any", 0, "Unit"),
            Self::Some(inner) => serializer.serialize_some(inner),
            Self::Newtype(inner) => serializer.serialize_newtype_struct("Any", inner),
            Self::Variant(inner) => serializer.serialize_newtype_variant("Any", 1, "Variant", inner),
            Self::Seq(items) => {
                let mut seq = serializer.serialize_seq(None)?;
                items.iter().try_for_each(|item| seq.serialize_element(item))?;
                seq.end()
            }
            Self::Tuple(items) => {
                let mut tuple = serializer.serialize_tuple(items.len())?;
                items.iter().try_for_each(|item| tuple.serialize_element(item))?;
                tuple.end()
            }
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                entries.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
            Self::Struct(inner) => {
                let mut object = serializer.serialize_struct("Any", 1)?;
                object.serialize_field("field", inner)?;
                object.end()
            }
            Self::Fails => Err(S::Error::custom("it refuses")),
        }
    }
}
