//! What a value is said to be, kept for tests to look at.

use serde_core::Serialize;

use super::{Take, Text, read};
use crate::record::{Array, Limits, Scalar, Value};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    Null,
    Value(Value<'static>),
    Text(Text<'static>),
}

impl Content {
    /// What `value` becomes as a property; nothing if nobody is told.
    pub(crate) fn of<T: Serialize + ?Sized>(value: &T, limits: Limits) -> Option<Self> {
        let mut told = Told(None);
        read(value, limits, &mut told);
        told.0
    }
}

struct Told(Option<Content>);

impl Take for Told {
    fn null(&mut self) {
        self.0 = Some(Content::Null);
    }

    fn scalar(&mut self, scalar: Scalar) {
        self.0 = Some(Content::Value(scalar.into()));
    }

    fn array(&mut self, array: Array) {
        self.0 = Some(Content::Value(array.into()));
    }

    fn text(&mut self, text: Text<'_>) {
        self.0 = Some(Content::Text(text.into_owned()));
    }
}
