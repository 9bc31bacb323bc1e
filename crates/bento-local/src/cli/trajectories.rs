//! `bento trajectories …`

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};

use super::ask::{self, Query, path};
use super::error::CliError;
use super::remote::Remote;
use super::traces::names;

#[derive(Debug, Subcommand)]
pub(super) enum Trajectories {
    /// List trajectories, newest first
    List(List),
    /// One trajectory
    #[command(after_help = "\
Example:
  bento trajectories get TRACE_ID")]
    Get {
        /// The trajectory's id, which is its run's trace id
        trajectory_id: String,
    },
    /// What was found in a trajectory
    #[command(after_help = "\
Example:
  bento trajectories list-findings TRACE_ID")]
    ListFindings {
        /// The trajectory's id, which is its run's trace id
        trajectory_id: String,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bento trajectories list --status open              # what is still running
  bento trajectories list --has-errors true --all")]
pub(super) struct List {
    /// Only trajectories that are still running, or that are done
    #[arg(long, value_enum, ignore_case = true)]
    status: Option<Status>,
    /// Only those with errors, or those without
    #[arg(long, value_name = "BOOL")]
    has_errors: Option<bool>,
    /// Only those in which something was found, or those in which nothing was
    #[arg(long, value_name = "BOOL")]
    has_findings: Option<bool>,
    /// Only those in which every word begins a word
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    q: Option<String>,
    /// `start_time`, `duration`, `cost`, `total_tokens` or `span_count`; with a minus in front the largest first
    /// [default: `-start_time`]
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    sort_by: Option<String>,
    /// Rows of a page
    #[arg(long)]
    limit: Option<u32>,
    /// Where the page before has ended: its `next_cursor`
    #[arg(long)]
    cursor: Option<String>,
    /// Every page, one after the other
    #[arg(long, conflicts_with = "cursor")]
    all: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Status {
    Open,
    Finalized,
}

impl Trajectories {
    pub(super) fn run(self, remote: &Remote) -> Result<ExitCode, CliError> {
        let all = ["workspaces", remote.workspace(), "trajectories"];
        match self {
            Self::List(list) => list.run(remote, &path(&all)),
            Self::Get { trajectory_id } => {
                ask::show(remote, &path(&[&all[..], &[&trajectory_id]].concat()), &Query::default())
            }
            Self::ListFindings { trajectory_id } => {
                let path = path(&[&all[..], &[&trajectory_id, "findings"]].concat());
                ask::show(remote, &path, &Query::default())
            }
        }
    }
}

impl List {
    fn run(self, remote: &Remote, path: &str) -> Result<ExitCode, CliError> {
        let query = Query::default()
            .each("status", &names(self.status.as_slice()))
            .one("has_errors", self.has_errors.as_ref())
            .one("has_findings", self.has_findings.as_ref())
            .one("q", self.q.as_ref())
            .one("sort_by", self.sort_by.as_ref())
            .one("limit", self.limit.as_ref())
            .one("cursor", self.cursor.as_ref());
        if self.all {
            ask::show_all(remote, path, query, "cursor")
        } else {
            ask::show_page(remote, path, &query, "cursor")
        }
    }
}
