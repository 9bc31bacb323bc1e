//! Guides: a page for each thing that wants more words than one item's documentation.

#[doc = include_str!("../docs/async-context.md")]
pub mod async_context {}

#[doc = include_str!("../docs/lambda.md")]
pub mod lambda {}

#[doc = include_str!("../docs/migrating-from-python.md")]
#[cfg(feature = "otel")]
pub mod migrating_from_python {}

#[doc = include_str!("../docs/opentelemetry.md")]
#[cfg(feature = "otel")]
pub mod opentelemetry {}

#[doc = include_str!("../CHANGELOG.md")]
pub mod changes {}
