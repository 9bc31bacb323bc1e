//! Numbers of payment cards.

use std::ops::Range;

use once_cell::sync::Lazy;
use regex::Regex;

use super::place::{Levels, after_escape, begins_word};
use super::{Edits, Pattern};

pub(super) const MASK: &str = "[card]";

/// Groups of digits, as far as they stand together.
static DIGITS: Pattern = Lazy::new(|| Regex::new(r"[0-9](?:[ .\u{A0}\u{202F}-]?[0-9]){12,}").ok());

/// The groups in which numbers are printed, apart from a single one.
const PRINTED: [&[usize]; 7] =
    [&[4, 4, 4, 4], &[4, 4, 4, 4, 1], &[4, 4, 4, 4, 2], &[4, 4, 4, 4, 3], &[4, 6, 5], &[4, 6, 4], &[6, 13]];

pub(super) fn find(text: &str, edits: &mut Edits) {
    let Some(digits) = &*DIGITS else { return };
    let mut levels = Levels::of(text);
    for found in digits.find_iter(text) {
        let start = after_escape(text.as_bytes(), found.start());
        let groups = groups(text.as_bytes(), start, found.end());
        let mut at = 0;
        while at < groups.len() {
            let Some(count) = card_at(text.as_bytes(), &groups, at) else {
                at += 1;
                continue;
            };
            let (start, end) = (groups[at].start, groups[at + count - 1].end);
            if count == 1 {
                edits.replace(start..end, levels.in_place_of_number(start, end, MASK));
            } else {
                edits.replace(start..end, MASK);
            }
            at += count;
        }
    }
}

fn groups(text: &[u8], start: usize, end: usize) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    let digits = (start..end).filter(|at| text[*at].is_ascii_digit());
    for at in digits {
        match groups.last_mut().filter(|group| group.end == at) {
            Some(group) => group.end = at + 1,
            None => groups.push(at..at + 1),
        }
    }
    groups
}

/// How many groups from this one on are the number of a card.
fn card_at(text: &[u8], groups: &[Range<usize>], at: usize) -> Option<usize> {
    let is_card = |count: usize| {
        let groups = &groups[at..at + count];
        let (start, end) = (groups[0].start, groups[count - 1].end);
        let digits: Vec<u8> =
            text[start..end].iter().filter(|byte| byte.is_ascii_digit()).map(|byte| byte - b'0').collect();
        let separators = || groups.windows(2).map(|pair| text[pair[0].end]);
        separators().all(|separator| Some(separator) == separators().next())
            && stands_alone(text, start, end)
            && is_issued(&digits)
            && passes_luhn(&digits)
    };
    let is_printed = |lengths: &[usize]| {
        let own = groups.get(at..at + lengths.len());
        own.is_some_and(|own| own.iter().map(Range::len).eq(lengths.iter().copied()))
    };
    let printed = PRINTED.iter().rev().filter(|lengths| is_printed(lengths)).map(|lengths| lengths.len());
    std::iter::once(1).chain(printed).find(|count| is_card(*count))
}

/// Whether nothing is joined to it that makes it a part of something else: a longer number, a fraction, an id.
fn stands_alone(text: &[u8], start: usize, end: usize) -> bool {
    let joins_before = start > 0 && (b"-._+/".contains(&text[start - 1]) || !begins_word(text, start));
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let joins_after = match text.get(end) {
        Some(b'-' | b'.') => text.get(end + 1).is_some_and(is_part),
        Some(byte) => is_part(byte),
        None => false,
    };
    !joins_before && !joins_after
}

/// Whether a card network has numbers that begin so, of that length.
fn is_issued(digits: &[u8]) -> bool {
    if !(13..=19).contains(&digits.len()) {
        return false;
    }
    let first =
        |count: usize| digits[..count].iter().fold(0, |number: u32, digit| number * 10 + u32::from(*digit));
    match (first(4), digits.len()) {
        // Visa, American Express.
        (4000..=4999, length) => matches!(length, 13 | 16 | 19),
        (3400..=3499 | 3700..=3799, length) => length == 15,
        // Mastercard, Mir; Diners Club.
        (5100..=5599 | 2221..=2720 | 2200..=2204, length) => length == 16,
        (3000..=3059 | 3095..=3099 | 3600..=3699 | 3800..=3999, length) => matches!(length, 14 | 16),
        // JCB, Discover, UnionPay, RuPay, Maestro.
        (3528..=3589 | 5000..=5099 | 5600..=5899 | 6000..=6999 | 8100..=8299, length) => length >= 16,
        _ => false,
    }
}

fn passes_luhn(digits: &[u8]) -> bool {
    let doubled = |digit: u8| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| u32::from(if place % 2 == 1 { doubled(*digit) } else { *digit }))
        .sum();
    sum.is_multiple_of(10)
}
