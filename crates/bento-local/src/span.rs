//! A span as this backend knows it: the columns, whatever wire or disk they came from. The ground floor.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

use crate::price::Usd;
use crate::{SpanId, TraceId};

/// The attributes that have no column of their own, as a JSON object.
pub type Attributes = Map<String, Value>;

/// One step of a run. Its JSON form is the flat row of `GET /traces/{trace_id}/spans`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Span {
    /// The span's id, unique within its run.
    pub span_id: SpanId,
    /// The run it belongs to.
    pub trace_id: TraceId,
    /// The step that caused it; `None` for the root.
    pub parent_id: Option<SpanId>,
    /// What the caller named it (`event`).
    pub name: String,
    /// What it is, in lower case: `llm`, `tool`, `agent`, `retriever`, …
    pub kind: String,
    /// Whether the sender said the kind. If not, [`kind`](Self::kind) is an assumption that a child may better.
    #[serde(skip, default = "said")]
    pub(crate) kind_said: bool,
    /// How it ended, if it has.
    pub status: SpanStatus,
    /// The error's message, from the status or from its `exception` event.
    pub status_message: Option<String>,
    /// When it began.
    pub start_time: Timestamp,
    /// When it ended, never before it began; of a span that has not ended, when this form of it was sent.
    pub end_time: Timestamp,
    /// The model that was asked.
    pub model: Option<String>,
    /// Who serves the model: `openai`, `anthropic`, …
    pub provider: Option<String>,
    /// What went in, as text.
    pub input: Option<String>,
    /// What came out, as text.
    pub output: Option<String>,
    /// Tokens of the prompt.
    pub input_tokens: Option<u64>,
    /// Tokens of the completion.
    pub output_tokens: Option<u64>,
    /// What the tokens cost, where the model has a known price.
    #[serde(default)]
    pub cost: Option<Usd>,
    /// The user it was done for.
    pub user_id: Option<String>,
    /// The conversation it belongs to.
    pub session_id: Option<String>,
    /// Its labels.
    pub tags: Vec<String>,
    /// The sender's `service.name`.
    pub service_name: Option<String>,
    /// The sender's `service.version`.
    pub service_version: Option<String>,
    /// Every attribute that has no column above.
    pub attributes: Attributes,
    /// What happened on the way, `exception` among it.
    pub events: Vec<Event>,
}

/// Something that happened at one moment within a span.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// What happened: `exception`, …
    pub name: String,
    /// When.
    pub time: Timestamp,
    /// The particulars.
    pub attributes: Attributes,
}

/// How a span ended, if it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SpanStatus {
    /// It has not ended: its sender told of it while it was open (`bento.pending`).
    Pending,
    /// Nobody said.
    Unset,
    /// Well.
    Ok,
    /// With an error.
    Error,
}

/// A moment, in nanoseconds since the Unix epoch; its text is RFC 3339 in UTC with all nine digits.
///
/// ```
/// let moment = bento_local::Timestamp::from_unix_nanos(1_700_000_000_000_000_001);
/// assert_eq!(moment.to_string(), "2023-11-14T22:13:20.000000001Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Span {
    /// How long it took, or has taken so far.
    pub fn duration(&self) -> Duration {
        self.end_time.since(self.start_time)
    }

    /// Whether it had not ended when it was sent: what is known of it is not all.
    pub fn is_pending(&self) -> bool {
        self.status == SpanStatus::Pending
    }

    /// Whether it ended with an error.
    pub fn is_error(&self) -> bool {
        self.status == SpanStatus::Error
    }

    /// Whether an attribute of its sender's is `true`.
    pub(crate) fn says(&self, attribute: &str) -> bool {
        self.attributes.get(attribute).is_some_and(|value| value == true)
    }
}

impl SpanStatus {
    pub(crate) const ALL: [Self; 4] = [Self::Pending, Self::Unset, Self::Ok, Self::Error];

    /// As it is written: `PENDING`, `UNSET`, `OK` or `ERROR`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Unset => "UNSET",
            Self::Ok => "OK",
            Self::Error => "ERROR",
        }
    }
}

impl Timestamp {
    /// The moment that many nanoseconds after the Unix epoch.
    pub const fn from_unix_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A moment as the system tells it.
    pub(crate) fn of(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }

    /// Nanoseconds since the Unix epoch.
    pub const fn unix_nanos(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to here, zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The moment so long ago, or the first of all.
    pub(crate) fn before(self, time: Duration) -> Self {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(nanos))
    }

    /// Reads RFC 3339; `None` for another text and for a moment outside of 1970 to 2554.
    pub(crate) fn from_rfc3339(text: &str) -> Option<Self> {
        let moment: jiff::Timestamp = text.parse().ok()?;
        u64::try_from(moment.as_nanosecond()).ok().map(Self)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = jiff::Timestamp::from_nanosecond(i128::from(self.0)).map_err(|_| fmt::Error)?;
        write!(f, "{moment:.9}")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_rfc3339(&text).ok_or_else(|| de::Error::custom("not an RFC 3339 time"))
    }
}

/// A row that is read back was assumed by the server that wrote it; nobody assumes again.
fn said() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_moment_on_the_wire_has_a_text_and_comes_back() {
        for nanos in [0, 1, 1_700_000_000_123_456_789, u64::MAX] {
            let moment = Timestamp::from_unix_nanos(nanos);
            assert_eq!(Timestamp::from_rfc3339(&moment.to_string()), Some(moment), "{moment}");
        }
        assert_eq!(Timestamp::from_rfc3339("yesterday"), None);
        assert_eq!(Timestamp::from_rfc3339("1969-12-31T23:59:59Z"), None);
    }
}
