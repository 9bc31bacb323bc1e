//! A ready set of masks: what looks like a secret or like a person's data is replaced by the name of its kind.

mod card;
mod email;
mod key;
mod pem;
mod place;
mod secret;
mod value;

use std::borrow::Cow;
use std::ops::Range;

use once_cell::sync::Lazy;
use regex::Regex;

use crate::record::{Field, Redact, keys};

/// Masks for what should not leave a process: a [redaction hook](Redact) that puts the name of its kind in the place of
/// whatever looks like a secret.
///
/// ```
/// # fn main() -> Result<(), bento::InitError> {
/// # let builder = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080");
/// let _bento = builder.redact(bento::Masks::all()).init()?;
/// # Ok(())
/// # }
/// ```
///
/// | constructor | masks | by |
/// |---|---|---|
/// | [`api_keys`](Masks::api_keys) | keys that tell by their form what they are, such as `sk-…`, and JSON Web Tokens | `[api-key]`, `[token]` |
/// | [`secrets`](Masks::secrets) | what a name tells to be secret: `password=…`, `"api_key": "…"`, `Authorization: …` | `[secret]`, `[token]` |
/// | [`card_numbers`](Masks::card_numbers) | numbers of payment cards | `[card]` |
/// | [`emails`](Masks::emails) | e-mail addresses | `[e-mail]` |
///
/// JSON stays JSON, also where it is quoted in JSON, as the arguments of a tool often are; where it is quoted more than
/// three times, a bare number becomes `null`. Masks know secrets by their
/// looks: what has none, such as a name, a street or a password in a sentence, they cannot know. Give a hook of your own
/// for these.
///
/// A text that the limits have cut loses its last word, which may be the beginning of a secret. An attribute whose key
/// itself looks like a secret is left out.
#[derive(Clone, Debug)]
pub struct Masks(Vec<Kind>);

/// In the order in which they are applied: what has a name is masked whole, whatever it looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Secret,
    Key,
    Card,
    Email,
}

impl Masks {
    /// Every mask there is, also those that later versions bring.
    ///
    /// ```
    /// let masks = bento::Masks::all();
    /// assert_eq!(masks.mask("ask ann@example.com, password: hunter2"), "ask [e-mail], password: [secret]");
    /// assert_eq!(masks.mask("order 1234567890123 took 1700000000000 ms"), "order 1234567890123 took 1700000000000 ms");
    /// ```
    pub fn all() -> Self {
        Self::of(vec![Kind::Secret, Kind::Key, Kind::Card, Kind::Email])
    }

    /// Keys and tokens that tell by their form what they are: those of Anthropic, AWS, Bento, Databricks, Google, Groq,
    /// Hugging Face, npm, Perplexity, Replicate, Slack, Stripe, `OpenAI` and others; JSON Web Tokens; and
    /// private keys in PEM form, from the line that begins them to the one that ends them, or else to the end of the text.
    ///
    /// ```
    /// let masks = bento::Masks::api_keys();
    /// assert_eq!(masks.mask("AKIAIOSFODNN7EXAMPLE is in the log"), "[api-key] is in the log");
    /// ```
    pub fn api_keys() -> Self {
        Self::of(vec![Kind::Key])
    }

    /// What a name tells to be secret: `password=…`, `"api_key": "…"`, `password: Some("…")`, the texts in
    /// `"password": ["…"]`, `Authorization: …` and `Cookie: …` to the end of their line, `https://user:password@…`, and
    /// attributes whose key ends in such a name.
    ///
    /// ```
    /// let masks = bento::Masks::secrets();
    /// assert_eq!(masks.mask(r#"{"user":"ann","password":"a\"b"}"#), r#"{"user":"ann","password":"[secret]"}"#);
    /// assert_eq!(masks.mask("curl -H 'Authorization: Bearer abc'"), "curl -H 'Authorization: [secret]'");
    /// ```
    pub fn secrets() -> Self {
        Self::of(vec![Kind::Secret])
    }

    /// Numbers of payment cards: 13 to 19 digits, alone or in the groups they are printed in, that begin as those of a card
    /// network do and whose check digit (Luhn) is right.
    ///
    /// ```
    /// let masks = bento::Masks::card_numbers();
    /// assert_eq!(masks.mask("paid with 4111 1111 1111 1111"), "paid with [card]");
    /// assert_eq!(masks.mask("4111 1111 1111 1112 is no card"), "4111 1111 1111 1112 is no card");
    /// assert_eq!(masks.mask(r#"{"card":4111111111111111}"#), r#"{"card":"[card]"}"#);
    /// ```
    pub fn card_numbers() -> Self {
        Self::of(vec![Kind::Card])
    }

    /// E-mail addresses.
    ///
    /// ```
    /// let masks = bento::Masks::emails();
    /// assert_eq!(masks.mask("from Ann <ann.lee+news@example.co.uk>"), "from Ann <[e-mail]>");
    /// ```
    pub fn emails() -> Self {
        Self::of(vec![Kind::Email])
    }

    /// The patterns are compiled now, not by the first span, nor in a forked child, which would wait for a thread of its
    /// parent that was compiling them.
    fn of(kinds: Vec<Kind>) -> Self {
        let masks = Self(kinds);
        masks.mask("sk-: @ 0");
        secret::is_name("");
        masks
    }

    /// These masks and those.
    ///
    /// ```
    /// let masks = bento::Masks::emails().and(bento::Masks::card_numbers());
    /// assert_eq!(masks.mask("ann@example.com: 4111-1111-1111-1111"), "[e-mail]: [card]");
    /// ```
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self.0.sort_unstable();
        self.0.dedup();
        self
    }

    /// What becomes of a text: for tests, and for use in a hook of one's own.
    ///
    /// ```
    /// let masks = bento::Masks::all();
    /// let hook = move |field: &mut bento::Field<'_>| {
    ///     if field.key() == "input.value"
    ///         && let Some(text) = field.text()
    ///     {
    ///         field.replace(masks.mask(text).into_owned());
    ///     }
    /// };
    /// let builder = bento::builder().redact(hook);
    /// ```
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut masked = Cow::Borrowed(text);
        for kind in &self.0 {
            let mut edits = Edits::default();
            match kind {
                Kind::Secret => secret::find(&masked, &mut edits),
                Kind::Key => key::find(&masked, &mut edits),
                Kind::Card => card::find(&masked, &mut edits),
                Kind::Email => email::find(&masked, &mut edits),
            }
            if !edits.0.is_empty() {
                masked = Cow::Owned(edits.apply(&masked));
            }
        }
        masked
    }

    /// Whether a key is itself what is masked, as it may be in maps of what users wrote.
    fn masks_key(&self, key: &str) -> bool {
        // Everything that is masked has one of these; most keys have none.
        let is_odd = |byte: u8| !(byte.is_ascii_lowercase() || byte == b'.' || byte == b'_');
        (key.bytes().any(is_odd) || key.contains("bl_")) && matches!(self.mask(key), Cow::Owned(_))
    }

    /// What takes the place of a value, if anything does.
    fn replacement(&self, field: &Field<'_>) -> Option<String> {
        let names_secret = self.0.contains(&Kind::Secret) && secret::is_name(field.key());
        let Some(text) = field.text() else { return self.replacement_of_other(field, names_secret) };
        if names_secret && !text.is_empty() {
            return Some(secret::MASK.into());
        }
        let masked = self.mask(text);
        match place::cut_word(&masked).filter(|_| field.is_cut()) {
            Some(rest) => Some(format!("{rest}[cut]")),
            None => matches!(masked, Cow::Owned(_)).then(|| masked.into_owned()),
        }
    }

    /// The same for what is no text.
    fn replacement_of_other(&self, field: &Field<'_>, names_secret: bool) -> Option<String> {
        let digits = match field.value() {
            // The size of a value says nothing of it.
            serde_json::Value::Number(_) if field.key().starts_with(keys::TRUNCATED) => return None,
            serde_json::Value::Number(number) => number.to_string(),
            serde_json::Value::Array(items) if items.first().is_some_and(serde_json::Value::is_number) => {
                serde_json::Value::Array(items).to_string()
            }
            _ => return None,
        };
        if names_secret {
            return Some(secret::MASK.into());
        }
        matches!(self.mask(&digits), Cow::Owned(_)).then(|| card::MASK.into())
    }
}

impl Redact for Masks {
    fn redact(&self, field: &mut Field<'_>) {
        if self.masks_key(field.key()) {
            field.remove();
        } else if let Some(masked) = self.replacement(field) {
            field.replace(masked);
        }
    }
}

/// What is to be replaced in a text, in ascending order and without overlap.
#[derive(Debug, Default)]
struct Edits(Vec<(Range<usize>, Cow<'static, str>)>);

impl Edits {
    fn replace(&mut self, range: Range<usize>, mask: impl Into<Cow<'static, str>>) {
        self.0.push((range, mask.into()));
    }

    /// Puts them in order; of those that overlap the first one counts.
    fn order(&mut self) {
        self.0.sort_by_key(|(range, _)| range.start);
        let mut end = 0;
        self.0.retain(|(range, _)| {
            let is_apart = range.start >= end;
            end = end.max(range.end);
            is_apart
        });
    }

    fn apply(self, text: &str) -> String {
        let mut masked = String::with_capacity(text.len());
        let mut from = 0;
        for (range, mask) in self.0 {
            // Out of order or amid a character would be a fault of ours, for which nothing may panic.
            let Some(kept) = text.get(from..range.start) else { continue };
            masked.push_str(kept);
            masked.push_str(&mask);
            from = range.end;
        }
        masked.push_str(text.get(from..).unwrap_or_default());
        masked
    }
}

/// A pattern of ours, compiled when it is first needed. That all of them are well-formed is for the tests to say.
type Pattern = Lazy<Option<Regex>>;

#[cfg(test)]
mod tests;
