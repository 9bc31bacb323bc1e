use std::sync::Arc;

use super::*;
use crate::record::{SpanId, SpanKind, TraceId};

type Fallible = Result<(), Box<dyn std::error::Error>>;

fn span(name: &str, resource: &Arc<Resource>, scope: &Arc<Scope>) -> Option<SpanRecord> {
    Some(SpanRecord {
        trace_id: TraceId::from_u128(0xAB)?,
        span_id: SpanId::from_u64(0xCD)?,
        parent: None,
        trace_state: None,
        name: name.to_owned(),
        kind: SpanKind::Internal,
        start: 1,
        end: 2,
        attributes: Attributes::default(),
        events: Vec::new(),
        links: Vec::new(),
        status: Status::Unset,
        resource: Arc::clone(resource),
        scope: Arc::clone(scope),
        notes: crate::record::Notes::default(),
    })
}

pub(in crate::export) fn plain_span(name: &str) -> Option<SpanRecord> {
    span(name, &Arc::default(), &scope("s"))
}

fn scope(name: &'static str) -> Arc<Scope> {
    Arc::new(Scope { name: name.into(), version: None, attributes: Attributes::default() })
}

fn resource(service: &str) -> Arc<Resource> {
    Arc::new(Resource { attributes: [("service.name", service.to_owned())].into_iter().collect() })
}

fn json(batch: &[&SpanRecord]) -> Result<String, Box<dyn std::error::Error>> {
    let mut body = Vec::new();
    encode(batch, &mut body)?;
    // Whatever a test compares, the text must be JSON.
    serde_json::from_slice::<serde_json::Value>(&body)?;
    Ok(String::from_utf8(body)?)
}

/// The JSON of one attribute's value.
fn value_json(value: Value<'_>) -> Result<String, Box<dyn std::error::Error>> {
    let mut record = plain_span("n").ok_or("ids")?;
    record.attributes.set("k", value);
    let text = json(&[&record])?;
    let (_, rest) = text.split_once(r#""attributes":[{"key":"k","value":"#).ok_or("no attribute")?;
    let (value, _) = rest.split_once("}]}]}]}]}").ok_or("unexpected end")?;
    Ok(value.to_owned())
}

#[test]
fn an_empty_batch_is_an_empty_request() -> Fallible {
    assert_eq!(json(&[])?, r#"{"resourceSpans":[]}"#);
    Ok(())
}

#[test]
fn the_smallest_span_has_only_what_otlp_requires() -> Fallible {
    let record = plain_span("answer").ok_or("ids")?;
    assert_eq!(
        json(&[&record])?,
        concat!(
            r#"{"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{"name":"s"},"spans":[{"#,
            r#""traceId":"000000000000000000000000000000ab","spanId":"00000000000000cd","#,
            r#""name":"answer","kind":1,"startTimeUnixNano":"1","endTimeUnixNano":"2"}]}]}]}"#
        )
    );
    Ok(())
}

#[test]
fn the_fullest_span_has_every_field() -> Fallible {
    let scope = Arc::new(Scope {
        name: "bentolabs-sdk.analytics".into(),
        version: Some("0.1.0".into()),
        attributes: [("scope", Value::from(true))].into_iter().collect(),
    });
    let mut record = span("tool", &resource("host"), &scope).ok_or("ids")?;
    record.parent = SpanId::from_u64(0xEF);
    record.trace_state = Some("vendor=1".to_owned());
    record.kind = SpanKind::Consumer;
    record.start = u64::MAX - 1;
    record.end = u64::MAX;
    record.attributes.set("input.value", "Hi");
    record.events.push(Event::exception("Timeout", "late", 7));
    record.links.push(Link {
        trace_id: TraceId::from_u128(u128::MAX).ok_or("id")?,
        span_id: SpanId::from_u64(u64::MAX).ok_or("id")?,
        trace_state: None,
        attributes: [("why", Value::from("retry"))].into_iter().collect(),
    });
    record.status = Status::Error("late".to_owned());
    assert_eq!(
        json(&[&record])?,
        concat!(
            r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"host"}}]},"#,
            r#""scopeSpans":[{"scope":{"name":"bentolabs-sdk.analytics","version":"0.1.0","#,
            r#""attributes":[{"key":"scope","value":{"boolValue":true}}]},"spans":[{"#,
            r#""traceId":"000000000000000000000000000000ab","spanId":"00000000000000cd","#,
            r#""traceState":"vendor=1","parentSpanId":"00000000000000ef","name":"tool","kind":5,"#,
            r#""startTimeUnixNano":"18446744073709551614","endTimeUnixNano":"18446744073709551615","#,
            r#""attributes":[{"key":"input.value","value":{"stringValue":"Hi"}}],"#,
            r#""events":[{"timeUnixNano":"7","name":"exception","attributes":["#,
            r#"{"key":"exception.type","value":{"stringValue":"Timeout"}},"#,
            r#"{"key":"exception.message","value":{"stringValue":"late"}}]}],"#,
            r#""links":[{"traceId":"ffffffffffffffffffffffffffffffff","spanId":"ffffffffffffffff","#,
            r#""attributes":[{"key":"why","value":{"stringValue":"retry"}}]}],"#,
            r#""status":{"code":2,"message":"late"}}]}]}]}"#
        )
    );
    record.status = Status::Ok;
    assert!(json(&[&record])?.ends_with(r#""status":{"code":1}}]}]}]}"#));
    Ok(())
}

#[test]
fn every_value_has_its_otlp_form() -> Fallible {
    let cases = [
        (Value::Bool(false), r#"{"boolValue":false}"#),
        (Value::Int(i64::MIN), r#"{"intValue":"-9223372036854775808"}"#),
        (Value::Int(i64::MAX), r#"{"intValue":"9223372036854775807"}"#),
        (Value::Double(0.1), r#"{"doubleValue":0.1}"#),
        (Value::Double(-0.0), r#"{"doubleValue":-0.0}"#),
        (Value::Double(1e300), r#"{"doubleValue":1e+300}"#),
        (Value::Double(f64::NAN), r#"{"doubleValue":"NaN"}"#),
        (Value::Double(f64::INFINITY), r#"{"doubleValue":"Infinity"}"#),
        (Value::Double(f64::NEG_INFINITY), r#"{"doubleValue":"-Infinity"}"#),
        (Value::from(""), r#"{"stringValue":""}"#),
        (Value::from("a\0\u{1}\n\"\\\u{7f}é😀"), "{\"stringValue\":\"a\\u0000\\u0001\\n\\\"\\\\\u{7f}é😀\"}"),
        (Value::from(Array::Bool(vec![true])), r#"{"arrayValue":{"values":[{"boolValue":true}]}}"#),
        (
            Value::from(Array::Int(vec![1, -2])),
            r#"{"arrayValue":{"values":[{"intValue":"1"},{"intValue":"-2"}]}}"#,
        ),
        (
            Value::from(Array::Double(vec![f64::NAN, 1.0])),
            r#"{"arrayValue":{"values":[{"doubleValue":"NaN"},{"doubleValue":1.0}]}}"#,
        ),
        (Value::from(Array::String(vec!["t".into()])), r#"{"arrayValue":{"values":[{"stringValue":"t"}]}}"#),
        (Value::from(Array::String(Vec::new())), r#"{"arrayValue":{"values":[]}}"#),
    ];
    for (value, expected) in cases {
        assert_eq!(value_json(value)?, expected);
    }
    Ok(())
}

#[test]
fn spans_are_grouped_by_resource_and_scope() -> Fallible {
    let (ours, theirs) = (resource("ours"), resource("theirs"));
    let (a, b) = (scope("a"), scope("b"));
    let records = [
        span("1", &ours, &a),
        span("2", &theirs, &a),
        span("3", &ours, &b),
        // Equal, though not the same allocation.
        span("4", &resource("ours"), &scope("a")),
        span("5", &ours, &a),
    ];
    let records: Vec<_> = records.iter().flatten().collect();
    let request: serde_json::Value = serde_json::from_str(&json(&records)?)?;
    let mut tree = String::new();
    for resource in request["resourceSpans"].as_array().ok_or("array")? {
        tree.push_str(resource["resource"]["attributes"][0]["value"]["stringValue"].as_str().ok_or("name")?);
        for scope in resource["scopeSpans"].as_array().ok_or("array")? {
            tree.extend([" ", scope["scope"]["name"].as_str().ok_or("scope")?, ":"]);
            for span in scope["spans"].as_array().ok_or("array")? {
                tree.push_str(span["name"].as_str().ok_or("span")?);
            }
        }
        tree.push('\n');
    }
    assert_eq!(tree, "ours a:145 b:3\ntheirs a:2\n");
    Ok(())
}
