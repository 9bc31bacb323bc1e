//! What a name tells to be secret.

use once_cell::sync::Lazy;
use regex::{Captures, Regex};

use super::place::{Levels, begins_word, depth_of, level_of};
use super::{Edits, Pattern};
use crate::record::prefix;

pub(super) const MASK: &str = "[secret]";
const TOKEN: &str = "[token]";

/// The ends of names. A token alone is none: models count tokens, and pages have them.
const NAMES: &str = "pass(?:word|wd|wort|phrase|code)|pwd|secret|authorization|cookie\
    |(?:api|access|account|auth|encryption|private|secret|signing|subscription)[_ -]?key\
    |(?:access|api|auth|bearer|csrf|id|oauth|refresh|secret|security|session|xsrf)[_-]?token";

/// A pair: a name, its quote, a sign, the quote of its value. Quotes have backslashes inside of quoted JSON.
static PAIR: Pattern = Lazy::new(|| {
    Regex::new(&format!(r#"(?i-u:{NAMES})(\\*["'])?[ \t]*(?:=>|:=|={{1,3}}|:)[ \t]*(\\*["'])?"#)).ok()
});
static NAME: Pattern = Lazy::new(|| Regex::new(&format!("(?i-u:{NAMES})$")).ok());
static BEARER: Pattern = Lazy::new(|| Regex::new("(?i-u:bearer)[ \t]+[A-Za-z0-9._~+/-]{8,}=*").ok());

/// Whether the value of an attribute is secret by its key. Keys of the SDK are not.
pub(super) fn is_name(key: &str) -> bool {
    !key.starts_with("bento.") && NAME.as_ref().is_some_and(|name| name.is_match(key))
}

pub(super) fn find(text: &str, edits: &mut Edits) {
    pairs(text, edits);
    bearers(text, edits);
    user_info(text, edits);
    edits.order();
}

/// What stands for a value in programs is no longer than that.
const LONGEST_WORD: usize = 128;

fn pairs(text: &str, edits: &mut Edits) {
    let Some(pair) = &*PAIR else { return };
    let mut levels = Levels::of(text);
    let mut from = 0;
    while let Some(found) = pair.captures_at(text, from) {
        let start = found.get_match().end();
        if found.get(2).is_some_and(|quote| levels.is_ending(quote.start(), quote.end())) {
            from = start;
            continue;
        }
        let rest = &text[start..];
        // A bare one of these begins a structure, in which there may be other pairs.
        let is_structure = found.get(2).is_none() && rest.starts_with(['{', '[']);
        // What is no secret is told by its beginning, so that texts of many pairs are not read over and over.
        let beginning = prefix(rest, LONGEST_WORD);
        let beginning = &beginning[..found
            .get(2)
            .map_or_else(|| word(beginning), |quote| quoted(beginning, quote.as_str(), levels.around()))];
        if is_structure || !is_secret(beginning) {
            from = start;
        } else {
            let end = value_end(text, &found, levels.around());
            edits.replace(start..end, mask_for(&found));
            from = end;
        }
    }
}

/// The end of the value that follows a pair's sign.
fn value_end(text: &str, found: &Captures<'_>, around: usize) -> usize {
    let start = found.get_match().end();
    let rest = &text[start..];
    if let Some(quote) = found.get(2) {
        return start + quoted(rest, quote.as_str(), around);
    }
    let bare = start + word(rest);
    let name = found.get_match().as_str().to_ascii_lowercase();
    let is_header = found.get(1).is_none();
    if name.starts_with("cookie") && is_header {
        start + line(rest)
    } else if name.starts_with("authorization") && is_scheme(&text[start..bare]) {
        // The scheme is followed by what is secret.
        let credentials = text[bare..].trim_start_matches([' ', '\t']);
        let credentials_at = text.len() - credentials.len();
        credentials_at
            + credentials
                .find(|c: char| c.is_whitespace() || "\"'\\<>,".contains(c))
                .unwrap_or(credentials.len())
    } else {
        bare
    }
}

/// The length of a text up to the quote that ends it, or one of the texts `around` it; or else up to the line's end.
fn quoted(rest: &str, quote: &str, around: usize) -> usize {
    let depth = depth_of(quote.len() - 1);
    let mark = quote.as_bytes()[quote.len() - 1];
    let mut backslashes = 0;
    for (at, byte) in rest.bytes().enumerate() {
        let is_mark = byte == mark && depth_of(backslashes) <= depth;
        if is_mark || (byte == b'"' && level_of(backslashes) < around) {
            return at - depth_of(backslashes);
        }
        backslashes = if byte == b'\\' { backslashes + 1 } else { 0 };
    }
    rest.find('\n').unwrap_or(rest.len())
}

/// The length of a bare value.
fn word(rest: &str) -> usize {
    rest.find(|c: char| c.is_whitespace() || "\"'`\\,;&<>()}]".contains(c)).unwrap_or(rest.len())
}

fn line(rest: &str) -> usize {
    rest.find(['\r', '\n', '"', '\'', '\\']).unwrap_or(rest.len())
}

fn is_scheme(word: &str) -> bool {
    ["bearer", "basic", "digest", "token", "apikey", "negotiate"]
        .iter()
        .any(|scheme| word.eq_ignore_ascii_case(scheme))
}

/// Whether a value is one: not empty, not masked already, and no word of a program that stands for a value or a type.
fn is_secret(value: &str) -> bool {
    const WORDS: [&str; 15] = [
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
    !(value.is_empty() || is_reference(value) || WORDS.iter().any(|word| value.eq_ignore_ascii_case(word)))
}

/// Whether a program looks the value up elsewhere.
fn is_reference(value: &str) -> bool {
    let in_variable = value.strip_prefix(['$', '%']).is_some_and(|name| {
        let is_upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "_%".contains(c);
        name.starts_with(['{', '(']) || (!name.is_empty() && name.chars().all(is_upper))
    });
    let places = ["os.", "process.env", "env.", "self.", "this.", "config.", "settings.", "args."];
    in_variable || places.iter().any(|place| value.starts_with(place))
}

/// The mask, in quotes where JSON had a bare number.
fn mask_for(found: &Captures<'_>) -> String {
    let quote = match (found.get(1), found.get(2)) {
        (Some(quote), None) if quote.as_str().ends_with('"') => quote.as_str(),
        _ => "",
    };
    format!("{quote}{MASK}{quote}")
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
