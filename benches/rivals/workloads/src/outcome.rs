//! What a run of a workload found, as one line of JSON.

use std::fmt::Write as _;
use std::time::Duration;

/// Which end of a figure is the good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    LowerIsBetter,
    HigherIsBetter,
}

/// A column of a workload's table: its key in the outcome, its heading with the unit, and how many decimals are shown.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    pub key: &'static str,
    pub heading: &'static str,
    pub decimals: usize,
    pub direction: Direction,
}

impl Figure {
    pub(crate) const fn lower(key: &'static str, heading: &'static str, decimals: usize) -> Self {
        Self { key, heading, decimals, direction: Direction::LowerIsBetter }
    }

    pub(crate) const fn higher(key: &'static str, heading: &'static str, decimals: usize) -> Self {
        Self { key, heading, decimals, direction: Direction::HigherIsBetter }
    }
}

/// Figures by their keys, and remarks in words.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    figures: Vec<(&'static str, f64)>,
    words: Vec<(&'static str, String)>,
}

impl Outcome {
    pub(crate) fn figure(&mut self, key: &'static str, value: f64) {
        self.figures.push((key, value));
    }

    pub(crate) fn count(&mut self, key: &'static str, value: u64) {
        self.figure(key, value as f64);
    }

    pub(crate) fn words(&mut self, key: &'static str, words: impl Into<String>) {
        self.words.push((key, words.into()));
    }

    pub(crate) fn json(&self) -> String {
        let mut line = String::from("{");
        for (key, value) in &self.figures {
            let _ = write!(line, "\"{key}\":{value},");
        }
        for (key, words) in &self.words {
            // The escapes of `Debug` for quotes, backslashes and line ends are those of JSON; others are left out.
            let plain: String = words.chars().filter(|c| !c.is_control() || *c == '\n').collect();
            let _ = write!(line, "\"{key}\":{plain:?},");
        }
        line.truncate(line.trim_end_matches(',').len());
        line.push('}');
        line
    }
}

/// The value that the given share of a sample does not exceed; zero of nothing.
pub(crate) fn percentile(sample: &mut [f64], percent: usize) -> f64 {
    sample.sort_unstable_by(f64::total_cmp);
    let at = (sample.len() * percent / 100).min(sample.len().saturating_sub(1));
    sample.get(at).copied().unwrap_or_default()
}

pub(crate) fn nanoseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}
