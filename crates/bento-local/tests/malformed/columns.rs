//! The columns of a good span, as the wire describes them.

use serde_json::{Map, Value, json};

use crate::json::Node;
use crate::judge::{Judged, Quoted, Reading, field};

/// The moments that a database can hold.
const TIMES: std::ops::RangeInclusive<i128> = 1..=i64::MAX as i128;

pub(crate) fn judge(span: &Node, service: &Value) -> Judged {
    let Node::Map(_) = span else { return Judged::Bad };
    let mut reading = Reading { is_open: span.is_odd(), ..Reading::default() };
    let trace_id = id(&mut reading, field(span, "traceId"), 32);
    let span_id = id(&mut reading, field(span, "spanId"), 16);
    reading.is_bad |= trace_id.is_none() || span_id.is_none();
    let parent = field(span, "parentSpanId");
    let is_root = matches!(parent, Node::Text(Some(text)) if text.is_empty() || *text == "0".repeat(16));
    let parent_id = if is_root { None } else { id(&mut reading, parent, 16) };
    let name = reading.text(field(span, "name"));
    let mut time = |name| reading.integer(field(span, name), TIMES, Quoted::Allowed);
    let (start, end) = (time("startTimeUnixNano"), time("endTimeUnixNano"));
    let is_missing = |name| *field(span, name) == Node::Null;
    let backwards = start.zip(end).is_some_and(|(start, end)| end < start);
    reading.is_bad |= is_missing("startTimeUnixNano") || is_missing("endTimeUnixNano") || backwards;
    let events = events(&mut reading, field(span, "events"));
    let (status, message) = status(&mut reading, field(span, "status"), &events);
    let mut rest = reading.attributes(field(span, "attributes"));
    let is_pending = rest.get("bento.pending") == Some(&Value::Bool(true));
    let (status, message) = if is_pending { ("PENDING", None) } else { (status, message) };
    let columns = json!({
        "trace_id": trace_id, "span_id": span_id, "parent_id": parent_id, "name": name.unwrap_or_default(),
        "start": start.map(|time| time.to_string()), "end": end.map(|time| time.to_string()),
        "status": status, "status_message": message, "events": events,
        "service_name": service["name"], "service_version": service["version"],
        "kind": take(&mut rest, &["openinference.span.kind"], text).map(|kind| kind.as_str().unwrap().to_lowercase()),
        "model": take(&mut rest, &["gen_ai.request.model", "gen_ai.response.model", "llm.model_name"], text),
        "provider": take(&mut rest, &["gen_ai.system", "gen_ai.provider.name"], text),
        "input": take(&mut rest, &["input.value"], payload),
        "output": take(&mut rest, &["output.value"], payload),
        "user_id": take(&mut rest, &["gen_ai.user.id", "user.id"], text),
        "session_id": take(&mut rest, &["gen_ai.conversation.id", "session.id"], text),
        "input_tokens": take(&mut rest, &["gen_ai.usage.input_tokens", "llm.token_count.prompt"], count),
        "output_tokens": take(&mut rest, &["gen_ai.usage.output_tokens", "llm.token_count.completion"], count),
        "tags": take(&mut rest, &["langfuse.tags", "tag.tags"], tags).unwrap_or(json!([])),
        "attributes": rest,
    });
    reading.verdict(columns)
}

/// Hex digits in either case, written in lower case; never all zero.
fn id(reading: &mut Reading, node: &Node, digits: usize) -> Option<String> {
    let text = reading.text(node)?;
    let is_hex = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_id = is_hex && text.bytes().any(|byte| byte != b'0');
    reading.is_bad |= !is_id;
    is_id.then(|| text.to_lowercase())
}

fn events(reading: &mut Reading, node: &Node) -> Vec<Value> {
    let mut events = Vec::new();
    for event in reading.objects(node) {
        let time = reading.integer(field(event, "timeUnixNano"), 0..=u64::MAX.into(), Quoted::Allowed);
        let name = reading.text(field(event, "name")).unwrap_or_default();
        let attributes = reading.attributes(field(event, "attributes"));
        events.push(json!({"time": time.unwrap_or(0).to_string(), "name": name, "attributes": attributes}));
    }
    events
}

fn status(reading: &mut Reading, node: &Node, events: &[Value]) -> (&'static str, Option<String>) {
    reading.is_bad |= !matches!(node, Node::Null | Node::Map(_));
    let code = reading.integer(field(node, "code"), i32::MIN.into()..=i32::MAX.into(), Quoted::Forbidden);
    let said = reading.text(field(node, "message")).filter(|text| !text.is_empty());
    let raised = || {
        let exception = events.iter().rev().find(|event| event["name"] == "exception")?;
        exception["attributes"]["exception.message"].as_str().map(str::to_owned)
    };
    match code {
        Some(1) => ("OK", said),
        Some(2) => ("ERROR", said.or_else(raised)),
        _ => ("UNSET", said),
    }
}

/// The first of the keys whose value fits fills the column, and is no attribute any more.
fn take(rest: &mut Map<String, Value>, keys: &[&str], fit: fn(&Value) -> Option<Value>) -> Option<Value> {
    let (key, value) = keys.iter().find_map(|key| Some((key, fit(rest.get(*key)?)?)))?;
    rest.remove(*key);
    Some(value)
}

/// An empty text says nothing.
fn text(value: &Value) -> Option<Value> {
    value.as_str().filter(|text| !text.is_empty()).map(Value::from)
}

/// Text as it is, anything else as JSON.
fn payload(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(_) => Some(value.clone()),
        other => Some(other.to_string().into()),
    }
}

fn count(value: &Value) -> Option<Value> {
    value.as_i64().filter(|count| *count >= 0).map(Value::from)
}

fn tags(value: &Value) -> Option<Value> {
    match value {
        Value::String(tag) if !tag.is_empty() => Some(json!([tag])),
        Value::Array(tags) if tags.iter().all(Value::is_string) => {
            Some(tags.iter().filter(|tag| *tag != "").cloned().collect())
        }
        _ => None,
    }
}
