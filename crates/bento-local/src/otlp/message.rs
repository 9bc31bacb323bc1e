//! The OTLP/JSON messages, as serde reads them.
//!
//! Lenient where the protocol asks a receiver to be: unknown fields are ignored, a missing or null field is its default, a
//! 64-bit integer may be a JSON number or a decimal string. Strict where it does not: names are lowerCamelCase and enums are numbers.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Number, Value};

use crate::Attributes;

/// Elements of a list of spans, or of groups of spans. A body of two bytes a span would else take sixteen for each.
pub(super) const MOST_SPANS: usize = 1_000_000;

/// Elements of a list within a span.
const MOST_VALUES: usize = 100_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request<'a> {
    #[serde(borrow)]
    pub(super) resource_spans: Option<List<Object<ResourceSpans<'a>>, MOST_SPANS>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResourceSpans<'a> {
    #[serde(borrow)]
    pub(super) resource: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) scope_spans: Option<List<Object<ScopeSpans<'a>>, MOST_SPANS>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ScopeSpans<'a> {
    #[serde(borrow)]
    pub(super) spans: Option<List<&'a RawValue, MOST_SPANS>>,
}

#[derive(Deserialize)]
pub(super) struct Resource {
    attributes: Option<List<Object<KeyValue>, MOST_VALUES>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SpanMessage {
    pub(super) trace_id: Option<String>,
    pub(super) span_id: Option<String>,
    pub(super) parent_span_id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) start_time_unix_nano: Option<Nanos>,
    pub(super) end_time_unix_nano: Option<Nanos>,
    attributes: Option<List<Object<KeyValue>, MOST_VALUES>>,
    pub(super) events: Option<List<Object<EventMessage>, MOST_VALUES>>,
    pub(super) status: Option<Object<StatusMessage>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventMessage {
    pub(super) name: Option<String>,
    pub(super) time_unix_nano: Option<Nanos>,
    attributes: Option<List<Object<KeyValue>, MOST_VALUES>>,
}

#[derive(Default, Deserialize)]
pub(super) struct StatusMessage {
    pub(super) code: Option<i32>,
    pub(super) message: Option<String>,
}

#[derive(Deserialize)]
struct KeyValue {
    key: Option<String>,
    value: Option<Object<AnyValue>>,
}

#[derive(Deserialize)]
struct AnyValue {
    #[serde(rename = "stringValue")]
    string: Option<String>,
    #[serde(rename = "boolValue")]
    bool: Option<bool>,
    #[serde(rename = "intValue")]
    int: Option<Int>,
    #[serde(rename = "doubleValue")]
    double: Option<Double>,
    #[serde(rename = "arrayValue")]
    array: Option<Object<Values<AnyValue>>>,
    #[serde(rename = "kvlistValue")]
    list: Option<Object<Values<KeyValue>>>,
    /// Base64; it stays so, for JSON has no bytes.
    #[serde(rename = "bytesValue")]
    bytes: Option<String>,
}

#[derive(Deserialize)]
struct Values<T> {
    values: Option<List<Object<T>, MOST_VALUES>>,
}

/// A message that is written as an object. By itself serde takes an array of a struct's fields for the struct.
#[derive(Debug)]
pub(super) struct Object<T>(pub(super) T);

/// A list of at most so many elements.
#[derive(Debug)]
pub(super) struct List<T, const MOST: usize>(Vec<T>);

/// A 64-bit unsigned time.
#[derive(Clone, Copy)]
pub(super) struct Nanos(pub(super) u64);

struct Int(i64);

struct Double(f64);

impl Resource {
    pub(super) fn into_attributes(self) -> Attributes {
        object(self.attributes)
    }
}

impl SpanMessage {
    pub(super) fn take_attributes(&mut self) -> Attributes {
        object(self.attributes.take())
    }
}

impl EventMessage {
    pub(super) fn take_attributes(&mut self) -> Attributes {
        object(self.attributes.take())
    }
}

/// Where a key stands twice, which OTLP forbids, the last one counts.
fn object(pairs: Option<List<Object<KeyValue>, MOST_VALUES>>) -> Attributes {
    let pairs = pairs.into_iter().flatten();
    let pairs = pairs.map(|Object(KeyValue { key, value })| {
        (key.unwrap_or_default(), value.map_or(Value::Null, |Object(value)| value.into_json()))
    });
    pairs.collect()
}

impl AnyValue {
    fn into_json(self) -> Value {
        if let Some(text) = self.string.or(self.bytes) {
            Value::String(text)
        } else if let Some(yes) = self.bool {
            Value::Bool(yes)
        } else if let Some(Int(int)) = self.int {
            Value::from(int)
        } else if let Some(double) = self.double {
            double.into_json()
        } else if let Some(Object(array)) = self.array {
            Value::Array(array.values.into_iter().flatten().map(|Object(value)| value.into_json()).collect())
        } else if let Some(Object(list)) = self.list {
            Value::Object(object(list.values))
        } else {
            Value::Null
        }
    }
}

impl Double {
    /// What JSON has no number for is the name that OTLP/JSON gives it.
    fn into_json(self) -> Value {
        match Number::from_f64(self.0) {
            Some(number) => Value::Number(number),
            None if self.0.is_nan() => Value::from("NaN"),
            None if self.0 > 0.0 => Value::from("Infinity"),
            None => Value::from("-Infinity"),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

impl<T, const MOST: usize> IntoIterator for List<T, MOST> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for List<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor::<T, MOST>(PhantomData))
    }
}

struct ListVisitor<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for ListVisitor<T, MOST> {
    type Value = List<T, MOST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {MOST} elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<List<T, MOST>, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            if list.len() == MOST {
                return Err(A::Error::invalid_length(MOST + 1, &self));
            }
            list.push(element);
        }
        Ok(List(list))
    }
}

/// Reads a number that may be written as a string.
struct NumberOrText<T> {
    expecting: &'static str,
    from_unsigned: fn(u64) -> Option<T>,
    from_signed: fn(i64) -> Option<T>,
    from_float: fn(f64) -> Option<T>,
    from_text: fn(&str) -> Option<T>,
}

impl<T> Visitor<'_> for NumberOrText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        (self.from_unsigned)(number).ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        (self.from_signed)(number).ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        (self.from_float)(number).ok_or_else(|| E::invalid_value(Unexpected::Float(number), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.from_text)(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

impl<'de> Deserialize<'de> for Nanos {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrText {
            expecting: "an unsigned 64-bit integer, as a number or a decimal string",
            from_unsigned: |number| Some(Self(number)),
            from_signed: |number| number.try_into().ok().map(Self),
            from_float: |_| None,
            from_text: |text| text.parse().ok().map(Self),
        })
    }
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrText {
            expecting: "a 64-bit integer, as a number or a decimal string",
            from_unsigned: |number| number.try_into().ok().map(Self),
            from_signed: |number| Some(Self(number)),
            from_float: |_| None,
            from_text: |text| text.parse().ok().map(Self),
        })
    }
}

impl<'de> Deserialize<'de> for Double {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a double on the wire is a double, however it is spelled"
        )]
        deserializer.deserialize_any(NumberOrText {
            expecting: "a number, \"NaN\", \"Infinity\" or \"-Infinity\"",
            from_unsigned: |number| Some(Self(number as f64)),
            from_signed: |number| Some(Self(number as f64)),
            from_float: |number| Some(Self(number)),
            from_text: |text| text.parse().ok().map(Self),
        })
    }
}
