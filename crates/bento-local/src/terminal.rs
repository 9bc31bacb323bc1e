//! Text that came from elsewhere, made fit for a terminal: nothing in it moves the cursor, hides, or turns around.

/// The longest text of an error, in characters: a parser may quote a whole payload.
const LONGEST_ERROR: usize = 500;

/// One line of at most `longest` characters.
pub(crate) fn clean(text: &str, longest: usize) -> String {
    let visible = text.trim().chars().filter(|c| !is_mark(*c));
    let mut visible = visible.map(|c| if breaks(c) { ' ' } else { c });
    let mut short: String = visible.by_ref().take(longest).collect();
    if visible.next().is_some() {
        short.push('…');
    }
    short
}

/// Whether a character is shown and does nothing else.
#[cfg(feature = "cli")]
pub(crate) fn is_text(character: char) -> bool {
    !breaks(character) && !is_mark(character)
}

/// Cuts the middle out, because parsers put the place at the end.
pub(crate) fn shorten(text: String) -> String {
    if text.chars().count() <= LONGEST_ERROR {
        return text;
    }
    let head: String = text.chars().take(LONGEST_ERROR / 2).collect();
    let tail = text.char_indices().rev().nth(LONGEST_ERROR / 2).map_or(0, |(start, _)| start);
    format!("{head} … {}", &text[tail..])
}

/// Control characters and line ends, which keep words apart.
fn breaks(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

/// Characters that have no width and no purpose here but to hide text or to reverse it.
fn is_mark(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn what_drives_a_terminal_goes_and_what_is_text_stays() {
        for (text, expected) in [
            (" a\x1b[2J\r\nb ", "a [2J  b"),
            ("a\u{2028}b\u{2029}c\u{85}d", "a b c d"),
            ("\u{202e}txt.\u{200b}exe\u{2066}\u{feff}\u{200f}", "txt.exe"),
            ("naïve ✓ 日本", "naïve ✓ 日本"),
            ("", ""),
        ] {
            assert_eq!(clean(text, 20), expected, "{text:?}");
        }
        assert_eq!(clean("\u{200b}abcd", 3), "abc…");
        assert_eq!(clean("abc\u{200b}", 3), "abc");
    }
}
