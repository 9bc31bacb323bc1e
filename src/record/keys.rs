//! The attribute keys of the wire contract (`wire.md`, "From call to attribute to column").

pub(crate) const USER_ID: &str = "gen_ai.user.id";
pub(crate) const CONVERSATION_ID: &str = "gen_ai.conversation.id";
pub(crate) const MODEL: &str = "gen_ai.request.model";
pub(crate) const PROVIDER: &str = "gen_ai.system";
pub(crate) const INPUT: &str = "input.value";
pub(crate) const OUTPUT: &str = "output.value";
pub(crate) const TAGS: &str = "langfuse.tags";
pub(crate) const KIND: &str = "openinference.span.kind";

pub(crate) const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
pub(crate) const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
pub(crate) const CACHED_TOKENS: &str = "gen_ai.usage.cache_read.input_tokens";
pub(crate) const PROMPT_TOKENS: &str = "llm.token_count.prompt";
pub(crate) const COMPLETION_TOKENS: &str = "llm.token_count.completion";
pub(crate) const TOTAL_TOKENS: &str = "llm.token_count.total";
pub(crate) const CACHED_PROMPT_TOKENS: &str = "llm.token_count.prompt_details.cache_read";
pub(crate) const TIME_TO_FIRST_CHUNK: &str = "gen_ai.response.time_to_first_chunk";

pub(crate) const EXCEPTION_EVENT: &str = "exception";
pub(crate) const EXCEPTION_TYPE: &str = "exception.type";
pub(crate) const EXCEPTION_MESSAGE: &str = "exception.message";

/// The span was sent at shutdown or exit while still open.
pub(crate) const UNFINISHED: &str = "bento.unfinished";
/// The future or stream behind the span was dropped before it ended.
pub(crate) const CANCELLED: &str = "bento.cancelled";
/// Prefix of the marker that gives the original size, in bytes, of a value that was cut.
pub(crate) const TRUNCATED: &str = "bento.truncated.";
/// The original size, in bytes, of a span name that was cut.
pub(crate) const TRUNCATED_NAME: &str = "bento.truncated_name";
/// The original size, in bytes, of an error's message that was cut.
pub(crate) const TRUNCATED_MESSAGE: &str = "bento.truncated_message";
/// Prefix of the marker that says why a value could not be serialised to its end.
pub(crate) const UNSERIALIZABLE: &str = "bento.unserializable.";
/// How many events a span had beyond the maximum.
#[cfg(feature = "otel")]
pub(crate) const DROPPED_EVENTS: &str = "bento.dropped_events";
/// How many links a span had beyond the maximum.
#[cfg(feature = "otel")]
pub(crate) const DROPPED_LINKS: &str = "bento.dropped_links";
/// The original size, in bytes, of a trace state that was cut.
#[cfg(feature = "otel")]
pub(crate) const TRUNCATED_TRACE_STATE: &str = "bento.truncated_trace_state";
/// How many properties a span had beyond the maximum.
pub(crate) const DROPPED_PROPERTIES: &str = "bento.dropped_properties";
/// Stands for the empty key, which OTLP does not allow.
pub(crate) const UNNAMED: &str = "bento.unnamed";
