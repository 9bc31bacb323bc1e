//! Runs the SDK and its rivals through the same workloads, round after round, and tells which goals are met.
//!
//! `cargo run --release` runs everything; `cargo run --release -- --help` tells what can be chosen. See README.md.

mod compile;
mod contest;
mod footprint;
mod process;
mod roster;
mod sink;
mod table;
mod verdict;

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};
use workloads::Workload;

use crate::contest::Results;
use crate::roster::Entry;

#[derive(Debug, Parser)]
#[command(version, about, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    choice: Choice,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Is the backend of one contender, in a process of its own; prints its port.
    #[command(hide = true)]
    Sink { behaviour: sink::Behaviour },
}

/// What is to be run.
#[derive(Debug, Args)]
struct Choice {
    /// Workloads, such as `w1,w4`; by default all.
    #[arg(long, short, value_delimiter = ',', value_parser = workload)]
    workloads: Vec<Workload>,
    /// Contenders, such as `bento,otel`; by default all.
    #[arg(long, short, value_delimiter = ',')]
    contenders: Vec<String>,
    /// How often each contender runs; the medians count.
    #[arg(long, short, default_value_t = 5)]
    rounds: usize,
    /// A fifth of the work and three rounds: rough figures in minutes.
    #[arg(long)]
    quick: bool,
    /// Spans between two flushes in W4 and W5, instead of each contender's own best.
    #[arg(long)]
    chunk: Option<usize>,
}

fn workload(name: &str) -> Result<Workload, String> {
    Workload::by_name(name).ok_or_else(|| "there are w1 to w9".to_owned())
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    match cli.command {
        Some(Command::Sink { behaviour }) => sink::serve(behaviour),
        None => run(&cli.choice),
    }
}

fn run(choice: &Choice) -> anyhow::Result<()> {
    let entries = chosen(&choice.contenders)?;
    let all = choice.workloads.is_empty();
    let workloads = workloads::ALL.into_iter().filter(|workload| all || choice.workloads.contains(workload));
    let mut results = Results::default();
    for workload in workloads {
        let found = if workload == Workload::W9 {
            footprint::measure(&choice.contenders)?
        } else {
            contest::run(workload, &entries, choice).with_context(|| format!("in {workload}"))?
        };
        results.insert(workload, found);
        table::print(workload, &results);
        verdict::print(workload, &results);
    }
    Ok(())
}

fn chosen(names: &[String]) -> anyhow::Result<Vec<&'static Entry>> {
    let contenders: Vec<_> = roster::CONTENDERS.iter().map(|entry| entry.name).collect();
    let known = |name: &str| contenders.contains(&name) || footprint::NAMES.contains(&name);
    if let Some(name) = names.iter().find(|name| !known(name)) {
        bail!(
            "no contender `{name}`; there are {}, and in w9 {}",
            contenders.join(", "),
            footprint::NAMES.join(", ")
        );
    }
    let all = names.is_empty();
    Ok(roster::CONTENDERS.iter().filter(|entry| all || names.iter().any(|name| name == entry.name)).collect())
}
