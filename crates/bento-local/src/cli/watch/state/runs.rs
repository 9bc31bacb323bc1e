//! The newest runs.

use std::collections::HashSet;

use super::super::rows::{Page, Run, RunState};
use super::message::{Failure, Filter, Question};
use super::scroll::{Scroll, Step};
use crate::TraceId;

/// Runs that are kept; of more, the oldest go, and are asked for again once somebody scrolls there.
const MOST: usize = 5_000;
const KEPT: usize = 4_000;

/// Rows before the end at which the next page is asked for.
const AHEAD: usize = 30;

/// The states that can be asked for, in the order of the key.
const STATES: [RunState; 5] =
    [RunState::Running, RunState::Completed, RunState::Failed, RunState::Cancelled, RunState::Unfinished];

/// The list of runs.
#[derive(Debug, Default)]
pub(in super::super) struct Runs {
    rows: Vec<Run>,
    pub(in super::super) filter: Filter,
    /// The run that was chosen; without one it is whichever is the newest.
    selected: Option<TraceId>,
    pub(in super::super) scroll: Scroll,
    /// Rows that are seen at once.
    seen: usize,
    /// There are older ones than these.
    has_more: bool,
    /// An answer is awaited, of this page.
    asked: Option<Question>,
    /// What news said of these is newer than the answer that is awaited.
    fresh: HashSet<TraceId>,
    /// The list is to be asked for again, once it was left alone for a while.
    is_stale: bool,
    /// It was answered at least once.
    pub(in super::super) is_loaded: bool,
}

impl Runs {
    pub(in super::super) fn rows(&self) -> &[Run] {
        &self.rows
    }

    pub(super) fn selected(&self) -> Option<TraceId> {
        self.rows.get(self.scroll.index).map(|run| run.trace_id)
    }

    pub(super) fn resized(&mut self, seen: usize) {
        self.seen = seen;
        self.scroll.select(self.scroll.index, self.rows.len(), seen);
    }

    /// Asks for the newest, now or once what is awaited was answered.
    pub(super) fn ask(&mut self) -> Option<Question> {
        self.is_stale = self.asked.is_some();
        if self.is_stale {
            return None;
        }
        self.fresh.clear();
        self.asked = Some(Question::Runs(self.filter.clone(), None));
        self.asked.clone()
    }

    /// Asks again where nothing is awaited.
    pub(super) fn poll(&mut self) -> Option<Question> {
        if self.asked.is_some() { None } else { self.ask() }
    }

    /// Asks again for what failed, or what news may have changed.
    pub(super) fn retry(&mut self) -> Option<Question> {
        if self.is_stale { self.poll() } else { None }
    }

    /// Asks for what comes behind, if somebody is about to see it.
    pub(super) fn ask_more(&mut self) -> Option<Question> {
        let near = self.scroll.first + self.seen + AHEAD >= self.rows.len();
        if self.asked.is_some() || !self.has_more || !near || self.rows.len() >= MOST {
            return None;
        }
        let last = self.rows.last()?;
        self.fresh.clear();
        self.asked = Some(Question::Runs(self.filter.clone(), Some((last.start_time?, last.trace_id))));
        self.asked.clone()
    }

    pub(super) fn answered(&mut self, question: &Question, answer: Result<Page<Run>, Failure>) {
        if self.asked.as_ref() != Some(question) {
            return;
        }
        self.asked = None;
        let Question::Runs(_, behind) = question else { return };
        match answer {
            Err(_) => self.is_stale = true,
            Ok(page) => {
                let has_more = page.next_cursor.is_some();
                if behind.is_none() {
                    self.renew(&page);
                }
                let end = page.items.last().map(Run::rank);
                for run in page.items {
                    if !self.fresh.contains(&run.trace_id) {
                        self.insert(run);
                    }
                }
                // Who has scrolled further knows better what comes behind.
                let reaches_end = self.rows.last().map(Run::rank) <= end;
                if behind.is_some() || reaches_end || !has_more {
                    self.has_more = has_more;
                }
                self.is_loaded = true;
                self.settle();
            }
        }
    }

    /// Lets go of what is not in the list any more, as far as the page reaches.
    fn renew(&mut self, page: &Page<Run>) {
        let listed: HashSet<_> = page.items.iter().map(|run| run.trace_id).collect();
        let end = page.items.last().map(Run::rank).filter(|_| page.next_cursor.is_some());
        let fresh = &self.fresh;
        self.rows.retain(|run| {
            let beyond = end.as_ref().is_some_and(|end| run.rank() > *end);
            beyond || listed.contains(&run.trace_id) || fresh.contains(&run.trace_id)
        });
    }

    /// A run is new or has changed.
    pub(super) fn heard(&mut self, run: Run) {
        let known = self.rows.iter().any(|row| row.trace_id == run.trace_id);
        self.fresh.insert(run.trace_id);
        let passes = self.filter.state.is_none_or(|state| state == run.state);
        if !passes {
            self.rows.retain(|row| row.trace_id != run.trace_id);
        } else if known || self.filter.words.is_empty() {
            self.insert(run);
        } else {
            // Only the backend knows whether it has the words.
            self.is_stale = true;
        }
        if self.rows.len() > MOST && self.scroll.index + self.seen < KEPT {
            self.rows.truncate(KEPT);
            self.has_more = true;
        }
        self.settle();
    }

    fn insert(&mut self, run: Run) {
        if let Some(known) = self.rows.iter().position(|row| row.trace_id == run.trace_id) {
            if self.rows[known].rank() == run.rank() {
                self.rows[known] = run;
                return;
            }
            self.rows.remove(known);
        }
        let place = self.rows.partition_point(|row| row.rank() < run.rank());
        self.rows.insert(place, run);
    }

    /// The selection stays on its run.
    fn settle(&mut self) {
        let chosen = self.selected.and_then(|id| self.rows.iter().position(|run| run.trace_id == id));
        match (chosen, self.selected) {
            (Some(chosen), _) => self.scroll.moved(chosen, self.rows.len(), self.seen),
            (None, None) => self.scroll.select(0, self.rows.len(), self.seen),
            // It has gone: whichever took its place.
            (None, Some(_)) => {
                self.scroll.select(self.scroll.index, self.rows.len(), self.seen);
                self.selected = self.selected();
            }
        }
    }

    pub(super) fn go(&mut self, step: Step) {
        let target = self.scroll.target(step, self.rows.len(), self.seen);
        self.scroll.select(target, self.rows.len(), self.seen);
        // At the top it follows the newest.
        self.selected = if target == 0 { None } else { self.selected() };
    }

    /// The next state is asked for.
    pub(super) fn cycle_state(&mut self) -> Option<Question> {
        let next = match self.filter.state {
            None => STATES.first(),
            Some(state) => STATES.iter().skip_while(|other| **other != state).nth(1),
        };
        self.change(Filter { state: next.copied(), words: self.filter.words.clone() })
    }

    pub(super) fn search(&mut self, words: String) -> Option<Question> {
        self.change(Filter { state: self.filter.state, words })
    }

    /// Shows all runs again.
    pub(super) fn clear_filter(&mut self) -> Option<Question> {
        if self.filter == Filter::default() { None } else { self.change(Filter::default()) }
    }

    fn change(&mut self, filter: Filter) -> Option<Question> {
        if filter == self.filter {
            return None;
        }
        *self = Self { filter, seen: self.seen, ..Self::default() };
        self.ask()
    }
}
