//! Holds the SDK's figures against the goals of a workload.

use workloads::{Bound, Goal, Workload};

use crate::contest::Results;
use crate::roster::OURS;

#[expect(clippy::print_stdout, reason = "a benchmark reports")]
pub(crate) fn print(workload: Workload, results: &Results) {
    let ours: Vec<_> =
        results.of(workload).iter().map(|(name, _)| name).filter(|name| is_ours(name)).collect();
    if ours.is_empty() {
        return;
    }
    println!("\n| | goal | found | |\n|---|---|---|---|");
    for (own, goal) in ours.into_iter().flat_map(|own| workload.goals().iter().map(move |goal| (own, goal))) {
        let (wish, found) = judge(workload, own, goal, results);
        let (found, verdict) = match found {
            Some((value, met)) => (format!("{value:.2}"), if met { "met" } else { "**missed**" }),
            None => ("–".to_owned(), "not measured in this run"),
        };
        println!("| {own} | {wish} | {found} | {verdict} |");
    }
}

/// In W9 the SDK takes part in two forms.
fn is_ours(name: &str) -> bool {
    name == OURS || name.strip_prefix(OURS).is_some_and(|form| form.starts_with('-'))
}

/// The goal in words; what was found, and whether it is met.
fn judge(workload: Workload, name: &str, goal: &Goal, results: &Results) -> (String, Option<(f64, bool)>) {
    let heading = workload.figures().iter().find(|figure| figure.key == goal.figure);
    let heading = heading.map_or(goal.figure, |figure| figure.heading);
    let own = results.figure(workload, name, goal.figure);
    let ratio = |to: Option<f64>| Some(own? / to.filter(|to| *to != 0.0)?);
    let (wish, value, met): (_, _, fn(f64, f64) -> bool) = match goal.bound {
        Bound::AtMostOf(_, rival) => (
            format!("at most {} of {rival}", bound(goal)),
            ratio(results.figure(workload, rival, goal.figure)),
            |value, bound| value <= bound,
        ),
        Bound::AtLeastOf(_, rival) => (
            format!("at least {} times {rival}", bound(goal)),
            ratio(results.figure(workload, rival, goal.figure)),
            |value, bound| value >= bound,
        ),
        Bound::AtMostOwn(_, key) => (
            format!("at most {} times its own {key}", bound(goal)),
            ratio(results.figure(workload, name, key)),
            |value, bound| value <= bound,
        ),
        Bound::AtMostElsewhere(_, place, key) => (
            format!("at most {} times its own {key} of {place}", bound(goal)),
            ratio(Workload::by_name(place).and_then(|place| results.figure(place, name, key))),
            |value, bound| value <= bound,
        ),
        Bound::AtMost(_) => (format!("at most {}", bound(goal)), own, |value, bound| value <= bound),
        Bound::Exactly(_) => {
            (format!("exactly {}", bound(goal)), own, |value, bound| (value - bound).abs() < 0.5)
        }
    };
    (format!("{heading}: {wish}"), value.map(|value| (value, met(value, bound(goal)))))
}

fn bound(goal: &Goal) -> f64 {
    match goal.bound {
        Bound::AtMostOf(bound, _)
        | Bound::AtLeastOf(bound, _)
        | Bound::AtMostOwn(bound, _)
        | Bound::AtMostElsewhere(bound, _, _)
        | Bound::AtMost(bound)
        | Bound::Exactly(bound) => bound,
    }
}
