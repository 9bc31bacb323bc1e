//! Guides: a page for each thing that wants more words than one item's documentation.
//!
//! All of them start from this:
//!
//! ```
//! let _bento = bento::init();
//! let turn = bento::begin("user_turn").input("Hi").start();
//! bento::track_ai("answer").model("gpt-4o").output("Hello!").send();
//! turn.output("Hello!");
//! ```

#[doc = include_str!("../docs/async-context.md")]
pub mod async_context {}

#[doc = include_str!("../docs/delivery.md")]
pub mod delivery {}

#[doc = include_str!("../docs/lambda.md")]
pub mod lambda {}

#[doc = include_str!("../docs/live.md")]
pub mod live {}

#[doc = include_str!("../docs/migrating-from-python.md")]
#[cfg(feature = "otel")]
pub mod migrating_from_python {}

#[doc = include_str!("../docs/opentelemetry.md")]
#[cfg(feature = "otel")]
pub mod opentelemetry {}

#[doc = include_str!("../docs/privacy.md")]
pub mod privacy {}

#[doc = include_str!("../CHANGELOG.md")]
pub mod changes {}
