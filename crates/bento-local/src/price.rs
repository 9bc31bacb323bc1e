//! What tokens cost: a price list that the user can replace, and exact sums of money.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The list that comes with the program.
const BUILT_IN: &str = include_str!("../prices.json");

/// US dollars, exact to a millionth of a millionth of one, so that sums do not depend on their order.
///
/// ```
/// let cost = bento_local::Usd::from_picos(1_500_000_000_000);
/// assert_eq!(cost.to_string(), "$1.50");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd(i64);

/// What some editors put in front of a text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Prices per token, by model. Names are in lower case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prices {
    /// As they are listed.
    models: HashMap<String, Price>,
    /// Without what providers put around them, but with the date. No price where listed names disagree.
    plain: HashMap<String, Option<Price>>,
    /// The same without the date.
    undated: HashMap<String, Option<Price>>,
}

/// What a file of prices holds: dollars for a million tokens.
#[derive(Deserialize)]
struct List {
    /// In an order, so that of two faults the same is told every time.
    models: BTreeMap<String, PerMillion>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PerMillion {
    input: f64,
    output: f64,
    /// Of prompt tokens that came from the provider's cache; as other prompt tokens if not given.
    cached_input: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Price {
    input: i64,
    output: i64,
    cached_input: i64,
}

/// Tokens of one call; those from the cache are among the input.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tokens {
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) cached: u64,
}

/// Why a file of prices cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PriceError {
    /// It cannot be read.
    #[error("cannot read the prices: {0}")]
    Read(#[from] std::io::Error),
    /// It is not of the right form.
    #[error(
        "the prices are not of the form {{\"models\": {{\"name\": {{\"input\": 2.5, \"output\": 10}}}}}}, in dollars for a million tokens: {0}"
    )]
    Form(#[from] serde_json::Error),
    /// A price is negative, or too high to be one.
    #[error("the price of {0:?} is not between 0 and 1,000,000 dollars for a million tokens")]
    Range(String),
    /// A price is of no model.
    #[error("one of the prices has an empty name")]
    Unnamed,
    /// A model has two prices: its name counts in whatever case it is written.
    #[error("the prices have {0:?} twice, in upper and in lower case, which mean the same model")]
    Twice(String),
}

impl Usd {
    /// That many millionths of a millionth of a dollar.
    pub const fn from_picos(picos: i64) -> Self {
        Self(picos)
    }

    /// In millionths of a millionth of a dollar.
    pub const fn picos(self) -> i64 {
        self.0
    }

    /// In dollars, as near as a double comes.
    #[expect(clippy::cast_precision_loss, reason = "it is for showing")]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e12
    }

    pub(crate) fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Half a picodollar more or less is lost.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cast from a double saturates, which is what is wanted"
    )]
    fn from_dollars(dollars: f64) -> Self {
        Self((dollars * 1e12).round() as i64)
    }
}

impl fmt::Display for Usd {
    /// Cents, and below a dollar as many digits as it takes to say something.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dollars = self.dollars();
        if dollars == 0.0 || dollars >= 1.0 {
            write!(f, "${dollars:.2}")
        } else if dollars >= 0.01 {
            write!(f, "${dollars:.3}")
        } else {
            write!(f, "${dollars:.6}")
        }
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.dollars())
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self::from_dollars)
    }
}

impl Prices {
    pub(crate) fn built_in() -> Result<Self, PriceError> {
        Self::parse(BUILT_IN.as_bytes())
    }

    pub(crate) fn read(file: &Path) -> Result<Self, PriceError> {
        Self::parse(&fs::read(file)?)
    }

    fn parse(json: &[u8]) -> Result<Self, PriceError> {
        let List { models } = serde_json::from_slice(json.strip_prefix(BYTE_ORDER_MARK).unwrap_or(json))?;
        let mut prices = Self::default();
        for (model, price) in models {
            let price = Price::of(&price).ok_or_else(|| PriceError::Range(model.clone()))?;
            prices.list(&model, price)?;
        }
        Ok(prices)
    }

    fn list(&mut self, model: &str, price: Price) -> Result<(), PriceError> {
        let name = model.to_lowercase();
        if name.trim().is_empty() {
            return Err(PriceError::Unnamed);
        }
        let plain = without_provider(&name);
        // A `-v3` may be part of a model's name; a provider's has more behind it.
        let plain = if plain.contains([':', '@']) { without_revision(plain) } else { plain };
        agree(&mut self.plain, plain, price);
        agree(&mut self.undated, without_date(plain), price);
        match self.models.insert(name, price) {
            None => Ok(()),
            Some(_) => Err(PriceError::Twice(model.to_owned())),
        }
    }

    /// What the tokens cost; `None` for a model that is not listed, and where no tokens were counted.
    pub(crate) fn cost(&self, model: &str, tokens: Tokens) -> Option<Usd> {
        let price = self.price(model)?;
        let cached = tokens.cached.min(tokens.input);
        let parts = [
            (tokens.input - cached, price.input),
            (cached, price.cached_input),
            (tokens.output, price.output),
        ];
        let sum: i128 = parts.iter().map(|&(tokens, price)| i128::from(tokens) * i128::from(price)).sum();
        Some(Usd(i64::try_from(sum).unwrap_or(i64::MAX)))
    }

    /// The price of a name as it is listed, or of the two names without what providers put around them:
    /// `us.anthropic.claude-x-20250929-v1:0` is `claude-x`. A model of one date has never the price of another date's.
    fn price(&self, model: &str) -> Option<&Price> {
        let model = model.to_lowercase();
        let name = without_provider(&model);
        let (of_provider, revised) = (without_revision(&model), without_revision(name));
        let undated = without_date(revised);
        let listed = [&model, name, of_provider, revised, without_date(of_provider), undated];
        let as_listed = listed.into_iter().find_map(|name| self.models.get(name));
        as_listed.or_else(|| {
            let plain = [name, revised, undated].into_iter().find_map(|name| self.plain.get(name));
            let any_date = || self.undated.get(undated).filter(|_| undated == revised);
            plain.or_else(any_date)?.as_ref()
        })
    }
}

/// Lists a price under a name that others may have too.
fn agree(prices: &mut HashMap<String, Option<Price>>, name: &str, price: Price) {
    if !name.is_empty() {
        let listed = prices.entry(name.to_owned()).or_insert(Some(price));
        *listed = listed.filter(|listed| *listed == price);
    }
}

impl Price {
    fn of(price: &PerMillion) -> Option<Self> {
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        let per_token = |dollars: f64| (0.0..=1e6).contains(&dollars).then(|| (dollars * 1e6).round() as i64);
        Some(Self {
            input: per_token(price.input)?,
            output: per_token(price.output)?,
            cached_input: per_token(price.cached_input.unwrap_or(price.input))?,
        })
    }
}

/// `openai/…` names a vendor, `eu.anthropic.…` a region and a vendor.
fn without_provider(name: &str) -> &str {
    const VENDORS: [&str; 7] =
        ["anthropic.", "meta.", "amazon.", "cohere.", "mistral.", "ai21.", "deepseek."];
    let (_, name) = name.rsplit_once('/').unwrap_or(("", name));
    VENDORS.iter().find_map(|vendor| name.split_once(vendor)).map_or(name, |(_, model)| model)
}

/// Without `-latest`, `:…` and `-v1` at the end, and without `@…`, be it a date.
fn without_revision(name: &str) -> &str {
    let name = name.split(['@', ':']).next().unwrap_or(name);
    let name = name.strip_suffix("-latest").unwrap_or(name);
    match name.rsplit_once("-v") {
        Some((rest, version)) if !version.is_empty() && is_digits(version, version.len()) => rest,
        _ => name,
    }
}

/// Without a date at the end.
fn without_date(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((rest, date)) if is_digits(date, 8) => rest,
        // 2024-08-06
        Some((rest, day)) if is_digits(day, 2) => {
            let date = rest.rsplit_once('-').and_then(|(rest, month)| {
                let (rest, year) = rest.rsplit_once('-')?;
                (is_digits(month, 2) && is_digits(year, 4)).then_some(rest)
            });
            date.unwrap_or(name)
        }
        _ => name,
    }
}

fn is_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(model: &str, input: u64, output: u64) -> Option<String> {
        let tokens = Tokens { input, output, cached: 0 };
        Prices::built_in().ok()?.cost(model, tokens).map(|cost| cost.to_string())
    }

    #[test]
    fn a_model_is_found_under_the_names_that_providers_give_it() {
        for model in [
            "claude-sonnet-4-5",
            "Claude-Sonnet-4-5-20250929",
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "anthropic/claude-sonnet-4-5",
            "claude-sonnet-4-5@20250929",
            "claude-sonnet-4-5-latest",
        ] {
            assert_eq!(cost(model, 1_000_000, 1_000_000).as_deref(), Some("$18.00"), "{model}");
        }
        assert_eq!(cost("gpt-4o-2024-08-06", 1_000_000, 0), cost("gpt-4o", 1_000_000, 0));
        assert_eq!(cost("gpt-4o-2099", 1, 1), None);
        assert_eq!(
            (cost("", 1, 1), cost("nobody's", 1, 1), cost("-", 1, 1), cost("a-01", 1, 1)),
            (None, None, None, None)
        );
    }

    #[test]
    fn tokens_from_the_cache_have_their_own_price() -> Result<(), PriceError> {
        let prices = Prices::parse(br#"{"models": {"m": {"input": 4, "output": 8, "cached_input": 1}, "n": {"input": 4, "output": 8}}}"#)?;
        let picos =
            |model, cached| prices.cost(model, Tokens { input: 10, output: 1, cached }).map(Usd::picos);
        assert_eq!(
            (picos("m", 0), picos("m", 10), picos("m", 99)),
            (Some(48_000_000), Some(18_000_000), Some(18_000_000))
        );
        assert_eq!(picos("n", 10), picos("n", 0));
        let most = Tokens { input: u64::MAX, output: u64::MAX, cached: 0 };
        assert_eq!(prices.cost("m", most), Some(Usd(i64::MAX)));
        Ok(())
    }

    /// What a list of these names and prices asks for a million tokens of each of these models.
    fn asked(listed: &[(&str, u32)], models: &[&str]) -> Result<Vec<Option<f64>>, PriceError> {
        let mut prices = Prices::default();
        for &(model, input) in listed {
            prices.list(model, Price { input: i64::from(input) * 1_000_000, output: 0, cached_input: 0 })?;
        }
        let tokens = Tokens { input: 1_000_000, output: 0, cached: 0 };
        Ok(models.iter().map(|model| prices.cost(model, tokens).map(Usd::dollars)).collect())
    }

    #[test]
    fn a_listed_name_may_have_what_providers_put_around_it() -> Result<(), PriceError> {
        let listed = [("us.anthropic.Claude-X", 1), ("openai/gpt-x", 2), ("anthropic.old-20250929-v1:0", 3)];
        for (price, models) in [
            (1.0, ["us.anthropic.claude-x", "us.anthropic.claude-x-20250929-v1:0", "claude-x@20250929"]),
            (1.0, ["claude-x", "claude-x-latest", "anthropic/claude-x-20250929"]),
            (2.0, ["openai/gpt-x", "openai/gpt-x-2024-08-06", "GPT-X"]),
            (2.0, ["azure/gpt-x", "gpt-x-2024-08-06", "openrouter/openai/gpt-x:free"]),
            (3.0, ["old", "old-20250929", "eu.anthropic.old-20250929-v1:0"]),
        ] {
            assert_eq!(asked(&listed, &models)?, [Some(price); 3], "{models:?}");
        }
        assert_eq!(
            asked(&listed, &["old-20240101", "gpt", "openai/", "x"])?,
            [None; 4],
            "no price is guessed"
        );
        Ok(())
    }

    #[test]
    fn of_names_that_are_alike_the_nearest_counts() -> Result<(), PriceError> {
        let listed =
            [("us.anthropic.c", 1), ("eu.anthropic.c", 2), ("azure/g", 3), ("g", 4), ("a/h", 5), ("b/h", 5)];
        let models =
            ["us.anthropic.c-20250929-v1:0", "eu.anthropic.c", "c", "azure/g-2024-08-06", "openai/g", "h"];
        let prices = [Some(1.0), Some(2.0), None, Some(3.0), Some(4.0), Some(5.0)];
        assert_eq!(asked(&listed, &models)?, prices);
        let versions = [("deep-v2", 1), ("deep-v3", 2)];
        assert_eq!(asked(&versions, &["deep/deep-v3", "deep-v2", "deep-v4"])?, [Some(2.0), Some(1.0), None]);
        Ok(())
    }

    #[test]
    fn a_byte_order_mark_is_read_over() -> Result<(), PriceError> {
        let prices =
            Prices::parse("\u{feff}{\"models\": {\"m\": {\"input\": 1, \"output\": 1}}}".as_bytes())?;
        assert!(prices.price("m").is_some());
        Ok(())
    }

    #[test]
    fn a_list_that_is_none_says_so() {
        for (json, reason) in [
            ("{}", "missing field `models`"),
            (r#"{"models": {"m": {"input": 1}}}"#, "missing field `output`"),
            (r#"{"models": {"m": {"input": 1, "output": 1, "cache": 1}}}"#, "unknown field `cache`"),
            (r#"{"models": {"M": {"input": 1, "output": 1}, "m": {"input": 2, "output": 2}}}"#, "\"m\""),
            (r#"{"models": {"m": {"input": -1, "output": 1}}}"#, "the price of \"m\" is not between"),
            (r#"{"models": {" ": {"input": 1, "output": 1}}}"#, "an empty name"),
            (
                r#"{"models": {"M": {"input": 1, "output": 1}, "m": {"input": 2, "output": 1}}}"#,
                "the prices have \"m\" twice",
            ),
        ] {
            let error =
                Prices::parse(json.as_bytes()).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(reason), "{json}: {error}");
        }
    }
}
