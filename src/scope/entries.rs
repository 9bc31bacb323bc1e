//! Takes what serialises as an object apart, an entry a property, without building the object first: it may be of any
//! size and depth, and JSON could not hold all of its numbers.

use std::fmt;

use serde_core::Serialize;
use serde_core::ser::{self, Impossible, Serializer};

use super::{set_property, text};
use crate::record::{Attributes, Limits};

/// The entries of `object`; of null none.
pub(super) fn entries_of<T: Serialize + ?Sized>(
    object: &T,
    limits: Limits,
) -> Result<Attributes, NotAnObject> {
    object.serialize(Entries { limits, taken: Attributes::new(), key: String::new() })
}

/// What does not serialise as an object, or not to its end.
#[derive(Debug)]
pub(super) struct NotAnObject;

impl fmt::Display for NotAnObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an object")
    }
}

impl std::error::Error for NotAnObject {}

impl ser::Error for NotAnObject {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

struct Entries {
    limits: Limits,
    taken: Attributes,
    /// The key whose value comes next.
    key: String,
}

type Taken = Result<Attributes, NotAnObject>;

impl ser::SerializeMap for Entries {
    type Ok = Attributes;
    type Error = NotAnObject;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), NotAnObject> {
        self.key = text(key, Limits::NAMES).map(|key| key.kept.into_owned()).unwrap_or_default();
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotAnObject> {
        set_property(&mut self.taken, &self.key, value, self.limits);
        Ok(())
    }

    fn end(self) -> Taken {
        Ok(self.taken)
    }
}

impl ser::SerializeStruct for Entries {
    type Ok = Attributes;
    type Error = NotAnObject;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), NotAnObject> {
        set_property(&mut self.taken, key, value, self.limits);
        Ok(())
    }

    fn end(self) -> Taken {
        Ok(self.taken)
    }
}

macro_rules! refused {
    ($($method:ident($($argument:ty),*) -> $given:ty;)*) => {
        $(fn $method(self, $(_: $argument),*) -> Result<$given, NotAnObject> {
            Err(NotAnObject)
        })*
    };
}

impl Serializer for Entries {
    type Ok = Attributes;
    type Error = NotAnObject;
    type SerializeSeq = Impossible<Attributes, NotAnObject>;
    type SerializeTuple = Impossible<Attributes, NotAnObject>;
    type SerializeTupleStruct = Impossible<Attributes, NotAnObject>;
    type SerializeTupleVariant = Impossible<Attributes, NotAnObject>;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Impossible<Attributes, NotAnObject>;

    refused! {
        serialize_bool(bool) -> Attributes;
        serialize_i8(i8) -> Attributes;
        serialize_i16(i16) -> Attributes;
        serialize_i32(i32) -> Attributes;
        serialize_i64(i64) -> Attributes;
        serialize_u8(u8) -> Attributes;
        serialize_u16(u16) -> Attributes;
        serialize_u32(u32) -> Attributes;
        serialize_u64(u64) -> Attributes;
        serialize_f32(f32) -> Attributes;
        serialize_f64(f64) -> Attributes;
        serialize_char(char) -> Attributes;
        serialize_str(&str) -> Attributes;
        serialize_bytes(&[u8]) -> Attributes;
        serialize_unit_variant(&'static str, u32, &'static str) -> Attributes;
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }

    fn serialize_none(self) -> Taken {
        Ok(self.taken)
    }

    fn serialize_unit(self) -> Taken {
        Ok(self.taken)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Taken {
        Ok(self.taken)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Taken {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Taken {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Taken {
        set_property(&mut self.taken, variant, value, self.limits);
        Ok(self.taken)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, NotAnObject> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, NotAnObject> {
        Ok(self)
    }
}
