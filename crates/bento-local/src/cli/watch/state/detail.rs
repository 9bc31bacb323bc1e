//! What is shown of the selected step.

use super::super::rows::{Detail, Part};
use super::super::text;
use super::scroll::Step;
use crate::SpanId;

/// Lines that are scrolled through of one step; what is wrapped to more is said to be left out.
const MOST_LINES: usize = 20_000;

/// The texts of a step, as lines of a given width.
#[derive(Debug, Default)]
pub(in super::super) struct Reading {
    of: Option<SpanId>,
    parts: Vec<Part>,
    lines: Vec<Line>,
    /// The first line that is seen.
    first: usize,
    width: usize,
    seen: usize,
}

/// A line of a step's texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Line {
    Title(&'static str),
    Error(String),
    Text(String),
    Note(String),
    Blank,
}

impl Reading {
    /// What is seen of it.
    pub(in super::super) fn visible(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().skip(self.first).take(self.seen)
    }

    pub(in super::super) fn is_of(&self, span: SpanId) -> bool {
        self.of == Some(span)
    }

    /// How much of it is above the lower edge, in percent; `None` if all of it is seen.
    pub(in super::super) fn progress(&self) -> Option<usize> {
        let below = (self.first + self.seen).min(self.lines.len());
        (self.lines.len() > self.seen).then(|| below * 100 / self.lines.len())
    }

    pub(super) fn resized(&mut self, width: usize, seen: usize) {
        self.seen = seen;
        if width != self.width {
            self.width = width;
            self.break_lines();
        }
        self.first = self.first.min(self.last());
    }

    /// Shows a step; another form of the same one keeps the place, and the end where that is what was read.
    pub(super) fn show(&mut self, detail: Detail) {
        let same = self.is_of(detail.step.span_id);
        if same && self.parts == detail.parts {
            return;
        }
        let at_end = same && self.first > 0 && self.first == self.last();
        (self.of, self.parts) = (Some(detail.step.span_id), detail.parts);
        self.break_lines();
        self.first = match (same, at_end) {
            (true, true) => self.last(),
            (true, false) => self.first.min(self.last()),
            (false, _) => 0,
        };
    }

    /// Says of a step that its texts cannot be had.
    pub(super) fn fail(&mut self, span: SpanId, reason: &str) {
        if !self.is_of(span) {
            (self.of, self.parts, self.first) = (Some(span), Vec::new(), 0);
            self.lines = vec![Line::Note(reason.to_owned())];
        }
    }

    fn last(&self) -> usize {
        self.lines.len().saturating_sub(self.seen)
    }

    pub(super) fn go(&mut self, step: Step) {
        let screen = isize::try_from(self.seen.saturating_sub(1).max(1)).unwrap_or(isize::MAX);
        let first = match step {
            Step::First => 0,
            Step::Last => self.last(),
            Step::By(lines) => self.first.saturating_add_signed(lines),
            Step::Page(pages) => self.first.saturating_add_signed(pages.saturating_mul(screen)),
        };
        self.first = first.min(self.last());
    }

    fn break_lines(&mut self) {
        let mut lines = Vec::new();
        for part in &self.parts {
            lines.extend((!lines.is_empty()).then_some(Line::Blank));
            lines.push(Line::Title(part.title));
            if part.text.lines.is_empty() {
                lines.push(Line::Note("(empty)".to_owned()));
            }
            let is_error = part.title == "Error";
            let end = lines.len() + MOST_LINES;
            let mut hidden = 0;
            for line in &part.text.lines {
                text::wrap(line, self.width, |piece| {
                    if lines.len() >= end {
                        hidden += piece.len();
                    } else if is_error {
                        lines.push(Line::Error(piece.to_owned()));
                    } else {
                        lines.push(Line::Text(piece.to_owned()));
                    }
                });
            }
            let hidden = part.text.left_out + hidden;
            if hidden > 0 {
                let command = "bento traces get-span";
                let bytes = text::number(u64::try_from(hidden).unwrap_or(u64::MAX));
                lines.push(Line::Note(format!("… {bytes} more bytes: {command} shows them")));
            }
        }
        if lines.is_empty() {
            lines.push(Line::Note("It has no input and no output.".to_owned()));
        }
        self.lines = lines;
    }
}
