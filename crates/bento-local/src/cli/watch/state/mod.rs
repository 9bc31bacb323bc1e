//! What is shown, and what keys and news make of it. Nothing here waits, asks or draws: events go in, wishes come out.

mod detail;
mod message;
mod opened;
mod pages;
mod runs;
mod scroll;
#[cfg(test)]
mod tests;
mod tree;

use std::time::Duration;

use ratatui::layout::Size;

pub(super) use self::detail::Line as TextLine;
pub(super) use self::message::{Answer, Effect, Event, Failure, Filter, Key, Link, News, Question, Target};
pub(super) use self::opened::Opened;
pub(super) use self::runs::Runs;
use self::scroll::Step;
pub(super) use self::tree::{Line as TreeLine, Tree};
use super::layout::{self, Focus};
use crate::terminal::is_text;
use crate::{Timestamp, TraceId};

/// How long it takes until something is asked for again.
const AGAIN: Duration = Duration::from_secs(1);

/// Characters of what can be searched for, as the backend takes them.
const LONGEST_SEARCH: usize = 1_000;

/// What is shown.
#[derive(Debug)]
pub(super) struct State {
    pub(super) runs: Runs,
    pub(super) opened: Option<Opened>,
    pub(super) link: Link,
    /// Nobody tells what changes: it is asked for every second.
    polls: bool,
    /// The words that are typed.
    pub(super) prompt: Option<String>,
    /// The keys are shown.
    pub(super) shows_keys: bool,
    /// What is to be told, until the next key.
    pub(super) notice: Option<String>,
    /// Why the last question was not answered.
    pub(super) failure: Option<String>,
    pub(super) now: Timestamp,
    pub(super) size: Size,
    /// When it was last looked for what is to be asked again.
    retried: Timestamp,
    /// When everything was asked for last; not since another thing is watched.
    loaded: Option<Timestamp>,
    /// Everything is to be asked for, as soon as that is not too often.
    is_stale: bool,
    /// The number of what is watched.
    watch: u64,
    effects: Vec<Effect>,
}

impl State {
    /// Begins with the list of runs, or with one run.
    pub(super) fn new(opened: Option<TraceId>, size: Size, now: Timestamp) -> Self {
        let mut state = Self {
            runs: Runs::default(),
            opened: None,
            link: Link::default(),
            polls: false,
            prompt: None,
            shows_keys: false,
            notice: None,
            failure: None,
            now,
            size,
            retried: now,
            loaded: None,
            is_stale: false,
            watch: 0,
            effects: Vec::new(),
        };
        match opened {
            Some(run) => state.open(run),
            None => state.watch(Target::Runs),
        }
        state
    }

    /// Takes in what happened. What follows from it is seen after [`State::settle`].
    pub(super) fn apply(&mut self, event: Event) {
        match event {
            Event::Key(key) => {
                self.settle();
                self.press(key);
            }
            Event::Resized(width, height) => {
                self.size = Size { width, height };
                self.resize();
            }
            Event::Tick(now) => self.tick(now),
            Event::News(watch, news) if watch == self.watch => self.hear(news),
            // What is not watched any more had something to say.
            Event::News(..) => {}
            Event::Answer(answer) => self.answer(*answer),
        }
    }

    /// Brings everything up to date that events have changed, and gives what is to be done.
    pub(super) fn settle(&mut self) {
        if let Some(opened) = &mut self.opened {
            opened.settle();
            let texts = opened.ask_texts();
            self.ask(texts);
        } else {
            let more = self.runs.ask_more();
            self.ask(more);
        }
    }

    pub(super) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Whether something on the screen moves by itself.
    pub(super) fn is_moving(&self) -> bool {
        use super::rows::RunState::Running;
        match &self.opened {
            Some(opened) => opened.is_running(),
            None => self.runs.rows().iter().any(|run| run.state == Running),
        }
    }

    fn ask(&mut self, questions: impl IntoIterator<Item = Question>) {
        self.effects.extend(questions.into_iter().map(Effect::Ask));
    }

    fn watch(&mut self, target: Target) {
        self.watch += 1;
        (self.link, self.polls) = (Link::Connecting, false);
        (self.loaded, self.is_stale) = (None, false);
        self.effects.push(Effect::Watch(self.watch, target));
        self.resize();
    }

    fn open(&mut self, run: TraceId) {
        let row = self.runs.rows().iter().find(|row| row.trace_id == run).cloned();
        self.opened = Some(Opened::new(run, row));
        self.watch(Target::Run(run));
    }

    fn close(&mut self) {
        self.opened = None;
        self.watch(Target::Runs);
    }

    fn resize(&mut self) {
        self.runs.resized(layout::list(self.size).rows.height.into());
        if let Some(opened) = &mut self.opened {
            let places = layout::run(self.size, opened.focus);
            let (width, seen) = (places.detail.width.into(), places.detail.height.into());
            opened.resized(places.tree.height.into(), width, seen);
        }
    }

    fn tick(&mut self, now: Timestamp) {
        self.now = now;
        if self.is_stale {
            self.load();
        }
        if now.since(self.retried) < AGAIN {
            return;
        }
        self.retried = now;
        let questions = match &mut self.opened {
            Some(opened) => opened.retry(),
            None => self.runs.retry().into_iter().collect(),
        };
        self.ask(questions);
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Ready => {
                (self.link, self.polls) = (Link::Live, false);
                self.load();
            }
            News::Poll => {
                self.polls = true;
                let question = match &mut self.opened {
                    Some(opened) => opened.poll(),
                    None => self.runs.poll(),
                };
                self.ask(question);
            }
            News::Lost(reason) => {
                self.link = Link::Lost(reason);
                // A backend that has no room for one more stream may still answer.
                self.load();
            }
            News::Refused => self.link = Link::Refused,
            News::Run(run) => match &mut self.opened {
                Some(opened) => opened.run_heard(*run),
                None => self.runs.heard(*run),
            },
            News::Step(step) => {
                if let Some(opened) = &mut self.opened {
                    opened.step_heard(*step);
                }
            }
        }
    }

    /// Asks for everything. A busy backend may say that there is reason to many times a second.
    fn load(&mut self) {
        self.is_stale = self.loaded.is_some_and(|loaded| self.now.since(loaded) < AGAIN);
        if self.is_stale {
            return;
        }
        self.loaded = Some(self.now);
        let questions = match &mut self.opened {
            Some(opened) => opened.ask(),
            None => self.runs.ask().into_iter().collect(),
        };
        self.ask(questions);
    }

    fn answer(&mut self, answer: Answer) {
        match answer.failure().cloned() {
            // Where nobody else tells, the answers tell how things stand.
            Some(Failure::Other(reason)) if self.polls => self.link = Link::Lost(reason),
            // A stream that is open tells until it ends.
            Some(Failure::Refused) if self.link == Link::Live => {
                self.failure = Some("the backend does not take the key".to_owned());
            }
            Some(Failure::Refused) => self.link = Link::Refused,
            Some(Failure::Other(reason)) => self.failure = Some(reason),
            Some(Failure::Missing) | None => {
                self.failure = None;
                if self.polls {
                    self.link = Link::Polling;
                }
            }
        }
        let polls = self.polls;
        let opened = self.opened.as_mut();
        let next = match answer {
            Answer::Runs(question, page) => {
                self.runs.answered(&question, page);
                None
            }
            Answer::Run(trace, run) => {
                opened.filter(|opened| opened.trace_id == trace).and_then(|it| it.run_answered(run, polls))
            }
            Answer::Steps(question, page) => opened.and_then(|it| it.steps_answered(&question, page)),
            Answer::Step(trace, span, detail) => {
                if let Some(opened) = opened.filter(|opened| opened.trace_id == trace) {
                    opened.texts_answered(span, detail);
                }
                None
            }
        };
        self.ask(next);
    }

    fn press(&mut self, key: Key) {
        self.notice = None;
        if key == Key::Interrupt {
            return self.effects.push(Effect::Quit);
        }
        if self.shows_keys {
            self.shows_keys = false;
            return;
        }
        if self.prompt.is_some() {
            return self.type_in(key);
        }
        match key {
            Key::Char('q') => self.effects.push(Effect::Quit),
            Key::Char('?') => self.shows_keys = true,
            Key::Char('/') => self.prompt = Some(String::new()),
            Key::Up | Key::Char('k') => self.go(Step::By(-1)),
            Key::Down | Key::Char('j') => self.go(Step::By(1)),
            Key::PageUp => self.go(Step::Page(-1)),
            Key::PageDown | Key::Char(' ') => self.go(Step::Page(1)),
            Key::Home | Key::Char('g') => self.go(Step::First),
            Key::End | Key::Char('G') => self.go(Step::Last),
            key => match &self.opened {
                Some(_) => self.press_in_run(key),
                None => self.press_in_list(key),
            },
        }
    }

    fn go(&mut self, step: Step) {
        match &mut self.opened {
            Some(opened) => opened.go(step),
            None => self.runs.go(step),
        }
    }

    fn press_in_list(&mut self, key: Key) {
        match key {
            Key::Enter | Key::Right => {
                if let Some(run) = self.runs.selected() {
                    self.open(run);
                }
            }
            Key::Char('s') => {
                let question = self.runs.cycle_state();
                self.ask(question);
            }
            Key::Escape | Key::Backspace => {
                let question = self.runs.clear_filter();
                self.ask(question);
            }
            _ => {}
        }
    }

    fn press_in_run(&mut self, key: Key) {
        let Some(opened) = &mut self.opened else { return };
        let focus = opened.focus;
        match key {
            Key::Escape | Key::Backspace | Key::Left | Key::Tab if focus == Focus::Detail => {
                opened.focus = Focus::Tree;
            }
            Key::Escape | Key::Backspace => return self.close(),
            Key::Tab | Key::Enter => opened.focus = Focus::Detail,
            Key::Left => opened.left(),
            Key::Right if focus == Focus::Tree => opened.right(),
            Key::Char('f') => opened.toggle_follow(),
            Key::Char('n') => self.search(""),
            Key::Char('e') if !opened.next_failure() => self.notice = Some("no step has failed".to_owned()),
            _ => {}
        }
        // A low terminal shows one of both.
        self.resize();
    }

    fn type_in(&mut self, key: Key) {
        let Some(words) = &mut self.prompt else { return };
        match key {
            Key::Char(c) if is_text(c) && words.chars().count() < LONGEST_SEARCH => words.push(c),
            Key::Backspace if words.is_empty() => self.prompt = None,
            Key::Backspace => drop(words.pop()),
            Key::Escape => self.prompt = None,
            Key::Enter => {
                let words = self.prompt.take().unwrap_or_default();
                self.search(words.trim());
            }
            _ => {}
        }
    }

    fn search(&mut self, words: &str) {
        if let Some(opened) = &mut self.opened {
            if !opened.search(words) {
                self.notice = Some("no step has that name".to_owned());
            }
            self.resize();
        } else {
            let question = self.runs.search(words.to_owned());
            self.ask(question);
        }
    }
}
