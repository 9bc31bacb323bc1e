//! What a backend says of runs and spans, made fit for a terminal as it is read: nothing that comes after has to clean a
//! text again. What a row leaves out is assumed to be empty; backends that share the paths do not share every column.

use serde::{Deserialize, Deserializer};

use super::text::{self, Excerpt};
use crate::terminal::clean;
use crate::{SpanId, Timestamp, TraceId};

/// Characters of a name that are kept: more than a terminal is wide.
const LONGEST: usize = 240;

/// Attributes that are shown of a span.
const MOST_ATTRIBUTES: usize = 100;

/// A part of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next_cursor: Option<serde::de::IgnoredAny>,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RunState {
    Running,
    Completed,
    Failed,
    Cancelled,
    Unfinished,
    /// A word of a later version.
    #[default]
    #[serde(other)]
    Other,
}

impl RunState {
    /// The state in a word, which is also how it is asked for.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Unfinished => "unfinished",
            Self::Other => "?",
        }
    }
}

/// A run.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Run {
    pub(super) trace_id: TraceId,
    #[serde(default, deserialize_with = "name")]
    pub(super) name: String,
    #[serde(default)]
    pub(super) state: RunState,
    #[serde(default, deserialize_with = "moment")]
    pub(super) start_time: Option<Timestamp>,
    #[serde(default)]
    pub(super) duration_ms: f64,
    #[serde(default)]
    pub(super) span_count: u64,
    #[serde(default)]
    pub(super) error_count: u64,
    #[serde(default)]
    pub(super) total_tokens: u64,
    pub(super) cost: Option<f64>,
    #[serde(default, deserialize_with = "names")]
    pub(super) models: Vec<String>,
    #[serde(default, deserialize_with = "name")]
    pub(super) user_id: String,
    #[serde(default, deserialize_with = "name")]
    pub(super) session_id: String,
}

/// How far a span has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum StepStatus {
    /// It has not ended.
    Pending,
    /// It failed.
    Error,
    /// It ended.
    #[default]
    #[serde(other)]
    Done,
}

/// A span without its texts.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Step {
    pub(super) span_id: SpanId,
    pub(super) trace_id: TraceId,
    pub(super) parent_id: Option<SpanId>,
    #[serde(default, deserialize_with = "name")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "name")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) status: StepStatus,
    #[serde(default, deserialize_with = "moment")]
    pub(super) start_time: Option<Timestamp>,
    #[serde(default)]
    pub(super) duration_ms: f64,
    #[serde(default, deserialize_with = "name")]
    pub(super) model: String,
    #[serde(default, deserialize_with = "name")]
    pub(super) provider: String,
    pub(super) input_tokens: Option<u64>,
    pub(super) output_tokens: Option<u64>,
    pub(super) cost: Option<f64>,
}

/// A span with its texts.
#[derive(Debug, Deserialize)]
struct Whole {
    #[serde(flatten)]
    step: Step,
    status_message: Option<String>,
    input: Option<String>,
    output: Option<String>,
    #[serde(default)]
    attributes: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    events: Vec<Happening>,
}

#[derive(Debug, Deserialize)]
struct Happening {
    #[serde(default)]
    name: String,
    #[serde(default)]
    attributes: serde_json::Map<String, serde_json::Value>,
}

/// A span and what is shown of its texts.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "Whole")]
pub(super) struct Detail {
    pub(super) step: Step,
    pub(super) parts: Vec<Part>,
}

/// A text and what it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) title: &'static str,
    pub(super) text: Excerpt,
}

impl Run {
    /// The newest first, as lists are.
    pub(super) fn rank(&self) -> impl Ord + use<> {
        std::cmp::Reverse((self.start_time, self.trace_id))
    }
}

impl Step {
    pub(super) fn is_pending(&self) -> bool {
        self.status == StepStatus::Pending
    }

    pub(super) fn has_failed(&self) -> bool {
        self.status == StepStatus::Error
    }

    pub(super) fn is_tool(&self) -> bool {
        self.kind.eq_ignore_ascii_case("tool")
    }

    /// Whether `other`, a form of the same span that was heard after this one, takes its place: not if this one has ended
    /// and the other has not, or if it is the earlier one of two that have not. What has ended may still change: a span's
    /// kind is assumed anew when something comes below it.
    pub(super) fn gives_way_to(&self, other: &Self) -> bool {
        let is_later = match (self.is_pending(), other.is_pending()) {
            (false, pending) => !pending,
            (true, false) => true,
            (true, true) => self.duration_ms <= other.duration_ms,
        };
        is_later && self != other
    }
}

impl From<Whole> for Detail {
    fn from(whole: Whole) -> Self {
        let Whole { step, status_message, input, output, attributes, events } = whole;
        let (into, out) = if step.is_tool() { ("Args", "Result") } else { ("Input", "Output") };
        let part = |title, text: &str| Part { title, text: text::excerpt(text) };
        let mut parts = Vec::new();
        let told = error(status_message, &events);
        if step.has_failed() || !told.is_empty() {
            let told = if told.is_empty() { "It failed, and nobody said why." } else { &told };
            parts.push(part("Error", told));
        }
        parts.extend(input.map(|input| part(into, &input)));
        parts.extend(output.map(|output| part(out, &output)));
        if !attributes.is_empty() {
            parts.push(part("Attributes", &listed(&attributes)));
        }
        Self { step, parts }
    }
}

/// Why a span failed: its own words, and what was thrown, each once.
fn error(message: Option<String>, events: &[Happening]) -> String {
    let mut told: Vec<String> = message.into_iter().filter(|message| !message.is_empty()).collect();
    for exception in events.iter().filter(|event| event.name == "exception") {
        let said = |key| exception.attributes.get(key).and_then(|value| value.as_str()).unwrap_or_default();
        let (kind, message) = (said("exception.type"), said("exception.message"));
        let line = if kind.is_empty() { message.to_owned() } else { format!("{kind}: {message}") };
        let repeats = told.iter().any(|told| told == message || *told == line);
        if repeats && !kind.is_empty() {
            told.retain(|told| told != message && *told != line);
        }
        if !repeats || !kind.is_empty() {
            told.push(line);
        }
        told.extend(Some(said("exception.stacktrace")).filter(|stack| !stack.is_empty()).map(str::to_owned));
    }
    told.join("\n")
}

fn listed(attributes: &serde_json::Map<String, serde_json::Value>) -> String {
    let lines = attributes.iter().take(MOST_ATTRIBUTES).map(|(key, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{} = {}", clean(key, LONGEST), clean(&value, LONGEST))
    });
    let mut lines: Vec<_> = lines.collect();
    let more = attributes.len().saturating_sub(MOST_ATTRIBUTES);
    lines.extend((more > 0).then(|| format!("… and {more} more")));
    lines.join("\n")
}

fn name<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = Option::<std::borrow::Cow<'de, str>>::deserialize(from)?;
    Ok(text.map(|text| clean(&text, LONGEST)).unwrap_or_default())
}

fn names<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let texts = Option::<Vec<String>>::deserialize(from)?.unwrap_or_default();
    Ok(texts.iter().map(|text| clean(text, LONGEST)).collect())
}

fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<std::borrow::Cow<'de, str>>::deserialize(from)?;
    Ok(text.and_then(|text| Timestamp::from_rfc3339(&text)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_row_needs_no_more_than_its_id() -> serde_json::Result<()> {
        let run: Run =
            serde_json::from_value(json!({"trace_id": TRACE, "state": "asleep", "start_time": "x"}))?;
        assert_eq!((run.state, run.start_time, run.name.as_str()), (RunState::Other, None, ""));
        let span = json!({"trace_id": TRACE, "span_id": "00f067aa0ba902b7", "name": null, "status": "NEW"});
        let step: Step = serde_json::from_value(span)?;
        assert_eq!((step.status, step.parent_id), (StepStatus::Done, None));
        Ok(())
    }

    #[test]
    fn nothing_unclean_comes_in() -> serde_json::Result<()> {
        let bad = "a\u{1b}[2J\u{202e}b\nc";
        let detail: Detail = serde_json::from_value(json!({
            "trace_id": TRACE, "span_id": "00f067aa0ba902b7", "name": bad, "kind": bad, "model": bad,
            "status": "ERROR", "status_message": bad, "input": bad, "output": format!("{{\"x\": \"{bad}\"}}"),
            "attributes": {bad: bad},
            "events": [{"name": "exception", "attributes": {"exception.type": bad, "exception.message": bad}}],
        }))?;
        let lines = detail.parts.iter().flat_map(|part| part.text.lines.iter());
        let names = [&detail.step.name, &detail.step.kind, &detail.step.model];
        for text in lines.chain(names) {
            assert!(text.chars().all(crate::terminal::is_text), "{text:?}");
        }
        assert_eq!(detail.step.name, "a [2Jb c");
        Ok(())
    }

    #[test]
    fn an_error_is_told_once() {
        let thrown = |kind: &str, message: &str| -> Happening {
            let attributes = [("exception.type", kind), ("exception.message", message)];
            let attributes =
                attributes.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
            Happening { name: "exception".to_owned(), attributes }
        };
        let told = |message: &str, events: &[Happening]| error(Some(message.to_owned()), events);
        assert_eq!(told("late", &[thrown("Timeout", "late")]), "Timeout: late");
        assert_eq!(told("late", &[thrown("", "late")]), "late");
        assert_eq!(told("late", &[thrown("Timeout", "after 3 s")]), "late\nTimeout: after 3 s");
        assert_eq!(told("", &[]), "");
    }

    #[test]
    fn what_has_ended_stays() {
        let step = |status, duration_ms| -> Option<Step> {
            let row = json!({"trace_id": TRACE, "span_id": "00f067aa0ba902b7", "status": status, "duration_ms": duration_ms});
            serde_json::from_value(row).ok()
        };
        let gives_way = |one: Option<Step>, other: Option<Step>| Some(one?.gives_way_to(&other?));
        assert_eq!(gives_way(step("PENDING", 9), step("OK", 1)), Some(true));
        assert_eq!(gives_way(step("OK", 1), step("PENDING", 9)), Some(false));
        assert_eq!(gives_way(step("PENDING", 1), step("PENDING", 2)), Some(true));
        assert_eq!(gives_way(step("PENDING", 2), step("PENDING", 2)), Some(false));
        assert_eq!(gives_way(step("OK", 1), step("OK", 1)), Some(false));
        assert_eq!(gives_way(step("OK", 1), step("OK", 2)), Some(true));
    }
}
