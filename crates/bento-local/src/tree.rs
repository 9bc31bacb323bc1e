//! A run as text: one line a span, indented under its parent, in columns.

use std::collections::{HashMap, HashSet};
use std::fmt::{self, Write as _};
use std::time::Duration;

use crate::terminal::clean;
use crate::{Run, RunState, RunStatus, Span, SpanId};

/// Levels that are drawn; deeper spans stand at the last one with their depth as a number. A run of 10,000 nested steps
/// would otherwise need 10,000 columns.
const DEEPEST: usize = 24;

/// The widest that the first column gets for the others' sake.
const WIDEST: usize = 48;

/// The longest name and the longest error message, in characters.
const LONGEST_NAME: usize = 60;
const LONGEST_MESSAGE: usize = 160;

/// A run as text, made by [`Run::tree`].
///
/// ```text
/// user_turn      agent  1.24 s  error  user u42  session c1
/// ├─ plan        llm    312 ms  gpt-4o  812→64 tok
/// ├─ search      tool   120 ms  ✗ timeout: upstream did not answer
/// └─ researcher  agent  610 ms
///    └─ answer   llm    580 ms  claude-sonnet-4  2 034→310 tok
/// ```
#[derive(Clone, Debug)]
pub struct Tree {
    lines: Vec<Line>,
    color: bool,
}

#[derive(Clone, Debug, Default)]
struct Line {
    /// What is drawn before the name.
    branches: String,
    name: String,
    kind: String,
    duration: String,
    facts: Vec<Fact>,
}

/// A fact and how it is tinted.
#[derive(Clone, Debug)]
struct Fact(Tint, String);

#[derive(Clone, Copy, Debug)]
enum Tint {
    Plain,
    Dim,
    Bold,
    Good,
    Bad,
    Warn,
    Model,
}

/// What a sender says of a span that did not come to its own end, and how that is shown.
const BROKEN_OFF: [(&str, &str); 2] = [("bento.cancelled", "⊘ cancelled"), ("bento.unfinished", UNFINISHED)];

/// How is shown what has not ended, and a run of which nothing is heard any more.
const RUNNING: &str = "● running";
const UNFINISHED: &str = "… unfinished";

/// Why a span stands at the top though it is not the root.
#[derive(Clone, Copy)]
enum Stray {
    SecondRoot,
    Orphan(SpanId),
    Cycle,
}

/// Who is below whom among one run's spans, by their index. Every span but the root stands in exactly one list, and nobody
/// is below itself.
struct Family {
    children: Vec<Vec<usize>>,
    root: Option<usize>,
    strays: Vec<(usize, Option<Stray>)>,
}

/// A span that is still to be drawn.
struct Step {
    index: usize,
    stray: Option<Stray>,
    /// Whether it is the last of its siblings.
    last: bool,
    depth: usize,
}

impl Run {
    /// The run as text, children under their parent by start time.
    ///
    /// A span whose parent has not arrived, or that is its own ancestor, stands under the run with a note.
    pub fn tree(&self) -> Tree {
        let Family { children, root, strays } = Family::of(self);
        let mut lines = vec![header(self, root.map(|root| &self.spans[root]))];
        let own = root.map(|root| children[root].iter()).unwrap_or_default();
        let mut ahead = Vec::new();
        push_siblings(&mut ahead, own.map(|&index| (index, None)).chain(strays).collect(), 1);
        // For every level above the step: whether more siblings follow there.
        let mut open: Vec<bool> = Vec::new();
        while let Some(Step { index, stray, last, depth }) = ahead.pop() {
            open.truncate(depth - 1);
            lines.push(line(self, &self.spans[index], branches(&open, last, depth), stray));
            open.push(!last);
            let below = children[index].iter().map(|&child| (child, None)).collect();
            push_siblings(&mut ahead, below, depth + 1);
        }
        Tree { lines, color: false }
    }
}

impl Tree {
    /// Colours it for a terminal, or not, which is the default.
    #[must_use]
    pub fn color(self, color: bool) -> Self {
        Self { color, ..self }
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = |cell: fn(&Line) -> usize| self.lines.iter().map(cell).max().unwrap_or(0);
        let first = widest(|line| {
            Some(width(&line.branches) + width(&line.name)).filter(|&w| w <= WIDEST).unwrap_or(0)
        });
        let kind = widest(|line| width(&line.kind));
        let duration = widest(|line| width(&line.duration));
        for (number, line) in self.lines.iter().enumerate() {
            if number > 0 {
                f.write_char('\n')?;
            }
            let gap = first.saturating_sub(width(&line.branches) + width(&line.name));
            let name = if number == 0 { Tint::Bold } else { Tint::Plain };
            self.write(f, Tint::Dim, &line.branches)?;
            self.write(f, name, &line.name)?;
            write!(f, "{:gap$}  ", "")?;
            self.write(f, Tint::Dim, &format!("{:kind$}", line.kind))?;
            write!(f, "  {:>duration$}", line.duration)?;
            for Fact(tint, text) in &line.facts {
                f.write_str("  ")?;
                self.write(f, *tint, text)?;
            }
        }
        Ok(())
    }
}

impl Tree {
    fn write(&self, f: &mut fmt::Formatter<'_>, tint: Tint, text: &str) -> fmt::Result {
        let code = match tint {
            _ if !self.color || text.is_empty() => return f.write_str(text),
            Tint::Plain => return f.write_str(text),
            Tint::Dim => "2",
            Tint::Bold => "1",
            Tint::Good => "32",
            Tint::Bad => "31",
            Tint::Warn => "33",
            Tint::Model => "36",
        };
        write!(f, "\x1b[{code}m{text}\x1b[0m")
    }
}

impl Family {
    fn of(run: &Run) -> Self {
        let index: HashMap<SpanId, usize> =
            run.spans.iter().enumerate().map(|(i, span)| (span.span_id, i)).collect();
        let parents: Vec<_> = run.spans.iter().map(|span| index.get(&span.parent_id?).copied()).collect();
        let mut family = Self { children: vec![Vec::new(); run.spans.len()], root: None, strays: Vec::new() };
        for (child, span) in run.spans.iter().enumerate() {
            match (parents[child], span.parent_id) {
                (Some(parent), _) => family.children[parent].push(child),
                (None, Some(id)) => family.strays.push((child, Some(Stray::Orphan(id)))),
                (None, None) if family.root.is_none() => family.root = Some(child),
                (None, None) => family.strays.push((child, Some(Stray::SecondRoot))),
            }
        }
        family.cut_cycles(&parents);
        family
    }

    /// What cannot be reached from the top hangs on a circle; the circle is cut and laid at the top.
    fn cut_cycles(&mut self, parents: &[Option<usize>]) {
        let mut reached = vec![false; parents.len()];
        for top in self.root.into_iter().chain(self.strays.iter().map(|(index, _)| *index)) {
            self.reach(top, &mut reached);
        }
        for index in 0..parents.len() {
            if reached[index] {
                continue;
            }
            let mut seen = HashSet::new();
            let mut head = index;
            while let Some(parent) = parents[head].filter(|_| seen.insert(head)) {
                head = parent;
            }
            if let Some(parent) = parents[head] {
                self.children[parent].retain(|&child| child != head);
            }
            self.strays.push((head, Some(Stray::Cycle)));
            self.reach(head, &mut reached);
        }
    }

    fn reach(&self, from: usize, reached: &mut [bool]) {
        let mut ahead = vec![from];
        while let Some(index) = ahead.pop() {
            reached[index] = true;
            ahead.extend(&self.children[index]);
        }
    }
}

/// The first of them ends up at the end, where the next step is taken from.
fn push_siblings(ahead: &mut Vec<Step>, siblings: Vec<(usize, Option<Stray>)>, depth: usize) {
    let siblings = siblings.into_iter().rev().enumerate();
    ahead.extend(siblings.map(|(behind, (index, stray))| Step { index, stray, last: behind == 0, depth }));
}

/// `open` says for every level above whether more siblings follow there.
fn branches(open: &[bool], last: bool, depth: usize) -> String {
    let drawn = &open[..open.len().min(DEEPEST)];
    let mut text: String = drawn.iter().map(|&more| if more { "│  " } else { "   " }).collect();
    if depth > DEEPEST {
        // Writing to a String cannot fail.
        let _ = write!(text, "⋯ {depth} ");
    }
    text.push_str(if last { "└─ " } else { "├─ " });
    text
}

fn header(run: &Run, root: Option<&Span>) -> Line {
    let goes_on = root.and_then(|root| not_ended(run, root));
    let status = match run.summary.status() {
        RunStatus::Error => Some(Fact(Tint::Bad, "error".to_owned())),
        // How what goes on will end nobody knows.
        RunStatus::Ok if goes_on.is_some() => None,
        RunStatus::Ok => Some(Fact(Tint::Good, "ok".to_owned())),
    };
    let mut facts: Vec<_> = status.into_iter().chain(goes_on).collect();
    let Some(root) = root else {
        facts.push(Fact(Tint::Dim, "its root has not arrived".to_owned()));
        let name = format!("run {}", run.summary.trace_id);
        return Line {
            name,
            kind: "?".to_owned(),
            duration: duration(run.summary.duration()),
            facts,
            ..Line::default()
        };
    };
    facts.extend(span_facts(root));
    let label = |label: &str, text: &str| Fact(Tint::Plain, format!("{label} {}", clean(text, LONGEST_NAME)));
    facts.extend(root.user_id.as_deref().map(|user| label("user", user)));
    facts.extend(root.session_id.as_deref().map(|session| label("session", session)));
    if !root.tags.is_empty() {
        facts.push(label("tags", &root.tags.join(", ")));
    }
    let time = run.summary.duration();
    let duration = if root.is_pending() && time.is_zero() { String::new() } else { duration(time) };
    Line { duration, facts, ..line(run, root, String::new(), None) }
}

/// How is shown that a span has not ended: it runs only as long as its run does.
fn not_ended(run: &Run, span: &Span) -> Option<Fact> {
    let word = if run.summary.state() == RunState::Running { RUNNING } else { UNFINISHED };
    span.is_pending().then(|| Fact(Tint::Warn, word.to_owned()))
}

/// How long a span took. One that runs has taken until the last that was heard of its run; of one that will never end nobody
/// knows.
fn taken(run: &Run, span: &Span) -> String {
    if !span.is_pending() {
        return duration(span.duration());
    }
    let so_far = run.summary.end_time.since(span.start_time);
    let is_known = run.summary.state() == RunState::Running && !so_far.is_zero();
    if is_known { duration(so_far) } else { String::new() }
}

fn line(run: &Run, span: &Span, branches: String, stray: Option<Stray>) -> Line {
    let mut facts: Vec<_> = not_ended(run, span).into_iter().chain(span_facts(span)).collect();
    let note = stray.map(|stray| match stray {
        Stray::SecondRoot => "(a second root)".to_owned(),
        Stray::Orphan(parent) => format!("(its parent {parent} has not arrived)"),
        Stray::Cycle => "(its parent is one of its own descendants)".to_owned(),
    });
    facts.extend(note.map(|note| Fact(Tint::Dim, note)));
    Line {
        branches,
        name: clean(&span.name, LONGEST_NAME),
        kind: clean(&span.kind, LONGEST_NAME),
        duration: taken(run, span),
        facts,
    }
}

fn span_facts(span: &Span) -> Vec<Fact> {
    let said = |key| span.attributes.get(key).is_some_and(|value| value == true);
    let broken_off = BROKEN_OFF.into_iter().filter(|(key, _)| said(*key));
    let broken_off = broken_off.map(|(_, mark)| Fact(Tint::Warn, mark.to_owned()));
    let model = span.model.as_deref().map(|model| Fact(Tint::Model, clean(model, LONGEST_NAME)));
    let tokens = tokens(span.input_tokens, span.output_tokens).map(|tokens| Fact(Tint::Plain, tokens));
    let error = span.is_error().then(|| {
        let message = span.status_message.as_deref().unwrap_or("error");
        Fact(Tint::Bad, format!("✗ {}", clean(message, LONGEST_MESSAGE)))
    });
    broken_off.chain(model).chain(tokens).chain(error).collect()
}

fn tokens(input: Option<u64>, output: Option<u64>) -> Option<String> {
    let side = |count: Option<u64>| count.map_or_else(|| "?".to_owned(), thousands);
    (input.is_some() || output.is_some()).then(|| format!("{}→{} tok", side(input), side(output)))
}

pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(" ")
}

/// Three digits or so, in the unit that fits.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    if time < Duration::from_millis(1) {
        format!("{} µs", time.as_micros())
    } else if seconds < 1 {
        format!("{} ms", time.as_millis())
    } else if seconds < 60 {
        format!("{}.{:02} s", seconds, time.subsec_millis() / 10)
    } else if seconds < 3600 {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    } else {
        format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60)
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}
