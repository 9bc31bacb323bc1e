//! A strict reader of OTLP/JSON, written from the protocol's rules (`wire.md`, "Request"). It shares nothing with the
//! encoder but the records, and refuses whatever a strict receiver might: unknown fields, null, keys that stand twice,
//! numbers in other forms, blanks between tokens.

use std::fmt::Write as _;
use std::str::FromStr;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::record::{
    Array, Attributes, Event, Link, Name, Resource, Scope, SpanId, SpanKind, SpanRecord, Status, TraceId,
    Value,
};

/// What was read, or what is wrong.
pub(super) type Read<T> = Result<T, String>;

type Object = Map<String, Json>;

/// The spans of a request in its order.
pub(super) fn read(body: &[u8]) -> Read<Vec<SpanRecord>> {
    let request: Json = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if request.to_string().len() != body.len() {
        return Err("a key stands twice, or the text is not compact".to_owned());
    }
    let mut spans = Vec::new();
    for group in list(object(&request, &["resourceSpans"])?, "resourceSpans")? {
        let group = object(group, &["resource", "scopeSpans"])?;
        let resource = object(member(group, "resource")?, &["attributes"])?;
        let resource = Arc::new(Resource { attributes: attributes(resource)? });
        for group in nonempty(group, "scopeSpans")? {
            let group = object(group, &["scope", "spans"])?;
            let scope = object(member(group, "scope")?, &["name", "version", "attributes"])?;
            let scope = Arc::new(Scope {
                name: text(scope, "name")?.into(),
                version: optional(scope, "version", text)?.map(Name::from),
                attributes: attributes(scope)?,
            });
            for message in nonempty(group, "spans")? {
                spans.push(span(message, &resource, &scope)?);
            }
        }
    }
    Ok(spans)
}

fn span(message: &Json, resource: &Arc<Resource>, scope: &Arc<Scope>) -> Read<SpanRecord> {
    const FIELDS: [&str; 12] = [
        "traceId",
        "spanId",
        "traceState",
        "parentSpanId",
        "name",
        "kind",
        "startTimeUnixNano",
        "endTimeUnixNano",
        "attributes",
        "events",
        "links",
        "status",
    ];
    let message = object(message, &FIELDS)?;
    Ok(SpanRecord {
        trace_id: trace_id(message)?,
        span_id: span_id(message, "spanId")?,
        parent: optional(message, "parentSpanId", span_id)?,
        trace_state: optional(message, "traceState", text)?,
        name: text(message, "name")?,
        kind: match member(message, "kind")?.as_u64() {
            Some(1) => SpanKind::Internal,
            Some(2) => SpanKind::Server,
            Some(3) => SpanKind::Client,
            Some(4) => SpanKind::Producer,
            Some(5) => SpanKind::Consumer,
            other => return Err(format!("kind {other:?}")),
        },
        start: decimal(message, "startTimeUnixNano")?,
        end: decimal(message, "endTimeUnixNano")?,
        attributes: attributes(message)?,
        events: optional(message, "events", nonempty)?
            .unwrap_or_default()
            .iter()
            .map(event)
            .collect::<Read<_>>()?,
        links: optional(message, "links", nonempty)?
            .unwrap_or_default()
            .iter()
            .map(link)
            .collect::<Read<_>>()?,
        status: message.get("status").map_or(Ok(Status::Unset), status)?,
        resource: Arc::clone(resource),
        scope: Arc::clone(scope),
        notes: crate::record::Notes::default(),
    })
}

fn event(message: &Json) -> Read<Event> {
    let message = object(message, &["timeUnixNano", "name", "attributes"])?;
    Ok(Event {
        name: text(message, "name")?.into(),
        time: decimal(message, "timeUnixNano")?,
        attributes: attributes(message)?,
    })
}

fn link(message: &Json) -> Read<Link> {
    let message = object(message, &["traceId", "spanId", "traceState", "attributes"])?;
    Ok(Link {
        trace_id: trace_id(message)?,
        span_id: span_id(message, "spanId")?,
        trace_state: optional(message, "traceState", text)?,
        attributes: attributes(message)?,
    })
}

fn status(message: &Json) -> Read<Status> {
    let message = object(message, &["code", "message"])?;
    match (member(message, "code")?.as_u64(), message.get("message")) {
        (Some(1), None) => Ok(Status::Ok),
        (Some(2), Some(_)) => Ok(Status::Error(text(message, "message")?)),
        other => Err(format!("status {other:?}")),
    }
}

fn attributes(message: &Object) -> Read<Attributes> {
    let mut read = Attributes::new();
    for pair in optional(message, "attributes", nonempty)?.unwrap_or_default() {
        let pair = object(pair, &["key", "value"])?;
        let key = text(pair, "key")?;
        if key.is_empty() || read.get(&key).is_some() {
            return Err(format!("the key {key:?} is empty or stands twice"));
        }
        read.set(&key, value(member(pair, "value")?)?);
    }
    Ok(read)
}

fn value(message: &Json) -> Read<Value<'static>> {
    let message = object(message, &["stringValue", "boolValue", "intValue", "doubleValue", "arrayValue"])?;
    let mut fields = message.iter();
    let (Some((field, given)), None) = (fields.next(), fields.next()) else {
        return Err(format!("{} values", message.len()));
    };
    match (field.as_str(), given) {
        ("stringValue", _) => text(message, field).map(Value::from),
        ("boolValue", Json::Bool(given)) => Ok(Value::Bool(*given)),
        ("intValue", _) => decimal(message, field).map(Value::Int),
        ("doubleValue", Json::String(name)) => match name.as_str() {
            "NaN" => Ok(Value::Double(f64::NAN)),
            "Infinity" => Ok(Value::Double(f64::INFINITY)),
            "-Infinity" => Ok(Value::Double(f64::NEG_INFINITY)),
            other => Err(format!("the double {other:?}")),
        },
        // The text of the number is read by the standard library, which rounds exactly.
        ("doubleValue", Json::Number(number)) => {
            number.to_string().parse().map(Value::Double).map_err(|_| format!("the double {number}"))
        }
        ("arrayValue", _) => array(given).map(Value::from),
        (field, given) => Err(format!("{field}: {given}")),
    }
}

fn array(message: &Json) -> Read<Array> {
    let values =
        list(object(message, &["values"])?, "values")?.iter().map(value).collect::<Read<Vec<_>>>()?;
    macro_rules! all {
        ($form:ident) => {
            values
                .into_iter()
                .map(|value| match value {
                    Value::$form(item) => Ok(item.into()),
                    other => Err(format!("{other:?} in an array of another type")),
                })
                .collect::<Read<_>>()
                .map(Array::$form)
        };
    }
    match values.first() {
        Some(Value::Bool(_)) => all!(Bool),
        Some(Value::Int(_)) => all!(Int),
        Some(Value::Double(_)) => all!(Double),
        Some(Value::String(_)) | None => all!(String),
        Some(Value::Array(_)) => Err("an array in an array".to_owned()),
    }
}

fn object<'a>(value: &'a Json, fields: &[&str]) -> Read<&'a Object> {
    let object = value.as_object().ok_or_else(|| format!("no object: {value}"))?;
    match object.keys().find(|key| !fields.contains(&key.as_str())) {
        Some(unknown) => Err(format!("the field {unknown:?} is not among {fields:?}")),
        None => Ok(object),
    }
}

fn member<'a>(object: &'a Object, name: &str) -> Read<&'a Json> {
    object.get(name).ok_or_else(|| format!("{name} is missing"))
}

fn optional<'a, T>(
    object: &'a Object,
    name: &str,
    read: impl Fn(&'a Object, &str) -> Read<T>,
) -> Read<Option<T>> {
    object.contains_key(name).then(|| read(object, name)).transpose()
}

fn list<'a>(object: &'a Object, name: &str) -> Read<&'a [Json]> {
    member(object, name)?.as_array().map(Vec::as_slice).ok_or_else(|| format!("{name} is no list"))
}

/// A list that would have been left out if it were empty.
fn nonempty<'a>(object: &'a Object, name: &str) -> Read<&'a [Json]> {
    let list = list(object, name)?;
    if list.is_empty() { Err(format!("{name} is empty")) } else { Ok(list) }
}

fn text(object: &Object, name: &str) -> Read<String> {
    let text = member(object, name)?.as_str().ok_or_else(|| format!("{name} is no text"))?;
    Ok(text.to_owned())
}

/// A 64-bit integer: a decimal string in its shortest form.
fn decimal<T: FromStr + ToString>(object: &Object, name: &str) -> Read<T> {
    let digits = text(object, name)?;
    let number = digits.parse::<T>().map_err(|_| format!("{name}: {digits:?}"))?;
    if number.to_string() == digits { Ok(number) } else { Err(format!("{name}: {digits:?}")) }
}

fn hex(object: &Object, name: &str, width: usize) -> Read<u128> {
    let digits = text(object, name)?;
    let is_lower_hex = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let number = u128::from_str_radix(&digits, 16).ok().filter(|_| is_lower_hex && digits.len() == width);
    number.ok_or_else(|| format!("{name}: {digits:?}"))
}

fn trace_id(object: &Object) -> Read<TraceId> {
    TraceId::from_u128(hex(object, "traceId", 32)?).ok_or_else(|| "traceId is zero".to_owned())
}

fn span_id(object: &Object, name: &str) -> Read<SpanId> {
    let id = u64::try_from(hex(object, name, 16)?).ok().and_then(SpanId::from_u64);
    id.ok_or_else(|| format!("{name} is zero"))
}

/// All that the wire carries of a span, as text: NaN equals NaN there, and -0 is not 0.
pub(super) fn shown(span: &SpanRecord) -> String {
    let SpanRecord { trace_id, span_id, parent, trace_state, name, kind, start, end, .. } = span;
    let mut text = format!("{trace_id} {span_id} {parent:?} {trace_state:?} {name:?} {kind:?} {start} {end}");
    text += &items(&span.attributes);
    for Event { name, time, attributes } in &span.events {
        write!(text, " event {name:?} {time}{}", items(attributes)).ok();
    }
    for Link { trace_id, span_id, trace_state, attributes } in &span.links {
        write!(text, " link {trace_id} {span_id} {trace_state:?}{}", items(attributes)).ok();
    }
    text + &format!(" {:?} ", span.status) + &origin(span)
}

/// The resource and the scope of a span, as text.
pub(super) fn origin(span: &SpanRecord) -> String {
    let Scope { name, version, attributes } = &*span.scope;
    format!("{name:?} {version:?}{} of{}", items(attributes), items(&span.resource.attributes))
}

fn items(attributes: &Attributes) -> String {
    let item = |(key, value): (&str, Value<'_>)| match value {
        // The wire does not say of what type an empty array is.
        Value::Array(array) if is_empty(&array) => format!(" {key:?}=[]"),
        value => format!(" {key:?}={value:?}"),
    };
    attributes.iter().map(item).collect()
}

fn is_empty(array: &Array) -> bool {
    match array {
        Array::Bool(items) => items.is_empty(),
        Array::Int(items) => items.is_empty(),
        Array::Double(items) => items.is_empty(),
        Array::String(items) => items.is_empty(),
    }
}
