//! Text as a terminal shows it: cut, wrapped and measured in columns, not in characters.

use std::time::Duration;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use super::super::json;
use crate::Timestamp;
use crate::terminal::is_text;

/// Bytes of a text that are shown: some thousand lines, which is more than anybody scrolls through.
const LONGEST: usize = 64 << 10;

/// Bytes of a text up to which it is looked at as JSON.
const LONGEST_JSON: usize = 4 << 20;

/// Columns of a tab.
const TAB: &str = "    ";

/// The beginning of a text, as lines that are fit for a terminal.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Excerpt {
    pub(super) lines: Vec<String>,
    /// Bytes that are not shown.
    pub(super) left_out: usize,
}

/// Takes the beginning of a text; JSON is indented.
pub(super) fn excerpt(text: &str) -> Excerpt {
    let pretty = pretty(text);
    let text = pretty.as_deref().unwrap_or(text).trim_end();
    let end = (0..=LONGEST.min(text.len())).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    let lines = text[..end].lines().map(fit).collect();
    Excerpt { lines, left_out: text.len() - end }
}

/// JSON that has more to it than one value, indented.
fn pretty(text: &str) -> Option<String> {
    if !text.trim_start().starts_with(['{', '[']) || text.len() > LONGEST_JSON {
        return None;
    }
    let mut indented = Vec::with_capacity(text.len());
    json::indent(text.as_bytes(), &mut indented).ok()?;
    String::from_utf8(indented).ok()
}

/// A line that does nothing but show itself.
fn fit(line: &str) -> String {
    let mut fit = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '\t' => fit.push_str(TAB),
            c if is_text(c) => fit.push(c),
            c if c.is_control() => fit.push(' '),
            _ => {}
        }
    }
    fit
}

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// As much of a text as fits into so many columns, with a mark where something is missing.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else { return String::new() };
    let mut cut = head(text, room).to_owned();
    cut.push('…');
    cut
}

/// The longest beginning that fits.
fn head(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    for (start, grapheme) in text.grapheme_indices(true) {
        taken += grapheme.width();
        if taken > columns {
            return &text[..start];
        }
    }
    text
}

/// Breaks a line into pieces of so many columns, where words end if they are not too long.
pub(super) fn wrap(line: &str, columns: usize, mut piece: impl FnMut(&str)) {
    let mut rest = line;
    loop {
        let mut head = head(rest, columns.max(1));
        if head.is_empty() {
            // A character that is wider than the column is better than none.
            head = rest.graphemes(true).next().unwrap_or_default();
        }
        if head.len() == rest.len() {
            return piece(rest);
        }
        if let Some(space) = head.rfind(' ').filter(|space| *space >= head.len() / 2) {
            head = &rest[..=space];
        }
        piece(head.trim_end());
        rest = &rest[head.len()..];
    }
}

/// How long something took, or takes.
pub(super) fn duration(milliseconds: f64) -> String {
    let time = Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or_default();
    crate::tree::duration(time)
}

/// How long ago something was.
pub(super) fn age(of: Option<Timestamp>, now: Timestamp) -> String {
    let Some(of) = of else { return String::new() };
    let seconds = now.since(of).as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A number with its thousands apart.
pub(super) fn number(number: u64) -> String {
    crate::tree::thousands(number)
}

/// Dollars, with as many digits as say something.
pub(super) fn dollars(cost: f64) -> String {
    if cost >= 1.0 { format!("${cost:.2}") } else { format!("${cost:.4}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(line: &str, columns: usize) -> Vec<String> {
        let mut pieces = Vec::new();
        wrap(line, columns, |piece| pieces.push(piece.to_owned()));
        pieces
    }

    #[test]
    fn texts_are_measured_in_columns() {
        assert_eq!(cut("日本語", 6), "日本語");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("e\u{301}te\u{301}!", 3), "e\u{301}t…");
        assert_eq!((cut("abc", 1).as_str(), cut("abc", 0).as_str()), ("…", ""));
    }

    #[test]
    fn lines_are_broken_where_words_end() {
        assert_eq!(wrapped("the quick brown fox", 10), ["the quick", "brown fox"]);
        assert_eq!(wrapped("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrapped("a bcdefghijk", 6), ["a bcde", "fghijk"]);
        assert_eq!(wrapped("日本語", 3), ["日", "本", "語"]);
        assert_eq!(wrapped("日本", 1), ["日", "本"], "it ends where nothing fits");
        assert_eq!(wrapped("", 4), [""]);
        assert_eq!(wrapped("  indented", 20), ["  indented"]);
    }

    #[test]
    fn an_excerpt_is_fit_and_bounded() {
        assert_eq!(excerpt("a\tb\u{1b}[2J\u{202e}\r\n\nc\n").lines, ["a    b [2J", "", "c"]);
        assert_eq!(
            excerpt(r#"{"b":1,"a":[2]}"#).lines,
            ["{", "  \"b\": 1,", "  \"a\": [", "    2", "  ]", "}"]
        );
        assert_eq!(excerpt("{no json").lines, ["{no json"]);
        assert_eq!(excerpt("\"one\"").lines, ["\"one\""]);
        let long = excerpt(&"é".repeat(1 << 20));
        assert_eq!((long.lines[0].len(), long.left_out), (LONGEST, (2 << 20) - LONGEST));
    }

    #[test]
    fn time_is_told_briefly() {
        let now = Timestamp::from_unix_nanos(1_700_000_000_000_000_000);
        let ago = |seconds: u64| {
            age(Some(Timestamp::from_unix_nanos(now.unix_nanos() - seconds * 1_000_000_000)), now)
        };
        assert_eq!(
            [ago(0), ago(59), ago(60), ago(7200), ago(172_800)],
            ["0 s", "59 s", "1 min", "2 h", "2 d"]
        );
        assert_eq!(
            (age(None, now).as_str(), duration(f64::NAN), duration(1240.0)),
            ("", duration(0.0), "1.24 s".to_owned())
        );
    }
}
