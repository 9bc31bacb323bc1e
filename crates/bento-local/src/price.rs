//! What tokens cost: a price list that the user can replace, and exact sums of money.

use std::collections::HashMap;
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

/// Prices per token, by model.
#[derive(Clone, Debug)]
pub(crate) struct Prices {
    models: HashMap<String, Price>,
}

/// What a file of prices holds: dollars for a million tokens.
#[derive(Deserialize)]
struct List {
    models: HashMap<String, PerMillion>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PerMillion {
    input: f64,
    output: f64,
    /// Of prompt tokens that came from the provider's cache; as other prompt tokens if not given.
    cached_input: Option<f64>,
}

#[derive(Clone, Copy, Debug)]
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
        let List { models } = serde_json::from_slice(json)?;
        let priced = models.into_iter().map(|(model, price)| {
            let price = Price::of(&price).ok_or_else(|| PriceError::Range(model.clone()))?;
            Ok((model.to_lowercase(), price))
        });
        Ok(Self { models: priced.collect::<Result<_, PriceError>>()? })
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

    /// The name as it is listed, or without what providers put around it: `us.anthropic.claude-x-20250929-v1:0` is `claude-x`.
    fn price(&self, model: &str) -> Option<&Price> {
        let model = model.to_lowercase();
        self.models.get(&model).or_else(|| {
            let (_, name) = model.rsplit_once('/').unwrap_or(("", &model));
            let name = without_region(name);
            self.models.get(name).or_else(|| self.models.get(without_version(name)))
        })
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

/// `eu.anthropic.claude…` names a region and a vendor; a model's own name begins behind the last dot before a letter.
fn without_region(name: &str) -> &str {
    const VENDORS: [&str; 7] =
        ["anthropic.", "meta.", "amazon.", "cohere.", "mistral.", "ai21.", "deepseek."];
    VENDORS.iter().find_map(|vendor| name.split_once(vendor)).map_or(name, |(_, model)| model)
}

/// Without `-latest`, `@…`, `:…`, `-v1` and a date at the end.
fn without_version(name: &str) -> &str {
    let name = name.split(['@', ':']).next().unwrap_or(name);
    let name = name.strip_suffix("-latest").unwrap_or(name);
    let digits =
        |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let name = match name.rsplit_once("-v") {
        Some((rest, version)) if digits(version, version.len()) && !version.is_empty() => rest,
        _ => name,
    };
    match name.rsplit_once('-') {
        Some((rest, date)) if digits(date, 8) => rest,
        // 2024-08-06
        Some((rest, day)) if digits(day, 2) => match rest.rsplit_once('-').and_then(|(rest, month)| {
            let (rest, year) = rest.rsplit_once('-')?;
            (digits(month, 2) && digits(year, 4)).then_some(rest)
        }) {
            Some(rest) => rest,
            None => name,
        },
        _ => name,
    }
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

    #[test]
    fn a_list_that_is_none_says_so() {
        for (json, reason) in [
            ("{}", "missing field `models`"),
            (r#"{"models": {"m": {"input": 1}}}"#, "missing field `output`"),
            (r#"{"models": {"m": {"input": 1, "output": 1, "cache": 1}}}"#, "unknown field `cache`"),
            (r#"{"models": {"m": {"input": -1, "output": 1}}}"#, "the price of \"m\" is not between"),
        ] {
            let error =
                Prices::parse(json.as_bytes()).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(reason), "{json}: {error}");
        }
    }
}
