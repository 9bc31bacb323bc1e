//! Live mode: what is open is sent, too.

mod books;
mod forms;
mod life;
mod privacy;
mod setting;
mod stream;

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{LONG, Received, spans_of};

/// An SDK that sends when it is told to, and then everything.
fn live() -> bento::Builder {
    bento::builder().live(true).batch_interval(Duration::from_secs(3_600))
}

fn flush() {
    bento::flush(LONG).unwrap();
}

/// The value of an attribute, as OTLP has it.
fn attribute(span: &Value, key: &str) -> Option<Value> {
    let attributes = span["attributes"].as_array()?;
    attributes.iter().find(|pair| pair["key"] == key).map(|pair| pair["value"].clone())
}

fn is_pending(span: &Value) -> bool {
    let mark = attribute(span, "bento.pending");
    assert!(mark.is_none() || mark == Some(json!({"boolValue": true})), "{span}");
    mark.is_some()
}

/// Every form of every span that was sent: which span, and whether it was pending.
fn forms(requests: &[Received]) -> Vec<(String, bool)> {
    let name = |span: &Value| span["name"].as_str().unwrap().to_owned();
    spans_of(requests).iter().map(|span| (name(span), is_pending(span))).collect()
}

fn moment(span: &Value, key: &str) -> u64 {
    span[key].as_str().unwrap().parse().unwrap()
}
