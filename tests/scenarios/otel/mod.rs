//! The bridges to OpenTelemetry and from it.

mod collector;
mod processor;
pub(crate) mod protobuf;
mod route;
