//! Where the value of a name ends: bare, in quotes, wrapped by the words of a program, a structure, or a header.

use once_cell::sync::Lazy;
use regex::Regex;

use super::place::{after_blanks, depth_of, level_of, may_end_text};
use super::secret::{MASK, is_reference, is_secret};
use super::{Edits, Pattern};
use crate::record::prefix;

/// What stands for a value in programs is no longer than that.
pub(super) const LONGEST_WORD: usize = 128;

/// A structure that holds texts, up to the first of them: `Some("`, `Secret(Inner { value: "`, `[b'`, `{"`.
static STRUCTURE: Pattern = Lazy::new(|| {
    let word = r"(?:new |&)?[A-Za-z_][A-Za-z0-9_.:!]{0,63}(?:<[A-Za-z0-9_:, ]{0,64}>)?";
    let opening = format!(r"(?:(?:{word})?[(\[{{]|[A-Z][A-Za-z0-9_]{{0,63}} \{{)(?:[ \t\r\n]|\\+[nrt])*");
    Regex::new(&format!(
        r#"^(?:{opening}){{1,8}}(?:[A-Za-z0-9_.-]{{1,32}}, ?){{0,3}}(?:[A-Za-z_][A-Za-z0-9_]{{0,63}}[:=] ?)?(?:[A-Za-z]{{1,3}}#{{0,3}}|&)?\\*["']"#
    ))
    .ok()
});
/// What stands before the quote of a text in programs: `b'`, `r#"`; or the type of a name, as in `key: str = "`.
static BEFORE_TEXT: Pattern = Lazy::new(|| {
    Regex::new(r#"^(?:[A-Za-z]{1,2}#{0,3}|r#{0,3}|&|@|&?[A-Za-z'][A-Za-z0-9_.:\[\]<> ]{0,40} = ?)(\\*["'])"#)
        .ok()
});
/// A type of JSON Schema, in which the name of a secret has no secret.
static SCHEMA: Pattern = Lazy::new(|| {
    let types = "string|number|integer|boolean|array|object|null";
    Regex::new(&format!(r#"["']type\\*["'][ \t\r\n]*:[ \t\r\n]*\\*["'](?:{types})\\*["']"#)).ok()
});

/// Whether what follows a name is a structure of texts. Where the name stands in quotes, any structure may be one.
pub(super) fn is_structure(rest: &str, is_quoted_name: bool) -> bool {
    let opens = is_quoted_name && rest.starts_with(['[', '{']);
    let word = &rest[..word(prefix(rest, LONGEST_WORD))];
    opens || (!is_reference(word) && !looks_up(rest) && is_match(&STRUCTURE, prefix(rest, 1024)))
}

fn is_match(pattern: &Pattern, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

/// Whether a value begins with a call that looks it up: `std::env::var("KEY")`.
pub(super) fn looks_up(rest: &str) -> bool {
    let word = &rest[..word(prefix(rest, LONGEST_WORD))];
    rest[word.len()..].starts_with('(')
        && word
            .split(['.', ':', '!'])
            .any(|part| ["env", "ENV", "environ", "getenv", "getpass"].contains(&part))
}

/// Masks every text in the structure that begins at `start`, but no name; gives where the structure ends.
pub(super) fn mask_structure(text: &str, start: usize, around: usize, edits: &mut Edits) -> usize {
    let bytes = text.as_bytes();
    let is_schema = bytes.get(start) == Some(&b'{') && is_match(&SCHEMA, prefix(&text[start..], 1024));
    let (mut at, mut backslashes, mut open) = (start, 0, 0_usize);
    let mut name = "";
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' if level_of(backslashes) < around && may_end_text(&text[at + 1..]) => return at,
            b'"' | b'\'' if *byte == b'"' || begins_text(bytes, at - backslashes) => {
                let quote = &text[at - depth_of(backslashes)..=at];
                let content = at + 1;
                let end = content + quoted(&text[content..], quote, around);
                let closing = text[end..].trim_start_matches('\\');
                let after = closing.strip_prefix(char::from(*byte)).unwrap_or(&text[end..]);
                let value = &text[content..end];
                if is_sign(after_blanks(after)) {
                    name = value;
                } else {
                    let describes = ["type", "title", "description", "format"].contains(&name);
                    if is_secret(prefix(value, LONGEST_WORD)) && !(is_schema && describes) {
                        edits.replace(content..end, MASK);
                    }
                }
                if closing.starts_with('"') && level_of(text.len() - end - closing.len()) < around {
                    return end;
                }
                at = text.len() - after.len();
                backslashes = 0;
                continue;
            }
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' if open == 1 => return at + 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        backslashes = if *byte == b'\\' { backslashes + 1 } else { 0 };
        at += 1;
    }
    at
}

/// Whether what stands before it is a name.
fn is_sign(rest: &str) -> bool {
    (rest.starts_with(':') && !rest.starts_with("::")) || rest.starts_with("=>")
}

/// Whether a single quote is one, and no apostrophe: after no word, or after `b` and the like.
fn begins_text(text: &[u8], at: usize) -> bool {
    let word = text[..at].iter().rev().take(3).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    word == 0 || (word < 3 && text[at - word..at].iter().all(|byte| b"bBrRuUfF".contains(byte)))
}

/// The quote of a text that a program writes with something before it, and where the text begins.
pub(super) fn text_behind(rest: &str) -> Option<(&str, usize)> {
    let found = BEFORE_TEXT.as_ref()?.captures(prefix(rest, LONGEST_WORD))?.get(1)?;
    Some((&rest[found.range()], found.end()))
}

/// The length of a text up to the quote that ends it, or one of the texts `around` it; or else up to the line's end.
pub(super) fn quoted(rest: &str, quote: &str, around: usize) -> usize {
    let depth = depth_of(quote.len() - 1);
    let mark = quote.as_bytes()[quote.len() - 1];
    let mut backslashes = 0;
    for (at, byte) in rest.bytes().enumerate() {
        let is_mark = byte == mark && depth_of(backslashes) <= depth;
        let is_outer = || byte == b'"' && level_of(backslashes) < around && may_end_text(&rest[at + 1..]);
        if is_mark || is_outer() {
            return at - depth_of(backslashes);
        }
        backslashes = if byte == b'\\' { backslashes + 1 } else { 0 };
    }
    rest.find('\n').unwrap_or(rest.len())
}

/// The length of a bare value.
pub(super) fn word(rest: &str) -> usize {
    rest.find(|c: char| c.is_whitespace() || "\"'`\\,;&<>()}]".contains(c)).unwrap_or(rest.len())
}

/// The length of a bare value together with what is called with it, or joined to it: `f(x)`, `ab"c d"`.
pub(super) fn joined(rest: &str, surrounding: impl FnOnce() -> Option<Quote>, around: usize) -> usize {
    let bare = word(rest);
    let behind = &rest[bare..];
    if behind.starts_with('(') {
        let end = behind.find(|c: char| c.is_whitespace() || "\"'`\\<>)".contains(c)).unwrap_or(behind.len());
        return bare + end + usize::from(behind[end..].starts_with(')'));
    }
    let backslashes = behind.len() - behind.trim_start_matches('\\').len();
    let Some(mark @ (b'"' | b'\'')) = behind.as_bytes().get(backslashes).copied() else { return bare };
    let encloses = mark == b'"' && level_of(backslashes) < around && may_end_text(&behind[backslashes + 1..]);
    if bare == 0 || encloses || surrounding() == Some((mark, backslashes)) {
        return bare;
    }
    let content = backslashes + 1;
    let end = content + quoted(&behind[content..], &behind[..content], around);
    let closing = behind[end..].trim_start_matches('\\');
    let is_outer = closing.starts_with('"') && level_of(behind.len() - end - closing.len()) < around;
    let after = closing.strip_prefix(char::from(mark)).filter(|_| !is_outer);
    bare + after.map_or(end, |after| behind.len() - after.len())
}

/// A quote: which one, and the backslashes before it.
pub(super) type Quote = (u8, usize);

/// No more than this is read of a line before a name.
const LONGEST_BEFORE: usize = 512;

/// The quote that is open at `at` in its line, apart from those of the texts of JSON `around` it.
pub(super) fn surrounding(text: &str, at: usize, around: usize) -> Option<Quote> {
    let before = &text.as_bytes()[at.saturating_sub(LONGEST_BEFORE)..at];
    let line = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let (mut open, mut backslashes, mut is_in_word) = (None, 0, false);
    for byte in &before[line..] {
        let quote = Some((*byte, backslashes));
        match byte {
            b'"' if level_of(backslashes) < around => open = None,
            b'n' | b'r' if backslashes > 0 => open = None,
            b'"' | b'\'' | b'`' if open == quote => open = None,
            b'"' | b'\'' | b'`' if open.is_none() && !(*byte == b'\'' && is_in_word) => open = quote,
            _ => {}
        }
        is_in_word = byte.is_ascii_alphanumeric();
        backslashes = if *byte == b'\\' { backslashes + 1 } else { 0 };
    }
    open
}

/// The length of a header: to the end of its line, which may be an escape, or of the text that it stands in. A quote that
/// is open before it is one around it if quotes are even in the line.
pub(super) fn header(rest: &str, surrounding: Option<Quote>, around: usize) -> usize {
    let Some((mark, depth)) = surrounding else { return line(rest, around) };
    let near = prefix(rest, LONGEST_BEFORE);
    let (mut first, mut count, mut backslashes) = (near.len(), 0, 0);
    for (at, byte) in near[..line(near, around)].bytes().enumerate() {
        if byte == mark && backslashes <= depth {
            count += 1;
            first = first.min(at - backslashes);
        }
        backslashes = if byte == b'\\' { backslashes + 1 } else { 0 };
    }
    if count % 2 == 1 { first } else { line(rest, around) }
}

fn line(rest: &str, around: usize) -> usize {
    let mut backslashes = 0;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            b'\r' | b'\n' => return at,
            b'r' | b'n' if backslashes > 0 => return at - backslashes,
            b'"' if level_of(backslashes) < around && may_end_text(&rest[at + 1..]) => {
                return at - depth_of(backslashes);
            }
            _ => {}
        }
        backslashes = if byte == b'\\' { backslashes + 1 } else { 0 };
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use serde_json::{Value, json};

    use crate::Masks;
    use crate::masks::tests::random;

    fn become_masks(cases: &[(&str, &str)]) {
        for (text, expected) in cases {
            assert_eq!(Masks::secrets().mask(text), *expected, "{text}");
            assert_eq!(Masks::secrets().mask(expected), *expected, "it is stable");
        }
    }

    #[test]
    fn what_wraps_a_secret_stays_and_the_secret_goes() {
        become_masks(&[
            (r#"Db { password: Some("hunter2"), n: 1 }"#, r#"Db { password: Some("[secret]"), n: 1 }"#),
            (r#"password: Some(Secret("hun ter2")) }"#, r#"password: Some(Secret("[secret]")) }"#),
            (r#"password: Secret("hunter2")"#, r#"password: Secret("[secret]")"#),
            (r#"password: String::from("hunter2");"#, r#"password: String::from("[secret]");"#),
            (r#"secret: Some(Inner { value: "hunter2" })"#, r#"secret: Some(Inner { value: "[secret]" })"#),
            (
                "password: Some(\n        \"hunter2\",\n    ),",
                "password: Some(\n        \"[secret]\",\n    ),",
            ),
            (
                r#"api_key: Pair("ann", "hunter2"), x: "y""#,
                r#"api_key: Pair("[secret]", "[secret]"), x: "y""#,
            ),
            (r#"pwd: login(1, true, "hunter2")"#, r#"pwd: login(1, true, "[secret]")"#),
            (r#"pwd = str("hunter2")"#, r#"pwd = str("[secret]")"#),
            ("'password': b'hunter2', 'n': b'x'", "'password': b'[secret]', 'n': b'x'"),
            ("{'password': SecretStr('hunter2'), 'n': 'x'}", "{'password': SecretStr('[secret]'), 'n': 'x'}"),
            (r#"password = r"hunter2""#, r#"password = r"[secret]""#),
            (r##"password = r#"hunter2"#"##, r##"password = r#"[secret]"#"##),
            (r#"password: str = "hunter2""#, r#"password: str = "[secret]""#),
            (r#"let api_key: &str = "hunter2";"#, r#"let api_key: &str = "[secret]";"#),
            (r#"password = """hunter2""""#, r#"password = """[secret]""""#),
            (r#"password=abc"de f" x"#, "password=[secret] x"),
            ("password=abc(def), x", "password=[secret], x"),
            (r#""password=abc" and "x""#, r#""password=[secret]" and "x""#),
            (
                r#"{"a":"password: Some(\"hunter2\")","b":"x"}"#,
                r#"{"a":"password: Some(\"[secret]\")","b":"x"}"#,
            ),
            (r#"{"a":"password: Some(\"hunter2","b":"x"}"#, r#"{"a":"password: Some(\"[secret]","b":"x"}"#),
        ]);
    }

    #[test]
    fn the_texts_of_a_structure_go_and_its_names_stay() {
        become_masks(&[
            (r#"{"Authorization":["Basic eDp5"],"n":["x"]}"#, r#"{"Authorization":["[secret]"],"n":["x"]}"#),
            (r#"{"password":["x","a\"b"],"n":1}"#, r#"{"password":["[secret]","[secret]"],"n":1}"#),
            (r#"{"password":{"value":"x"},"n":"y"}"#, r#"{"password":{"value":"[secret]"},"n":"y"}"#),
            (
                r#"{"password": [ {"a": [1, "x"]} ], "n":"y"}"#,
                r#"{"password": [ {"a": [1, "[secret]"]} ], "n":"y"}"#,
            ),
            ("{'password': ['x', \"y's\"]}", "{'password': ['[secret]', \"[secret]\"]}"),
            (r#"{"secret":{"a":1,"api_key":5}}"#, r#"{"secret":{"a":1,"api_key":"[secret]"}}"#),
            (
                r#"{"a":"{\"password\":[\"x\"],\"n\":\"y\"}"}"#,
                r#"{"a":"{\"password\":[\"[secret]\"],\"n\":\"y\"}"}"#,
            ),
            ("{ password: { value: 'x' } }", "{ password: { value: '[secret]' } }"),
            (r#"{"password\\":5}"#, r#"{"password\\":"[secret]"}"#),
            ("map[Authorization:[Basic eDp5] Host:[x]]", "map[Authorization:[[secret]] Host:[x]]"),
        ]);
        for text in [
            r#"{"password":{"type":"string","description":"At least 8 characters","minLength":8}}"#,
            r#"{"properties":{"api_key":{"description":"Yours","title":"Key","type":"string"}}}"#,
            r#"api_key=std::env::var("API_KEY"), secret = getenv('X'), pwd=os.environ["X"]"#,
            "password: (8 characters don't do) it's",
            r#"{"password":[],"secret":{},"pwd":[""]}"#,
        ] {
            assert!(
                matches!(Masks::all().mask(text), Cow::Borrowed(_)),
                "{text}\n{}",
                Masks::all().mask(text)
            );
        }
    }

    #[test]
    fn headers_go_to_the_end_of_their_line_or_text() {
        become_masks(&[
            (
                "Authorization: AWS4-HMAC-SHA256 Credential=a, Signature=b\r\nHost: x",
                "Authorization: [secret]\r\nHost: x",
            ),
            ("authorization: Digest username=\"a\", response=\"b\"\nx", "authorization: [secret]\nx"),
            ("Proxy-Authorization: Custom a b", "Proxy-Authorization: [secret]"),
            ("Set-Cookie: a=\"x y\"; Path=/\nx", "Set-Cookie: [secret]\nx"),
            (
                "curl -H \"Authorization: Custom a 'b'\" -H 'x: y'",
                "curl -H \"Authorization: [secret]\" -H 'x: y'",
            ),
            ("curl -H 'Cookie: a=\"b\"; c' x", "curl -H 'Cookie: [secret]' x"),
            ("use `Authorization: Custom a b` here", "use `Authorization: [secret]` here"),
            (r#"{"a":"Authorization: Custom a b\nHost: x"}"#, r#"{"a":"Authorization: [secret]\nHost: x"}"#),
            (
                r#"{"a":"Authorization: Digest u=\"a\", r=\"b\"","b":"x"}"#,
                r#"{"a":"Authorization: [secret]","b":"x"}"#,
            ),
            (
                r#"{"a":"curl -H \"Cookie: a=b; c=d\" url","b":"x"}"#,
                r#"{"a":"curl -H \"Cookie: [secret]\" url","b":"x"}"#,
            ),
        ]);
    }

    #[test]
    fn whatever_holds_a_secret_json_stays_json_at_every_level() {
        let mut value = json!({
            "password": { "value": ["hun\"ter2", { "deep": "hun\nter2\\" }], "n": 7 },
            "note": "password: Some(\"hun ter2\"), Authorization: Digest a=\"hun ter2\"",
            "n": 7,
        });
        for _ in 0..6 {
            let masked = Masks::secrets().mask(&value.to_string()).into_owned();
            assert!(!masked.contains("hun") && !masked.contains("ter2"), "{masked}");
            let mut inner: Value = serde_json::from_str(&masked).unwrap_or_default();
            while let Some(text) = inner["arguments"].as_str() {
                inner = serde_json::from_str(text).unwrap_or_default();
            }
            assert_eq!((&inner["n"], &inner["password"]["n"]), (&json!(7), &json!(7)), "{masked}");
            value = json!({ "arguments": value.to_string() });
        }
    }

    #[test]
    fn whatever_a_text_is_made_of_the_json_around_it_stays_json() {
        #[rustfmt::skip]
        const PARTS: [&str; 32] = [
            "password", ":", "=", " ", "\"", "'", "\\", "\\\"", "\\n", "\n", "(", ")", "[", "]", "{", "}", ",", "Some(",
            "b'", "r#\"", "Authorization: ", "Cookie: ", "é", "x", "4111111111111111", "-----BEGIN PRIVATE KEY-----",
            "-----END PRIVATE KEY-----", "`", "str = ", "\u{a0}", "\\\\\\\"", "pwd\":",
        ];
        let mut state = 0x1234_5678_9ABC_DEF1;
        for _ in 0..4_000 {
            let parts = random(&mut state) % 24;
            let text: String = (0..parts).map(|_| PARTS[random(&mut state) % PARTS.len()]).collect();
            let mut value = json!({ "password": text, "n": [text, 7], "secret": { "x": [text, 7] }, "k": 7 });
            for _ in 0..random(&mut state) % 6 {
                value = json!({ "arguments": value.to_string(), "k": 7 });
            }
            let masked = Masks::all().mask(&value.to_string()).into_owned();
            let mut inner: Value = serde_json::from_str(&masked).unwrap_or_default();
            while let Some(text) = inner["arguments"].as_str() {
                assert_eq!(inner["k"], 7, "{value}\n{masked}");
                inner = serde_json::from_str(text).unwrap_or_default();
            }
            let numbers = (&inner["k"], &inner["n"][1], &inner["secret"]["x"][1]);
            assert_eq!(numbers, (&json!(7), &json!(7), &json!(7)), "{value}\n{masked}");
        }
    }
}
