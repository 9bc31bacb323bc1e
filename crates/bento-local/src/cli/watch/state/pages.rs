//! The pages of a run's steps, read one after the other.

use std::collections::HashSet;

use super::super::rows::{Page, Step};
use super::message::{Failure, Question};
use crate::{SpanId, TraceId};

/// How far reading has come.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// The page that is awaited.
    asked: Option<Question>,
    /// All of them were read once.
    pub(super) is_loaded: bool,
    /// They are to be read again once they are all there.
    is_stale: bool,
    has_failed: bool,
    /// What news said of these is newer than the pages.
    fresh: HashSet<SpanId>,
}

impl Pages {
    /// Asks for all of them, now or after those that are being read.
    pub(super) fn ask(&mut self, of: TraceId) -> Option<Question> {
        self.has_failed = false;
        self.is_stale = self.asked.is_some();
        if self.is_stale {
            return None;
        }
        self.fresh.clear();
        self.asked = Some(Question::Steps(of, None));
        self.asked.clone()
    }

    pub(super) fn are_awaited(&self) -> bool {
        self.asked.is_some()
    }

    /// News came of a span.
    pub(super) fn heard(&mut self, span: SpanId) {
        if self.asked.is_some() {
            self.fresh.insert(span);
        }
    }

    /// Whether a span of a page says more than news have.
    pub(super) fn is_news(&self, span: SpanId) -> bool {
        !self.fresh.contains(&span)
    }

    /// Takes an answer; gives the steps in it, if that is what was awaited.
    pub(super) fn answered(
        &mut self,
        question: &Question,
        answer: Result<Page<Step>, Failure>,
    ) -> Option<Page<Step>> {
        if self.asked.as_ref() != Some(question) {
            return None;
        }
        self.asked = None;
        self.has_failed = answer.is_err();
        answer.ok()
    }

    /// The step behind which the next page begins, if there is one.
    pub(super) fn end(page: &Page<Step>) -> Option<SpanId> {
        page.items.last().filter(|_| page.next_cursor.is_some()).map(|step| step.span_id)
    }

    /// Asks for the page behind this step, or, once all were read, for those that are stale by now.
    pub(super) fn ask_behind(
        &mut self,
        question: &Question,
        of: TraceId,
        end: Option<SpanId>,
    ) -> Option<Question> {
        let next = end.map(|end| Question::Steps(of, Some(end)));
        // A backend that leads round in circles is left.
        if let Some(next) = next.filter(|next| next != question) {
            self.asked = Some(next);
            return self.asked.clone();
        }
        self.is_loaded = true;
        if self.is_stale { self.ask(of) } else { None }
    }

    /// Whether reading has failed since this was asked last.
    pub(super) fn take_failure(&mut self) -> bool {
        std::mem::take(&mut self.has_failed)
    }

    pub(super) fn fail(&mut self) {
        self.has_failed = true;
    }
}
