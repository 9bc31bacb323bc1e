//! The table and the figures.

use std::collections::BTreeMap;

use crate::figures::Figure;
use crate::judge::Outcome;

/// Prints everything, and says whether all is well.
pub(crate) fn print(outcomes: &[Outcome], figures: &[Figure]) -> bool {
    println!(
        "{:<28} {:>7} {:>7}  {:<36} {:>4} {:>9} {:>8}  verdict",
        "fault", "emitted", "arrived", "counted lost", "dup.", "call", "flush"
    );
    for outcome in outcomes {
        println!(
            "{:<28} {:>7} {:>7}  {:<36} {:>4} {:>6.2} ms {:>6.2} s  {}",
            outcome.name,
            outcome.emitted,
            outcome.arrived,
            words(&outcome.lost),
            outcome.duplicates,
            outcome.longest_emission.as_secs_f64() * 1e3,
            outcome.longest_flush.as_secs_f64(),
            if outcome.wrong.is_empty() { "survived" } else { "FAILED" }
        );
    }
    println!();
    for figure in figures {
        println!("{:<58} {}", figure.name, figure.text);
    }
    for outcome in outcomes.iter().filter(|outcome| !outcome.wrong.is_empty()) {
        println!("\n{} failed:", outcome.name);
        outcome.wrong.iter().for_each(|what| println!("  {what}"));
        println!("{}", indented(&outcome.output));
    }
    let survived = outcomes.iter().filter(|outcome| outcome.wrong.is_empty()).count();
    let unaccounted: usize = outcomes.iter().map(|outcome| outcome.unaccounted).sum();
    println!("\nfaults survived {survived} of {}, spans unaccounted {unaccounted}", outcomes.len());
    survived == outcomes.len() && unaccounted == 0 && figures.iter().all(|figure| figure.holds)
}

fn words(lost: &BTreeMap<String, u64>) -> String {
    if lost.is_empty() {
        return "–".to_owned();
    }
    lost.iter().map(|(reason, spans)| format!("{spans} {reason}")).collect::<Vec<_>>().join(", ")
}

/// The end of what a child printed, which is where the trouble shows; long lines hold lists of spans, and what ureq says
/// in detail is of no use.
fn indented(output: &str) -> String {
    let lines = output.lines().filter(|line| !line.starts_with("[TRACE") && !line.starts_with("[DEBUG"));
    let lines: Vec<String> =
        lines.map(|line| format!("    | {}", line.chars().take(300).collect::<String>())).collect();
    lines.get(lines.len().saturating_sub(60)..).unwrap_or_default().join("\n")
}
