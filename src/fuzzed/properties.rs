//! The encoder against two readers that do not know it, and the cut of texts, over values that are made to fit.

use std::fmt::{Display, Write as _};
use std::sync::Arc;

use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Proto;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::{reader, truncation};
use crate::export::{Compressor, encode, is_whole, split};
use crate::record::{
    Array, Attributes, Event, Link, Resource, Scope, SpanId, SpanKind, SpanRecord, Status, TraceId, Value,
};

/// Text of every kind: controls, quotes, marks that hide or reverse text, characters of up to four bytes.
fn text() -> impl Strategy<Value = String> {
    let odd = select(vec![
        '\0',
        '\u{1}',
        '\u{1f}',
        '\n',
        '"',
        '\\',
        '/',
        '\u{7f}',
        '\u{80}',
        '\u{2028}',
        '\u{202e}',
        '\u{feff}',
        '\u{fffd}',
        '\u{ffff}',
        'é',
        '\u{301}',
        '😀',
        '\u{10ffff}',
    ]);
    let character = prop_oneof![2 => odd, 1 => any::<char>(), 2 => proptest::char::range(' ', '~')];
    vec(character, 0..24).prop_map(|characters| characters.into_iter().collect())
}

fn double() -> impl Strategy<Value = f64> {
    let special =
        vec![0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE, 5e-324];
    prop_oneof![1 => select(special), 3 => any::<u64>().prop_map(f64::from_bits), 1 => -1e6..1e6]
}

fn int() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), select(vec![i64::MIN, -1, 0, i64::MAX])]
}

fn value() -> impl Strategy<Value = Value<'static>> {
    prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        int().prop_map(Value::Int),
        double().prop_map(Value::Double),
        text().prop_map(Value::from),
        vec(any::<bool>(), 0..4).prop_map(|items| Value::from(Array::Bool(items))),
        vec(int(), 0..4).prop_map(|items| Value::from(Array::Int(items))),
        vec(double(), 0..4).prop_map(|items| Value::from(Array::Double(items))),
        vec(text(), 0..4).prop_map(|items| Value::from(Array::String(items))),
    ]
}

/// As many as a span of a host may have in a test; keys may come twice, and empty.
fn attributes() -> impl Strategy<Value = Attributes> {
    vec((text(), value()), 0..5).prop_map(|pairs| pairs.into_iter().collect())
}

fn trace_id() -> impl Strategy<Value = TraceId> {
    (1..=u128::MAX).prop_filter_map("zero is no id", TraceId::from_u128)
}

fn span_id() -> impl Strategy<Value = SpanId> {
    (1..=u64::MAX).prop_filter_map("zero is no id", SpanId::from_u64)
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![Just(Status::Unset), Just(Status::Ok), text().prop_map(Status::Error)]
}

fn event() -> impl Strategy<Value = Event> {
    (text(), any::<u64>(), attributes()).prop_map(|(name, time, attributes)| Event {
        name: name.into(),
        time,
        attributes,
    })
}

fn link() -> impl Strategy<Value = Link> {
    (trace_id(), span_id(), option::of(text()), attributes()).prop_map(
        |(trace_id, span_id, trace_state, attributes)| Link { trace_id, span_id, trace_state, attributes },
    )
}

fn scope() -> impl Strategy<Value = Arc<Scope>> {
    (select(vec!["a", "b", ""]), option::of(Just("1")), attributes()).prop_map(
        |(name, version, attributes)| {
            Arc::new(Scope {
                name: name.into(),
                version: version.map(Into::into),
                attributes: finite(&attributes),
            })
        },
    )
}

fn kind() -> impl Strategy<Value = SpanKind> {
    select(vec![
        SpanKind::Internal,
        SpanKind::Server,
        SpanKind::Client,
        SpanKind::Producer,
        SpanKind::Consumer,
    ])
}

fn span(resources: Vec<Arc<Resource>>, scopes: Vec<Arc<Scope>>) -> impl Strategy<Value = SpanRecord> {
    let identity = (trace_id(), span_id(), option::of(span_id()), option::of(text()));
    let body =
        (text(), kind(), any::<(u64, u64)>(), attributes(), vec(event(), 0..3), vec(link(), 0..3), status());
    (identity, body, select(resources), select(scopes)).prop_map(|(identity, body, resource, scope)| {
        let (trace_id, span_id, parent, trace_state) = identity;
        let (name, kind, (start, end), attributes, events, links, status) = body;
        SpanRecord {
            trace_id,
            span_id,
            parent,
            trace_state,
            name,
            kind,
            start,
            end,
            attributes,
            events,
            links,
            status,
            resource,
            scope,
            notes: crate::record::Notes::default(),
        }
    })
}

/// A batch of spans that share a few resources and scopes, some of which are equal without being the same. With NaN in it
/// one is not equal to itself, and has a group for each of its copies.
fn batch() -> impl Strategy<Value = Vec<SpanRecord>> {
    let resources =
        vec(attributes().prop_map(|attributes| Arc::new(Resource { attributes: finite(&attributes) })), 1..3);
    (resources, vec(scope(), 1..3)).prop_flat_map(|(mut resources, mut scopes)| {
        resources.push(Arc::new(Resource::clone(&resources[0])));
        scopes.push(Arc::new(Scope::clone(&scopes[0])));
        vec(span(resources, scopes), 0..4)
    })
}

fn failed(error: impl Display) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

/// The spans of a compressed body. Groups that a split has left without any are no matter.
fn unpacked(body: &[u8]) -> Result<Vec<SpanRecord>, TestCaseError> {
    let mut request: serde_json::Value = serde_json::from_reader(GzDecoder::new(body)).map_err(failed)?;
    let is_filled = |list: &serde_json::Value| list.as_array().is_some_and(|list| !list.is_empty());
    if let Some(resources) = request["resourceSpans"].as_array_mut() {
        for scopes in resources.iter_mut().filter_map(|resource| resource["scopeSpans"].as_array_mut()) {
            scopes.retain(|scope| is_filled(&scope["spans"]));
        }
        resources.retain(|resource| is_filled(&resource["scopeSpans"]));
    }
    reader::read(request.to_string().as_bytes()).map_err(TestCaseError::fail)
}

fn body(batch: &[SpanRecord]) -> Result<Vec<u8>, TestCaseError> {
    let mut body = Vec::new();
    encode(&batch.iter().collect::<Vec<_>>(), &mut body).map_err(failed)?;
    Ok(body)
}

/// What one attribute's value becomes in protobuf. JSON has no NaN, and the types read no name of one.
fn proto(value: &Value<'_>) -> Option<AnyValue> {
    fn all<T: Clone>(items: &[T], form: impl Fn(T) -> Proto) -> Proto {
        let values = items.iter().cloned().map(|item| AnyValue { value: Some(form(item)) }).collect();
        Proto::ArrayValue(ArrayValue { values })
    }
    let value = match value {
        Value::Bool(value) => Proto::BoolValue(*value),
        Value::Int(value) => Proto::IntValue(*value),
        Value::Double(value) if value.is_finite() => Proto::DoubleValue(*value),
        Value::Double(_) => return None,
        Value::String(value) => Proto::StringValue(value.clone().into_owned()),
        Value::Array(array) => match &**array {
            Array::Bool(items) => all(items, Proto::BoolValue),
            Array::Int(items) => all(items, Proto::IntValue),
            Array::Double(items) if items.iter().all(|item| item.is_finite()) => {
                all(items, Proto::DoubleValue)
            }
            Array::Double(_) => return None,
            Array::String(items) => all(items, Proto::StringValue),
        },
    };
    Some(AnyValue { value: Some(value) })
}

/// The attributes that both sides can tell.
fn proto_attributes(attributes: &Attributes) -> Vec<KeyValue> {
    let pair = |(key, value): (&str, Value<'_>)| {
        Some(KeyValue { key: key.to_owned(), value: Some(proto(&value)?), ..KeyValue::default() })
    };
    attributes.iter().filter_map(pair).collect()
}

/// Leaves out what [`proto`] cannot tell.
fn finite(attributes: &Attributes) -> Attributes {
    let told = attributes.iter().filter(|(_, value)| proto(value).is_some());
    told.map(|(key, value)| (key, value.into_owned())).collect()
}

fn all_finite(mut span: SpanRecord) -> SpanRecord {
    span.attributes = finite(&span.attributes);
    for event in &mut span.events {
        event.attributes = finite(&event.attributes);
    }
    for link in &mut span.links {
        link.attributes = finite(&link.attributes);
    }
    span.resource = Arc::new(Resource { attributes: finite(&span.resource.attributes) });
    let Scope { name, version, attributes } = &*span.scope;
    let (name, version, attributes) = (name.clone(), version.clone(), finite(attributes));
    span.scope = Arc::new(Scope { name, version, attributes });
    span
}

fn is_same(span: &SpanRecord, read: &Span) -> bool {
    let id = |id: SpanId| format!("{id}");
    let hex = |bytes: &[u8]| {
        bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").ok();
            text
        })
    };
    let (code, message) = match &span.status {
        Status::Unset => (0, ""),
        Status::Ok => (1, ""),
        Status::Error(message) => (2, message.as_str()),
    };
    let status = read.status.clone().unwrap_or_default();
    hex(&read.trace_id) == span.trace_id.to_string()
        && hex(&read.span_id) == id(span.span_id)
        && hex(&read.parent_span_id) == span.parent.map(id).unwrap_or_default()
        && read.trace_state == span.trace_state.clone().unwrap_or_default()
        && read.name == span.name
        && read.kind == i32::from(span.kind as u8)
        && (read.start_time_unix_nano, read.end_time_unix_nano) == (span.start, span.end)
        && read.attributes == proto_attributes(&span.attributes)
        && (status.code, status.message.as_str()) == (code, message)
        && read.events.len() == span.events.len()
        && read.events.iter().zip(&span.events).all(|(read, event)| {
            (read.name.as_str(), read.time_unix_nano) == (&event.name, event.time)
                && read.attributes == proto_attributes(&event.attributes)
        })
        && read.links.len() == span.links.len()
        && read.links.iter().zip(&span.links).all(|(read, link)| {
            hex(&read.trace_id) == link.trace_id.to_string()
                && hex(&read.span_id) == id(link.span_id)
                && read.attributes == proto_attributes(&link.attributes)
        })
}

proptest! {
    #[test]
    #[cfg_attr(miri, ignore = "it takes minutes there; the encoder's own tests cover the same code")]
    fn a_strict_reader_finds_every_span_as_it_was(batch in batch()) {
        let read = reader::read(&body(&batch)?).map_err(TestCaseError::fail)?;
        let mut sent: Vec<String> = batch.iter().map(reader::shown).collect();
        let mut arrived: Vec<String> = read.iter().map(reader::shown).collect();
        sent.sort_unstable();
        arrived.sort_unstable();
        prop_assert_eq!(sent, arrived);
        // Of each resource and scope there is one group, in which the order is kept.
        for span in &batch {
            let group = |other: &&SpanRecord| {
                reader::origin(other) == reader::origin(span)
            };
            let names = |spans: &[SpanRecord]| spans.iter().filter(group).map(reader::shown).collect::<Vec<_>>();
            prop_assert_eq!(names(&batch), names(&read));
        }
        let groups = |spans: &[SpanRecord]| {
            let mut origins: Vec<String> = spans.iter().map(reader::origin).collect();
            origins.dedup();
            origins
        };
        let (in_order, mut distinct) = (groups(&read), groups(&read));
        distinct.sort_unstable();
        distinct.dedup();
        prop_assert_eq!(in_order.len(), distinct.len());
    }

    #[test]
    #[cfg_attr(miri, ignore = "it takes minutes there; the encoder's own tests cover the same code")]
    fn a_body_that_is_split_has_every_span_once_and_as_it_was(batch in batch(), first in 0..4_usize) {
        let spans: Vec<_> = batch.iter().collect();
        let whole = Compressor::default().compress(&spans, |body, _| body.to_vec()).map_err(failed)?;
        prop_assert!(is_whole(&whole));
        let Some([left, right]) = split(&whole, first) else {
            prop_assert!(first == 0 || first >= batch.len());
            return Ok(());
        };
        let (left, right) = (unpacked(&left)?, unpacked(&right)?);
        prop_assert_eq!((left.len(), right.len()), (first, batch.len() - first));
        let mut sent: Vec<String> = batch.iter().map(reader::shown).collect();
        let mut arrived: Vec<String> = left.iter().chain(&right).map(reader::shown).collect();
        sent.sort_unstable();
        arrived.sort_unstable();
        prop_assert_eq!(sent, arrived);
    }

    #[test]
    #[cfg_attr(miri, ignore = "it takes minutes there; the encoder's own tests cover the same code")]
    fn the_types_of_opentelemetry_read_the_same(batch in batch()) {
        let batch: Vec<SpanRecord> = batch.into_iter().map(all_finite).collect();
        let body = body(&batch)?;
        let request: ExportTraceServiceRequest =
            serde_json::from_slice(&body).map_err(failed)?;
        let mut found = 0;
        for resource_spans in &request.resource_spans {
            let resource = resource_spans.resource.clone().unwrap_or_default();
            for scope_spans in &resource_spans.scope_spans {
                let scope = scope_spans.scope.clone().unwrap_or_default();
                for read in &scope_spans.spans {
                    found += 1;
                    let is_it = |span: &&SpanRecord| {
                        resource.attributes == proto_attributes(&span.resource.attributes)
                            && scope.name == span.scope.name
                            && scope.version == span.scope.version.clone().unwrap_or_default()
                            && scope.attributes == proto_attributes(&span.scope.attributes)
                            && is_same(span, read)
                    };
                    prop_assert!(batch.iter().any(|span| is_it(&span)), "{:?} was not sent", read);
                }
            }
        }
        prop_assert_eq!(found, batch.len());
    }

    #[test]
    #[cfg_attr(miri, ignore = "it takes minutes there; `capture` has tests of its own")]
    fn a_text_is_cut_between_characters_and_tells_its_size(text in text(), limit in 0..80_u16) {
        truncation(&[&limit.to_le_bytes(), text.as_bytes()].concat());
    }
}
