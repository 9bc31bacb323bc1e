//! One run: its tree, and the selected step.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::super::layout::{self, Focus, RunPlaces};
use super::super::rows::{Run, RunState, Step};
use super::super::state::{Opened, State, TextLine, Tree, TreeLine};
use super::super::text;
use super::bar::Bar;
use super::columns::{self, Column, GAP};
use super::theme::{Role, Theme};
use crate::Timestamp;

/// Branches, a sign, and a name of which one sees what it is.
const FIRST: usize = 20;

#[derive(Clone, Copy, Debug)]
enum What {
    Kind,
    Time,
    Tokens,
    Model,
}

pub(super) fn draw(buffer: &mut Buffer, state: &State, opened: &Opened, theme: Theme) {
    let places = layout::run(state.size, opened.focus);
    title(&mut Bar::new(buffer, theme, places.title), state, opened, theme);
    tree(buffer, state, opened, theme, places.tree);
    for y in places.rule.top()..places.rule.bottom() {
        Bar::new(buffer, theme, Rect { y, height: 1, ..places.rule }).put(Role::Dim, "│");
    }
    if let Some(step) = opened.selected() {
        heading(buffer, state, opened, step, theme, &places);
        detail(buffer, opened, step, theme, places.detail);
    }
}

fn state_of(opened: &Opened) -> RunState {
    opened.run.as_ref().map_or(RunState::Running, |run| run.state)
}

fn title(bar: &mut Bar<'_>, state: &State, opened: &Opened, theme: Theme) {
    let Some(run) = &opened.run else {
        bar.put(Role::Strong, &format!("Run {}", opened.trace_id));
        return;
    };
    let (sign, role) = theme.run(run.state);
    let name = if run.name.is_empty() { "(no name)" } else { &run.name };
    let name = text::cut(name, (bar.room() / 2).max(FIRST));
    bar.put(role, sign).put(Role::Strong, &format!(" {name}")).put(role, &format!("  {}", run.state.word()));
    for (role, fact) in facts(run, opened, state.now) {
        // What does not fit whole is left out, and what comes after may still fit.
        if text::width(&fact) + GAP <= bar.room() {
            bar.put(Role::Plain, "  ").put(role, &fact);
        }
    }
}

fn facts(run: &Run, opened: &Opened, now: Timestamp) -> Vec<(Role, String)> {
    let failures = opened.tree.failures().max(usize::try_from(run.error_count).unwrap_or(usize::MAX));
    let steps = opened.tree.len().max(usize::try_from(run.span_count).unwrap_or(usize::MAX));
    let count = |count: usize| text::number(u64::try_from(count).unwrap_or(u64::MAX));
    let mut facts = Vec::new();
    if failures > 0 {
        facts.push((Role::Bad, format!("✗ {} failed", count(failures))));
    }
    facts.push((Role::Plain, super::elapsed(run, now)));
    facts.push((Role::Plain, format!("{} step{}", count(steps), if steps == 1 { "" } else { "s" })));
    if run.total_tokens > 0 {
        facts.push((Role::Plain, format!("{} tok", text::number(run.total_tokens))));
    }
    facts.extend(run.cost.map(|cost| (Role::Plain, text::dollars(cost))));
    for (label, text) in [("user", &run.user_id), ("session", &run.session_id)] {
        if !text.is_empty() {
            facts.push((Role::Dim, format!("{label} {}", text::cut(text, 24))));
        }
    }
    facts
}

fn tree(buffer: &mut Buffer, state: &State, opened: &Opened, theme: Theme, area: Rect) {
    if opened.tree.lines() == 0 {
        let (role, told) = if opened.is_missing {
            (Role::Warn, "The backend has no such run.")
        } else if opened.is_loading() {
            (Role::Dim, "Loading …")
        } else {
            (Role::Dim, "No step has arrived.")
        };
        Bar::new(buffer, theme, area).put(role, told);
        return;
    }
    let lines: Vec<_> =
        (opened.scroll.first..).map_while(|line| opened.tree.line(line)).take(area.height.into()).collect();
    let width = usize::from(area.width);
    let columns = columns::fitting(&columns(&lines), width, FIRST);
    let taken: usize = columns.iter().map(|column| column.width + GAP).sum();
    let first = width.saturating_sub(taken);
    for ((nth, line), y) in lines.iter().enumerate().zip(area.y..area.bottom()) {
        let place = Rect { y, height: 1, ..area };
        let mut bar = Bar::new(buffer, theme, place);
        name(&mut bar, &opened.tree, line, state_of(opened), first, theme);
        for column in &columns {
            let (role, text) = fact(column.what, line.step, state_of(opened), state.now);
            let text = text::cut(&text, column.width);
            let gap = " ".repeat(column.width - text::width(&text));
            let numeric = matches!(column.what, What::Time | What::Tokens);
            let text = if numeric { format!("  {gap}{text}") } else { format!("  {text}{gap}") };
            bar.put(role, &text);
        }
        if opened.scroll.first + nth == opened.scroll.index {
            let mark = if opened.focus == Focus::Tree { Modifier::REVERSED } else { Modifier::UNDERLINED };
            buffer.set_style(place, mark);
        }
    }
}

/// Columns as wide as what is seen in them.
fn columns(lines: &[TreeLine<'_>]) -> Vec<Column<What>> {
    let widest = |cell: fn(&Step) -> usize, most: usize| {
        lines.iter().map(|line| cell(line.step)).max().unwrap_or(0).min(most)
    };
    let column = |what, width, importance| Column { what, title: "", width, importance };
    vec![
        column(What::Kind, widest(|step| text::width(&step.kind), 10), 1),
        column(What::Time, 8, 0),
        column(What::Model, widest(|step| text::width(&step.model), 20), 3),
        column(What::Tokens, widest(|step| text::width(&tokens(step)), 14), 2),
    ]
}

fn fact(what: What, step: &Step, run: RunState, now: Timestamp) -> (Role, String) {
    match what {
        What::Kind => (Role::Dim, step.kind.clone()),
        What::Time => (Role::Plain, elapsed(step, run, now)),
        What::Tokens => (Role::Plain, tokens(step)),
        What::Model => (Role::Model, step.model.clone()),
    }
}

/// How long a step has taken, or takes until now.
fn elapsed(step: &Step, run: RunState, now: Timestamp) -> String {
    let until_now = step.start_time.map(|start| now.since(start).as_secs_f64() * 1e3);
    match until_now {
        Some(until_now) if step.is_pending() && run == RunState::Running => {
            text::duration(until_now.max(step.duration_ms))
        }
        // Nobody knows how long it took.
        _ if step.is_pending() => String::new(),
        _ => text::duration(step.duration_ms),
    }
}

fn tokens(step: &Step) -> String {
    let side = |count: Option<u64>| count.map_or_else(|| "?".to_owned(), text::number);
    match (step.input_tokens, step.output_tokens) {
        (None, None) => String::new(),
        (input, output) => format!("{}→{}", side(input), side(output)),
    }
}

/// Branches, sign and name, filled up to so many columns.
fn name(bar: &mut Bar<'_>, tree: &Tree, line: &TreeLine<'_>, run: RunState, columns: usize, theme: Theme) {
    let branches = branches(tree, line, columns / 2);
    let (sign, role) = theme.step(line.step, run);
    let mut name = if line.step.name.is_empty() { "(no name)".to_owned() } else { line.step.name.clone() };
    // Writing to a String cannot fail.
    let _ = match (line.is_folded, line.hidden_failures) {
        (false, _) => Ok(()),
        (true, 0) => write!(name, " (+{})", line.below),
        (true, failures) => write!(name, " (+{}, {failures}✗)", line.below),
    };
    let used = text::width(&branches) + 2;
    let name = text::cut(&name, columns.saturating_sub(used));
    let gap = " ".repeat(columns.saturating_sub(used + text::width(&name)));
    let of_name = if line.step.has_failed() || line.hidden_failures > 0 { Role::Bad } else { Role::Plain };
    bar.put(Role::Dim, &branches)
        .put(role, sign)
        .put(Role::Plain, " ")
        .put(of_name, &name)
        .put(Role::Plain, &gap);
}

/// What is drawn before a step, at most so many columns: of deeper ones the depth is told as a number.
fn branches(tree: &Tree, line: &TreeLine<'_>, columns: usize) -> String {
    let fold = match (line.below, line.is_folded) {
        (0, _) if line.node.depth == 0 => " ",
        (0, _) => "─",
        (_, true) => "▸",
        (_, false) => "▾",
    };
    let depth = line.node.depth;
    if depth == 0 {
        return fold.to_owned();
    }
    if depth * 2 + 1 > columns {
        return format!("⋯{depth} {fold}");
    }
    // The root stands at the edge, with nothing to the left of it.
    let open = tree.open_above(&line.node);
    let above = open.iter().skip(1).map(|&more| if more { "│ " } else { "  " });
    let mut text: String = above.collect();
    text.push_str(if line.node.is_last { "└" } else { "├" });
    text.push_str(fold);
    text
}

fn heading(
    buffer: &mut Buffer,
    state: &State,
    opened: &Opened,
    step: &Step,
    theme: Theme,
    places: &RunPlaces,
) {
    let mut bar = Bar::new(buffer, theme, places.heading);
    if bar.room() == 0 {
        return;
    }
    let (sign, role) = theme.step(step, state_of(opened));
    if places.rule.is_empty() && !places.tree.is_empty() {
        bar.put(Role::Dim, "── ");
    }
    bar.put(role, sign).put(Role::Plain, " ");
    let name = text::cut(&step.name, bar.room().saturating_sub(8).max(8));
    bar.put(if step.has_failed() { Role::Bad } else { Role::Strong }, &name);
    let seconds = elapsed(step, state_of(opened), state.now);
    let told = match state_of(opened) {
        _ if !step.is_pending() => "",
        RunState::Running => "running",
        _ => "unfinished",
    };
    let cost = step.cost.map(text::dollars).unwrap_or_default();
    let tokens = Some(tokens(step)).filter(|tokens| !tokens.is_empty()).map(|tokens| format!("{tokens} tok"));
    let facts = [&step.kind, told, &seconds, &step.model, &step.provider, &tokens.unwrap_or_default(), &cost];
    for fact in facts.into_iter().filter(|fact| !fact.is_empty()) {
        if text::width(fact) + GAP <= bar.room() {
            bar.put(Role::Plain, "  ").put(Role::Dim, fact);
        }
    }
    let progress = opened.reading.progress().map(|percent| format!("{percent} %"));
    bar.put_right(Role::Dim, &progress.unwrap_or_default());
    if opened.focus == Focus::Detail {
        buffer.set_style(places.heading, Modifier::REVERSED);
    }
}

fn detail(buffer: &mut Buffer, opened: &Opened, step: &Step, theme: Theme, area: Rect) {
    if !opened.reading.is_of(step.span_id) {
        Bar::new(buffer, theme, area).put(Role::Dim, "Loading …");
        return;
    }
    for (line, y) in opened.reading.visible().zip(area.y..area.bottom()) {
        let mut bar = Bar::new(buffer, theme, Rect { y, height: 1, ..area });
        match line {
            TextLine::Title(title) => {
                bar.put(if *title == "Error" { Role::Bad } else { Role::Strong }, title)
            }
            TextLine::Error(text) => bar.put(Role::Bad, text),
            TextLine::Text(text) => bar.put(Role::Plain, text),
            TextLine::Note(text) => bar.put(Role::Dim, text),
            TextLine::Blank => &mut bar,
        };
    }
}
