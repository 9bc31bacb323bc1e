//! The columns of a list: which of them say something, and which of them fit, in which form.

use comfy_table::CellAlignment;
use serde_json::value::RawValue;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::json::Members;
use super::table::{LONGEST, fraction, plain};
use crate::terminal::clean;

/// Between columns, where there is room.
const GAP: u16 = 2;

/// What is shown first where not everything fits, and under which name.
const FIRST: [(&str, &str); 7] = [
    ("id", "id"),
    ("name", "name"),
    ("status", "status"),
    ("start_time", "start"),
    ("duration_ms", "ms"),
    ("total_tokens", "tokens"),
    ("cost", "cost"),
];

/// What a name is cut to, before anything is left out for it.
const SHORTEST_NAME: usize = 6;

pub(super) struct Column {
    key: String,
    pub(super) name: String,
    pub(super) cells: Vec<String>,
    pub(super) alignment: CellAlignment,
    /// Of the widest cell.
    width: usize,
    /// Of what is shown of it.
    room: usize,
}

/// The columns that are shown, with so much between them, and how many others are not.
pub(super) struct Fitting {
    pub(super) columns: Vec<Column>,
    pub(super) gap: u16,
    pub(super) left_out: usize,
}

/// The columns that say something: not those that are empty in every row, repeat the row's id, name what was asked for, or
/// follow from others.
pub(super) fn of(rows: &[Members]) -> Vec<Column> {
    let keys = rows.first().map(|row| row.0.iter().map(|(key, _)| key.as_str())).into_iter().flatten();
    let mut columns: Vec<_> = keys.map(|key| Column::of(rows, key)).collect();
    let ids = columns.first().filter(|first| first.key == "id").map(|first| first.cells.clone());
    let has_duration = columns.iter().any(|column| column.key == "duration_ms");
    columns.retain(|Column { key, cells, .. }| {
        let same = || cells.iter().all(|cell| *cell == cells[0]);
        let follows = match key.as_str() {
            "workspace_id" => true,
            "trace_id" => same() || ids.as_ref() == Some(cells),
            "end_time" => has_duration,
            key => key.ends_with("_id") && ids.as_ref() == Some(cells),
        };
        !follows && cells.iter().any(|cell| !cell.is_empty())
    });
    columns
}

/// The columns that fit into `width`. If not all do, they are made shorter, and those that matter most come first, of the
/// others whichever still fits. An id is shown whole, so that it can be copied.
pub(super) fn fit(mut columns: Vec<Column>, width: Option<usize>) -> Fitting {
    let whole: usize = columns.iter().map(|column| column.width + usize::from(GAP)).sum();
    let Some(width) = width.filter(|width| whole > width + usize::from(GAP)) else {
        return Fitting { columns, gap: GAP, left_out: 0 };
    };
    columns.iter_mut().for_each(Column::shorten);
    let mut order: Vec<_> = (0..columns.len()).collect();
    // The first is what the others are said of: it is shown in any case.
    order.sort_by_key(|&at| if at == 0 { 0 } else { columns[at].rank() + 1 });
    // No gap stands before it.
    let mut left = width + 1;
    let mut shown = vec![false; columns.len()];
    for matters in [true, false] {
        for &at in order.iter().filter(|&&at| (at == 0 || columns[at].rank() < FIRST.len()) == matters) {
            let fits = columns[at].room < left;
            if fits || at == 0 {
                left = left.saturating_sub(columns[at].room + 1);
                shown[at] = true;
            }
        }
        // What those leave that matter is the name's, as far as it is of use there.
        for column in columns.iter_mut().filter(|column| column.key == "name") {
            let more = (column.width - column.room).min(left);
            column.room += more;
            left -= more;
        }
    }
    let mut kept = shown.iter();
    columns.retain(|_| kept.next() == Some(&true));
    for column in &mut columns {
        column.cut(width);
    }
    Fitting { left_out: shown.len() - columns.len(), columns, gap: 1 }
}

impl Column {
    fn of(rows: &[Members], key: &str) -> Self {
        let values =
            rows.iter().map(|row| row.0.iter().find(|(name, _)| name == key).map(|(_, value)| value));
        let mut alignment = CellAlignment::Left;
        let mut cells = Vec::with_capacity(rows.len());
        for value in values {
            if value.is_some_and(|value| is_number(value)) {
                alignment = CellAlignment::Right;
            }
            cells.push(value.map(|value| clean(&plain(value), LONGEST)).unwrap_or_default());
        }
        let mut column =
            Self { key: key.to_owned(), name: clean(key, LONGEST), cells, alignment, width: 0, room: 0 };
        column.measure();
        column
    }

    fn measure(&mut self) {
        self.width = self.cells.iter().chain([&self.name]).map(|cell| cell.width()).max().unwrap_or(0);
        self.room = self.width;
    }

    /// By what is shown first; behind it are all others, in their order.
    fn rank(&self) -> usize {
        FIRST.iter().position(|(key, _)| *key == self.key).unwrap_or(FIRST.len())
    }

    /// Says the same in fewer characters, if it matters.
    fn shorten(&mut self) {
        let Some((_, name)) = FIRST.get(self.rank()) else { return };
        (*name).clone_into(&mut self.name);
        match self.key.as_str() {
            "start_time" => self.cells.iter_mut().for_each(|cell| *cell = minute(cell)),
            "duration_ms" | "cost" => self.cells.iter_mut().for_each(|cell| *cell = rounded(cell)),
            _ => {}
        }
        self.measure();
        if self.key == "name" {
            self.room = self.width.min(SHORTEST_NAME);
        }
    }

    /// Cuts what is wider than its room, or than the terminal.
    fn cut(&mut self, terminal: usize) {
        let room = self.room.min(terminal);
        self.cells.iter_mut().chain([&mut self.name]).for_each(|text| *text = within(text, room));
    }
}

fn is_number(value: &RawValue) -> bool {
    value.get().starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

/// `2026-01-02T03:04:05.123Z` without the year and the seconds.
fn minute(time: &str) -> String {
    match (time.get(5..10), time.get(11..16)) {
        (Some(day), Some(minute)) if time.ends_with('Z') => format!("{day} {minute}"),
        _ => time.to_owned(),
    }
}

/// A number with fewer digits behind the point the larger it is.
fn rounded(number: &str) -> String {
    match number.parse::<f64>() {
        Ok(value) if value.abs() >= 10.0 => fraction(value, 0),
        Ok(value) if value.abs() >= 1.0 => fraction(value, 2),
        Ok(value) => fraction(value, 4),
        Err(_) => number.to_owned(),
    }
}

/// As much of a text as is `room` wide.
fn within(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut left = room.saturating_sub(1);
    let fits = |character: &char| {
        let width = character.width().unwrap_or(0);
        let fits = width <= left;
        left = left.saturating_sub(width);
        fits
    };
    text.chars().take_while(fits).chain(['…']).collect()
}
