//! Keys and tokens that tell by their form what they are.

use once_cell::sync::Lazy;
use regex::Regex;

use super::place::{begins_word, ends_word};
use super::{Edits, Pattern};

const MASK: &str = "[api-key]";
const TOKEN: &str = "[token]";
const PRIVATE_KEY: &str = "[private-key]";

/// What keys look like. Each of the last kind has a length, and ends there.
#[rustfmt::skip]
const FORMS: [&str; 12] = [
    // OpenAI, Anthropic, OpenRouter, Langfuse, DeepSeek and many more.
    "sk-[A-Za-z0-9_-]{16,}",
    "bl_[ps]k_[A-Za-z0-9_-]{4,}",
    // GitHub, GitLab, npm, PyPI.
    "gh[pousr]_[A-Za-z0-9]{30,}", "github_pat_[A-Za-z0-9_]{22,}", "glpat-[A-Za-z0-9_-]{20,}", "(?:npm_|pypi-)[A-Za-z0-9_-]{30,}",
    // Slack.
    "(?:xox[a-z]|xapp)-[A-Za-z0-9-]{10,}",
    // Google's OAuth tokens and secrets; SendGrid.
    r"(?:ya29\.|GOCSPX-)[A-Za-z0-9_-]{20,}", r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    // Stripe, Hugging Face, Groq, Replicate, Perplexity, xAI, Notion, Linear, Tavily, Pinecone, LangSmith, Vault.
    "(?:[rs]k_(?:live|test)_|whsec_|hf_|gsk_|r8_|pplx-|xai-|ntn_|lin_api_|tvly-|pcsk_|lsv2_[a-z]{2}_|hvs\\.)[A-Za-z0-9_-]{16,}",
    // JSON Web Tokens: two objects and a signature.
    r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
    // AWS, Google, Twilio, Databricks, Shopify, DigitalOcean.
    "(?:(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{35}|SK[0-9a-f]{32}|dapi[0-9a-f]{32}|shp[a-z]{2}_[0-9a-f]{32}|do[opr]_v1_[0-9a-f]{64})",
];

static KEYS: Pattern = Lazy::new(|| Regex::new(&FORMS.join("|")).ok());

/// A private key in PEM form. Its lines may be those of JSON, and its end may have been cut.
static PEM: Pattern = Lazy::new(|| {
    let body = r"(?:[A-Za-z0-9+/=:, \r\n-]|\\+[nr])*?";
    let end = "(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|$|[\"'])";
    Regex::new(&format!("-----BEGIN [A-Z ]{{0,30}}PRIVATE KEY-----{body}{end}")).ok()
});

pub(super) fn find(text: &str, edits: &mut Edits) {
    let Some(keys) = &*KEYS else { return };
    let mut from = 0;
    let mut private = private_key(text, 0);
    while let Some(found) = keys.find_at(text, from) {
        if let Some((start, end)) = private.filter(|(start, _)| *start <= found.start()) {
            edits.replace(start..end, PRIVATE_KEY);
            from = end.max(from);
            private = private_key(text, end);
            continue;
        }
        let key = found.as_str();
        if begins_word(text.as_bytes(), found.start())
            && ends_word(text.as_bytes(), found.end())
            && is_random(key)
        {
            edits.replace(found.range(), if key.starts_with("eyJ") { TOKEN } else { MASK });
            from = found.end();
        } else {
            // What it begins with is ASCII.
            from = found.start() + 1;
        }
    }
    while let Some((start, end)) = private {
        edits.replace(start..end, PRIVATE_KEY);
        private = private_key(text, end);
    }
}

fn private_key(text: &str, from: usize) -> Option<(usize, usize)> {
    let found = PEM.as_ref()?.find_at(text, from)?;
    // The quote that ends a text without its last line is not part of the key.
    let end = if found.as_str().ends_with(['"', '\'']) {
        found.start() + found.as_str().trim_end_matches(['"', '\'']).trim_end_matches('\\').len()
    } else {
        found.end()
    };
    Some((found.start(), end))
}

/// Whether it has a digit or a capital beyond its prefix, as anything random of that length has, and words have not.
fn is_random(key: &str) -> bool {
    let fits_all = ["bl_", "eyJ", "xox"].iter().any(|prefix| key.starts_with(prefix));
    let after_prefix = key.find(['-', '_', '.']).map_or(key, |end| &key[end..]);
    fits_all || after_prefix.bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}
