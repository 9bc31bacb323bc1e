//! The pages of a run's steps, read one after the other.

use super::super::rows::{Page, Step};
use super::message::{Failure, Question};
use crate::TraceId;

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
}

impl Pages {
    /// Asks for all of them, now or after those that are being read.
    pub(super) fn ask(&mut self, of: TraceId) -> Option<Question> {
        self.has_failed = false;
        self.is_stale = self.asked.is_some();
        if self.is_stale {
            return None;
        }
        self.asked = Some(Question::Steps(of, None));
        self.asked.clone()
    }

    pub(super) fn are_awaited(&self) -> bool {
        self.asked.is_some()
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

    /// What comes behind this page: the next one, or, once all were read, those that are stale by now.
    pub(super) fn ask_behind(
        &mut self,
        question: &Question,
        of: TraceId,
        page: &Page<Step>,
    ) -> Option<Question> {
        let last = page.items.last().filter(|_| page.next_cursor.is_some());
        let next = last.map(|step| Question::Steps(of, Some(step.span_id)));
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
