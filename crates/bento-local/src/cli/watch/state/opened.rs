//! One run and its steps.

use super::super::layout::Focus;
use super::super::rows::{Detail, Page, Run, RunState, Step as Span};
use super::detail::Reading;
use super::message::{Failure, Question};
use super::pages::Pages;
use super::scroll::{Scroll, Step};
use super::tree::{Fold, Tree};
use crate::{SpanId, TraceId};

/// A run that is looked at.
#[derive(Debug)]
pub(in super::super) struct Opened {
    pub(in super::super) trace_id: TraceId,
    /// Its row; not before it was answered.
    pub(in super::super) run: Option<Run>,
    pub(in super::super) tree: Tree,
    pub(in super::super) reading: Reading,
    pub(in super::super) scroll: Scroll,
    pub(in super::super) focus: Focus,
    /// The backend has no such run, or not any more.
    pub(in super::super) is_missing: bool,
    selected: Option<SpanId>,
    aim: Aim,
    /// Rows of the tree that are seen at once.
    seen: usize,
    pages: Pages,
    /// News of the run are newer than the row that is awaited.
    is_fresh: bool,
    /// The step whose texts are awaited.
    texts_of: Option<SpanId>,
    /// The texts that are shown are of an earlier form of the step.
    texts_are_old: bool,
    last_search: String,
}

/// What the selection is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aim {
    /// Nobody has moved it: a failed step is shown as soon as all steps are there.
    Failure,
    /// It stays on its step.
    Step,
    /// It goes with the newest step.
    Newest,
}

impl Opened {
    /// Opens a run, of which the row may be known.
    pub(super) fn new(trace_id: TraceId, run: Option<Run>) -> Self {
        Self {
            trace_id,
            run,
            tree: Tree::default(),
            reading: Reading::default(),
            scroll: Scroll::default(),
            focus: Focus::Tree,
            is_missing: false,
            selected: None,
            aim: Aim::Failure,
            seen: 0,
            pages: Pages::default(),
            is_fresh: false,
            texts_of: None,
            texts_are_old: false,
            last_search: String::new(),
        }
    }

    pub(in super::super) fn is_running(&self) -> bool {
        self.run.as_ref().is_none_or(|run| run.state == RunState::Running)
    }

    pub(in super::super) fn is_loading(&self) -> bool {
        !self.pages.is_loaded
    }

    /// Whether the selection goes with the newest step.
    pub(in super::super) fn follows(&self) -> bool {
        self.aim == Aim::Newest && self.is_running()
    }

    pub(in super::super) fn selected(&self) -> Option<&Span> {
        self.tree.step(self.selected?)
    }

    pub(super) fn resized(&mut self, seen: usize, detail_width: usize, detail_seen: usize) {
        self.seen = seen;
        self.scroll.select(self.scroll.index, self.tree.lines(), seen);
        self.reading.resized(detail_width, detail_seen);
    }

    /// Asks for all of it.
    pub(super) fn ask(&mut self) -> Vec<Question> {
        let steps = self.pages.ask(self.trace_id);
        std::iter::once(self.ask_run()).chain(steps).collect()
    }

    fn ask_run(&mut self) -> Question {
        self.is_fresh = false;
        Question::Run(self.trace_id)
    }

    /// Without a stream: asks for the row, and for the steps once the row has changed.
    pub(super) fn poll(&mut self) -> Option<Question> {
        if self.pages.are_awaited() { None } else { Some(self.ask_run()) }
    }

    /// Asks again for what failed.
    pub(super) fn retry(&mut self) -> Vec<Question> {
        if self.pages.take_failure() { self.ask() } else { Vec::new() }
    }

    /// The run's row was answered. Where nobody tells of steps, a row that has changed says that there are some.
    pub(super) fn run_answered(&mut self, answer: Result<Run, Failure>, polls: bool) -> Option<Question> {
        match answer {
            Ok(run) => {
                self.is_missing = false;
                let changed = self.run.as_ref() != Some(&run);
                if !self.is_fresh {
                    self.run = Some(run);
                }
                if polls && (changed || !self.pages.is_loaded) { self.pages.ask(self.trace_id) } else { None }
            }
            Err(Failure::Missing) => {
                self.is_missing = true;
                // Nothing more will be heard of it.
                if let Some(run) = self.run.as_mut().filter(|run| run.state == RunState::Running) {
                    run.state = RunState::Unfinished;
                }
                None
            }
            Err(Failure::Refused | Failure::Other(_)) => {
                self.pages.fail();
                None
            }
        }
    }

    /// A page of steps was answered.
    pub(super) fn steps_answered(
        &mut self,
        question: &Question,
        answer: Result<Page<Span>, Failure>,
    ) -> Option<Question> {
        let page = self.pages.answered(question, answer)?;
        let end = Pages::end(&page);
        for step in page.items {
            if self.pages.is_news(step.span_id) {
                self.take_in(step);
            }
        }
        let next = self.pages.ask_behind(question, self.trace_id, end);
        if self.pages.is_loaded && self.aim == Aim::Failure {
            self.settle();
            self.show_failure();
            self.aim = Aim::Step;
        }
        next
    }

    /// A failed step is what one looks for: it is selected, and with it seen, before anybody has moved.
    fn show_failure(&mut self) {
        if let Some(failed) = self.tree.first_failure() {
            self.select(failed);
        }
    }

    pub(super) fn run_heard(&mut self, run: Run) {
        if run.trace_id == self.trace_id {
            (self.is_fresh, self.is_missing) = (true, false);
            self.run = Some(run);
        }
    }

    pub(super) fn step_heard(&mut self, step: Span) {
        if step.trace_id == self.trace_id {
            self.pages.heard(step.span_id);
            self.take_in(step);
        }
    }

    fn take_in(&mut self, step: Span) {
        let id = step.span_id;
        if self.tree.insert(step) && self.selected == Some(id) {
            self.texts_are_old = true;
        }
    }

    /// The texts of a step were answered.
    pub(super) fn texts_answered(&mut self, span: SpanId, answer: Result<Detail, Failure>) {
        if self.texts_of == Some(span) {
            self.texts_of = None;
        }
        if self.selected != Some(span) {
            return;
        }
        match answer {
            Ok(detail) if detail.step.trace_id != self.trace_id => {
                self.reading
                    .fail(span, "Another run has a step of the same id, and the backend gives that one.");
            }
            Ok(detail) => self.reading.show(detail),
            Err(Failure::Missing) => self.reading.fail(span, "The backend has this step no more."),
            Err(Failure::Refused) => self.reading.fail(span, "The backend does not take the key."),
            Err(Failure::Other(reason)) => self.reading.fail(span, &reason),
        }
    }

    /// Asks for the texts of the selected step, one step at a time.
    pub(super) fn ask_texts(&mut self) -> Option<Question> {
        let span = self.selected?;
        if self.texts_of.is_some() || self.reading.is_of(span) && !self.texts_are_old {
            return None;
        }
        self.texts_are_old = false;
        self.texts_of = Some(span);
        Some(Question::Step(self.trace_id, span))
    }

    /// Brings the lines up to date: the selection stays on its step, and on its line of the screen.
    pub(super) fn settle(&mut self) {
        if !self.tree.settle() {
            return;
        }
        if self.follows()
            && let Some(newest) = self.tree.newest()
        {
            self.tree.reveal(newest);
            self.choose(newest);
        }
        match self.selected.and_then(|id| self.tree.line_of(id)) {
            Some(line) => self.scroll.moved(line, self.tree.lines(), self.seen),
            None => self.select_line(0),
        }
        if self.aim == Aim::Failure {
            self.show_failure();
        }
    }

    fn choose(&mut self, id: SpanId) {
        if self.selected != Some(id) {
            self.selected = Some(id);
            self.texts_are_old = true;
        }
    }

    fn select_line(&mut self, line: usize) {
        self.scroll.select(line, self.tree.lines(), self.seen);
        if let Some(line) = self.tree.line(self.scroll.index) {
            let id = line.step.span_id;
            self.choose(id);
        }
    }

    fn select(&mut self, id: SpanId) {
        self.tree.reveal(id);
        if let Some(line) = self.tree.line_of(id) {
            self.select_line(line);
        }
    }

    pub(super) fn go(&mut self, step: Step) {
        if self.focus == Focus::Detail {
            return self.reading.go(step);
        }
        self.aim = Aim::Step;
        self.select_line(self.scroll.target(step, self.tree.lines(), self.seen));
    }

    /// Folds the selected step, or goes to what is above it.
    pub(super) fn left(&mut self) {
        let index = self.scroll.index;
        let Some(line) = self.tree.line(index) else { return };
        self.aim = Aim::Step;
        if line.below > 0 && !line.is_folded {
            let id = line.step.span_id;
            self.fold(id, Fold::Close);
        } else if let Some(parent) = self.tree.parent_line(index) {
            self.select_line(parent);
        }
    }

    /// Unfolds the selected step, or goes to what is below it.
    pub(super) fn right(&mut self) {
        let index = self.scroll.index;
        let Some(line) = self.tree.line(index) else { return };
        self.aim = Aim::Step;
        if line.is_folded {
            let id = line.step.span_id;
            self.fold(id, Fold::Open);
        } else if line.below > 0 {
            self.select_line(index + 1);
        }
    }

    fn fold(&mut self, id: SpanId, fold: Fold) {
        self.tree.fold(id, fold);
        self.select(id);
    }

    pub(super) fn toggle_follow(&mut self) {
        if self.aim == Aim::Newest {
            self.aim = Aim::Step;
        } else if let Some(newest) = self.tree.newest() {
            (self.aim, self.focus) = (Aim::Newest, Focus::Tree);
            self.select(newest);
        }
    }

    /// Selects the next step whose name has these words in it; says whether there is one.
    pub(super) fn search(&mut self, words: &str) -> bool {
        if !words.is_empty() {
            self.last_search = words.to_lowercase();
        }
        let sought = std::mem::take(&mut self.last_search);
        let has_it = |step: &Span| step.name.to_lowercase().contains(&sought);
        let found = if sought.is_empty() { None } else { self.tree.next(self.selected, has_it) };
        self.last_search = sought;
        self.go_to(found)
    }

    /// Selects the next step that failed; says whether there is one.
    pub(super) fn next_failure(&mut self) -> bool {
        let failed = self.tree.next(self.selected, Span::has_failed);
        self.go_to(failed)
    }

    fn go_to(&mut self, step: Option<SpanId>) -> bool {
        let Some(step) = step else { return false };
        (self.aim, self.focus) = (Aim::Step, Focus::Tree);
        self.select(step);
        true
    }
}
