//! The attribute keys of the wire contract (`wire.md`, "From call to attribute to column").

use super::key::Key;

pub(crate) const USER_ID: Key<'static> = Key::lasting("gen_ai.user.id");
pub(crate) const CONVERSATION_ID: Key<'static> = Key::lasting("gen_ai.conversation.id");
pub(crate) const MODEL: Key<'static> = Key::lasting("gen_ai.request.model");
pub(crate) const PROVIDER: Key<'static> = Key::lasting("gen_ai.system");
pub(crate) const INPUT: Key<'static> = Key::lasting("input.value");
pub(crate) const OUTPUT: Key<'static> = Key::lasting("output.value");
pub(crate) const TAGS: Key<'static> = Key::lasting("langfuse.tags");
pub(crate) const KIND: Key<'static> = Key::lasting("openinference.span.kind");

pub(crate) const INPUT_TOKENS: Key<'static> = Key::lasting("gen_ai.usage.input_tokens");
pub(crate) const OUTPUT_TOKENS: Key<'static> = Key::lasting("gen_ai.usage.output_tokens");
pub(crate) const CACHED_TOKENS: Key<'static> = Key::lasting("gen_ai.usage.cache_read.input_tokens");
pub(crate) const PROMPT_TOKENS: Key<'static> = Key::lasting("llm.token_count.prompt");
pub(crate) const COMPLETION_TOKENS: Key<'static> = Key::lasting("llm.token_count.completion");
pub(crate) const TOTAL_TOKENS: Key<'static> = Key::lasting("llm.token_count.total");
pub(crate) const CACHED_PROMPT_TOKENS: Key<'static> =
    Key::lasting("llm.token_count.prompt_details.cache_read");
pub(crate) const TIME_TO_FIRST_CHUNK: Key<'static> = Key::lasting("gen_ai.response.time_to_first_chunk");

pub(crate) const EXCEPTION_EVENT: &str = "exception";
pub(crate) const EXCEPTION_TYPE: Key<'static> = Key::lasting("exception.type");
pub(crate) const EXCEPTION_MESSAGE: Key<'static> = Key::lasting("exception.message");

/// The span was sent before it had ended.
pub(crate) const PENDING: Key<'static> = Key::lasting("bento.pending");
/// The span was sent at shutdown or exit while still open.
pub(crate) const UNFINISHED: Key<'static> = Key::lasting("bento.unfinished");
/// The future or stream behind the span was dropped before it ended.
pub(crate) const CANCELLED: Key<'static> = Key::lasting("bento.cancelled");
/// Prefix of the marker that gives the original size, in bytes, of a value that was cut.
pub(crate) const TRUNCATED: &str = "bento.truncated.";
/// The original size, in bytes, of a span name that was cut.
pub(crate) const TRUNCATED_NAME: Key<'static> = Key::lasting("bento.truncated_name");
/// The original size, in bytes, of an error's message that was cut.
pub(crate) const TRUNCATED_MESSAGE: Key<'static> = Key::lasting("bento.truncated_message");
/// Prefix of the marker that says why a value could not be serialised to its end.
pub(crate) const UNSERIALIZABLE: &str = "bento.unserializable.";
/// How many events a span had beyond the maximum.
#[cfg(feature = "otel")]
pub(crate) const DROPPED_EVENTS: Key<'static> = Key::lasting("bento.dropped_events");
/// How many links a span had beyond the maximum.
#[cfg(feature = "otel")]
pub(crate) const DROPPED_LINKS: Key<'static> = Key::lasting("bento.dropped_links");
/// The original size, in bytes, of a trace state that was cut.
#[cfg(feature = "otel")]
pub(crate) const TRUNCATED_TRACE_STATE: Key<'static> = Key::lasting("bento.truncated_trace_state");
/// How many properties a span had beyond the maximum.
pub(crate) const DROPPED_PROPERTIES: Key<'static> = Key::lasting("bento.dropped_properties");
/// Stands for the empty key, which OTLP does not allow.
pub(crate) const UNNAMED: Key<'static> = Key::lasting("bento.unnamed");
