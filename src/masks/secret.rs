//! What a name tells to be secret.

use std::ops::Range;

use once_cell::sync::Lazy;
use regex::{Captures, Regex};

use super::place::{Levels, begins_word, in_quotes, level_of, may_end_text};
use super::value::{self, LONGEST_WORD};
use super::{Edits, Pattern};
use crate::record::prefix;

pub(super) const MASK: &str = "[secret]";
const TOKEN: &str = "[token]";
/// What a list of headers may begin with and be none.
const MASKS: [&str; 6] = ["[secret]", "[token]", "[api-key]", "[private-key]", "[card]", "[e-mail]"];

/// The ends of names. A token alone is none: models count tokens, and pages have them.
const NAMES: &str = "pass(?:word|wd|wort|phrase|code)|pwd|secret|authorization|cookie\
    |(?:api|access|account|auth|encryption|private|secret|signing|subscription)[_ -]?key\
    |(?:access|api|auth|bearer|csrf|id|oauth|refresh|secret|security|session|xsrf)[_-]?token";

/// A pair: a name, its quote, a sign, the quote of its value. Quotes have backslashes inside of quoted JSON.
static PAIR: Pattern = Lazy::new(|| {
    Regex::new(&format!(r#"(?i-u:{NAMES})(\\*["'])?[ \t]*(?:=>|:=|={{1,3}}|:)[ \t]*(?:""|'')?(\\*["'])?"#))
        .ok()
});
static NAME: Pattern = Lazy::new(|| Regex::new(&format!("(?i-u:{NAMES})$")).ok());
static BEARER: Pattern = Lazy::new(|| Regex::new("(?i-u:bearer)[ \t]+[A-Za-z0-9._~+/-]{8,}=*").ok());

/// Whether the value of an attribute is secret by its key; that of a marker by the key it is about. No key of the SDK's
/// own ends in such a name.
pub(super) fn is_name(key: &str) -> bool {
    NAME.as_ref().is_some_and(|name| name.is_match(key))
}

pub(super) fn find(text: &str, edits: &mut Edits) {
    pairs(text, edits);
    bearers(text, edits);
    user_info(text, edits);
    edits.order();
}

fn pairs(text: &str, edits: &mut Edits) {
    let Some(pair) = &*PAIR else { return };
    let mut levels = Levels::of(text);
    let (mut from, mut walked_to) = (0, 0);
    while let Some(found) = pair.captures_at(text, from) {
        let start = found.get_match().end();
        from = start;
        let around = levels.around(found.get(2).map_or(start, |quote| quote.start()));
        if found.get(2).is_some_and(|quote| levels.is_ending(quote.start(), quote.end())) {
            continue;
        }
        if found.get(2).is_none() && value::is_structure(&text[start..], found.get(1).is_some()) {
            // Texts that it holds are masked, and there may be other pairs in it.
            if start >= walked_to {
                walked_to = value::mask_structure(text, start, around, edits);
            }
        } else if let Some(value) = value_at(text, &found, around) {
            from = value.end;
            edits.replace(value, mask_for(&found));
        }
    }
}

/// The value that follows a pair's sign, where it is a secret. What is none is told by its beginning, so that texts of
/// many pairs are not read over and over.
fn value_at(text: &str, found: &Captures<'_>, around: usize) -> Option<Range<usize>> {
    let start = found.get_match().end();
    let rest = &text[start..];
    let beginning = prefix(rest, LONGEST_WORD);
    if let Some(quote) = found.get(2) {
        let quoted = |text: &str| value::quoted(text, quote.as_str(), around);
        return is_secret(&beginning[..quoted(beginning)]).then(|| start..start + quoted(rest));
    }
    let pair = found.get_match();
    let surrounding = || value::surrounding(text, pair.start(), around).filter(|_| found.get(1).is_none());
    let name = pair.as_str().to_ascii_lowercase();
    let is_header = found.get(1).is_none()
        && (name.starts_with("cookie") || (name.starts_with("authorization") && name.contains(':')));
    if rest.starts_with(['{', '[']) {
        // As lists of headers are printed; another structure without texts may have other pairs.
        let is_list = is_header
            && rest.starts_with('[')
            && !rest[1..].starts_with(['[', '{'])
            && !MASKS.iter().any(|mask| rest.starts_with(mask));
        let end = beginning.find([']', '\n', '"', '\\']).filter(|end| is_list && *end > 1)?;
        return Some(start + 1..start + end);
    }
    if !is_header && let Some((quote, at)) = value::text_behind(rest) {
        let is_closing = surrounding()
            .is_some_and(|(mark, depth)| quote.len() == depth + 1 && quote.as_bytes().last() == Some(&mark));
        let is_outer =
            quote.ends_with('"') && level_of(quote.len() - 1) < around && may_end_text(&rest[at..]);
        if !is_closing && !is_outer {
            let quoted = |text: &str| value::quoted(text, quote, around);
            let beginning = prefix(&rest[at..], LONGEST_WORD);
            return is_secret(&beginning[..quoted(beginning)])
                .then(|| start + at..start + at + quoted(&rest[at..]));
        }
    }
    let bare = value::word(beginning);
    if !is_secret(&beginning[..bare]) || value::looks_up(rest) {
        return None;
    }
    if is_header {
        return Some(start..start + value::header(rest, surrounding(), around));
    }
    let bare = value::word(rest);
    if name.starts_with("authorization") && is_scheme(&rest[..bare]) {
        // The scheme is followed by what is secret.
        let credentials = rest[bare..].trim_start_matches([' ', '\t']);
        let ends = |c: char| c.is_whitespace() || "\"'\\<>,".contains(c);
        let length = credentials.find(ends).unwrap_or(credentials.len());
        return Some(start..text.len() - credentials.len() + length);
    }
    Some(start..start + value::joined(rest, surrounding, around))
}

fn is_scheme(word: &str) -> bool {
    ["bearer", "basic", "digest", "token", "apikey", "negotiate"]
        .iter()
        .any(|scheme| word.eq_ignore_ascii_case(scheme))
}

/// Whether a value is one: not empty, not masked already, and no word of a program that stands for a value or a type.
pub(super) fn is_secret(value: &str) -> bool {
    const WORDS: [&str; 18] = [
        "array",
        "object",
        "integer",
        "null",
        "none",
        "nil",
        "true",
        "false",
        "undefined",
        "str",
        "string",
        "bool",
        "boolean",
        "int",
        "number",
        "bytes",
        "any",
        "required",
    ];
    !(value.is_empty()
        || value == MASK
        || is_reference(value)
        || WORDS.iter().any(|word| value.eq_ignore_ascii_case(word)))
}

/// Whether a program looks the value up elsewhere.
pub(super) fn is_reference(value: &str) -> bool {
    let in_variable = value.strip_prefix(['$', '%']).is_some_and(|name| {
        let is_upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "_%".contains(c);
        name.starts_with(['{', '(']) || (!name.is_empty() && name.chars().all(is_upper))
    });
    let places = ["os.", "process.env", "env.", "self.", "this.", "config.", "settings.", "args."];
    in_variable || places.iter().any(|place| value.starts_with(place))
}

/// The mask, in quotes where JSON had a bare number.
fn mask_for(found: &Captures<'_>) -> String {
    match (found.get(1), found.get(2)) {
        // The backslashes before a quote may in part be the name's own.
        (Some(quote), None) if quote.as_str().ends_with('"') => in_quotes(MASK, level_of(quote.len() - 1)),
        _ => MASK.to_owned(),
    }
}

fn bearers(text: &str, edits: &mut Edits) {
    let Some(bearer) = &*BEARER else { return };
    for found in bearer.find_iter(text) {
        let token = found.as_str()["bearer".len()..].trim_start_matches([' ', '\t']);
        // In words there is none.
        let is_random = token.bytes().any(|byte| byte.is_ascii_digit())
            || (token.len() >= 20 && token.bytes().any(|byte| byte.is_ascii_uppercase()));
        if is_random && begins_word(text.as_bytes(), found.start()) {
            edits.replace(found.end() - token.len()..found.end(), TOKEN);
        }
    }
}

/// The most that stands before the host of a URL.
const LONGEST_USER_INFO: usize = 512;

fn user_info(text: &str, edits: &mut Edits) {
    for (at, sign) in text.match_indices("://") {
        let start = at + sign.len();
        let authority = prefix(&text[start..], LONGEST_USER_INFO);
        let end = authority
            .find(|c: char| c.is_whitespace() || "/?#\"'\\<>".contains(c))
            .unwrap_or(authority.len());
        let Some((user_info, _)) = authority[..end].rsplit_once('@') else { continue };
        let Some((user, password)) = user_info.split_once(':') else { continue };
        if is_secret(password) {
            let start = start + user.len() + 1;
            edits.replace(start..start + password.len(), MASK);
        }
    }
}
