//! The values that OTLP carries with their type: scalars, and arrays of one scalar type.

use std::fmt;

use serde_core::Serialize;
use serde_core::ser::{self, Impossible, Serializer};

use super::{Content, Text};
use crate::record::{Array, Limits, Value};

/// Shows `take` the value with its type, a string within the limits; or gives the verdict that it needs JSON text.
pub(super) fn read<T: Serialize + ?Sized>(
    value: &T,
    limits: Limits,
    take: &mut dyn FnMut(Content<'_>),
) -> Scalarised {
    value.serialize(Scalar { in_array: false, limits, take })
}

/// Takes scalars and arrays of one scalar type, and refuses the rest at the first sign of structure.
struct Scalar<'a> {
    in_array: bool,
    limits: Limits,
    take: &'a mut dyn FnMut(Content<'_>),
}

impl<'a> Scalar<'a> {
    #[expect(clippy::unnecessary_wraps, reason = "it is what the methods of a serializer give")]
    fn value<'v>(self, value: impl Into<Value<'v>>) -> Scalarised {
        (self.take)(Content::Value(value.into()));
        Ok(())
    }

    fn int<T: TryInto<i64>>(self, value: T) -> Scalarised {
        // A number past 64 bits goes out as its decimal text.
        self.value(Value::Int(value.try_into().map_err(|_| NotScalar)?))
    }

    #[expect(clippy::unnecessary_wraps, reason = "it is what the methods of a serializer give")]
    fn null(self) -> Scalarised {
        (self.take)(Content::Null);
        Ok(())
    }

    /// OTLP arrays of one scalar type do not nest; stopping here also bounds the recursion.
    fn elements(self) -> Result<Elements<'a>, NotScalar> {
        if self.in_array {
            return Err(NotScalar);
        }
        Ok(Elements { items: None, bytes: 0, limits: self.limits, take: self.take })
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

pub(super) type Scalarised = Result<(), NotScalar>;

macro_rules! integers {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Scalarised {
            self.int(value)
        })*
    };
}

impl<'a> Serializer for Scalar<'a> {
    type Ok = ();
    type Error = NotScalar;
    type SerializeSeq = Elements<'a>;
    type SerializeTuple = Elements<'a>;
    type SerializeTupleStruct = Elements<'a>;
    type SerializeTupleVariant = Impossible<Self::Ok, NotScalar>;
    type SerializeMap = Impossible<Self::Ok, NotScalar>;
    type SerializeStruct = Impossible<Self::Ok, NotScalar>;
    type SerializeStructVariant = Impossible<Self::Ok, NotScalar>;

    integers!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128
    );

    fn serialize_bool(self, value: bool) -> Scalarised {
        self.value(value)
    }

    fn serialize_f32(self, value: f32) -> Scalarised {
        self.serialize_f64(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Scalarised {
        self.value(value)
    }

    fn serialize_char(self, value: char) -> Scalarised {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Scalarised {
        (self.take)(Content::Text(Text::of_str(value, self.limits)));
        Ok(())
    }

    fn serialize_bytes(self, _: &[u8]) -> Scalarised {
        Err(NotScalar)
    }

    fn serialize_none(self) -> Scalarised {
        self.null()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Scalarised {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Scalarised {
        self.null()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Scalarised {
        self.null()
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

    fn serialize_seq(self, _: Option<usize>) -> Result<Elements<'a>, NotScalar> {
        self.elements()
    }

    fn serialize_tuple(self, _: usize) -> Result<Elements<'a>, NotScalar> {
        self.elements()
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Elements<'a>, NotScalar> {
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
struct Elements<'a> {
    items: Option<Array>,
    bytes: usize,
    limits: Limits,
    take: &'a mut dyn FnMut(Content<'_>),
}

impl Elements<'_> {
    fn push<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), NotScalar> {
        let mut item = Err(NotScalar);
        let mut take = |content: Content<'_>| {
            item = match content {
                Content::Value(item) => Ok(item.into_owned()),
                Content::Text(Text { kept, cut_from: None, fault: None }) => Ok(kept.into_owned().into()),
                Content::Null | Content::Text(_) => Err(NotScalar),
            };
        };
        element.serialize(Scalar { in_array: true, limits: self.limits, take: &mut take })?;
        let item: Value<'static> = item?;
        self.bytes += size_of::<i64>();
        if let Value::String(text) = &item {
            self.bytes += text.len();
        }
        if self.bytes > self.limits.value_bytes {
            // As text it can be cut.
            return Err(NotScalar);
        }
        match (&mut self.items, item) {
            (Some(Array::Bool(items)), Value::Bool(item)) => items.push(item),
            (Some(Array::Int(items)), Value::Int(item)) => items.push(item),
            (Some(Array::Double(items)), Value::Double(item)) => items.push(item),
            (Some(Array::String(items)), Value::String(item)) => items.push(item.into_owned()),
            (first @ None, item) => {
                *first = Some(match item {
                    Value::Bool(item) => Array::Bool(vec![item]),
                    Value::Int(item) => Array::Int(vec![item]),
                    Value::Double(item) => Array::Double(vec![item]),
                    Value::String(item) => Array::String(vec![item.into_owned()]),
                    Value::Array(_) => return Err(NotScalar),
                });
            }
            _ => return Err(NotScalar),
        }
        Ok(())
    }

    #[expect(clippy::unnecessary_wraps, reason = "it is what the methods of a serializer give")]
    fn finish(self) -> Scalarised {
        let array = self.items.unwrap_or(Array::String(Vec::new()));
        (self.take)(Content::Value(array.into()));
        Ok(())
    }
}

macro_rules! elements {
    ($($trait:ident: $method:ident),*) => {
        $(impl ser::$trait for Elements<'_> {
            type Ok = ();
            type Error = NotScalar;

            fn $method<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), NotScalar> {
                self.push(element)
            }

            fn end(self) -> Scalarised {
                self.finish()
            }
        })*
    };
}

elements!(SerializeSeq: serialize_element, SerializeTuple: serialize_element, SerializeTupleStruct: serialize_field);
