//! The values that OTLP knows.

use std::borrow::Cow;
use std::mem::size_of;

/// A value as OTLP carries it. Anything richer travels as its JSON text (`wire.md`, "Values").
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Bool(bool),
    Int(i64),
    Double(f64),
    String(Cow<'a, str>),
    Array(Cow<'a, Array>),
}

/// A value that is neither a text nor an array.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scalar {
    Bool(bool),
    Int(i64),
    Double(f64),
}

/// An array of one scalar type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Array {
    Bool(Vec<bool>),
    Int(Vec<i64>),
    Double(Vec<f64>),
    String(Vec<String>),
}

#[cfg(any(test, fuzzing))]
impl Value<'_> {
    pub(crate) fn into_owned(self) -> Value<'static> {
        match self {
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::Double(value) => Value::Double(value),
            Self::String(text) => text.into_owned().into(),
            Self::Array(array) => array.into_owned().into(),
        }
    }
}

impl Array {
    /// Bytes on the heap, for the byte budget of the queue.
    pub(crate) fn heap_size(&self) -> usize {
        match self {
            Self::Bool(items) => items.capacity(),
            Self::Int(items) => items.capacity() * size_of::<i64>(),
            Self::Double(items) => items.capacity() * size_of::<f64>(),
            Self::String(items) => {
                items.capacity() * size_of::<String>() + items.iter().map(String::capacity).sum::<usize>()
            }
        }
    }
}

impl From<Value<'_>> for serde_json::Value {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Bool(value) => value.into(),
            Value::Int(value) => value.into(),
            Value::Double(value) => value.into(),
            Value::String(text) => text.into(),
            Value::Array(array) => match array.into_owned() {
                Array::Bool(items) => items.into(),
                Array::Int(items) => items.into(),
                Array::Double(items) => items.into(),
                Array::String(items) => items.into(),
            },
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::String(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::String(Cow::Owned(text))
    }
}

impl From<Array> for Value<'_> {
    fn from(array: Array) -> Self {
        Self::Array(Cow::Owned(array))
    }
}

impl From<Scalar> for Value<'_> {
    fn from(scalar: Scalar) -> Self {
        match scalar {
            Scalar::Bool(value) => Self::Bool(value),
            Scalar::Int(value) => Self::Int(value),
            Scalar::Double(value) => Self::Double(value),
        }
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Self::Double(value)
    }
}

impl From<u64> for Value<'_> {
    /// Counts beyond `i64`, which no real one reaches, saturate.
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}
