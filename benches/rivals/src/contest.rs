//! One workload: every contender in turn, round after round, each with a sink of its own.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Instant;

use anyhow::ensure;
use serde_json::{Map, Value};
use workloads::Workload;

use crate::process::{Sink, contender};
use crate::roster::Entry;
use crate::sink::Behaviour;
use crate::{Choice, compile};

/// What a contender showed in a workload: the medians of its figures, and remarks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Showing {
    pub(crate) figures: BTreeMap<String, f64>,
    pub(crate) words: BTreeMap<String, String>,
}

/// The showings of a workload, in the order of the roster.
pub(crate) type Found = Vec<(String, Showing)>;

/// What has been found so far.
#[derive(Debug, Default)]
pub(crate) struct Results(Vec<(Workload, Found)>);

impl Results {
    pub(crate) fn insert(&mut self, workload: Workload, found: Found) {
        self.0.push((workload, found));
    }

    pub(crate) fn of(&self, workload: Workload) -> &[(String, Showing)] {
        self.0.iter().find(|(of, _)| *of == workload).map_or(&[], |(_, found)| found)
    }

    pub(crate) fn figure(&self, workload: Workload, contender: &str, key: &str) -> Option<f64> {
        let (_, showing) = self.of(workload).iter().find(|(name, _)| name == contender)?;
        showing.figures.get(key).copied()
    }
}

/// Every figure of every round, and the words of the last.
#[derive(Debug, Default)]
struct Rounds {
    figures: BTreeMap<String, Vec<f64>>,
    words: BTreeMap<String, String>,
}

pub(crate) fn run(workload: Workload, entries: &[&Entry], choice: &Choice) -> anyhow::Result<Found> {
    for entry in entries {
        progress(&format!("building {}", entry.name));
        compile::package(&format!("contender-{}", entry.package))?;
        if workload == Workload::W6 && has_hello(entry) {
            compile::package(&format!("hello-{}", entry.package))?;
        }
    }
    let rounds = match workload {
        // Counts, which come out the same, and half a minute for each.
        Workload::W8 => 1,
        _ if choice.quick => choice.rounds.min(3),
        // One of them takes a minute for it.
        Workload::W7 => choice.rounds.min(3),
        _ => choice.rounds,
    };
    let mut found: Vec<Rounds> = entries.iter().map(|_| Rounds::default()).collect();
    for round in 1..=rounds {
        for (entry, showing) in entries.iter().zip(&mut found) {
            progress(&format!("{workload}, round {round} of {rounds}: {}", entry.name));
            if let Err(error) = once(workload, entry, choice, round, showing) {
                showing.words.insert("failed".to_owned(), format!("{error:#}"));
            }
        }
    }
    progress("");
    Ok(entries
        .iter()
        .map(|entry| entry.name.to_owned())
        .zip(found.into_iter().map(Rounds::medians))
        .collect())
}

fn once(
    workload: Workload,
    entry: &Entry,
    choice: &Choice,
    round: usize,
    showing: &mut Rounds,
) -> anyhow::Result<()> {
    let timed = format!("contender-{}", entry.package);
    match workload {
        Workload::W8 => {
            for behaviour in Behaviour::FAULTS {
                let sink = Sink::start(behaviour)?;
                let outcome = contender(&mut command(&timed, workload, entry, choice, &sink)?)?;
                showing.add_words(&outcome, behaviour.name());
                if !outcome.contains_key("unable") {
                    let counts = sink.counts()?;
                    showing.add(behaviour.name(), counts.distinct as f64);
                    let twice = counts.spans - counts.distinct;
                    if twice > 0 {
                        showing.words.insert(format!("{}: twice", behaviour.name()), twice.to_string());
                    }
                }
            }
            return Ok(());
        }
        Workload::W1 if round == 1 => {
            let sink = Sink::start(Behaviour::Well)?;
            let counted = format!("contender-{}-counted", entry.package);
            showing.take(&contender(&mut command(&counted, workload, entry, choice, &sink)?)?);
        }
        Workload::W6 if has_hello(entry) => {
            let hello = compile::folder()?.join(format!("hello-{}", entry.package));
            let cold = whole_processes(&hello, entry, if choice.quick { 5 } else { 10 })?;
            showing.figures.entry("cold".to_owned()).or_default().extend(cold);
        }
        _ => {}
    }
    let behaviour = if workload == Workload::W7 { Behaviour::Slow } else { Behaviour::Well };
    let sink = Sink::start(behaviour)?;
    let outcome = contender(&mut command(&timed, workload, entry, choice, &sink)?)?;
    showing.take(&outcome);
    // In W1 the floor only copies.
    let delivers = !(entry.package == "floor" && workload == Workload::W1);
    if let Some(sent) = outcome.get("sent").and_then(Value::as_f64).filter(|_| delivers) {
        let counts = sink.counts()?;
        showing.add("wire", counts.bytes as f64 / sent);
        showing.add("arrived", counts.distinct as f64 / sent);
    }
    Ok(())
}

fn command(
    program: &str,
    workload: Workload,
    entry: &Entry,
    choice: &Choice,
    sink: &Sink,
) -> anyhow::Result<Command> {
    let mut command = Command::new(compile::folder()?.join(program));
    let length = if choice.quick { "quick" } else { "full" };
    command.args([workload.name(), &sink.url(), entry.variant, length]);
    command.args(choice.chunk.map(|chunk| chunk.to_string()));
    Ok(command)
}

/// A whole process each: start, init, span, flush, exit. In milliseconds.
fn whole_processes(program: &std::path::Path, entry: &Entry, times: usize) -> anyhow::Result<Vec<f64>> {
    let sink = Sink::start(Behaviour::Well)?;
    let mut found = Vec::with_capacity(times);
    // The first has its pages read from the disk, and does not count.
    for _ in 0..=times {
        let mut hello = Command::new(program);
        hello.args([&sink.url(), entry.variant]);
        let start = Instant::now();
        let status = hello.status()?;
        found.push(start.elapsed().as_secs_f64() * 1e3);
        ensure!(status.success(), "the cold process failed: {status}");
    }
    let arrived = sink.counts()?.spans;
    ensure!(arrived == found.len() as u64, "of {} cold processes {arrived} spans arrived", found.len());
    found.remove(0);
    Ok(found)
}

fn has_hello(entry: &Entry) -> bool {
    entry.package != "floor"
}

impl Rounds {
    fn add(&mut self, key: &str, value: f64) {
        self.figures.entry(key.to_owned()).or_default().push(value);
    }

    fn take(&mut self, outcome: &Map<String, Value>) {
        for (key, value) in outcome {
            match value {
                Value::Number(number) => self.add(key, number.as_f64().unwrap_or(f64::NAN)),
                Value::String(words) => drop(self.words.insert(key.clone(), words.clone())),
                _ => {}
            }
        }
    }

    fn add_words(&mut self, outcome: &Map<String, Value>, about: &str) {
        for (key, value) in outcome {
            if let Value::String(words) = value {
                let key = if key == "unable" { key.clone() } else { format!("{about}: {key}") };
                self.words.insert(key, words.clone());
            }
        }
    }

    fn medians(self) -> Showing {
        let median = |(key, mut values): (String, Vec<f64>)| {
            values.sort_unstable_by(f64::total_cmp);
            let (upper, lower) = (values[values.len() / 2], values[(values.len() - 1) / 2]);
            (key, f64::midpoint(upper, lower))
        };
        Showing { figures: self.figures.into_iter().map(median).collect(), words: self.words }
    }
}

/// What is being done, on one line of the terminal that the next one overwrites.
#[expect(clippy::print_stderr, reason = "a benchmark of minutes says how far it is")]
pub(crate) fn progress(what: &str) {
    eprint!("\r\x1b[2K{what}");
}
