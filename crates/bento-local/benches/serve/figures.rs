//! Figures of single requests, and the table that they stand in.

use std::time::Duration;

/// How long each request took, in the order they were made.
#[derive(Debug, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn push(&mut self, took: Duration) {
        self.0.push(took);
    }

    pub(crate) fn first(&self) -> Duration {
        self.0.first().copied().unwrap_or_default()
    }

    pub(crate) fn total(&self) -> Duration {
        self.0.iter().sum()
    }

    pub(crate) fn worst(&self) -> Duration {
        self.0.iter().max().copied().unwrap_or_default()
    }

    /// What `percent` of the requests took at most.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted.get(at).copied().unwrap_or_default()
    }
}

pub(crate) fn millis(took: Duration) -> String {
    format!("{:.1}", took.as_secs_f64() * 1e3)
}

/// A table in Markdown, printed line by line so that nobody waits for its end to see its beginning.
pub(crate) fn head(title: &str, columns: &[&str]) {
    println!("\n{title}\n");
    row(columns);
    println!("|---|{}", "---:|".repeat(columns.len() - 1));
}

pub(crate) fn row<T: AsRef<str>>(cells: &[T]) {
    let cells: Vec<_> = cells.iter().map(AsRef::as_ref).collect();
    println!("| {} |", cells.join(" | "));
}
