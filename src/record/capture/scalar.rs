//! The values that OTLP carries with their type: scalars, and arrays of one scalar type.

use std::fmt;

use serde_core::Serialize;
use serde_core::ser::{self, Impossible, Serializer};

use super::{Take, Text};
use crate::record::{Array, Limits, Scalar};

/// Shows `take` the value with its type, a string within the limits; or gives the verdict that it needs JSON text.
pub(super) fn read<T: Serialize + ?Sized>(value: &T, limits: Limits, take: &mut dyn Take) -> Scalarised {
    value.serialize(Typed { in_array: false, limits, take })
}

/// Takes scalars and arrays of one scalar type, and refuses the rest at the first sign of structure.
struct Typed<'a> {
    in_array: bool,
    limits: Limits,
    take: &'a mut dyn Take,
}

impl<'a> Typed<'a> {
    #[expect(clippy::unnecessary_wraps, reason = "it is what the methods of a serializer give")]
    fn scalar(self, scalar: Scalar) -> Scalarised {
        self.take.scalar(scalar);
        Ok(())
    }

    fn int<T: TryInto<i64>>(self, value: T) -> Scalarised {
        // A number past 64 bits goes out as its decimal text.
        self.scalar(Scalar::Int(value.try_into().map_err(|_| NotScalar)?))
    }

    #[expect(clippy::unnecessary_wraps, reason = "it is what the methods of a serializer give")]
    fn null(self) -> Scalarised {
        self.take.null();
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

impl<'a> Serializer for Typed<'a> {
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
        self.scalar(Scalar::Bool(value))
    }

    fn serialize_f32(self, value: f32) -> Scalarised {
        self.serialize_f64(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Scalarised {
        self.scalar(Scalar::Double(value))
    }

    fn serialize_char(self, value: char) -> Scalarised {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Scalarised {
        if value.len() <= self.limits.value_bytes {
            self.take.whole(value);
        } else {
            self.take.text(Text::of_str(value, self.limits));
        }
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

/// An element; none where it has no place in an array of one scalar type.
enum Item {
    None,
    Scalar(Scalar),
    Text(String),
}

impl Take for Item {
    fn null(&mut self) {
        *self = Self::None;
    }

    fn scalar(&mut self, scalar: Scalar) {
        *self = Self::Scalar(scalar);
    }

    fn array(&mut self, _: Array) {
        *self = Self::None;
    }

    fn text(&mut self, text: Text<'_>) {
        let is_whole = text.cut_from.is_none() && text.fault.is_none();
        *self = if is_whole { Self::Text(text.kept.into_owned()) } else { Self::None };
    }
}

/// The elements so far; the first one decides the type.
struct Elements<'a> {
    items: Option<Array>,
    bytes: usize,
    limits: Limits,
    take: &'a mut dyn Take,
}

impl Elements<'_> {
    fn push<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), NotScalar> {
        let mut item = Item::None;
        element.serialize(Typed { in_array: true, limits: self.limits, take: &mut item })?;
        self.bytes += size_of::<i64>();
        if let Item::Text(text) = &item {
            self.bytes += text.len();
        }
        if self.bytes > self.limits.value_bytes {
            // As text it can be cut.
            return Err(NotScalar);
        }
        match (&mut self.items, item) {
            (Some(Array::Bool(items)), Item::Scalar(Scalar::Bool(item))) => items.push(item),
            (Some(Array::Int(items)), Item::Scalar(Scalar::Int(item))) => items.push(item),
            (Some(Array::Double(items)), Item::Scalar(Scalar::Double(item))) => items.push(item),
            (Some(Array::String(items)), Item::Text(item)) => items.push(item),
            (first @ None, item) => {
                *first = Some(match item {
                    Item::Scalar(Scalar::Bool(item)) => Array::Bool(vec![item]),
                    Item::Scalar(Scalar::Int(item)) => Array::Int(vec![item]),
                    Item::Scalar(Scalar::Double(item)) => Array::Double(vec![item]),
                    Item::Text(item) => Array::String(vec![item]),
                    Item::None => return Err(NotScalar),
                });
            }
            _ => return Err(NotScalar),
        }
        Ok(())
    }

    #[expect(clippy::unnecessary_wraps, reason = "it is what the methods of a serializer give")]
    fn finish(self) -> Scalarised {
        let array = self.items.unwrap_or(Array::String(Vec::new()));
        self.take.array(array);
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
