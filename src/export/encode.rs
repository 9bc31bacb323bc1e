//! OTLP/JSON (`wire.md`, "Request"), written straight from the records: no tree is built in between.

use std::fmt::Display;
use std::io;
use std::sync::Arc;

use serde_core::ser::SerializeMap;
use serde_core::{Serialize, Serializer};

use crate::record::{Array, Attributes, Event, Link, Resource, Scope, SpanRecord, Status, Value};

/// Writes `batch` as one compact `ExportTraceServiceRequest`.
pub(crate) fn encode(batch: &[&SpanRecord], writer: impl io::Write) -> io::Result<()> {
    let resources = group(batch);
    let request = Member("resourceSpans", List(resources.iter()));
    serde_json::to_writer(writer, &request).map_err(io::Error::from)
}

/// The spans of one resource, by scope.
struct ResourceSpans<'a> {
    resource: &'a Arc<Resource>,
    scopes: Vec<ScopeSpans<'a>>,
}

/// The spans of one resource and one scope.
struct ScopeSpans<'a> {
    scope: &'a Arc<Scope>,
    spans: Vec<&'a SpanRecord>,
}

/// Gathers spans by resource and scope; everything stays in the order of its first appearance.
fn group<'a>(batch: &[&'a SpanRecord]) -> Vec<ResourceSpans<'a>> {
    let mut resources: Vec<ResourceSpans<'a>> = Vec::new();
    for &span in batch {
        let index = position(&resources, |known| known.resource, &span.resource).unwrap_or_else(|| {
            resources.push(ResourceSpans { resource: &span.resource, scopes: Vec::new() });
            resources.len() - 1
        });
        let scopes = &mut resources[index].scopes;
        let index = position(scopes, |known| known.scope, &span.scope).unwrap_or_else(|| {
            scopes.push(ScopeSpans { scope: &span.scope, spans: Vec::new() });
            scopes.len() - 1
        });
        scopes[index].spans.push(span);
    }
    resources
}

/// Spans nearly always share one `Arc`, so identity is tried on all groups before any is compared in full.
fn position<'a, G, T: PartialEq + 'a>(
    groups: &[G],
    shared: impl Fn(&G) -> &'a Arc<T>,
    wanted: &Arc<T>,
) -> Option<usize> {
    groups
        .iter()
        .position(|group| Arc::ptr_eq(shared(group), wanted))
        .or_else(|| groups.iter().position(|group| shared(group) == wanted))
}

impl Serialize for ResourceSpans<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("resource", &AsJson(&**self.resource))?;
        object.serialize_entry("scopeSpans", &List(self.scopes.iter()))?;
        object.end()
    }
}

impl Serialize for ScopeSpans<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("scope", &AsJson(&**self.scope))?;
        object.serialize_entry("spans", &List(self.spans.iter().map(|span| AsJson(*span))))?;
        object.end()
    }
}

/// A part of a record in its OTLP form. The records themselves do not know the wire.
struct AsJson<'a, T>(&'a T);

impl Serialize for AsJson<'_, Resource> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        attributes(&mut object, &self.0.attributes)?;
        object.end()
    }
}

impl Serialize for AsJson<'_, Scope> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Scope { name, version, attributes: scope_attributes } = self.0;
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("name", &**name)?;
        if let Some(version) = version {
            object.serialize_entry("version", &**version)?;
        }
        attributes(&mut object, scope_attributes)?;
        object.end()
    }
}

impl Serialize for AsJson<'_, SpanRecord> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let span = self.0;
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("traceId", &Text(span.trace_id))?;
        object.serialize_entry("spanId", &Text(span.span_id))?;
        if let Some(state) = &span.trace_state {
            object.serialize_entry("traceState", state)?;
        }
        if let Some(parent) = span.parent {
            object.serialize_entry("parentSpanId", &Text(parent))?;
        }
        object.serialize_entry("name", &span.name)?;
        object.serialize_entry("kind", &(span.kind as u8))?;
        object.serialize_entry("startTimeUnixNano", &Text(span.start))?;
        object.serialize_entry("endTimeUnixNano", &Text(span.end))?;
        attributes(&mut object, &span.attributes)?;
        if !span.events.is_empty() {
            object.serialize_entry("events", &List(span.events.iter().map(AsJson)))?;
        }
        if !span.links.is_empty() {
            object.serialize_entry("links", &List(span.links.iter().map(AsJson)))?;
        }
        if span.status != Status::Unset {
            object.serialize_entry("status", &AsJson(&span.status))?;
        }
        object.end()
    }
}

impl Serialize for AsJson<'_, Event> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("timeUnixNano", &Text(self.0.time))?;
        object.serialize_entry("name", &*self.0.name)?;
        attributes(&mut object, &self.0.attributes)?;
        object.end()
    }
}

impl Serialize for AsJson<'_, Link> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("traceId", &Text(self.0.trace_id))?;
        object.serialize_entry("spanId", &Text(self.0.span_id))?;
        if let Some(state) = &self.0.trace_state {
            object.serialize_entry("traceState", state)?;
        }
        attributes(&mut object, &self.0.attributes)?;
        object.end()
    }
}

impl Serialize for AsJson<'_, Status> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        match self.0 {
            Status::Unset => {}
            Status::Ok => object.serialize_entry("code", &1)?,
            Status::Error(message) => {
                object.serialize_entry("code", &2)?;
                object.serialize_entry("message", message)?;
            }
        }
        object.end()
    }
}

/// Writes the member `attributes`, unless there are none.
fn attributes<M: SerializeMap>(object: &mut M, attributes: &Attributes) -> Result<(), M::Error> {
    if attributes.is_empty() {
        return Ok(());
    }
    object.serialize_entry("attributes", &List(attributes.iter().map(Attribute)))
}

struct Attribute<'a>((&'a str, Value<'a>));

impl Serialize for Attribute<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (key, value) = &self.0;
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("key", key)?;
        object.serialize_entry("value", &AsJson(value))?;
        object.end()
    }
}

impl Serialize for AsJson<'_, Value<'_>> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Bool(value) => Scalar::Bool(*value).serialize(serializer),
            Value::Int(value) => Scalar::Int(*value).serialize(serializer),
            Value::Double(value) => Scalar::Double(*value).serialize(serializer),
            Value::String(value) => Scalar::String(value).serialize(serializer),
            Value::Array(array) => Member("arrayValue", AsJson(&**array)).serialize(serializer),
        }
    }
}

impl Serialize for AsJson<'_, Array> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fn values<'a, S: Serializer>(
            serializer: S,
            values: impl Iterator<Item = Scalar<'a>> + Clone,
        ) -> Result<S::Ok, S::Error> {
            Member("values", List(values)).serialize(serializer)
        }
        match self.0 {
            Array::Bool(items) => values(serializer, items.iter().copied().map(Scalar::Bool)),
            Array::Int(items) => values(serializer, items.iter().copied().map(Scalar::Int)),
            Array::Double(items) => values(serializer, items.iter().copied().map(Scalar::Double)),
            Array::String(items) => values(serializer, items.iter().map(|item| Scalar::String(item))),
        }
    }
}

enum Scalar<'a> {
    Bool(bool),
    Int(i64),
    Double(f64),
    String(&'a str),
}

impl Serialize for Scalar<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Bool(value) => Member("boolValue", value).serialize(serializer),
            Self::Int(value) => Member("intValue", Text(value)).serialize(serializer),
            Self::Double(value) if value.is_finite() => Member("doubleValue", value).serialize(serializer),
            // JSON has no numbers for these; the proto3 mapping names them.
            Self::Double(value) if value.is_nan() => Member("doubleValue", "NaN").serialize(serializer),
            Self::Double(value) if value > 0.0 => Member("doubleValue", "Infinity").serialize(serializer),
            Self::Double(_) => Member("doubleValue", "-Infinity").serialize(serializer),
            Self::String(value) => Member("stringValue", value).serialize(serializer),
        }
    }
}

/// An object with one member.
struct Member<T>(&'static str, T);

impl<T: Serialize> Serialize for Member<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(1))?;
        object.serialize_entry(self.0, &self.1)?;
        object.end()
    }
}

/// An array of whatever the iterator gives.
struct List<I>(I);

impl<I: Iterator<Item: Serialize> + Clone> Serialize for List<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone())
    }
}

/// What JSON carries as a string although it is none: identifiers, and integers of 64 bits.
struct Text<T>(T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[cfg(test)]
pub(super) mod tests;
