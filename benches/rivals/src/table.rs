//! Prints a workload as a table: figures, and below each the ratio to the two that count.

use workloads::{Figure, Workload};

use crate::contest::{Results, Showing};

/// Those that ratios are given to.
const YARDSTICKS: [&str; 2] = ["otel", "fastrace"];

#[expect(clippy::print_stdout, reason = "a benchmark reports")]
pub(crate) fn print(workload: Workload, results: &Results) {
    let figures = workload.figures();
    println!("\n### {}: {}\n", workload.name().to_uppercase(), workload.title());
    let headings: Vec<_> = figures.iter().map(|figure| figure.heading).collect();
    println!("| | {} |", headings.join(" | "));
    println!("|---|{}", "---|".repeat(figures.len()));
    let mut remarks = Vec::new();
    for (name, showing) in results.of(workload) {
        let cells: Vec<_> = figures
            .iter()
            .map(|figure| {
                let value = cell(figure, showing);
                let ratios = YARDSTICKS.iter().filter(|to| *to != name);
                let ratios: Vec<_> = ratios
                    .filter_map(|to| {
                        ratio(showing, figure, results.figure(workload, to, figure.key))
                            .map(|ratio| format!("{ratio} {}", &to[..1]))
                    })
                    .collect();
                if ratios.is_empty() { value } else { format!("{value} ({})", ratios.join(", ")) }
            })
            .collect();
        println!("| {name} | {} |", cells.join(" | "));
        remarks.extend(remark(name, showing));
    }
    println!("\nIn brackets: the ratio to otel (o) and to fastrace (f).");
    for remark in remarks {
        println!("- {remark}");
    }
}

fn cell(figure: &Figure, showing: &Showing) -> String {
    let value = showing.figures.get(figure.key).map(|value| format!("{value:.*}", figure.decimals));
    let words = || showing.words.get(figure.key).or_else(|| showing.words.get("unable")).cloned();
    value.or_else(words).unwrap_or_else(|| "–".to_owned())
}

fn ratio(showing: &Showing, figure: &Figure, to: Option<f64>) -> Option<String> {
    let (own, to) = (showing.figures.get(figure.key)?, to?);
    (to != 0.0).then(|| format!("{:.2}", own / to))
}

/// What does not fit into a cell: failures, spans that did not arrive, what a flush said.
fn remark(name: &str, showing: &Showing) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(chunk) = showing.figures.get("chunk") {
        remarks.push(format!("{name}: flushed every {chunk} spans"));
    }
    if let Some(arrived) = showing.figures.get("arrived").filter(|arrived| (**arrived - 1.0).abs() > 1e-9) {
        remarks.push(format!("**{name}: {:.2} % of its spans arrived**", arrived * 100.0));
    }
    let told =
        showing.words.iter().filter(|(key, _)| *key != "unable" && *key != "drops" && *key != "accounted");
    remarks.extend(told.map(|(key, words)| format!("{name}, {key}: {words}")));
    remarks
}
