//! `bento traces …`

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};

use super::ask::{self, Query, path};
use super::error::CliError;
use super::output;
use super::remote::{Backend, DEADLINE, Remote};

#[derive(Debug, Subcommand)]
pub(super) enum Traces {
    /// List runs, newest first
    List(Box<List>),
    /// One run's row
    #[command(after_help = "\
Example:
  bento traces get TRACE_ID --output pretty")]
    Get {
        /// The run's trace id, 32 hex digits
        trace_id: String,
    },
    /// A run with all its spans, their inputs and outputs
    #[command(after_help = "\
Example:
  bento traces get-body TRACE_ID --output raw | jq '.spans[].output'")]
    GetBody {
        /// The run's trace id, 32 hex digits
        trace_id: String,
    },
    /// A run's spans by start time, without their texts
    #[command(after_help = "\
Example:
  bento traces list-spans TRACE_ID --status error")]
    ListSpans(ListSpans),
    /// One span, whole
    #[command(after_help = "\
Example:
  bento traces get-span SPAN_ID --output pretty")]
    GetSpan {
        /// The span's id, 16 hex digits
        span_id: String,
        /// The run that it is in, if several have a span of that id
        #[arg(long, value_name = "ID")]
        trace_id: Option<String>,
    },
    /// The issues that a run is part of
    #[command(after_help = "\
Example:
  bento traces list-issues TRACE_ID")]
    ListIssues {
        /// The run's trace id, 32 hex digits
        trace_id: String,
    },
    /// Print a run as a tree
    #[command(after_help = "\
Examples:
  bento traces show TRACE_ID
  NO_COLOR=1 bento traces show TRACE_ID | less")]
    Show(Show),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bento traces list --status error --limit 20
  bento traces list --q 'refund lisbon' --model gpt-4o --model claude-sonnet-4-5
  bento traces list --all --output raw | jq -r '.items[].trace_id'")]
pub(super) struct List {
    /// Rows of a page, 1 to 1000 [default: 100]
    #[arg(long)]
    limit: Option<u32>,
    /// `start_time`, `duration`, `cost`, `total_tokens` or `span_count`; with a minus in front the largest first
    /// [default: `-start_time`]
    #[arg(long, allow_hyphen_values = true)]
    sort: Option<String>,
    /// Only runs that started before this time, RFC 3339
    #[arg(long, value_name = "TIME")]
    before: Option<String>,
    /// With --before: of those that started at that very time, the ones below this trace id
    #[arg(long, value_name = "TRACE_ID")]
    before_id: Option<String>,
    /// Where the page before has ended: its `next_cursor`
    #[arg(long)]
    cursor: Option<String>,
    /// Only runs that started at this time or later, RFC 3339
    #[arg(long, value_name = "TIME")]
    start_time: Option<String>,
    /// Only runs that started before this time, RFC 3339
    #[arg(long, value_name = "TIME")]
    end_time: Option<String>,
    #[command(flatten)]
    filter: Filter,
    /// Every page, one after the other
    #[arg(long, conflicts_with = "cursor")]
    all: bool,
}

/// Which runs are meant. Values of one option are alternatives, options narrow each other.
#[derive(Debug, Args)]
pub(super) struct Filter {
    /// Only runs in which every word begins a word: of names, ids, user, session, tags, model, texts or errors
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    q: Option<String>,
    /// Only runs that ended like this; repeatable
    #[arg(long, value_enum, ignore_case = true)]
    status: Vec<Status>,
    /// Only runs in this state; repeatable
    #[arg(long, value_enum, ignore_case = true)]
    state: Vec<State>,
    /// Only runs with this tag; repeatable
    #[arg(long, allow_hyphen_values = true)]
    tag: Vec<String>,
    /// Only runs that asked this model; repeatable
    #[arg(long)]
    model: Vec<String>,
    /// Only runs with a finding of this kind; repeatable
    #[arg(long, value_name = "KIND")]
    finding_kind: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Status {
    Ok,
    Error,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum State {
    Running,
    Unfinished,
    Completed,
    Failed,
    Cancelled,
}

#[derive(Debug, Args)]
pub(super) struct ListSpans {
    /// The run's trace id, 32 hex digits
    trace_id: String,
    /// Rows of a page, 1 to 10000 [default: 1000]
    #[arg(long)]
    limit: Option<u32>,
    /// Only spans that started after this time, RFC 3339
    #[arg(long, value_name = "TIME")]
    after: Option<String>,
    /// Where the page before has ended: its `next_cursor`
    #[arg(long, value_name = "SPAN_ID")]
    after_id: Option<String>,
    /// Only spans that ended like this; PENDING: that have not
    #[arg(long, value_enum, ignore_case = true)]
    status: Option<SpanStatus>,
    /// Every page, one after the other
    #[arg(long, conflicts_with = "after_id")]
    all: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "UPPER")]
enum SpanStatus {
    Pending,
    Unset,
    Ok,
    Error,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// The run's trace id, 32 hex digits
    trace_id: String,
}

impl Traces {
    pub(super) fn run(self, remote: &Remote) -> Result<ExitCode, CliError> {
        let one = |parts: &[&str]| ask::show(remote, &path(parts), &Query::default());
        match self {
            Self::List(list) => list.run(remote),
            Self::Get { trace_id } => one(&["traces", &trace_id]),
            Self::GetBody { trace_id } => one(&["traces", &trace_id, "body"]),
            Self::ListSpans(list) => list.run(remote),
            Self::GetSpan { span_id, trace_id } => {
                let query = Query::default().one("trace_id", trace_id.as_ref());
                ask::show(remote, &path(&["spans", &span_id]), &query)
            }
            Self::ListIssues { trace_id } => one(&["traces", &trace_id, "issues"]),
            Self::Show(show) => show.run(&remote.backend),
        }
    }
}

impl List {
    fn run(self, remote: &Remote) -> Result<ExitCode, CliError> {
        let query = Query::default()
            .one("limit", self.limit.as_ref())
            .one("sort", self.sort.as_ref())
            .one("before", self.before.as_ref())
            .one("before_id", self.before_id.as_ref())
            .one("cursor", self.cursor.as_ref())
            .one("start_time", self.start_time.as_ref())
            .one("end_time", self.end_time.as_ref());
        let query = self.filter.add(query);
        let path = path(&["workspaces", remote.workspace(), "traces"]);
        if self.all {
            ask::show_all(remote, &path, query, "cursor")
        } else {
            ask::show_page(remote, &path, &query, "cursor")
        }
    }
}

impl Filter {
    pub(super) fn add(&self, query: Query) -> Query {
        let query = query.one("q", self.q.as_ref()).each("status", &names(&self.status));
        let query = query.each("state", &names(&self.state));
        query.each("tag", &self.tag).each("model", &self.model).each("finding_kind", &self.finding_kind)
    }
}

impl ListSpans {
    fn run(self, remote: &Remote) -> Result<ExitCode, CliError> {
        let query = Query::default()
            .one("limit", self.limit.as_ref())
            .one("after", self.after.as_ref())
            .one("after_id", self.after_id.as_ref())
            .each("status", &names(self.status.as_slice()));
        let path = path(&["traces", &self.trace_id, "spans"]);
        if self.all {
            ask::show_all(remote, &path, query, "after_id")
        } else {
            ask::show_page(remote, &path, &query, "after_id")
        }
    }
}

impl Show {
    pub(super) fn run(&self, backend: &Backend) -> Result<ExitCode, CliError> {
        let run = backend.client()?.run(&self.trace_id, DEADLINE)?;
        let mut out = io::stdout().lock();
        writeln!(out, "{}", run.tree().color(output::color()))?;
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The values as they are written on the command line, which is how the backend wants them.
pub(super) fn names(values: &[impl ValueEnum]) -> Vec<String> {
    let names = values.iter().filter_map(ValueEnum::to_possible_value);
    names.map(|name| name.get_name().to_owned()).collect()
}
