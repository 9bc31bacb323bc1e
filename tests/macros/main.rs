//! `#[bento::interaction]` and `#[bento::tool]`: what the spans say of the functions under them.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and panics are under test"
)]

mod arguments;
mod futures;
mod futures_by_hand;
mod naming;
mod results;
mod shapes;

use std::cell::RefCell;
use std::fmt::{self, Debug, Display};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use bento::testing::{Span, Spans, capture, capture_async};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use tokio::task::yield_now;

/// Neither serialisable nor printable.
struct Opaque;

#[derive(Serialize)]
struct Hit {
    id: u32,
}

#[derive(Debug)]
struct Refused(&'static str);

impl Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused: {}", self.0)
    }
}

#[track_caller]
fn span<'a>(spans: &'a Spans, name: &str) -> &'a Span {
    spans.find(name).unwrap_or_else(|| panic!("no span {name} in\n{}", spans.tree()))
}

#[track_caller]
fn text(spans: &Spans, name: &str, key: &str) -> Option<String> {
    span(spans, name).attribute(key).map(|value| value.as_str().expect("a text").to_owned())
}

#[track_caller]
fn input(spans: &Spans, name: &str) -> Value {
    text(spans, name, "input.value")
        .map_or(Value::Null, |text| serde_json::from_str(&text).expect("valid JSON"))
}

#[track_caller]
fn output(spans: &Spans, name: &str) -> Option<String> {
    text(spans, name, "output.value")
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}
