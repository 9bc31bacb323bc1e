//! Between OpenTelemetry's span data and our records.

use std::mem::size_of;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bento_fork::PerProcess;
use opentelemetry::trace as otel;
use opentelemetry::trace::{SpanContext, TraceFlags, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use crate::record::{
    Array, Attributes, Event, Key, Limits, Link, Name, Notes, Resource, Scope, SpanId, SpanKind, SpanRecord,
    Status, Text, TraceId, Value, keys, unix_nanos,
};

/// A span carries at most this many events and links.
const MAX_ITEMS: usize = 1024;

/// Scopes that are remembered: one for each instrumented library of a host, of which few are at work at a time.
const KNOWN_SCOPES: usize = 16;
static SCOPES: PerProcess<Mutex<Scopes>> = PerProcess::new(Mutex::new(Vec::new()), |_| Mutex::default());

type Scopes = Vec<(InstrumentationScope, Arc<Scope>)>;

pub(super) fn resource(resource: &opentelemetry_sdk::Resource) -> Arc<Resource> {
    let attributes = resource.iter().map(|(key, value)| (key.as_str().to_owned(), value_of(value))).collect();
    Arc::new(Resource { attributes })
}

/// Everything of `span`, within the limits that this SDK's own spans have.
pub(super) fn record(span: SpanData, resource: &Arc<Resource>, limits: Limits) -> SpanRecord {
    let start = unix_nanos(span.start_time);
    // A span that has ended must not be taken for one that has not.
    let pairs = span.attributes.iter().filter(|pair| pair.key.as_str() != keys::PENDING.name());
    let mut attributes = attributes(pairs, span.dropped_attributes_count, limits);
    let trace_state = trace_state(span.span_context.trace_state(), &mut attributes, limits);
    let name = bounded(span.name.into_owned(), keys::TRUNCATED_NAME, &mut attributes, Limits::NAMES);
    let events = span.events.events.into_iter().map(|event| event_of(event, limits));
    let events = first(events, span.events.dropped_count, keys::DROPPED_EVENTS, &mut attributes);
    let links = span.links.links.iter().map(|link| link_of(link, limits));
    let links = first(links, span.links.dropped_count, keys::DROPPED_LINKS, &mut attributes);
    SpanRecord {
        // A recorded span has valid ids; should one not, fresh ids keep it from being lost.
        trace_id: trace_id(span.span_context.trace_id()).unwrap_or_else(TraceId::random),
        span_id: span_id(span.span_context.span_id()).unwrap_or_else(SpanId::random),
        parent: span_id(span.parent_span_id),
        trace_state,
        name,
        kind: match span.span_kind {
            otel::SpanKind::Internal => SpanKind::Internal,
            otel::SpanKind::Server => SpanKind::Server,
            otel::SpanKind::Client => SpanKind::Client,
            otel::SpanKind::Producer => SpanKind::Producer,
            otel::SpanKind::Consumer => SpanKind::Consumer,
        },
        start,
        end: unix_nanos(span.end_time).max(start),
        status: match span.status {
            otel::Status::Unset => Status::Unset,
            otel::Status::Ok => Status::Ok,
            otel::Status::Error { description } => {
                let description = description.into_owned();
                Status::Error(bounded(description, keys::TRUNCATED_MESSAGE, &mut attributes, limits))
            }
        },
        attributes,
        events,
        links: links.into_iter().flatten().collect(),
        resource: Arc::clone(resource),
        scope: scope_of(&span.instrumentation_scope),
        notes: Notes::default(),
    }
}

/// The trace a span belongs to; a recorded span has a valid id.
pub(super) fn trace_of(span: &SpanData) -> Option<TraceId> {
    trace_id(span.span_context.trace_id())
}

fn trace_id(id: opentelemetry::TraceId) -> Option<TraceId> {
    TraceId::from_u128(u128::from_be_bytes(id.to_bytes()))
}

fn span_id(id: opentelemetry::SpanId) -> Option<SpanId> {
    SpanId::from_u64(u64::from_be_bytes(id.to_bytes()))
}

/// `text` within the limits; where they cost it something, `marker` tells its size among the attributes.
fn bounded(text: String, marker: Key<'_>, attributes: &mut Attributes, limits: Limits) -> String {
    let Text { kept, cut_from, .. } = Text::of_string(text, limits);
    if let Some(size) = cut_from {
        attributes.set(marker, size as u64);
    }
    kept.into_owned()
}

/// The first items, in memory of their own; `marker` tells among the attributes how many the others are, together with
/// those that the host's own limits have dropped.
fn first<T>(
    items: impl ExactSizeIterator<Item = T>,
    dropped: u32,
    marker: Key<'_>,
    attributes: &mut Attributes,
) -> Vec<T> {
    let dropped = u64::from(dropped) + items.len().saturating_sub(MAX_ITEMS) as u64;
    if dropped > 0 {
        attributes.set(marker, dropped);
    }
    let mut kept = Vec::with_capacity(items.len().min(MAX_ITEMS));
    kept.extend(items.take(MAX_ITEMS));
    kept
}

/// The header of the trace state. A cut falls between two members, because half of one would spoil all of them.
fn trace_state(state: &TraceState, attributes: &mut Attributes, limits: Limits) -> Option<String> {
    let header = state.header();
    let room = limits.value_bytes;
    if header.len() <= room {
        return Some(header).filter(|header| !header.is_empty());
    }
    attributes.set(keys::TRUNCATED_TRACE_STATE, header.len() as u64);
    let end = header.match_indices(',').map(|(comma, _)| comma).take_while(|comma| *comma <= room).last()?;
    Some(header[..end].to_owned())
}

fn event_of(event: otel::Event, limits: Limits) -> Event {
    let mut attributes = attributes(event.attributes.iter(), event.dropped_attributes_count, limits);
    let name = match event.name {
        Name::Owned(name) => Name::Owned(bounded(name, keys::TRUNCATED_NAME, &mut attributes, Limits::NAMES)),
        name @ Name::Borrowed(_) => name,
    };
    Event { name, time: unix_nanos(event.timestamp), attributes }
}

fn link_of(link: &otel::Link, limits: Limits) -> Option<Link> {
    let mut attributes = attributes(link.attributes.iter(), link.dropped_attributes_count, limits);
    Some(Link {
        trace_id: trace_id(link.span_context.trace_id())?,
        span_id: span_id(link.span_context.span_id())?,
        trace_state: trace_state(link.span_context.trace_state(), &mut attributes, limits),
        attributes,
    })
}

/// The scope as it was made for an earlier span, where there was one: the encoder knows it again by its address.
fn scope_of(scope: &InstrumentationScope) -> Arc<Scope> {
    let mut known = SCOPES.here().lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, shared)) = known.iter().find(|(known, _)| known == scope) {
        return Arc::clone(shared);
    }
    let shared = Arc::new(Scope {
        name: scope.name().to_owned().into(),
        version: scope.version().map(|version| version.to_owned().into()),
        attributes: attributes(scope.attributes(), 0, Limits::default()),
    });
    if known.len() == KNOWN_SCOPES {
        known.remove(0);
    }
    known.push((scope.clone(), Arc::clone(&shared)));
    shared
}

fn attributes<'a>(pairs: impl Iterator<Item = &'a KeyValue>, dropped: u32, limits: Limits) -> Attributes {
    use opentelemetry::Value as Otel;
    let mut attributes = Attributes::new();
    for KeyValue { key, value, .. } in pairs {
        let key = &*Text::of_str(key.as_str(), Limits::NAMES).kept;
        if !attributes.admit(key) {
            continue;
        }
        match value {
            Otel::String(text) => attributes.set_text(key, Text::of_str(text.as_str(), limits)),
            Otel::Array(array) if array_bytes(array) > limits.value_bytes => {
                attributes.set_text(key, array_text(array, limits));
            }
            value => match value_of(value) {
                Value::String(text) => attributes.set_text(key, Text::of_str(&text, limits)),
                value => attributes.set(key, value),
            },
        }
    }
    let dropped = attributes.dropped() + u64::from(dropped);
    if dropped > 0 {
        attributes.set(keys::DROPPED_PROPERTIES, dropped);
    }
    attributes
}

/// What the limits count of an array.
fn array_bytes(array: &opentelemetry::Array) -> usize {
    use opentelemetry::Array as Otel;
    match array {
        Otel::Bool(items) => items.len() * size_of::<i64>(),
        Otel::I64(items) => items.len() * size_of::<i64>(),
        Otel::F64(items) => items.len() * size_of::<f64>(),
        Otel::String(items) => items.iter().map(|item| size_of::<i64>() + item.as_str().len()).sum(),
        // Kinds that OpenTelemetry may add become text, which has its own limit.
        _ => 0,
    }
}

/// An array as its JSON text, which can be cut.
fn array_text(array: &opentelemetry::Array, limits: Limits) -> Text<'static> {
    use opentelemetry::Array as Otel;
    match array {
        Otel::Bool(items) => Text::of_json(items, limits),
        Otel::I64(items) => Text::of_json(items, limits),
        Otel::F64(items) => Text::of_json(items, limits),
        Otel::String(items) => {
            Text::of_json(&items.iter().map(opentelemetry::StringValue::as_str).collect::<Vec<_>>(), limits)
        }
        other => Text::of_string(other.to_string(), limits),
    }
}

fn value_of(value: &opentelemetry::Value) -> Value<'static> {
    use opentelemetry::{Array as OtelArray, Value as Otel};
    match value {
        Otel::Bool(value) => Value::Bool(*value),
        Otel::I64(value) => Value::Int(*value),
        Otel::F64(value) => Value::Double(*value),
        Otel::Array(OtelArray::Bool(items)) => Array::Bool(items.clone()).into(),
        Otel::Array(OtelArray::I64(items)) => Array::Int(items.clone()).into(),
        Otel::Array(OtelArray::F64(items)) => Array::Double(items.clone()).into(),
        Otel::Array(OtelArray::String(items)) => {
            Array::String(items.iter().map(|item| item.as_str().to_owned()).collect()).into()
        }
        // Kinds of value that OpenTelemetry may add are kept as their text.
        other => other.as_str().into_owned().into(),
    }
}

pub(super) fn sdk_resource(resource: &Resource) -> opentelemetry_sdk::Resource {
    opentelemetry_sdk::Resource::builder_empty().with_attributes(pairs(&resource.attributes)).build()
}

pub(super) fn span_data(span: &SpanRecord) -> SpanData {
    let mut events = SpanEvents::default();
    events.events = span.events.iter().map(otel_event).collect();
    let mut links = SpanLinks::default();
    links.links = span.links.iter().map(otel_link).collect();
    SpanData {
        span_context: context(span.trace_id, span.span_id, span.trace_state.as_deref()),
        parent_span_id: span.parent.map_or(opentelemetry::SpanId::INVALID, otel_span_id),
        parent_span_is_remote: false,
        span_kind: match span.kind {
            SpanKind::Internal => otel::SpanKind::Internal,
            SpanKind::Server => otel::SpanKind::Server,
            SpanKind::Client => otel::SpanKind::Client,
            SpanKind::Producer => otel::SpanKind::Producer,
            SpanKind::Consumer => otel::SpanKind::Consumer,
        },
        name: span.name.clone().into(),
        start_time: time(span.start),
        end_time: time(span.end),
        attributes: pairs(&span.attributes),
        dropped_attributes_count: 0,
        events,
        links,
        status: match &span.status {
            Status::Unset => otel::Status::Unset,
            Status::Ok => otel::Status::Ok,
            Status::Error(message) => otel::Status::error(message.clone()),
        },
        instrumentation_scope: otel_scope(&span.scope),
    }
}

fn otel_event(event: &Event) -> otel::Event {
    otel::Event::new(event.name.clone(), time(event.time), pairs(&event.attributes), 0)
}

fn otel_link(link: &Link) -> otel::Link {
    otel::Link::new(
        context(link.trace_id, link.span_id, link.trace_state.as_deref()),
        pairs(&link.attributes),
        0,
    )
}

fn otel_scope(scope: &Scope) -> InstrumentationScope {
    let builder = InstrumentationScope::builder(scope.name.clone()).with_attributes(pairs(&scope.attributes));
    match &scope.version {
        Some(version) => builder.with_version(version.clone()).build(),
        None => builder.build(),
    }
}

fn context(trace_id: TraceId, span_id: SpanId, state: Option<&str>) -> SpanContext {
    let state = state.and_then(|state| state.parse().ok()).unwrap_or_default();
    let trace_id = opentelemetry::TraceId::from_bytes(trace_id.to_u128().to_be_bytes());
    SpanContext::new(trace_id, otel_span_id(span_id), TraceFlags::SAMPLED, false, state)
}

fn otel_span_id(id: SpanId) -> opentelemetry::SpanId {
    opentelemetry::SpanId::from_bytes(id.to_u64().to_be_bytes())
}

fn time(nanos: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(nanos)
}

fn pairs(attributes: &Attributes) -> Vec<KeyValue> {
    attributes.iter().map(|(key, value)| KeyValue::new(key.to_owned(), otel_value(value))).collect()
}

fn otel_value(value: Value<'_>) -> opentelemetry::Value {
    use opentelemetry::{Array as OtelArray, Value as Otel};
    match value {
        Value::Bool(value) => Otel::Bool(value),
        Value::Int(value) => Otel::I64(value),
        Value::Double(value) => Otel::F64(value),
        Value::String(text) => Otel::String(text.into_owned().into()),
        Value::Array(array) => Otel::Array(match array.into_owned() {
            Array::Bool(items) => OtelArray::Bool(items),
            Array::Int(items) => OtelArray::I64(items),
            Array::Double(items) => OtelArray::F64(items),
            Array::String(items) => OtelArray::String(items.into_iter().map(Into::into).collect()),
        }),
    }
}

#[cfg(test)]
mod tests;
