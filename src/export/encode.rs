//! OTLP/JSON (`wire.md`, "Request"), written straight from the records: no tree is built in between, and what is the same
//! in every request stands here as it travels.

mod text;

use std::io::{self, Write};
use std::sync::Arc;

use self::text::Text;
use crate::record::{
    Array, Attributes, Event, Link, Resource, Scope, SpanId, SpanRecord, Status, TraceId, Value,
};

/// Writes `batch` as one compact `ExportTraceServiceRequest`.
pub(crate) fn encode(batch: &[&SpanRecord], writer: impl Write) -> io::Result<()> {
    let mut json = Json(Text::new(writer));
    json.request(batch)?;
    json.0.finish()
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

/// Records in their OTLP form. The records themselves do not know the wire.
struct Json<W>(Text<W>);

impl<W: Write> Json<W> {
    fn request(&mut self, batch: &[&SpanRecord]) -> io::Result<()> {
        self.0.put(br#"{"resourceSpans":["#);
        self.list(&group(batch), |json, ResourceSpans { resource, scopes }| {
            json.0.put(br#"{"resource":{"#);
            json.attributes("", &resource.attributes)?;
            json.0.put(br#"},"scopeSpans":["#);
            json.list(scopes, |json, ScopeSpans { scope, spans }| {
                json.scope(scope)?;
                json.0.put(br#","spans":["#);
                json.list(spans, |json, span| json.span(span))?;
                json.0.put(b"]}");
                Ok(())
            })?;
            json.0.put(b"]}");
            Ok(())
        })?;
        self.0.put(b"]}");
        Ok(())
    }

    /// What stands between the brackets of an array.
    fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T) -> io::Result<()>,
    ) -> io::Result<()> {
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.0.put(b",");
            }
            write(self, item)?;
            self.0.pass_on()?;
        }
        Ok(())
    }

    fn scope(&mut self, scope: &Scope) -> io::Result<()> {
        self.0.put(br#"{"scope":{"name":"#);
        self.0.string(&scope.name)?;
        if let Some(version) = &scope.version {
            self.0.put(br#","version":"#);
            self.0.string(version)?;
        }
        self.attributes(",", &scope.attributes)?;
        self.0.put(b"}");
        Ok(())
    }

    fn span(&mut self, span: &SpanRecord) -> io::Result<()> {
        self.context(span.trace_id, span.span_id, span.trace_state.as_deref())?;
        if let Some(parent) = span.parent {
            self.0.put(br#","parentSpanId":""#);
            self.0.hex(&parent.to_u64().to_be_bytes());
            self.0.put(b"\"");
        }
        self.0.put(br#","name":"#);
        self.0.string(&span.name)?;
        self.0.put(br#","kind":"#);
        self.0.number(span.kind as u8)?;
        self.0.put(br#","startTimeUnixNano":""#);
        self.0.number(span.start)?;
        self.0.put(br#"","endTimeUnixNano":""#);
        self.0.number(span.end)?;
        self.0.put(b"\"");
        self.attributes(",", &span.attributes)?;
        if !span.events.is_empty() {
            self.0.put(br#","events":["#);
            self.list(&span.events, Self::event)?;
            self.0.put(b"]");
        }
        if !span.links.is_empty() {
            self.0.put(br#","links":["#);
            self.list(&span.links, Self::link)?;
            self.0.put(b"]");
        }
        match &span.status {
            Status::Unset => {}
            Status::Ok => self.0.put(br#","status":{"code":1}"#),
            Status::Error(message) => {
                self.0.put(br#","status":{"code":2,"message":"#);
                self.0.string(message)?;
                self.0.put(b"}");
            }
        }
        self.0.put(b"}");
        Ok(())
    }

    /// The beginning of a span or of a link: which span it is.
    fn context(&mut self, trace_id: TraceId, span_id: SpanId, state: Option<&str>) -> io::Result<()> {
        self.0.put(br#"{"traceId":""#);
        self.0.hex(&trace_id.to_u128().to_be_bytes());
        self.0.put(br#"","spanId":""#);
        self.0.hex(&span_id.to_u64().to_be_bytes());
        self.0.put(b"\"");
        if let Some(state) = state {
            self.0.put(br#","traceState":"#);
            self.0.string(state)?;
        }
        Ok(())
    }

    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.0.put(br#"{"timeUnixNano":""#);
        self.0.number(event.time)?;
        self.0.put(br#"","name":"#);
        self.0.string(&event.name)?;
        self.attributes(",", &event.attributes)?;
        self.0.put(b"}");
        Ok(())
    }

    fn link(&mut self, link: &Link) -> io::Result<()> {
        self.context(link.trace_id, link.span_id, link.trace_state.as_deref())?;
        self.attributes(",", &link.attributes)?;
        self.0.put(b"}");
        Ok(())
    }

    /// Writes the member `attributes` behind `separator`, unless there are none.
    fn attributes(&mut self, separator: &str, attributes: &Attributes) -> io::Result<()> {
        if attributes.is_empty() {
            return Ok(());
        }
        self.0.put(separator.as_bytes());
        self.0.put(br#""attributes":["#);
        self.list(attributes.iter(), |json, (key, value)| {
            json.0.put(br#"{"key":"#);
            json.0.string(key)?;
            json.0.put(br#","value":"#);
            match value {
                Value::Bool(value) => json.bool(value),
                Value::Int(value) => json.int(value)?,
                Value::Double(value) => json.double(value)?,
                Value::String(value) => json.text(&value)?,
                Value::Array(array) => json.array(&array)?,
            }
            json.0.put(b"}");
            Ok(())
        })?;
        self.0.put(b"]");
        Ok(())
    }

    fn array(&mut self, array: &Array) -> io::Result<()> {
        self.0.put(br#"{"arrayValue":{"values":["#);
        match array {
            Array::Bool(items) => self.list(items, |json, item| {
                json.bool(*item);
                Ok(())
            })?,
            Array::Int(items) => self.list(items, |json, item| json.int(*item))?,
            Array::Double(items) => self.list(items, |json, item| json.double(*item))?,
            Array::String(items) => self.list(items, |json, item| json.text(item))?,
        }
        self.0.put(b"]}}");
        Ok(())
    }

    fn bool(&mut self, value: bool) {
        self.0.put(if value { br#"{"boolValue":true}"# } else { br#"{"boolValue":false}"# });
    }

    fn int(&mut self, value: i64) -> io::Result<()> {
        self.0.put(br#"{"intValue":""#);
        self.0.number(value)?;
        self.0.put(br#""}"#);
        Ok(())
    }

    fn double(&mut self, value: f64) -> io::Result<()> {
        self.0.put(br#"{"doubleValue":"#);
        // JSON has no numbers for these; the proto3 mapping names them.
        if value.is_nan() {
            self.0.put(br#""NaN""#);
        } else if value.is_infinite() {
            self.0.put(if value > 0.0 { br#""Infinity""# } else { br#""-Infinity""# });
        } else {
            self.0.number(value)?;
        }
        self.0.put(b"}");
        Ok(())
    }

    fn text(&mut self, value: &str) -> io::Result<()> {
        self.0.put(br#"{"stringValue":"#);
        self.0.string(value)?;
        self.0.put(b"}");
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests;
