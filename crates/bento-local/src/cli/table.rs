//! Answers as tables: a list has a column for each key of its first row, anything else a line for each key.

use comfy_table::{Cell, presets};
use serde::Deserialize as _;
use serde_json::value::RawValue;

use super::columns::{self, Column, Fitting};
use super::json::Members;
use crate::terminal::clean;

/// The longest text in a column, in characters.
pub(super) const LONGEST: usize = 40;

/// Between a key and its value.
const GAP: usize = 2;

/// Rows, and what was said beside them.
#[derive(Default)]
pub(super) struct Table {
    /// The keys and values of one object.
    facts: Vec<(String, String)>,
    lists: Vec<List>,
}

/// Rows of the same kind.
struct List {
    name: String,
    rows: Vec<Members>,
}

impl Table {
    /// Takes up an answer. Pages of one list become one list.
    pub(super) fn append(&mut self, answer: &[u8]) -> serde_json::Result<()> {
        let answer: &RawValue = serde_json::from_slice(answer)?;
        if let Some(rows) = rows(answer) {
            self.extend(String::new(), rows);
            return Ok(());
        }
        let members = Members::deserialize(answer)?;
        match members.0.iter().find(|(key, _)| key == "items").and_then(|(_, items)| rows(items)) {
            Some(rows) => self.extend(String::new(), rows),
            None => self.object("", members),
        }
        Ok(())
    }

    /// The table, of lines no longer than `width`, and how many columns did not fit.
    pub(super) fn text(&self, width: Option<usize>) -> (String, usize) {
        let mut text = String::new();
        let key_width = self.facts.iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0);
        for (key, value) in &self.facts {
            let left = width.map(|width| width.saturating_sub(key_width + GAP + 1));
            let value = clean(value, left.unwrap_or(usize::MAX));
            text += format!("{key:key_width$}  {value}").trim_end();
            text.push('\n');
        }
        let mut left_out = 0;
        for list in self.lists.iter().filter(|list| !list.rows.is_empty()) {
            if !list.name.is_empty() {
                text += "\n";
                text += &clean(&list.name, LONGEST);
                text += "\n";
            }
            let (table, dropped) = list.text(width);
            text += &table;
            left_out += dropped;
        }
        (text, left_out)
    }

    fn extend(&mut self, name: String, rows: Vec<Members>) {
        match self.lists.iter_mut().find(|list| list.name == name) {
            Some(list) => list.rows.extend(rows),
            None => self.lists.push(List { name, rows }),
        }
    }

    fn object(&mut self, prefix: &str, members: Members) {
        for (key, value) in members.0 {
            let name = format!("{prefix}{key}");
            if let Some(rows) = rows(&value).filter(|rows| !rows.is_empty()) {
                self.extend(name, rows);
            } else if let Ok(members) = Members::deserialize(&*value) {
                self.object(&format!("{name}."), members);
            } else {
                self.facts.push((clean(&name, LONGEST), plain(&value)));
            }
        }
    }
}

impl List {
    fn text(&self, width: Option<usize>) -> (String, usize) {
        let Fitting { columns, gap, left_out } = columns::fit(columns::of(&self.rows), width);
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING);
        let cell = |text: &str, column: &Column| Cell::new(text).set_alignment(column.alignment);
        table.set_header(columns.iter().map(|column| cell(&column.name, column)));
        for row in 0..self.rows.len() {
            table.add_row(columns.iter().map(|column| cell(&column.cells[row], column)));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, gap));
        }
        let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        (lines.join("\n") + "\n", left_out)
    }
}

/// A text as it may stand in a line of its own.
pub(super) fn cell(text: &str) -> String {
    clean(text, usize::MAX)
}

/// The rows of a list; `None` if it is none, or one of something else than objects.
fn rows(value: &RawValue) -> Option<Vec<Members>> {
    serde_json::from_str(value.get()).ok()
}

/// A value without JSON's marks, as far as it has a form without them.
pub(super) fn plain(value: &RawValue) -> String {
    let json = value.get();
    if json == "null" {
        return String::new();
    }
    if let Ok(text) = serde_json::from_str::<String>(json) {
        return moment(&text).unwrap_or(text);
    }
    if let (true, Ok(number)) = (json.contains('.'), json.parse::<f64>()) {
        return fraction(number, 6);
    }
    match serde_json::from_str::<Vec<String>>(json) {
        Ok(texts) => texts.join(", "),
        Err(_) => json.to_owned(),
    }
}

/// A number with at most so many digits behind the point.
pub(super) fn fraction(number: f64, digits: usize) -> String {
    let text = format!("{number:.digits$}");
    if digits == 0 { text } else { text.trim_end_matches('0').trim_end_matches('.').to_owned() }
}

/// A time of nine digits to the millisecond.
fn moment(text: &str) -> Option<String> {
    let (whole, fraction) = text.strip_suffix('Z')?.split_once('.')?;
    let is_time = whole.len() == 19 && whole.as_bytes()[10] == b'T' && fraction.len() == 9;
    is_time.then(|| format!("{whole}.{}Z", fraction.get(..3).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str, width: Option<usize>) -> (String, usize) {
        let mut table = Table::default();
        table.append(json.as_bytes()).unwrap_or_default();
        table.text(width)
    }

    #[test]
    fn lists_have_the_first_row_s_keys_as_columns() {
        let json = r#"{"items":[
            {"id":"a1","trace_id":"a1","workspace_id":"local","name":"turn","tokens":7,"user_id":null,"tags":["a","b"]},
            {"id":"b2","trace_id":"b2","workspace_id":"local","name":"x\u001b[2J","tokens":1234,"user_id":null,"tags":[]}
        ],"next_cursor":null}"#;
        let wide = "id  name   tokens  tags\na1  turn        7  a, b\nb2  x [2J    1234\n";
        assert_eq!(text(json, None), (wide.to_owned(), 0));
        let spans = r#"{"items":[{"id":"1","trace_id":"t","end_time":"x","duration_ms":7},{"id":"2","trace_id":"t"}]}"#;
        assert_eq!(text(spans, None).0, "id  duration_ms\n1             7\n2\n");
        assert_eq!(text(json, Some(12)), ("id name\na1 turn\nb2 x [2J\n".to_owned(), 2));
        assert_eq!(text(r#"[{"id":"local","name":"Local"}]"#, None).0, "id     name\nlocal  Local\n");
        assert_eq!(text(r#"{"items":[]}"#, None), (String::new(), 0));
    }

    #[test]
    fn on_few_columns_what_matters_comes_first() {
        let json = r#"[{"id":"4bf92f3577b34da6a3ce929d0e0e4736","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","name":"answer a question",
            "status":"ok","state":"completed","start_time":"2026-11-20T18:08:05.123456789Z","duration_ms":1520.123,"span_count":12,
            "error_count":0,"total_tokens":12345,"cost":0.0065391,"models":["gpt-4o-mini"]}]"#;
        for (width, left_out, expected) in [
            (20, 10, "id\n4bf92f3577b34da6a3c…\n"),
            (
                80,
                4,
                "id                               name      status start         ms tokens   cost\n\
                 4bf92f3577b34da6a3ce929d0e0e4736 answer a… ok     11-20 18:08 1520  12345 0.0065\n",
            ),
            (
                100,
                3,
                "id                               name              status state     start         ms tokens   cost\n\
                 4bf92f3577b34da6a3ce929d0e0e4736 answer a question ok     completed 11-20 18:08 1520  12345 0.0065\n",
            ),
        ] {
            assert_eq!(text(json, Some(width)), (expected.to_owned(), left_out), "{width}");
        }
        let wide = r#"[{"long":"aaaaaaaaaa","longer":"aaaaaaaaaaaa","x":"yy"}]"#;
        assert_eq!(
            text(wide, Some(14)),
            ("long       x\naaaaaaaaaa yy\n".to_owned(), 1),
            "the next that fits"
        );
        let first = r#"[{"bucket":"aaaaaaaaaa","cost":1.5,"total_tokens":7}]"#;
        assert_eq!(text(first, Some(17)), ("bucket     tokens\naaaaaaaaaa      7\n".to_owned(), 1));
        let names = r#"[{"id":"1","name":"日本語日本語日本語"}]"#;
        assert_eq!(text(names, Some(9)).0, "id name\n1  日本…\n");
    }

    #[test]
    fn objects_have_a_line_for_each_key() {
        let json = r#"{"id":"a1","start_time":"2026-01-02T03:04:05.123456789Z","cost":null,"ms":0.0065390000000000005,
            "attributes":{"a.b":true},"events":[{"name":"exception"}]}"#;
        let lines = "id              a1\nstart_time      2026-01-02T03:04:05.123Z\ncost\nms              0.006539\nattributes.a.b  true\n\nevents\nname\nexception\n";
        assert_eq!(text(json, None), (lines.to_owned(), 0));
        assert_eq!(text(r#"{"input":"aaaaaaaaaa"}"#, Some(12)).0, "input  aaaa…\n");
    }
}
