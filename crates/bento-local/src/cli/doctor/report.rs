//! What was found, as text and as JSON.

use std::io::{self, Write as _};

use serde::Serialize;

use super::super::error::CliError;
use super::super::json;
use super::super::output::Output;
use super::columns::Column;
use crate::terminal::clean;

/// The longest that somebody else's words become, in characters.
const LONGEST: usize = 400;

/// Something that was looked at: what it gave, or what is wrong.
pub(super) type Check<T> = Result<T, CliError>;

#[derive(Debug, Serialize)]
pub(super) struct Report {
    address: String,
    workspace: String,
    checks: Vec<Line>,
    pub(super) probe: Option<Probe>,
    pub(super) recent: Option<Recent>,
}

#[derive(Debug, Serialize)]
struct Line {
    name: &'static str,
    ok: bool,
    detail: String,
}

/// What became of the run that was sent.
#[derive(Debug, Serialize)]
pub(super) struct Probe {
    pub(super) trace_id: String,
    pub(super) columns: Vec<Found>,
}

/// A column of the probe.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    pub(super) column: &'static str,
    pub(super) filled: bool,
    /// Why it is not.
    pub(super) why: Option<String>,
    /// Whether an empty one is a fault, and not only a pity.
    #[serde(skip)]
    pub(super) must_be: bool,
}

/// What is empty in runs of the user.
#[derive(Debug, Serialize)]
pub(super) struct Recent {
    pub(super) runs: usize,
    pub(super) empty: Vec<Gap>,
}

/// A column that is empty in some of the things that have it.
#[derive(Debug, Serialize)]
pub(super) struct Gap {
    #[serde(flatten)]
    pub(super) column: &'static Column,
    pub(super) empty: usize,
    pub(super) of: usize,
}

impl Report {
    pub(super) fn new(address: String, workspace: &str) -> Self {
        let workspace = workspace.to_owned();
        Self { address, workspace, checks: Vec::new(), probe: None, recent: None }
    }

    /// Notes how a check went, in the words that come with what it gave, and gives it.
    pub(super) fn check<T>(
        &mut self,
        name: &'static str,
        outcome: Check<(T, impl Into<String>)>,
    ) -> Option<T> {
        let (ok, detail, given) = match outcome {
            Ok((given, detail)) => (true, detail.into(), Some(given)),
            Err(error) => (false, error.to_string(), None),
        };
        self.checks.push(Line { name, ok, detail });
        given
    }

    pub(super) fn is_well(&self) -> bool {
        let probed = self.probe.iter().flat_map(|probe| &probe.columns);
        self.checks.iter().all(|line| line.ok)
            && probed.into_iter().all(|column| column.filled || !column.must_be)
    }

    pub(super) fn print(&self, output: Output) -> Result<(), CliError> {
        let mut out = io::stdout().lock();
        let json = || serde_json::to_string(self).map_err(io::Error::other);
        match output {
            Output::Table => out.write_all(self.text().as_bytes())?,
            Output::Raw => writeln!(out, "{}", json()?)?,
            Output::Pretty => json::indent(json()?.as_bytes(), &mut out).map_err(io::Error::from)?,
        }
        Ok(out.flush()?)
    }

    fn text(&self) -> String {
        let mut lines = vec![format!("{}, workspace {}", self.address, self.workspace)];
        for Line { name, ok, detail } in &self.checks {
            let mark = if *ok { '✓' } else { '✗' };
            lines.extend(detail.lines().enumerate().map(|(number, line)| match number {
                0 => format!("{mark} {name:<9}  {}", clean(line, LONGEST)),
                _ => format!("             {}", clean(line, LONGEST)),
            }));
        }
        if let Some(probe) = &self.probe {
            lines.push(format!("\nThe probe, `bento traces show {}`:", probe.trace_id));
            lines.extend(probe.columns.iter().map(|Found { column, filled, why, .. }| {
                let state = if *filled { "filled" } else { "empty" };
                let why = why.as_ref().map(|why| format!(": {}", clean(why, LONGEST))).unwrap_or_default();
                format!("  {column:<20}  {state}{why}")
            }));
        }
        if let Some(recent) = &self.recent {
            lines.push(recent.text());
        }
        lines.join("\n") + "\n"
    }
}

impl Recent {
    fn text(&self) -> String {
        if self.runs == 0 {
            return "\nThere are no other runs yet.".to_owned();
        }
        let runs = if self.runs == 1 { "run" } else { "runs" };
        if self.empty.is_empty() {
            return format!("\nThe last {} {runs}: every column is filled somewhere it matters.", self.runs);
        }
        let mut lines = vec![format!("\nEmpty in the last {} {runs}, and what fills it:", self.runs)];
        let share = |Gap { column, empty, of }: &Gap| format!("{empty} of {of} {}", column.of.plural());
        let shares: Vec<_> = self.empty.iter().map(share).collect();
        let widest = shares.iter().map(String::len).max().unwrap_or(0);
        lines.extend(self.empty.iter().zip(&shares).map(|(Gap { column, .. }, share)| {
            format!("  {:<20}  {share:<widest$}  {}  ({})", column.name, column.call, column.without)
        }));
        lines.join("\n")
    }
}
