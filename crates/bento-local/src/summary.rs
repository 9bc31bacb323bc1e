//! What the spans of one run add up to: added one by one, in whatever order they come, with the same outcome up to a
//! hundred models.
//!
//! A span that has not ended counts among the spans, and lends the run its name, start, identity and model; what it will have
//! used, and whether it fails, is added when it comes again, complete.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::price::Usd;
use crate::{Span, SpanId, Timestamp, TraceId};

/// Models and labels that a summary keeps; a run may say more than anybody reads.
const MOST: usize = 100;

/// Characters of a text that a summary keeps. The span keeps it whole.
const LONGEST: usize = 1_000;

/// What a run adds up to.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// The run's id.
    pub trace_id: TraceId,
    /// The root span's name; the earliest span's as long as the root has not arrived. Of this and of the texts below the
    /// first thousand characters are kept, of labels and models the first hundred that arrive.
    pub name: String,
    /// When the first span began.
    pub start_time: Timestamp,
    /// When the last span ended; of those that have not, when they were last heard of.
    pub end_time: Timestamp,
    /// How many spans have arrived, those among them that have not ended.
    pub span_count: u64,
    /// How many of them ended with an error.
    pub error_count: u64,
    /// Prompt tokens of all spans that have ended.
    pub input_tokens: u64,
    /// Completion tokens of all spans that have ended.
    pub output_tokens: u64,
    /// What the tokens cost; `None` if no model with tokens has a known price.
    pub cost: Option<Usd>,
    /// The root span's user.
    pub user_id: Option<String>,
    /// The root span's conversation.
    pub session_id: Option<String>,
    /// The root span's labels.
    pub tags: Vec<String>,
    /// What set the run off, as the root's `bento.trigger` says: `scheduled`, `manual`, `test`.
    pub trigger: Option<String>,
    /// The `service.version` that sent the root span.
    pub version: Option<String>,
    /// When each model was first asked.
    pub(crate) models: BTreeMap<String, Timestamp>,
    /// The span that the name is from: the root if `has_root`.
    pub(crate) lead: Lead,
    /// Nothing was heard of it for so long that its end is not waited for. What arrives takes that back.
    pub(crate) is_quiet: bool,
}

/// The span that speaks for its run: the earliest root, or the earliest span while there is no root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lead {
    pub(crate) is_root: bool,
    pub(crate) start_time: Timestamp,
    pub(crate) span_id: SpanId,
    /// It is a root and says that it did not come to its own end.
    pub(crate) broken_off: bool,
    /// It has not ended.
    pub(crate) is_pending: bool,
}

/// What a pending span has brought into a summary that its complete form may not.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Snapshot {
    pub(crate) parent_id: Option<SpanId>,
    pub(crate) start_time: Timestamp,
    pub(crate) end_time: Timestamp,
    pub(crate) model: Option<String>,
}

/// A form of a span that takes back what an earlier one has brought: a sum cannot be lessened, it has to be made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TakesBack;

/// Whether a run went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// No span ended with an error.
    Ok,
    /// At least one span ended with an error.
    Error,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// Its root has not ended.
    Running,
    /// Its root has not ended, and nothing was heard of the run for a while.
    Unfinished,
    /// Its root has ended and nothing failed.
    Completed,
    /// Its root has ended and a span failed.
    Failed,
    /// Its root was cancelled, or cut off when its program ended.
    Cancelled,
}

impl Summary {
    /// A run of one span.
    pub(crate) fn of(span: &Span) -> Self {
        let mut summary = Self {
            trace_id: span.trace_id,
            name: String::new(),
            start_time: span.start_time,
            end_time: span.end_time,
            span_count: 0,
            error_count: 0,
            input_tokens: 0,
            output_tokens: 0,
            cost: None,
            user_id: None,
            session_id: None,
            tags: Vec::new(),
            trigger: None,
            version: None,
            models: BTreeMap::new(),
            lead: Lead::of(span),
            is_quiet: false,
        };
        summary.follow(span);
        summary.add(span);
        summary
    }

    /// Adds a span that is not in it yet.
    pub(crate) fn add(&mut self, span: &Span) {
        self.span_count += 1;
        self.take(span);
    }

    /// Takes a later form of a span that is in it, whose form so far was pending. Gives the model that it was the
    /// first to ask, if it has another one now: then [`Summary::renew_model`] is to follow.
    pub(crate) fn replace(&mut self, before: &Snapshot, span: &Span) -> Result<Option<String>, TakesBack> {
        // An end that others have outlasted is no loss.
        let keeps_end = before.end_time <= span.end_time || before.end_time < self.end_time;
        let lost = before.model.clone().filter(|model| span.model.as_ref() != Some(model));
        // One that an earlier span has asked, too, stays as it is.
        let is_first = |model: &String| self.models.get(model).is_none_or(|first| *first >= span.start_time);
        let lost = lost.filter(is_first);
        if !keeps_end || !before.is_kept_by(span) || lost.as_deref().is_some_and(|lost| !self.can_renew(lost))
        {
            return Err(TakesBack);
        }
        self.take(span);
        if span.span_id == self.lead.span_id {
            self.follow(span);
        }
        Ok(lost)
    }

    /// Whether it is known of a model who asked it: not where its name is cut, or where others may have been left out.
    fn can_renew(&self, model: &str) -> bool {
        self.models.len() < MOST && model.chars().count() < LONGEST
    }

    /// Says when a model was first asked by the spans that are there, of which one asks it no more.
    pub(crate) fn renew_model(&mut self, model: String, first: Option<Timestamp>) {
        match first {
            Some(first) => drop(self.models.insert(model, first)),
            None => drop(self.models.remove(&model)),
        }
    }

    /// Everything about a span but that it is one more.
    fn take(&mut self, span: &Span) {
        self.is_quiet = false;
        if !span.is_pending() {
            self.use_up(span);
        }
        self.start_time = self.start_time.min(span.start_time);
        self.end_time = self.end_time.max(span.end_time);
        if let Some(model) = &span.model {
            self.asked(model, span.start_time);
        }
        if Lead::of(span).goes_before(&self.lead) {
            self.follow(span);
        }
    }

    fn use_up(&mut self, span: &Span) {
        self.error_count += u64::from(span.is_error());
        self.input_tokens = self.input_tokens.saturating_add(span.input_tokens.unwrap_or(0));
        self.output_tokens = self.output_tokens.saturating_add(span.output_tokens.unwrap_or(0));
        self.cost = match (self.cost, span.cost) {
            (Some(sum), Some(cost)) => Some(sum.saturating_add(cost)),
            (sum, cost) => sum.or(cost),
        };
    }

    fn asked(&mut self, model: &str, at: Timestamp) {
        let model = beginning(model);
        if let Some(first) = self.models.get_mut(model) {
            *first = at.min(*first);
        } else if self.models.len() < MOST {
            self.models.insert(model.to_owned(), at);
        }
    }

    /// Takes from the span what a run has from its leading span.
    fn follow(&mut self, span: &Span) {
        self.lead = Lead::of(span);
        beginning(&span.name).clone_into(&mut self.name);
        if self.lead.is_root {
            let kept = |text: &Option<String>| text.as_deref().map(beginning).map(str::to_owned);
            self.user_id = kept(&span.user_id);
            self.session_id = kept(&span.session_id);
            self.version = kept(&span.service_version);
            self.tags = span.tags.iter().take(MOST).map(|tag| beginning(tag).to_owned()).collect();
            let trigger = span.attributes.get("bento.trigger").and_then(|trigger| trigger.as_str());
            self.trigger = trigger.map(beginning).map(str::to_owned);
        }
    }

    /// Whether a span failed.
    pub fn status(&self) -> RunStatus {
        if self.error_count == 0 { RunStatus::Ok } else { RunStatus::Error }
    }

    /// How far it has come.
    pub fn state(&self) -> RunState {
        match self.lead {
            Lead { is_root: false, .. } | Lead { is_pending: true, .. } if self.is_quiet => {
                RunState::Unfinished
            }
            Lead { is_root: false, .. } | Lead { is_pending: true, .. } => RunState::Running,
            Lead { broken_off: true, .. } => RunState::Cancelled,
            _ if self.error_count > 0 => RunState::Failed,
            _ => RunState::Completed,
        }
    }

    /// The models that were asked, each once, in the order of their first call; the first hundred.
    pub fn models(&self) -> Vec<&str> {
        let mut models: Vec<_> = self.models.iter().map(|(model, first)| (*first, model.as_str())).collect();
        models.sort_unstable();
        models.into_iter().map(|(_, model)| model).collect()
    }

    /// Prompt and completion tokens together.
    pub fn total_tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }

    /// From the start of the first span to the end of the last.
    pub fn duration(&self) -> Duration {
        self.end_time.since(self.start_time)
    }
}

impl Lead {
    fn of(span: &Span) -> Self {
        let is_root = span.parent_id.is_none();
        Self {
            is_root,
            start_time: span.start_time,
            span_id: span.span_id,
            broken_off: is_root && (span.says("bento.cancelled") || span.says("bento.unfinished")),
            is_pending: span.is_pending(),
        }
    }

    fn goes_before(&self, other: &Self) -> bool {
        let rank = |lead: &Self| (!lead.is_root, lead.start_time, lead.span_id);
        rank(self) < rank(other)
    }
}

impl Snapshot {
    /// Whether all that it has brought, but for its end and its model, is in a later form of the span, too.
    fn is_kept_by(&self, span: &Span) -> bool {
        self.parent_id == span.parent_id && self.start_time == span.start_time
    }
}

impl RunStatus {
    /// As it is written: `ok` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
        }
    }
}

impl RunState {
    /// All of them, in the order of a run's life.
    pub const ALL: [Self; 5] =
        [Self::Running, Self::Unfinished, Self::Completed, Self::Failed, Self::Cancelled];

    /// Whether its root has not ended, so that more of it may come.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Running | Self::Unfinished)
    }

    /// As it is written: `running`, `unfinished`, `completed`, `failed` or `cancelled`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Unfinished => "unfinished",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

fn beginning(text: &str) -> &str {
    text.char_indices().nth(LONGEST).map_or(text, |(end, _)| &text[..end])
}
