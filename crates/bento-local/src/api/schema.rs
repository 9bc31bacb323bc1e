//! How the ground's types look in JSON, for the description: they know nothing of it themselves.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AdditionalProperties, KnownFormat, Object, ObjectBuilder, Schema, SchemaFormat, Type,
};
use utoipa::{PartialSchema, ToSchema};

use super::order::Order;
use crate::price::Usd;
use crate::{Event, RunState, RunStatus, SpanId, SpanStatus, Timestamp, TraceId};

macro_rules! described {
    ($($name:ident: $schema:expr;)+) => {$(
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                RefOr::T(Schema::Object($schema))
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )+};
}

described! {
    TraceId: hex(32);
    SpanId: hex(16);
    Timestamp: time();
    Usd: ObjectBuilder::new().schema_type(Type::Number).minimum(Some(0)).build();
    RunStatus: one_of([RunStatus::Ok, RunStatus::Error].map(RunStatus::as_str));
    RunState: one_of(RunState::ALL.map(RunState::as_str));
    SpanStatus: one_of(SpanStatus::ALL.map(SpanStatus::as_str));
    Order: one_of(Order::all());
    Event: event();
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn hex(digits: usize) -> Object {
    text().pattern(Some(format!("^[0-9a-fA-F]{{{digits}}}$"))).build()
}

fn time() -> Object {
    text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).build()
}

fn one_of(values: impl IntoIterator<Item = &'static str>) -> Object {
    text().enum_values(Some(values)).build()
}

fn event() -> Object {
    let attributes = ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::FreeForm(true)));
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("name", text())
        .property("time", time())
        .property("attributes", attributes)
        .required("name")
        .required("time")
        .required("attributes")
        .build()
}
