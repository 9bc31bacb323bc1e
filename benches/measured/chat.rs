//! Texts like those of a long chat: JSON with quotes, newlines and other scripts, of which no two are alike.

/// The words of the texts are made of these; some are not ASCII, as in a real chat.
const SYLLABLES: [&str; 32] = [
    "an", "be", "con", "de", "er", "for", "ga", "hi", "in", "ja", "ko", "lo", "mi", "ne", "or", "pre", "qui",
    "re", "sta", "ti", "un", "ver", "we", "xi", "yo", "ze", "é", "ü", "ção", "ни", "天", "…",
];

/// A chat of `bytes` bytes or a little more, as JSON text; another one for each `seed`.
pub(crate) fn text(seed: u64, bytes: usize) -> String {
    let mut random = Random(seed);
    let mut text = String::from("[");
    while text.len() < bytes {
        let role = if random.below(2) == 0 { "user" } else { "assistant" };
        let content = sentences(random.below(u64::MAX), 500);
        text.extend([r#"{"role":""#, role, r#"","content":""#, &content, r#""},"#]);
    }
    text.push_str("{}]");
    text
}

/// Sentences of `bytes` bytes or a little more, as they stand in JSON.
pub(crate) fn sentences(seed: u64, bytes: usize) -> String {
    let mut random = Random(seed);
    let mut text = String::new();
    while text.len() < bytes {
        word(&mut random, &mut text);
        text.push_str(match random.below(24) {
            0 => ".\\n",
            1 => " \\\"",
            2 => ", ",
            _ => " ",
        });
    }
    text
}

/// Words are as unequally common as in a language: a few make up much of a text.
fn word(random: &mut Random, text: &mut String) {
    let rank = (0..4).map(|_| random.below(512)).min().unwrap_or(0);
    let mut syllables = Random(rank);
    for _ in 0..rank % 3 + 2 {
        let index = usize::try_from(syllables.below(SYLLABLES.len() as u64)).unwrap_or(0);
        text.push_str(SYLLABLES.get(index).copied().unwrap_or_default());
    }
}

/// `SplitMix64`: good enough, and everybody gets the same texts.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
