//! Keys and tokens that tell by their form what they are.

use once_cell::sync::Lazy;
use regex::Regex;

use super::place::{begins_word, ends_word};
use super::{Edits, Pattern, pem};

const MASK: &str = "[api-key]";
const TOKEN: &str = "[token]";

/// What keys begin with, and what follows.
#[rustfmt::skip]
const FORMS: [(&str, &str); 16] = [
    // OpenAI, Anthropic, OpenRouter, Langfuse, DeepSeek and many more.
    ("sk-", "[A-Za-z0-9_-]{16,}"),
    ("bl_[ps]k_", "[A-Za-z0-9_-]{4,}"),
    // GitHub, GitLab, npm, PyPI.
    ("gh[pousr]_", "[A-Za-z0-9]{30,}"),
    ("github_pat_", "[A-Za-z0-9_]{22,}"),
    ("glpat-", "[A-Za-z0-9_-]{20,}"),
    ("(?:npm_|pypi-)", "[A-Za-z0-9_-]{30,}"),
    // Slack.
    ("(?:xox[a-z]|xapp)-", "[A-Za-z0-9-]{10,}"),
    // Google's OAuth tokens and secrets; SendGrid.
    (r"(?:ya29\.|GOCSPX-)", "[A-Za-z0-9_-]{20,}"),
    (r"SG\.", r"[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    // Stripe, Hugging Face, Groq, Replicate, Perplexity, xAI, NVIDIA, Notion, Linear, Tavily, Pinecone, LangSmith, Vault.
    (
        r"(?:[rs]k_(?:live|test)_|whsec_|hf_|gsk_|r8_|pplx-|xai-|nvapi-|ntn_|lin_api_|tvly-|pcsk_|lsv2_[a-z]{2}_|hvs\.)",
        "[A-Za-z0-9_-]{16,}",
    ),
    // ElevenLabs.
    ("sk_", "[0-9a-f]{40,64}"),
    // JSON Web Tokens: two objects and a signature.
    ("eyJ", r"[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
    // AWS; Google; Twilio and Databricks; Shopify and DigitalOcean.
    ("A[KS]IA", "[A-Z0-9]{16}"),
    ("AIza", "[A-Za-z0-9_-]{35}"),
    ("(?:SK|dapi)", "[0-9a-f]{32}"),
    ("(?:shp[a-z]{2}_|do[opr]_v1_)", "(?:[0-9a-f]{64}|[0-9a-f]{32})"),
];

/// What a key may begin with: it is found many times faster than whole keys are, which may be of any length.
static STARTS: Pattern = Lazy::new(|| Regex::new(&FORMS.map(|(start, _)| start).join("|")).ok());
static KEY: Pattern = Lazy::new(|| {
    let forms = FORMS.map(|(start, rest)| format!("{start}{rest}"));
    Regex::new(&format!("^(?:{})", forms.join("|"))).ok()
});

pub(super) fn find(text: &str, edits: &mut Edits) {
    pem::find(text, edits);
    let private = edits.0.len();
    keys(text, edits);
    if private > 0 {
        edits.order();
    }
}

fn keys(text: &str, edits: &mut Edits) {
    let (Some(starts), Some(key)) = (&*STARTS, &*KEY) else { return };
    let mut from = 0;
    while let Some(start) = starts.find_at(text, from) {
        let found = begins_word(text.as_bytes(), start.start())
            .then(|| key.find(&text[start.start()..]))
            .flatten()
            .map(|key| start.start()..start.start() + key.end());
        from = match found {
            Some(range) => {
                let key = &text[range.clone()];
                if ends_word(text.as_bytes(), range.end) && is_random(key, start.len()) {
                    edits.replace(range.clone(), if key.starts_with("eyJ") { TOKEN } else { MASK });
                }
                range.end
            }
            // No token begins amid what could have been the first part of one.
            None if start.as_str() == "eyJ" => run_end(text, start.end()),
            // What it begins with is ASCII.
            None => start.start() + 1,
        };
    }
}

fn run_end(text: &str, from: usize) -> usize {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    text.bytes().skip(from).position(|byte| !is_part(byte)).map_or(text.len(), |length| from + length)
}

/// Whether it has a digit or a capital beyond its start, as anything random of that length has, and words have not.
fn is_random(key: &str, start: usize) -> bool {
    key.starts_with("bl_")
        || key[start..].bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}
