//! Between OpenTelemetry's span data and our records.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::trace as otel;
use opentelemetry::trace::{SpanContext, TraceFlags, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use crate::record::{
    Array, Attributes, Event, Limits, Link, Resource, Scope, SpanId, SpanKind, SpanRecord, Status, Text,
    TraceId, Value, unix_nanos,
};

pub(super) fn resource(resource: &opentelemetry_sdk::Resource) -> Arc<Resource> {
    let attributes = resource.iter().map(|(key, value)| (key.as_str().to_owned(), value_of(value))).collect();
    Arc::new(Resource { attributes })
}

pub(super) fn record(span: SpanData, resource: &Arc<Resource>, limits: Limits) -> SpanRecord {
    let start = unix_nanos(span.start_time);
    SpanRecord {
        // A recorded span has valid ids; should one not, fresh ids keep it from being lost.
        trace_id: trace_id(span.span_context.trace_id()).unwrap_or_else(TraceId::random),
        span_id: span_id(span.span_context.span_id()).unwrap_or_else(SpanId::random),
        parent: span_id(span.parent_span_id),
        trace_state: trace_state(span.span_context.trace_state()),
        name: span.name.into_owned(),
        kind: match span.span_kind {
            otel::SpanKind::Internal => SpanKind::Internal,
            otel::SpanKind::Server => SpanKind::Server,
            otel::SpanKind::Client => SpanKind::Client,
            otel::SpanKind::Producer => SpanKind::Producer,
            otel::SpanKind::Consumer => SpanKind::Consumer,
        },
        start,
        end: unix_nanos(span.end_time).max(start),
        attributes: attributes(&span.attributes, limits),
        events: span.events.into_iter().map(|event| event_of(event, limits)).collect(),
        links: span.links.into_iter().filter_map(|link| link_of(&link, limits)).collect(),
        status: match span.status {
            otel::Status::Unset => Status::Unset,
            otel::Status::Ok => Status::Ok,
            otel::Status::Error { description } => Status::Error(description.into_owned()),
        },
        resource: Arc::clone(resource),
        scope: scope_of(&span.instrumentation_scope),
    }
}

fn trace_id(id: opentelemetry::TraceId) -> Option<TraceId> {
    TraceId::from_u128(u128::from_be_bytes(id.to_bytes()))
}

fn span_id(id: opentelemetry::SpanId) -> Option<SpanId> {
    SpanId::from_u64(u64::from_be_bytes(id.to_bytes()))
}

fn trace_state(state: &TraceState) -> Option<String> {
    Some(state.header()).filter(|state| !state.is_empty())
}

fn event_of(event: otel::Event, limits: Limits) -> Event {
    let time = unix_nanos(event.timestamp);
    Event { attributes: attributes(&event.attributes, limits), name: event.name, time }
}

fn link_of(link: &otel::Link, limits: Limits) -> Option<Link> {
    Some(Link {
        trace_id: trace_id(link.span_context.trace_id())?,
        span_id: span_id(link.span_context.span_id())?,
        trace_state: trace_state(link.span_context.trace_state()),
        attributes: attributes(&link.attributes, limits),
    })
}

fn scope_of(scope: &InstrumentationScope) -> Arc<Scope> {
    Arc::new(Scope {
        name: scope.name().to_owned().into(),
        version: scope.version().map(|version| version.to_owned().into()),
        attributes: scope
            .attributes()
            .map(|pair| (pair.key.as_str().to_owned(), value_of(&pair.value)))
            .collect(),
    })
}

fn attributes(pairs: &[KeyValue], limits: Limits) -> Attributes {
    let mut attributes = Attributes::with_capacity(pairs.len());
    for KeyValue { key, value, .. } in pairs {
        let key = key.as_str().to_owned();
        match value_of(value) {
            Value::String(text) => attributes.set_text(key, Text::of_string(text, limits)),
            value => attributes.set(key, value),
        }
    }
    attributes
}

fn value_of(value: &opentelemetry::Value) -> Value {
    use opentelemetry::{Array as OtelArray, Value as Otel};
    match value {
        Otel::Bool(value) => Value::Bool(*value),
        Otel::I64(value) => Value::Int(*value),
        Otel::F64(value) => Value::Double(*value),
        Otel::Array(OtelArray::Bool(items)) => Value::Array(Array::Bool(items.clone())),
        Otel::Array(OtelArray::I64(items)) => Value::Array(Array::Int(items.clone())),
        Otel::Array(OtelArray::F64(items)) => Value::Array(Array::Double(items.clone())),
        Otel::Array(OtelArray::String(items)) => {
            Value::Array(Array::String(items.iter().map(|item| item.as_str().to_owned()).collect()))
        }
        // Kinds of value that OpenTelemetry may add are kept as their text.
        other => Value::String(other.as_str().into_owned()),
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
    attributes.iter().map(|(key, value)| KeyValue::new(key.clone(), otel_value(value))).collect()
}

fn otel_value(value: &Value) -> opentelemetry::Value {
    use opentelemetry::{Array as OtelArray, Value as Otel};
    match value {
        Value::Bool(value) => Otel::Bool(*value),
        Value::Int(value) => Otel::I64(*value),
        Value::Double(value) => Otel::F64(*value),
        Value::String(text) => Otel::String(text.clone().into()),
        Value::Array(Array::Bool(items)) => Otel::Array(OtelArray::Bool(items.clone())),
        Value::Array(Array::Int(items)) => Otel::Array(OtelArray::I64(items.clone())),
        Value::Array(Array::Double(items)) => Otel::Array(OtelArray::F64(items.clone())),
        Value::Array(Array::String(items)) => {
            Otel::Array(OtelArray::String(items.iter().map(|item| item.clone().into()).collect()))
        }
    }
}
