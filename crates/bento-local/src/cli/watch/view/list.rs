//! The list of runs.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::super::layout;
use super::super::rows::{Run, RunState};
use super::super::state::{Filter, Runs, State};
use super::super::text;
use super::Origin;
use super::bar::Bar;
use super::columns::{self, Column, GAP};
use super::theme::{Role, Theme};
use crate::Timestamp;

/// The sign and a name of which one sees what it is.
const FIRST: usize = 2 + 14;

#[derive(Clone, Copy, Debug)]
enum What {
    State,
    Started,
    Time,
    Steps,
    Tokens,
    Cost,
    Models,
    User,
}

pub(super) fn draw(buffer: &mut Buffer, state: &State, origin: &Origin, theme: Theme) {
    let places = layout::list(state.size);
    let runs = &state.runs;
    title(&mut Bar::new(buffer, theme, places.title), runs, origin);
    if runs.rows().is_empty() {
        return empty(buffer, runs, origin, theme, places.rows);
    }
    let width = usize::from(places.rows.width);
    let columns = columns::fitting(&columns(runs, state.now), width, FIRST);
    let taken: usize = columns.iter().map(|column| column.width + GAP).sum();
    let first = width.saturating_sub(taken);
    heading(&mut Bar::new(buffer, theme, places.heading), &columns, first);
    let seen = runs.rows().iter().enumerate().skip(runs.scroll.first).take(places.rows.height.into());
    for ((index, run), y) in seen.zip(places.rows.y..) {
        let line = Rect { y, height: 1, ..places.rows };
        row(&mut Bar::new(buffer, theme, line), run, state, &columns, first, theme);
        if index == runs.scroll.index {
            buffer.set_style(line, Modifier::REVERSED);
        }
    }
}

fn title(bar: &mut Bar<'_>, runs: &Runs, origin: &Origin) {
    let state = runs.filter.state.map_or("all", RunState::word);
    bar.put(Role::Strong, "Runs").put(Role::Plain, "  ").put(Role::Plain, state);
    if !runs.filter.words.is_empty() {
        bar.put(Role::Plain, "  /").put(Role::Warn, &runs.filter.words);
    }
    bar.put_right(Role::Dim, &origin.place());
}

fn columns(runs: &Runs, now: Timestamp) -> Vec<Column<What>> {
    let rows = runs.rows();
    let any = |says: fn(&Run) -> bool, width| if rows.iter().any(says) { width } else { 0 };
    let widest = |cell: fn(&Run) -> usize, most: usize| rows.iter().map(cell).max().unwrap_or(0).min(most);
    let time = rows.iter().map(|run| text::width(&super::elapsed(run, now))).max().unwrap_or(0).max(7);
    let steps = rows.iter().map(|run| text::width(&steps(run))).max().unwrap_or(0).max(5);
    let column = |what, title: &'static str, width: usize, importance| {
        // What is empty in every row is left out.
        let width = if width == 0 { 0 } else { width.max(title.len()) };
        Column { what, title, width, importance }
    };
    vec![
        column(What::State, "STATE", 10, 3),
        column(What::Models, "MODELS", widest(|run| text::width(&run.models.join(", ")), 24), 6),
        column(What::User, "USER", widest(|run| text::width(&run.user_id), 16), 7),
        column(What::Steps, "STEPS", steps, 2),
        column(What::Tokens, "TOKENS", any(|run| run.total_tokens > 0, 9), 4),
        column(What::Cost, "COST", any(|run| run.cost.is_some(), 8), 5),
        column(What::Time, "TIME", time, 0),
        column(What::Started, "STARTED", 7, 1),
    ]
}

fn heading(bar: &mut Bar<'_>, columns: &[Column<What>], first: usize) {
    bar.put(Role::Dim, &format!("{:first$}", "  NAME"));
    for column in columns {
        bar.put(Role::Dim, &cell(column, column.title));
    }
}

/// Numbers stand at the right of their column.
fn cell(column: &Column<What>, text: &str) -> String {
    let text = text::cut(text, column.width);
    let gap = " ".repeat(column.width - text::width(&text));
    match column.what {
        What::State | What::Models | What::User => format!("{:GAP$}{text}{gap}", ""),
        _ => format!("{:GAP$}{gap}{text}", ""),
    }
}

/// How many spans, and how many of them failed.
fn steps(run: &Run) -> String {
    let count = text::number(run.span_count);
    if run.error_count == 0 { count } else { format!("{}✗ {count}", run.error_count) }
}

fn row(bar: &mut Bar<'_>, run: &Run, state: &State, columns: &[Column<What>], first: usize, theme: Theme) {
    let (sign, role) = theme.run(run.state);
    let name = if run.name.is_empty() { "(no name)" } else { &run.name };
    let name = text::cut(name, first.saturating_sub(2));
    let gap = " ".repeat(first.saturating_sub(2 + text::width(&name)));
    let of_name = if run.state == RunState::Failed { Role::Bad } else { Role::Plain };
    bar.put(role, sign).put(Role::Plain, " ").put(of_name, &name).put(Role::Plain, &gap);
    for column in columns {
        let (text, role) = match column.what {
            What::State => (run.state.word().to_owned(), role),
            What::Started => (text::age(run.start_time, state.now), Role::Dim),
            What::Time => (super::elapsed(run, state.now), Role::Plain),
            What::Steps => (steps(run), if run.error_count > 0 { Role::Bad } else { Role::Plain }),
            What::Tokens if run.total_tokens == 0 => (String::new(), Role::Plain),
            What::Tokens => (text::number(run.total_tokens), Role::Plain),
            What::Cost => (run.cost.map(text::dollars).unwrap_or_default(), Role::Plain),
            What::Models => (run.models.join(", "), Role::Model),
            What::User => (run.user_id.clone(), Role::Plain),
        };
        bar.put(role, &cell(column, &text));
    }
}

/// What to do where there is nothing to see.
fn empty(buffer: &mut Buffer, runs: &Runs, origin: &Origin, theme: Theme, area: Rect) {
    let base = format!("  export BENTOLABS_BASE_URL={}", origin.base_url);
    // What stands here is for a shell to read.
    let key = if origin.has_key {
        "  # BENTOLABS_API_KEY is set already".to_owned()
    } else {
        format!("  export BENTOLABS_API_KEY=bl_pk_{}", origin.workspace)
    };
    let lines: Vec<(Role, &str)> = if !runs.is_loaded {
        vec![(Role::Dim, "Loading …")]
    } else if runs.filter != Filter::default() {
        vec![(Role::Plain, "No run is like that. Esc shows all of them, s other states.")]
    } else {
        vec![
            (Role::Strong, "No runs yet. They appear here as they arrive."),
            (Role::Plain, ""),
            (Role::Plain, "Send the first one:"),
            (Role::Plain, ""),
            (Role::Good, &base),
            (Role::Good, &key),
            (Role::Good, "  cargo run      # your agent; or: bento doctor"),
        ]
    };
    for ((role, line), y) in lines.into_iter().zip(area.y..area.bottom()) {
        Bar::new(buffer, theme, Rect { y, height: 1, ..area }).put(role, line);
    }
}
