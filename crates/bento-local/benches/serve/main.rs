//! What `bento serve` takes: `cargo bench -p bento-local --bench serve -- [ingest] [sdk] [read] [both] [--spans N] [--run-length N]`.
//!
//! The server is a process of its own, with its database in a folder on disk, and answers 200 once a body is durable. No
//! request is left out of the figures: the first ones, which find nothing in any cache, are among the worst.

#![expect(clippy::print_stdout, reason = "a benchmark reports")]

mod backend;
mod client;
mod figures;
mod ingest;
mod read;
mod spans;

use std::error::Error;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use backend::Backend;
use spans::Runs;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Bodies of 512 spans over one connection.
    Ingest,
    /// The SDK as the client.
    Sdk,
    /// Every question, asked of a full store.
    Read,
    /// Questions while spans come in.
    Both,
}

#[derive(Debug, Parser)]
struct Options {
    /// What to measure; everything unless it is said
    parts: Vec<Part>,
    /// How many spans the store is filled with
    #[arg(long, default_value_t = 1_000_000)]
    spans: u64,
    /// How many spans a run has; may be given several times [default: 8 and 1]
    #[arg(long)]
    run_length: Vec<u64>,
    /// Where the database is made
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    folder: PathBuf,
    /// What cargo says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Outcome {
    let options = Options::parse();
    let wants = |part| options.parts.is_empty() || options.parts.contains(&part);
    if wants(Part::Sdk) {
        ingest::by_the_sdk(&options.folder, options.spans / 5)?;
    }
    let lengths = if options.run_length.is_empty() { &[8, 1][..] } else { &options.run_length };
    for &length in lengths {
        if !(wants(Part::Ingest) || wants(Part::Read) || wants(Part::Both)) {
            continue;
        }
        let mut backend = Backend::start(&options.folder)?;
        let runs = Runs::new(options.spans / length, length);
        ingest::bodies(&backend, &runs)?;
        read::prepare(&backend, &runs)?;
        if wants(Part::Read) {
            read::alone(&backend, &runs)?;
        }
        if wants(Part::Both) {
            read::beside_ingest(&backend, &runs)?;
        }
        backend.stop()?;
    }
    Ok(())
}
