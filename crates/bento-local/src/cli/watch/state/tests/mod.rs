//! What keys and news make of the state.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod list;
mod run;

use serde_json::json;

use super::super::rows::{Page, Run, Step as Span};
use super::*;
use crate::SpanId;

const SIZE: Size = Size { width: 80, height: 24 };
const START: u64 = 1_700_000_000_000_000_000;

fn moment(seconds: u64) -> Timestamp {
    Timestamp::from_unix_nanos(START + seconds * 1_000_000_000)
}

fn trace(number: u64) -> TraceId {
    format!("{number:032x}").parse().unwrap()
}

fn span(number: u64) -> SpanId {
    format!("{number:016x}").parse().unwrap()
}

fn run(number: u64, state: &str) -> Run {
    serde_json::from_value(json!({
        "trace_id": trace(number), "name": format!("run {number}"), "state": state, "start_time": moment(number),
    }))
    .unwrap()
}

/// A step of run 1; parent 0 is none.
fn step(number: u64, parent: u64, status: &str) -> Span {
    let parent = (parent != 0).then(|| span(parent));
    serde_json::from_value(json!({
        "trace_id": trace(1), "span_id": span(number), "parent_id": parent, "name": format!("step {number}"),
        "status": status, "start_time": moment(number), "duration_ms": 1.0,
    }))
    .unwrap()
}

fn page<T>(items: Vec<T>, more: bool) -> Page<T> {
    Page { items, next_cursor: more.then_some(serde::de::IgnoredAny) }
}

/// A state with what it wished for, number by number.
struct Scene {
    state: State,
    watch: u64,
}

impl Scene {
    fn new(opened: Option<TraceId>) -> (Self, Vec<Effect>) {
        let mut scene = Self { state: State::new(opened, SIZE, moment(0)), watch: 1 };
        let effects = scene.settle();
        (scene, effects)
    }

    /// The list with these runs.
    fn list(runs: Vec<Run>) -> Self {
        let (mut scene, _) = Self::new(None);
        let asked = scene.hear(News::Ready);
        scene.runs(&asked, page(runs, false));
        scene
    }

    /// Run 1 with these steps.
    fn run(state: &str, steps: Vec<Span>) -> Self {
        let (mut scene, _) = Self::new(Some(trace(1)));
        scene.hear(News::Ready);
        scene.apply(Event::Answer(Box::new(Answer::Run(trace(1), Ok(run(1, state))))));
        scene.steps(Question::Steps(trace(1), None), page(steps, false));
        scene
    }

    fn settle(&mut self) -> Vec<Effect> {
        self.state.settle();
        let effects = self.state.take_effects();
        let mut watched = effects.iter().rev().filter_map(|effect| match effect {
            Effect::Watch(number, _) => Some(*number),
            _ => None,
        });
        self.watch = watched.next().unwrap_or(self.watch);
        effects
    }

    fn apply(&mut self, event: Event) -> Vec<Effect> {
        self.state.apply(event);
        self.settle()
    }

    fn hear(&mut self, news: News) -> Vec<Effect> {
        self.apply(Event::News(self.watch, news))
    }

    /// The stream says, a while later, that everything is to be asked for again.
    fn reset(&mut self) -> Vec<Effect> {
        let later = moment(self.state.now.since(moment(0)).as_secs() + 10);
        self.apply(Event::Tick(later));
        self.hear(News::Ready)
    }

    fn runs(&mut self, asked: &[Effect], page: Page<Run>) -> Vec<Effect> {
        let [Effect::Ask(question)] = asked else { unreachable!("one question: {asked:?}") };
        self.apply(Event::Answer(Box::new(Answer::Runs(question.clone(), Ok(page)))))
    }

    fn steps(&mut self, question: Question, page: Page<Span>) -> Vec<Effect> {
        self.apply(Event::Answer(Box::new(Answer::Steps(question, Ok(page)))))
    }

    fn press(&mut self, keys: &[Key]) -> Vec<Effect> {
        keys.iter().flat_map(|key| self.apply(Event::Key(*key))).collect()
    }

    fn write(&mut self, text: &str) -> Vec<Effect> {
        text.chars().flat_map(|c| self.apply(Event::Key(Key::Char(c)))).collect()
    }

    /// The names in the list, with a mark at the selected one.
    fn names(&self) -> String {
        let scroll = self.state.runs.scroll;
        let names = self.state.runs.rows().iter().enumerate();
        let names = names
            .map(|(row, run)| if row == scroll.index { format!(">{}", run.name) } else { run.name.clone() });
        names.collect::<Vec<_>>().join(", ")
    }

    fn opened(&self) -> &Opened {
        self.state.opened.as_ref().unwrap()
    }

    /// The steps in the tree, by number and depth, with a mark at the selected one.
    fn tree(&self) -> String {
        let opened = self.opened();
        let lines = (0..).map_while(|line| opened.tree.line(line)).enumerate();
        let lines = lines.map(|(row, line)| {
            let mark = if row == opened.scroll.index { ">" } else { "" };
            let fold = if line.is_folded { "+" } else { "" };
            format!("{mark}{}{}{fold}", ".".repeat(line.node.depth), &line.step.name[5..])
        });
        lines.collect::<Vec<_>>().join(" ")
    }
}
