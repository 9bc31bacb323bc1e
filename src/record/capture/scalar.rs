//! The values that OTLP carries with their type: scalars, and arrays of one scalar type.

use std::fmt;

use serde_core::Serialize;
use serde_core::ser::{self, Impossible, Serializer};

use super::{Content, Text};
use crate::record::{Array, Limits, Value};

/// `value` with its type, a string within the limits, or the verdict that it needs JSON text.
pub(super) fn of<T: Serialize + ?Sized>(value: &T, limits: Limits) -> Scalarised {
    value.serialize(Scalar { in_array: false, limits })
}

/// Takes scalars and arrays of one scalar type, and refuses the rest at the first sign of structure.
struct Scalar {
    in_array: bool,
    limits: Limits,
}

impl Scalar {
    /// OTLP arrays of one scalar type do not nest; stopping here also bounds the recursion.
    fn elements(self) -> Result<Elements, NotScalar> {
        if self.in_array {
            return Err(NotScalar);
        }
        Ok(Elements { items: None, bytes: 0, limits: self.limits })
    }
}

/// The value needs JSON text.
#[derive(Debug)]
pub(super) struct NotScalar;

impl fmt::Display for NotScalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("neither a scalar nor an array of one scalar type")
    }
}

impl std::error::Error for NotScalar {}

impl ser::Error for NotScalar {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

pub(super) type Scalarised = Result<Content, NotScalar>;

fn int<T: TryInto<i64>>(value: T) -> Scalarised {
    // A number past 64 bits goes out as its decimal text.
    value.try_into().map(|value| Content::Value(Value::Int(value))).map_err(|_| NotScalar)
}

macro_rules! integers {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Scalarised {
            int(value)
        })*
    };
}

impl Serializer for Scalar {
    type Ok = Content;
    type Error = NotScalar;
    type SerializeSeq = Elements;
    type SerializeTuple = Elements;
    type SerializeTupleStruct = Elements;
    type SerializeTupleVariant = Impossible<Self::Ok, NotScalar>;
    type SerializeMap = Impossible<Self::Ok, NotScalar>;
    type SerializeStruct = Impossible<Self::Ok, NotScalar>;
    type SerializeStructVariant = Impossible<Self::Ok, NotScalar>;

    integers!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128
    );

    fn serialize_bool(self, value: bool) -> Scalarised {
        Ok(Content::Value(Value::Bool(value)))
    }

    fn serialize_f32(self, value: f32) -> Scalarised {
        self.serialize_f64(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Scalarised {
        Ok(Content::Value(Value::Double(value)))
    }

    fn serialize_char(self, value: char) -> Scalarised {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Scalarised {
        Ok(Content::Text(Text::of_str(value, self.limits)))
    }

    fn serialize_bytes(self, _: &[u8]) -> Scalarised {
        Err(NotScalar)
    }

    fn serialize_none(self) -> Scalarised {
        Ok(Content::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Scalarised {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Scalarised {
        Ok(Content::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Scalarised {
        Ok(Content::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Scalarised {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Scalarised {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Scalarised {
        Err(NotScalar)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Elements, NotScalar> {
        self.elements()
    }

    fn serialize_tuple(self, _: usize) -> Result<Elements, NotScalar> {
        self.elements()
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Elements, NotScalar> {
        self.elements()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, NotScalar> {
        Err(NotScalar)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, NotScalar> {
        Err(NotScalar)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, NotScalar> {
        Err(NotScalar)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, NotScalar> {
        Err(NotScalar)
    }
}

/// The elements so far; the first one decides the type.
struct Elements {
    items: Option<Array>,
    bytes: usize,
    limits: Limits,
}

impl Elements {
    fn push<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), NotScalar> {
        let item = match element.serialize(Scalar { in_array: true, limits: self.limits })? {
            Content::Value(item) => item,
            Content::Text(Text { kept, cut_from: None, fault: None }) => Value::String(kept),
            Content::Null | Content::Text(_) => return Err(NotScalar),
        };
        self.bytes += size_of::<i64>() + item.heap_size();
        if self.bytes > self.limits.value_bytes {
            // As text it can be cut.
            return Err(NotScalar);
        }
        match (&mut self.items, item) {
            (Some(Array::Bool(items)), Value::Bool(item)) => items.push(item),
            (Some(Array::Int(items)), Value::Int(item)) => items.push(item),
            (Some(Array::Double(items)), Value::Double(item)) => items.push(item),
            (Some(Array::String(items)), Value::String(item)) => items.push(item),
            (first @ None, item) => {
                *first = Some(match item {
                    Value::Bool(item) => Array::Bool(vec![item]),
                    Value::Int(item) => Array::Int(vec![item]),
                    Value::Double(item) => Array::Double(vec![item]),
                    Value::String(item) => Array::String(vec![item]),
                    Value::Array(_) => return Err(NotScalar),
                });
            }
            _ => return Err(NotScalar),
        }
        Ok(())
    }

    fn finish(self) -> Content {
        Content::Value(Value::Array(self.items.unwrap_or(Array::String(Vec::new()))))
    }
}

macro_rules! elements {
    ($($trait:ident: $method:ident),*) => {
        $(impl ser::$trait for Elements {
            type Ok = Content;
            type Error = NotScalar;

            fn $method<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), NotScalar> {
                self.push(element)
            }

            fn end(self) -> Scalarised {
                Ok(self.finish())
            }
        })*
    };
}

elements!(SerializeSeq: serialize_element, SerializeTuple: serialize_element, SerializeTupleStruct: serialize_field);
