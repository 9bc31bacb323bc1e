//! The table, in Markdown.

/// Figures of one thing that was measured again and again.
#[derive(Debug, Default)]
pub(crate) struct Figures(Vec<f64>);

impl Figures {
    pub(crate) fn push(&mut self, figure: f64) {
        self.0.push(figure);
    }

    /// Prints the median, the greatest, and how often it was measured.
    pub(crate) fn row(&self, what: &str, unit: &str, goal: &str) {
        let sorted = self.sorted();
        print(what, &sorted, sorted[sorted.len() - 1], unit, goal);
    }

    /// The same where the least is the worst.
    pub(crate) fn row_of_more_is_better(&self, what: &str, unit: &str, goal: &str) {
        let sorted = self.sorted();
        print(what, &sorted, sorted[0], unit, goal);
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

impl FromIterator<f64> for Figures {
    fn from_iter<T: IntoIterator<Item = f64>>(figures: T) -> Self {
        Self(figures.into_iter().collect())
    }
}

pub(crate) fn head() {
    println!("| what | median | worst | times | unit | goal |\n|---|---:|---:|---:|---|---:|");
}

fn print(what: &str, sorted: &[f64], worst: f64, unit: &str, goal: &str) {
    println!(
        "| {what} | {:.1} | {worst:.1} | {} | {unit} | {goal} |",
        sorted[sorted.len() / 2],
        sorted.len()
    );
}
