//! Text like that of a chat with tools: words of uneven frequency, quotes, line ends, unicode; the same in every run.

use std::fmt::Write as _;

use crate::Call;

/// A step of `splitmix64`: small, and good enough to draw words.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }
}

const SYLLABLES: [&str; 32] = [
    "ta", "re", "in", "mo", "the", "ing", "con", "per", "ly", "er", "st", "an", "de", "al", "ver", "tion",
    "ma", "si", "pro", "un", "ble", "is", "o", "ca", "men", "da", "é", "sch", "ro", "ck", "ü", "li",
];
/// Words of a long conversation, which is about one thing, and of many short ones. With these, texts deflate as those did
/// that the goals were found with: to 27 % at level 6, and to some 105 bytes a small span.
const LONG: u64 = 500;
const SHORT: u64 = 60_000;

/// The word of a rank; a rank always has the same word.
fn word(text: &mut String, rank: u64) {
    let mut dice = Dice(rank.wrapping_mul(0x1234_5678_9ABC_DEF1));
    for _ in 0..=dice.below(3) {
        let syllable = usize::try_from(dice.below(32)).unwrap_or_default();
        text.push_str(SYLLABLES[syllable]);
    }
}

/// Low ranks come far more often than high ones, as in a language.
fn rank(dice: &mut Dice, words: u64) -> u64 {
    let (a, b, c) = (dice.below(words), dice.below(words), dice.below(words));
    a * b / words * c / words
}

/// What small spans say: each something else, because a compressor would have little to do with the same again.
#[derive(Debug)]
pub(crate) struct Talk(Vec<[String; 4]>);

impl Talk {
    /// As much as is said between two flushes; far more than a compressor looks back.
    const CALLS: u64 = 1_000;

    pub(crate) fn new() -> Self {
        let says = |seed: u64| {
            let mut dice = Dice(seed);
            let (user, conversation) = (10 + dice.below(90), 1 + dice.below(9));
            [format!("u{user}"), format!("c{conversation}"), sentence(&mut dice, 40), sentence(&mut dice, 60)]
        };
        Self((0..Self::CALLS).map(says).collect())
    }

    pub(crate) fn calls(&self) -> Vec<Call<'_>> {
        self.0
            .iter()
            .map(|[user, conversation, input, output]| call(user, conversation, input, output))
            .collect()
    }
}

pub(crate) fn call<'a>(user: &'a str, conversation: &'a str, input: &'a str, output: &'a str) -> Call<'a> {
    Call {
        user,
        conversation,
        model: "gpt-4o",
        provider: "openai",
        input,
        output,
        experiment: 17,
        channel: "mail",
    }
}

/// Words, of `bytes` bytes exactly.
fn sentence(dice: &mut Dice, bytes: usize) -> String {
    let mut text = String::with_capacity(2 * bytes);
    while text.len() < bytes {
        let rank = rank(dice, SHORT);
        word(&mut text, rank);
        text.push(' ');
    }
    cut(text, bytes)
}

/// A conversation as JSON text, cut at `bytes` exactly.
pub(crate) fn chat(seed: u64, bytes: usize) -> String {
    let mut dice = Dice(seed);
    let mut text = String::with_capacity(bytes + 1024);
    text.push('[');
    while text.len() < bytes {
        let role = ["user", "assistant", "tool"][usize::try_from(dice.below(3)).unwrap_or_default()];
        let _ = write!(
            text,
            "{{\"role\": \"{role}\", \"id\": \"msg_{:08x}\", \"content\": \"",
            dice.roll() >> 32
        );
        for sentence in 0..3 + dice.below(6) {
            if sentence > 0 {
                text.push_str(if dice.below(4) == 0 { "\\n\\n- " } else { " " });
            }
            for position in 0..4 + dice.below(14) {
                if position > 0 {
                    text.push(' ');
                }
                match dice.below(60) {
                    0 => drop(write!(text, "{}", dice.below(10_000))),
                    1 => text.push_str("\\\"so-called\\\""),
                    2 => text.push_str("– 日本語 🙂"),
                    _ => {
                        let rank = rank(&mut dice, LONG);
                        word(&mut text, rank);
                    }
                }
            }
            text.push_str(if dice.below(5) == 0 { "?" } else { "." });
        }
        text.push_str("\"},\n");
    }
    cut(text, bytes)
}

/// Cuts at the last character that fits, and fills up with blanks.
fn cut(mut text: String, bytes: usize) -> String {
    let end = (0..=bytes).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    text.truncate(end);
    text.extend(std::iter::repeat_n(' ', bytes - end));
    text
}
