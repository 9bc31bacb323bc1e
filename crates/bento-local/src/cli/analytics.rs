//! `bento analytics …`

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};

use super::ask::{self, Query, path};
use super::error::CliError;
use super::remote::Remote;
use super::traces::{Filter, names};

#[derive(Debug, Subcommand)]
pub(super) enum Analytics {
    /// Counts, tokens, cost and times of all runs in a span of time
    #[command(after_help = "\
Example:
  bento analytics trace-summary --start 2026-01-01T00:00:00Z --end 2026-02-01T00:00:00Z \\\n    --status error")]
    TraceSummary(Over),
    /// The same, minute by minute, hour by hour or day by day
    #[command(after_help = "\
Example:
  bento analytics trace-timeline --start 2026-01-01T00:00:00Z --end 2026-02-01T00:00:00Z \\
    --bucket day")]
    TraceTimeline {
        #[command(flatten)]
        over: Over,
        /// How long one row is, in UTC [default: hour]
        #[arg(long, value_enum)]
        bucket: Option<Bucket>,
    },
}

#[derive(Debug, Args)]
pub(super) struct Over {
    /// Runs that started at this time or later, RFC 3339
    #[arg(long, value_name = "TIME")]
    start: String,
    /// Runs that started before this time, RFC 3339
    #[arg(long, value_name = "TIME")]
    end: String,
    #[command(flatten)]
    filter: Filter,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Bucket {
    Minute,
    Hour,
    Day,
}

impl Analytics {
    pub(super) fn run(self, remote: &Remote) -> Result<ExitCode, CliError> {
        let (name, query) = match self {
            Self::TraceSummary(over) => ("summary", over.query()),
            Self::TraceTimeline { over, bucket } => {
                ("timeline", over.query().each("bucket", &names(bucket.as_slice())))
            }
        };
        ask::show(remote, &path(&["workspaces", remote.workspace(), "traces", name]), &query)
    }
}

impl Over {
    fn query(&self) -> Query {
        self.filter.add(Query::default().one("start", Some(&self.start)).one("end", Some(&self.end)))
    }
}
