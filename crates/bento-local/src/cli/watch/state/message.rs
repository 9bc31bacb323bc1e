//! What the state hears, and what it wants done.

use super::super::rows::{Detail, Page, Run, RunState, Step};
use crate::{SpanId, Timestamp, TraceId};

/// Something that happened.
#[derive(Debug)]
pub(in super::super) enum Event {
    Key(Key),
    /// The terminal has so many columns and rows.
    Resized(u16, u16),
    /// Time passes.
    Tick(Timestamp),
    /// What is watched says something. The number is the watch's.
    News(u64, News),
    /// A question was answered.
    Answer(Box<Answer>),
}

/// A key with a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Key {
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    Enter,
    Tab,
    Escape,
    Backspace,
    Char(char),
    /// Ctrl-C.
    Interrupt,
}

/// What a stream of changes says.
#[derive(Debug)]
pub(in super::super) enum News {
    /// From here on nothing is missed: what was before is to be asked for.
    Ready,
    Run(Box<Run>),
    Step(Box<Step>),
    /// There is no stream: it is time to ask again.
    Poll,
    /// The stream broke off, for this reason. It is tried again.
    Lost(String),
    /// The backend takes the key no more. It is tried again.
    Refused,
}

/// What shall be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Target {
    Runs,
    Run(TraceId),
}

/// Which runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Filter {
    pub(in super::super) state: Option<RunState>,
    /// Words to look for, none if empty.
    pub(in super::super) words: String,
}

/// Something to ask the backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Question {
    /// Runs, the newest first, those behind this one.
    Runs(Filter, Option<(Timestamp, TraceId)>),
    Run(TraceId),
    /// The spans of a run, those behind this one.
    Steps(TraceId, Option<SpanId>),
    Step(TraceId, SpanId),
}

/// What came of a question.
#[derive(Debug)]
pub(in super::super) enum Answer {
    Runs(Question, Result<Page<Run>, Failure>),
    Run(TraceId, Result<Run, Failure>),
    Steps(Question, Result<Page<Step>, Failure>),
    Step(TraceId, SpanId, Result<Detail, Failure>),
}

impl Answer {
    /// Why there is none.
    pub(super) fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Runs(_, answer) => answer.as_ref().err(),
            Self::Run(_, answer) => answer.as_ref().err(),
            Self::Steps(_, answer) => answer.as_ref().err(),
            Self::Step(_, _, answer) => answer.as_ref().err(),
        }
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Failure {
    /// What was asked for is not there.
    Missing,
    /// The backend does not take the key.
    Refused,
    /// In the words of the error.
    Other(String),
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Effect {
    /// Watch this, and nothing else any more, under this number.
    Watch(u64, Target),
    Ask(Question),
    Quit,
}

/// How what is shown is kept up to date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) enum Link {
    #[default]
    Connecting,
    Live,
    /// By asking every second.
    Polling,
    Lost(String),
    /// The backend takes the key no more.
    Refused,
}
