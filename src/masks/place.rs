//! Where in a text a match stands. Texts are often JSON, or JSON quoted in JSON, whose escapes are no part of a word.

/// The end of the escape (`\n`, `\u00e9`) that `at` stands in, else `at` itself.
pub(super) fn after_escape(text: &[u8], at: usize) -> usize {
    let escape = (at.saturating_sub(5)..at).rev().find(|start| text[*start] == b'\\');
    match escape.and_then(|start| escape_end(text, start)) {
        Some(end) if end > at => end,
        _ => at,
    }
}

/// The end of the escape that begins with the backslash at `start`.
fn escape_end(text: &[u8], start: usize) -> Option<usize> {
    match text.get(start + 1)? {
        b'n' | b'r' | b't' | b'b' | b'f' => Some(start + 2),
        b'u' => text.get(start + 2..start + 6)?.iter().all(u8::is_ascii_hexdigit).then_some(start + 6),
        _ => None,
    }
}

/// Whether a word begins at `at`: after nothing, after what is no part of a word, or after an escape.
pub(super) fn begins_word(text: &[u8], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|before| text[before]) else { return true };
    let is_in_word = before.is_ascii_alphanumeric() || before == b'_';
    !is_in_word || ends_escape(text, at)
}

/// Whether an escape of JSON (`\n`), or of a URL (`%20`), ends at `at`.
fn ends_escape(text: &[u8], at: usize) -> bool {
    let ends_here = |length: usize| {
        at.checked_sub(length)
            .is_some_and(|start| text[start] == b'\\' && escape_end(text, start) == Some(at))
    };
    let percent = at.checked_sub(3).map(|start| &text[start..at]);
    ends_here(2)
        || ends_here(6)
        || percent.is_some_and(|code| code[0] == b'%' && code[1..].iter().all(u8::is_ascii_hexdigit))
}

/// Whether the word that ends before `at` goes no further.
pub(super) fn ends_word(text: &[u8], at: usize) -> bool {
    !text.get(at).is_some_and(|next| next.is_ascii_alphanumeric() || *next == b'_')
}

/// How deep in texts of JSON a place is: JSON is quoted in JSON, whose quotes have backslashes of their own.
#[derive(Debug)]
pub(super) struct Levels<'a> {
    text: &'a str,
    read: usize,
    /// The text itself, and the texts that are open at `read`, outermost first: whether each looks like JSON.
    open: Vec<bool>,
}

impl<'a> Levels<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, read: 0, open: vec![looks_like_json(text)] }
    }

    /// What may stand where the number at `start..end` stands: the mask, in quotes where JSON takes a number bare. To be
    /// asked in ascending order.
    pub(super) fn in_place_of_number(&mut self, start: usize, end: usize, mask: &str) -> String {
        self.read_to(start);
        let is_after_sign = without_blanks(&self.text[..start]).ends_with([':', ',', '[']);
        let is_before_sign = after_blanks(&self.text[end..]).starts_with([',', ']', '}']);
        if is_after_sign && is_before_sign && self.open.last() == Some(&true) {
            in_quotes(mask, self.open.len() - 1)
        } else {
            mask.to_owned()
        }
    }

    /// How many texts of JSON stand around that place: what is quoted in words is none. To be asked in ascending order.
    pub(super) fn around(&mut self, at: usize) -> usize {
        self.read_to(at);
        let json = self.open.iter().take_while(|is_json| **is_json).count();
        json.min(self.open.len() - 1)
    }

    /// Whether the quote at `start..end` ends a text of JSON that it stands in, such as `"password: "`. To be asked in
    /// ascending order.
    pub(super) fn is_ending(&mut self, start: usize, end: usize) -> bool {
        self.read_to(start);
        let is_outer = level_of(end - start - 1) + 1 < self.open.len();
        self.open[0] && is_outer && may_end_text(&self.text[end..])
    }

    fn read_to(&mut self, end: usize) {
        let mut backslashes = 0;
        for (at, byte) in self.text.bytes().enumerate().take(end).skip(self.read) {
            match byte {
                b'\\' => backslashes += 1,
                b'"' => {
                    let level = level_of(backslashes);
                    if level + 1 < self.open.len() {
                        // It closes a text, and those in it that have no end.
                        self.open.truncate(level + 1);
                    } else if level + 1 == self.open.len() {
                        self.open.push(looks_like_json(&self.text[at + 1..]));
                    }
                    backslashes = 0;
                }
                _ => backslashes = 0,
            }
        }
        self.read = self.read.max(end);
    }
}

/// A quote of that level has seven backslashes.
const DEEPEST_MASK: usize = 3;

/// A mask as a text of JSON that is quoted `level` times. Quotes double in length with every level: a few deep ones would
/// be longer than all that they stand in, so deeper down it is `null`, which needs none.
pub(super) fn in_quotes(mask: &str, level: usize) -> String {
    if level > DEEPEST_MASK {
        return "null".to_owned();
    }
    let quote = "\\".repeat((1 << level) - 1) + "\"";
    format!("{quote}{mask}{quote}")
}

/// Whether a quote may be the end of a text of JSON by what follows it. Elsewhere levels were misread, as in words with a
/// single quote, or in what is almost JSON.
pub(super) fn may_end_text(after_quote: &str) -> bool {
    let rest = after_blanks(after_quote).trim_start_matches('\\');
    rest.is_empty() || rest.starts_with([',', '}', ']', ':', '"'])
}

/// The length of a text up to the end of the innermost of the texts of JSON `around` it, or else of all of it.
pub(super) fn enclosed(rest: &str, around: usize) -> usize {
    let mut backslashes = 0;
    for (at, byte) in rest.bytes().enumerate() {
        if byte == b'"' && level_of(backslashes) < around && may_end_text(&rest[at + 1..]) {
            return at - depth_of(backslashes);
        }
        backslashes = if byte == b'\\' { backslashes + 1 } else { 0 };
    }
    rest.len()
}

fn looks_like_json(text: &str) -> bool {
    after_blanks(text).starts_with(['{', '['])
}

/// `text` without the blanks it ends with, also escaped ones.
fn without_blanks(text: &str) -> &str {
    let mut text = text.trim_end();
    while let Some(escape) = text.strip_suffix(['n', 'r', 't']).filter(|escape| escape.ends_with('\\')) {
        text = escape.trim_end_matches('\\').trim_end();
    }
    text
}

/// `text` without the blanks it begins with, also escaped ones.
pub(super) fn after_blanks(text: &str) -> &str {
    let mut text = text.trim_start();
    while text.starts_with('\\')
        && let Some(rest) = text.trim_start_matches('\\').strip_prefix(['n', 'r', 't'])
    {
        text = rest.trim_start();
    }
    text
}

/// How often what a quote with so many backslashes before it belongs to is quoted. Each level of quoting doubles them and
/// adds one, so that a quote has 0, 1, 3, 7 and so on; the others are backslashes of the text, which have twice as many
/// as a quote of the next level.
pub(super) fn level_of(backslashes: usize) -> usize {
    backslashes.trailing_ones() as usize
}

/// How many of the backslashes before a quote belong to it.
pub(super) fn depth_of(backslashes: usize) -> usize {
    (1 << level_of(backslashes).min(30)) - 1
}

/// A word of that many bytes is no secret that was cut.
const LONGEST_WORD: usize = 4096;

/// A text without the word that it ends with; of digits, without all groups of them. `None` where it ends with none.
pub(super) fn cut_word(text: &str) -> Option<&str> {
    let separates = |c: char| c.is_whitespace() || "\"'`,;&<>(){}[]".contains(c);
    let mut rest = text.trim_end_matches(|c| !separates(c));
    if text[rest.len()..].chars().all(is_digits) {
        let run = text.trim_end_matches(|c| is_digits(c) || c == ' ').len();
        let first = text[run..].find(|c: char| c.is_ascii_digit())?;
        rest = &text[..run + first];
    }
    let length = text.len() - rest.len();
    (0 < length && length <= LONGEST_WORD).then_some(rest)
}

fn is_digits(c: char) -> bool {
    c.is_ascii_digit() || "-.".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_no_part_of_a_word() {
        for (text, at, expected) in [
            (r"\nann", 1, 2),
            (r"\u00e9ann", 1, 6),
            (r"\u00e9ann", 4, 6),
            (r"\\nann", 2, 3),
            ("ann", 1, 1),
            (r"\x41", 1, 1),
        ] {
            assert_eq!(after_escape(text.as_bytes(), at), expected, "{text}");
        }
        for (text, at, expected) in [
            ("sk", 0, true),
            (" sk", 1, true),
            ("task", 2, false),
            ("_sk", 1, false),
            (r"\nsk", 2, true),
            (r"\u0020sk", 6, true),
            ("%20sk", 3, true),
            ("nsk", 1, false),
        ] {
            assert_eq!(begins_word(text.as_bytes(), at), expected, "{text}");
        }
    }

    #[test]
    fn a_number_of_json_needs_the_quote_of_its_level() {
        let masked = |text: &str| {
            let start = text.find('7').unwrap_or_default();
            Levels::of(text).in_place_of_number(start, start + 1, "x")
        };
        for text in
            [r#"{"a": 7}"#, "[1, 7, 2]", r#"{"a":["x: ", 7]}"#, r#"{"a":[[1],[2, 7]]}"#, r#"["\\", 7]"#]
        {
            assert_eq!(masked(text), "\"x\"", "{text}");
        }
        for text in [r#"{"a":"{\"b\":7}"}"#, r#"["[\\n 7]"]"#, r#"["[\"\\\\\", 7]"]"#] {
            assert_eq!(masked(text), "\\\"x\\\"", "{text}");
        }
        assert_eq!(masked(r#"{"a":"{\"b\":\"[7]\"}"}"#), "\\\\\\\"x\\\\\\\"");
        for text in
            [r#"["1, 7, 2"]"#, "one, 7, two", r#"{"a":": 7, "}"#, r#"{"a":", 7 ,"}"#, r#"["b\": 7, "]"#]
        {
            assert_eq!(masked(text), "x", "{text}");
        }
    }

    #[test]
    fn however_deep_json_is_quoted_masks_do_not_make_it_long() {
        let masks = crate::Masks::all();
        for secrets in ["4111111111111111,", "1,4111111111111111,", r#"pwd":7,"#] {
            let mut text = String::new();
            for level in 0..=20 {
                let quote = "\\".repeat((1 << level) - 1) + "\"";
                text.push('[');
                for secrets in
                    [secrets.to_owned(), secrets.replacen("pwd\"", &format!("{quote}pwd{quote}"), 1)]
                {
                    let text = format!("{text}{}", secrets.repeat((1_usize << 16) / secrets.len() + 1));
                    let masked = masks.mask(&text);
                    assert!(masked.len() <= 4 * text.len(), "{secrets} at {level}: {}", masked.len());
                    assert!(!masked.contains("4111"), "{secrets} at {level}");
                }
                text += &quote;
            }
        }
    }

    #[test]
    fn below_some_levels_a_number_becomes_null_and_json_stays_json() {
        let card = serde_json::json!({ "cards": [4_111_111_111_111_111_i64, 1], "pwd": 5 });
        let mut value = card;
        for level in 0..8 {
            let masked = crate::Masks::all().mask(&value.to_string()).into_owned();
            let mut inner: serde_json::Value = serde_json::from_str(&masked).unwrap_or_default();
            while let Some(text) = inner["a"].as_str() {
                inner = serde_json::from_str(text).unwrap_or_default();
            }
            let expected = if level > DEEPEST_MASK {
                serde_json::json!({ "cards": [null, 1], "pwd": null })
            } else {
                serde_json::json!({ "cards": ["[card]", 1], "pwd": "[secret]" })
            };
            assert_eq!(inner, expected, "{masked}");
            value = serde_json::json!({ "a": value.to_string() });
        }
    }

    #[test]
    fn the_last_word_of_a_cut_text_goes() {
        assert_eq!(cut_word("ask ann@exam"), Some("ask "));
        assert_eq!(cut_word("pay 4111 1111 11"), Some("pay "));
        assert_eq!(cut_word(r#"{"key":"sk-1"#), Some(r#"{"key":""#));
        assert_eq!(cut_word("pay 4111 1111 "), Some("pay "));
        assert_eq!(cut_word("done. "), None);
        assert_eq!(cut_word(&"x".repeat(5_000)), None);
    }
}
