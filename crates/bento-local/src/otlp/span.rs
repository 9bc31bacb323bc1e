//! From an OTLP span to our columns.

use std::rc::Rc;

use serde_json::Value;
use serde_json::value::RawValue;

use super::message::{EventMessage, Nanos, Object, Resource, SpanMessage, StatusMessage};
use crate::{Attributes, Event, IdError, Span, SpanId, SpanStatus, Timestamp};

/// The keys a column fills from, the first that is there. A key that filled a column is no attribute any more; the others
/// stay. A value whose type the column cannot hold stays as well.
mod keys {
    pub(super) const KIND: &[&str] = &["openinference.span.kind"];
    pub(super) const MODEL: &[&str] = &["gen_ai.request.model", "gen_ai.response.model", "llm.model_name"];
    pub(super) const PROVIDER: &[&str] = &["gen_ai.system", "gen_ai.provider.name"];
    pub(super) const INPUT: &[&str] = &["input.value"];
    pub(super) const OUTPUT: &[&str] = &["output.value"];
    pub(super) const USER: &[&str] = &["gen_ai.user.id", "user.id"];
    pub(super) const SESSION: &[&str] = &["gen_ai.conversation.id", "session.id"];
    pub(super) const TAGS: &[&str] = &["langfuse.tags", "tag.tags"];
    pub(super) const INPUT_TOKENS: &[&str] = &["gen_ai.usage.input_tokens", "llm.token_count.prompt"];
    pub(super) const OUTPUT_TOKENS: &[&str] = &["gen_ai.usage.output_tokens", "llm.token_count.completion"];
}

/// Says of a span, where it is true, that it has not ended. Its end is the moment when it was sent, and how it will end
/// nobody knows.
const PENDING: &str = "bento.pending";

/// Values in a span, or in a resource: each key, each element, each list.
const MOST_VALUES: usize = 500_000;

/// Who sent a group of spans.
#[derive(Debug, Default)]
pub(super) struct Service {
    name: Option<String>,
    version: Option<String>,
}

/// Why a span could not be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpanError {
    #[error("its resource does not fit: {0}")]
    Resource(Rc<str>),
    #[error("{0}")]
    Shape(#[from] serde_json::Error),
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{field} {reason}")]
    Id { field: &'static str, reason: IdError },
    #[error("endTimeUnixNano is before startTimeUnixNano")]
    EndsBeforeItStarts,
    #[error("{0} is after the year 2262")]
    TooLate(&'static str),
    #[error("it has more than {MOST_VALUES} values")]
    TooManyValues,
}

impl Service {
    pub(super) fn of(resource: Resource) -> Self {
        let mut attributes = resource.into_attributes();
        Self {
            name: text(&mut attributes, &["service.name"]),
            version: text(&mut attributes, &["service.version"]),
        }
    }
}

pub(super) fn decode(raw: &RawValue, service: &Service) -> Result<Span, SpanError> {
    if has_too_many_values(raw.get()) {
        return Err(SpanError::TooManyValues);
    }
    let Object(mut message): Object<SpanMessage> = serde_json::from_str(raw.get())?;
    let start_time = time("startTimeUnixNano", message.start_time_unix_nano)?;
    let end_time = time("endTimeUnixNano", message.end_time_unix_nano)?;
    if end_time < start_time {
        return Err(SpanError::EndsBeforeItStarts);
    }
    let mut rest = message.take_attributes();
    let (kind, kind_said) = kind(&mut rest);
    let events: Vec<Event> = message.events.into_iter().flatten().map(event).collect();
    let said = message.status.map(|Object(status)| status).unwrap_or_default();
    let is_pending = rest.get(PENDING).is_some_and(|value| value == true);
    let (status, status_message) =
        if is_pending { (SpanStatus::Pending, None) } else { status(said, &events) };
    Ok(Span {
        span_id: id("spanId", message.span_id)?,
        trace_id: id("traceId", message.trace_id)?,
        parent_id: parent(message.parent_span_id)?,
        name: message.name.unwrap_or_default(),
        kind,
        kind_said,
        status,
        status_message,
        start_time,
        end_time,
        model: text(&mut rest, keys::MODEL),
        provider: text(&mut rest, keys::PROVIDER),
        input: payload(&mut rest, keys::INPUT),
        output: payload(&mut rest, keys::OUTPUT),
        input_tokens: count(&mut rest, keys::INPUT_TOKENS),
        output_tokens: count(&mut rest, keys::OUTPUT_TOKENS),
        cost: None,
        user_id: text(&mut rest, keys::USER),
        session_id: text(&mut rest, keys::SESSION),
        tags: tags(&mut rest).unwrap_or_default(),
        service_name: service.name.clone(),
        service_version: service.version.clone(),
        attributes: rest,
        events,
    })
}

/// Whether so much would be made of little text that memory might not do: a value takes two bytes of text at least, and
/// a hundred in memory.
pub(super) fn has_too_many_values(json: &str) -> bool {
    // What is shorter cannot have so many that it matters.
    if json.len() <= 2 * MOST_VALUES {
        return false;
    }
    let (mut values, mut in_text, mut is_escaped) = (0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = in_text,
            b'"' => in_text = !in_text,
            b',' | b'{' | b'[' if !in_text => values += 1,
            _ => {}
        }
    }
    values > MOST_VALUES
}

/// Zero is how protobuf writes "no time", so it counts as missing. Databases have signed integers.
fn time(field: &'static str, nanos: Option<Nanos>) -> Result<Timestamp, SpanError> {
    match nanos.map(|Nanos(nanos)| nanos) {
        None | Some(0) => Err(SpanError::Missing(field)),
        Some(nanos) if i64::try_from(nanos).is_err() => Err(SpanError::TooLate(field)),
        Some(nanos) => Ok(Timestamp::from_unix_nanos(nanos)),
    }
}

fn id<T: std::str::FromStr<Err = IdError>>(
    field: &'static str,
    text: Option<String>,
) -> Result<T, SpanError> {
    let text = text.filter(|text| !text.is_empty()).ok_or(SpanError::Missing(field))?;
    text.parse().map_err(|reason| SpanError::Id { field, reason })
}

/// A root has no parent; senders write that as nothing, as an empty text, or as zeros.
fn parent(text: Option<String>) -> Result<Option<SpanId>, SpanError> {
    match id("parentSpanId", text) {
        Ok(parent) => Ok(Some(parent)),
        Err(SpanError::Missing(_) | SpanError::Id { reason: IdError::Zero, .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

/// The kind, and whether the sender said it. Without a word it is an LLM call: that is the contract.
fn kind(attributes: &mut Attributes) -> (String, bool) {
    if let Some(kind) = text(attributes, keys::KIND) {
        return (kind.to_lowercase(), true);
    }
    let operation = attributes.get("gen_ai.operation.name").and_then(Value::as_str);
    let kind = match operation {
        Some("execute_tool") => "tool",
        Some("invoke_agent" | "create_agent") => "agent",
        Some("embeddings") => "embedding",
        Some("retrieval") => "retriever",
        Some("chat" | "text_completion" | "generate_content") => "llm",
        _ => return ("llm".to_owned(), false),
    };
    (kind.to_owned(), true)
}

fn event(Object(mut message): Object<EventMessage>) -> Event {
    Event {
        time: Timestamp::from_unix_nanos(message.time_unix_nano.map_or(0, |Nanos(nanos)| nanos)),
        attributes: message.take_attributes(),
        name: message.name.unwrap_or_default(),
    }
}

/// A code this version does not know is no verdict, as protobuf wants it.
fn status(message: StatusMessage, events: &[Event]) -> (SpanStatus, Option<String>) {
    let status = match message.code {
        Some(1) => SpanStatus::Ok,
        Some(2) => SpanStatus::Error,
        _ => SpanStatus::Unset,
    };
    let said = message.message.filter(|text| !text.is_empty());
    let raised = || {
        let exception = events.iter().rev().find(|event| event.name == "exception")?;
        exception.attributes.get("exception.message")?.as_str().map(str::to_owned)
    };
    let message = if status == SpanStatus::Error { said.or_else(raised) } else { said };
    (status, message)
}

/// An empty text says nothing, and could not be asked for.
fn text(attributes: &mut Attributes, keys: &[&str]) -> Option<String> {
    take(attributes, keys, |value| match value {
        Value::String(text) if !text.is_empty() => Ok(text),
        other => Err(other),
    })
}

/// Text as it is, anything else as its JSON.
fn payload(attributes: &mut Attributes, keys: &[&str]) -> Option<String> {
    take(attributes, keys, |value| match value {
        Value::String(text) => Ok(text),
        Value::Null => Err(Value::Null),
        other => Ok(other.to_string()),
    })
}

fn count(attributes: &mut Attributes, keys: &[&str]) -> Option<u64> {
    take(attributes, keys, |value| value.as_i64().and_then(|count| count.try_into().ok()).ok_or(value))
}

fn tags(attributes: &mut Attributes) -> Option<Vec<String>> {
    take(attributes, keys::TAGS, |value| match value {
        Value::String(tag) if !tag.is_empty() => Ok(vec![tag]),
        Value::Array(tags) if tags.iter().all(Value::is_string) => {
            let tags = tags.iter().filter_map(Value::as_str).filter(|tag| !tag.is_empty());
            Ok(tags.map(str::to_owned).collect())
        }
        other => Err(other),
    })
}

/// Moves the first value that `fit` accepts out of the attributes; one that it hands back stays.
fn take<T>(attributes: &mut Attributes, keys: &[&str], fit: impl Fn(Value) -> Result<T, Value>) -> Option<T> {
    keys.iter().find_map(|&key| {
        let value = attributes.remove(key)?;
        fit(value).map_err(|value| attributes.insert(key.to_owned(), value)).ok()
    })
}
