//! The columns that a sender fills: which call does it, over which attribute, and what is lost without.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize as Read, Serialize};

#[derive(Debug, Serialize)]
pub(super) struct Column {
    #[serde(rename = "column")]
    pub(super) name: &'static str,
    /// What in the code of the sender fills it.
    pub(super) call: &'static str,
    /// How it travels.
    pub(super) attribute: &'static str,
    /// What is lost while it is empty.
    pub(super) without: &'static str,
    pub(super) of: Of,
}

/// What has the column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Of {
    Runs,
    ModelCalls,
    Spans,
}

const fn column(
    name: &'static str,
    of: Of,
    call: &'static str,
    attribute: &'static str,
    without: &'static str,
) -> Column {
    Column { name, call, attribute, without, of }
}

pub(super) const USER: Column =
    column("traces.user_id", Of::Runs, ".user_id(…)", "gen_ai.user.id", "no filter by user");
pub(super) const SESSION: Column =
    column("traces.session_id", Of::Runs, ".convo_id(…)", "gen_ai.conversation.id", "turns look standalone");
pub(super) const TAGS: Column =
    column("traces.tags", Of::Runs, ".tags([…])", "langfuse.tags", "no filter by tag");
pub(super) const VERSION: Column = column(
    "traces.version",
    Of::Runs,
    "bento::builder().service_version(…)",
    "service.version",
    "releases cannot be compared",
);
pub(super) const TRIGGER: Column = column(
    "traces.trigger",
    Of::Runs,
    ".property(\"bento.trigger\", \"scheduled\")",
    "bento.trigger",
    "scheduled, manual and test runs look the same",
);
pub(super) const MODEL: Column = column(
    "spans.model",
    Of::ModelCalls,
    ".model(…)",
    "gen_ai.request.model",
    "its spend stands under \"Unknown\"",
);
pub(super) const PROVIDER: Column = column(
    "spans.provider",
    Of::ModelCalls,
    ".provider(…)",
    "gen_ai.system",
    "it is never inferred from the model",
);
pub(super) const INPUT_TOKENS: Column = column(
    "spans.input_tokens",
    Of::ModelCalls,
    ".tokens(read, written)",
    "gen_ai.usage.input_tokens",
    "no cost",
);
pub(super) const OUTPUT_TOKENS: Column = column(
    "spans.output_tokens",
    Of::ModelCalls,
    ".tokens(read, written)",
    "gen_ai.usage.output_tokens",
    "no cost",
);
pub(super) const COST: Column = column(
    "spans.cost",
    Of::ModelCalls,
    ".model(…).tokens(read, written)",
    "gen_ai.usage.*",
    "no spend; `bento serve --prices FILE` gives a model its price",
);
pub(super) const INPUT: Column =
    column("spans.input", Of::Spans, ".input(…)", "input.value", "nobody sees what went in");
pub(super) const OUTPUT: Column =
    column("spans.output", Of::Spans, ".output(…)", "output.value", "nobody sees what came out");
pub(super) const NAME: Column = column("spans.name", Of::Spans, "bento::begin(event)", "the span's name", "");
pub(super) const KIND: Column =
    column("spans.kind", Of::Spans, ".kind(…)", "openinference.span.kind", "it counts as a model call");
pub(super) const ATTRIBUTES: Column = column(
    "spans.attributes",
    Of::Spans,
    ".property(key, value)",
    "each key as it is",
    "nothing of your own to look at",
);

impl Of {
    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::ModelCalls => "model calls",
            Self::Spans => "spans",
        }
    }
}

/// A run's row, of which only counts whether there is something in its columns.
#[derive(Debug, Read)]
pub(super) struct RunRow {
    pub(super) trace_id: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) user_id: Presence,
    #[serde(default)]
    pub(super) session_id: Presence,
    #[serde(default)]
    pub(super) tags: Presence,
    #[serde(default)]
    pub(super) version: Presence,
    #[serde(default)]
    pub(super) trigger: Presence,
}

/// A span, likewise.
#[derive(Debug, Read)]
pub(super) struct SpanRow {
    #[serde(default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) model: Presence,
    #[serde(default)]
    pub(super) provider: Presence,
    #[serde(default)]
    pub(super) input_tokens: Presence,
    #[serde(default)]
    pub(super) output_tokens: Presence,
    #[serde(default)]
    pub(super) cost: Presence,
    #[serde(default)]
    pub(super) input: Presence,
    #[serde(default)]
    pub(super) output: Presence,
}

/// Whether a value says anything. Texts of any length are read past, not kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Presence(pub(super) bool);

impl<'de> Deserialize<'de> for Presence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Looked).map(Presence)
    }
}

struct Looked;

impl<'de> Visitor<'de> for Looked {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_str<E>(self, text: &str) -> Result<bool, E> {
        Ok(!text.is_empty())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        let mut any = false;
        while items.next_element::<IgnoredAny>()?.is_some() {
            any = true;
        }
        Ok(any)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<bool, A::Error> {
        let mut any = false;
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            any = true;
        }
        Ok(any)
    }
}
