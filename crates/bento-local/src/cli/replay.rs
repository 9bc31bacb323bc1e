//! `bento replay`: recorded runs, sent again.

use std::fmt::Display;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bento::DeliveryError;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::error::CliError;
use super::remote::Backend;
use crate::replay::{Recording, Sender, Speaker, read};

/// What is taken out of a folder.
const KINDS: [&str; 3] = ["json", "traj", "jsonl"];

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bento replay runs.json trajectories/
  bento replay --model claude-sonnet-4-5 --provider anthropic airline.json
  bento replay --live --step 300ms runs.json     # to be watched while it goes on

It reads chat logs (a JSON array of runs with OpenAI-style messages under `traj`, as tau-bench
writes them; in a .jsonl file one run a line) and the trajectories of SWE-agent, and sends with
the key in BENTOLABS_API_KEY, or with bl_pk_local. With --live the finished runs are the same, but
that model turns have a time to their first chunk (gen_ai.response.time_to_first_chunk).")]
pub(super) struct Replay {
    /// Recordings, or folders with recordings in them (.json, .jsonl, .traj)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The model that spoke, in logs that do not say
    #[arg(long, default_value = "gpt-4o")]
    model: String,
    /// Who serves that model
    #[arg(long, default_value = "openai")]
    provider: String,
    /// Send what is open, too, so that the runs can be watched
    #[arg(long)]
    live: bool,
    /// How long each turn of a model and each call of a tool takes; as fast as it goes if not given
    #[arg(long, value_name = "TIME", value_parser = time)]
    step: Option<Duration>,
    #[command(flatten)]
    backend: Backend,
}

/// What became of the files so far.
struct Progress {
    bar: ProgressBar,
    sender: Sender,
    runs: usize,
    unreadable: usize,
}

impl Replay {
    pub(super) fn run(self) -> Result<ExitCode, CliError> {
        let live = self.live;
        let _bento = self.backend.sdk(|sdk| if live { sdk.live(true) } else { sdk })?;
        let speaker = Speaker::default().model(self.model).provider(self.provider);
        let started = Instant::now();
        let mut progress = Progress::new(self.step);
        let mut files = Vec::new();
        for path in self.files {
            match files_in(&path) {
                Ok(found) => files.extend(found),
                Err(error) => progress.unreadable(&path, &error),
            }
        }
        for file in &files {
            match read(file, &speaker) {
                Ok(recordings) if progress.replay(&recordings) => {}
                Ok(_) => break,
                Err(error) => progress.unreadable(file, &error),
            }
        }
        progress.finish(&self.backend.address()?, started)
    }
}

impl Progress {
    fn new(step: Option<Duration>) -> Self {
        // It draws itself on standard error, and only on a terminal.
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} runs  {elapsed}  {msg}") {
            bar.set_style(style);
        }
        let sender = step.map_or_else(Sender::default, |step| Sender::default().step(step));
        Self { bar, sender, runs: 0, unreadable: 0 }
    }

    /// Sends the runs of a file; false if the backend takes nothing, so that more would be in vain.
    fn replay(&mut self, recordings: &[Recording]) -> bool {
        self.bar.inc_length(recordings.len() as u64);
        for recording in recordings {
            let sent = recording.replay(&mut self.sender);
            self.runs += 1;
            self.bar.inc(1);
            self.bar.set_message(format!("{} spans", self.sender.sent()));
            if !self.goes_on(sent) {
                return false;
            }
        }
        true
    }

    /// Tells of what was not delivered, and whether to go on: not if the backend has stopped answering or refuses all.
    fn goes_on(&self, sent: Result<(), DeliveryError>) -> bool {
        let Err(error) = sent else { return true };
        self.tell(&error.to_string());
        error.waiting() == 0 && bento::status().delivered() > 0
    }

    fn unreadable(&mut self, path: &Path, error: &dyn Display) {
        self.unreadable += 1;
        self.tell(&format!("{}: {error}", path.display()));
    }

    /// Above the bar. If nobody listens, it need not be said.
    fn tell(&self, text: &str) {
        self.bar.suspend(|| {
            let _ = writeln!(io::stderr(), "bento: {text}");
        });
    }

    fn finish(mut self, address: &str, started: Instant) -> Result<ExitCode, CliError> {
        let flushed = self.sender.flush();
        self.goes_on(flushed);
        self.bar.finish_and_clear();
        // In live mode a span counts once for each form; those that were withheld were not needed.
        let (sent, status) = (self.sender.sent(), bento::status());
        let missing = status.accepted() - status.delivered() - status.withheld();
        let delivered = sent.saturating_sub(missing);
        let (runs, seconds) = (self.runs, started.elapsed().as_secs_f64());
        let mut out = io::stdout().lock();
        writeln!(out, "{runs} runs: {delivered} of {sent} spans delivered to {address} in {seconds:.2} s")?;
        out.flush()?;
        Ok(if delivered == sent && self.unreadable == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Nobody watches that long.
const LONGEST_STEP: Duration = Duration::from_secs(3600);

/// A time such as `300ms`.
fn time(text: &str) -> Result<Duration, String> {
    let time: Option<jiff::SignedDuration> = text.parse().ok();
    time.and_then(|time| Duration::try_from(time).ok())
        .filter(|time| *time <= LONGEST_STEP)
        .ok_or_else(|| "it is no time with a unit of at most an hour: write 300ms, or 2s".to_owned())
}

/// The file itself, or the recordings in a folder, by name.
fn files_in(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    let is_recording = |path: &PathBuf| {
        path.extension()
            .is_some_and(|extension| KINDS.iter().any(|kind| extension.eq_ignore_ascii_case(kind)))
    };
    let mut files: Vec<_> = entries.into_iter().filter(is_recording).collect();
    files.sort();
    if files.is_empty() {
        return Err(io::Error::other("no .json, .jsonl or .traj is in this folder"));
    }
    Ok(files)
}
