//! The parameters that say which runs, the same for lists and for sums.

use serde::Deserialize;
use utoipa::IntoParams;

use super::order::{Cursor, Order};
use super::parameters::{Limit, Moment};
use super::problem::Problem;
use crate::store::{Filter, Position, RunQuery, Sort, Window};
use crate::{RunState, RunStatus, TraceId};

/// Values that one parameter may have.
const MOST_VALUES: usize = 100;

/// Characters of a search.
const LONGEST_SEARCH: usize = 1_000;

/// Which runs. The values of one parameter are alternatives; parameters narrow each other.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filters {
    /// Words, each of which has to begin a word of the run: of its or its spans' names, ids, user, session, tags,
    /// models, inputs, outputs or errors.
    #[param(max_length = 1000)]
    q: Option<String>,
    /// Whether a span failed.
    #[serde(default)]
    #[param(inline)]
    status: Vec<RunStatus>,
    /// How far the run has come.
    #[serde(default)]
    #[param(inline)]
    state: Vec<RunState>,
    /// A label of the run.
    #[serde(default)]
    tag: Vec<String>,
    /// A model that one of its spans asked.
    #[serde(default)]
    model: Vec<String>,
    /// A kind of finding that it has.
    #[serde(default)]
    finding_kind: Vec<String>,
}

/// Which part of a list of runs.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// How many rows at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000, default = 100)]
    limit: Limit<100, 1000>,
    /// What the rows are put in order by; with a minus, the greatest first.
    #[serde(default)]
    #[param(inline, default = "-start_time")]
    sort: Order,
    /// The rows that started before this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    before: Option<Moment>,
    /// With `before`, the moment when this run started: the rows that come after it in the order `-start_time`.
    #[param(inline)]
    before_id: Option<TraceId>,
    /// The `next_cursor` of the page before; the other parameters have to be as they were.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
    /// The runs that started at this moment or later.
    #[param(value_type = Option<String>, format = DateTime)]
    start_time: Option<Moment>,
    /// The runs that started before this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    end_time: Option<Moment>,
}

impl Filters {
    pub(super) fn within(self, window: Window) -> Result<Filter, Problem> {
        let Self { q, status, state, tag, model, finding_kind } = self;
        let counts = [
            ("status", status.len()),
            ("state", state.len()),
            ("tag", tag.len()),
            ("model", model.len()),
            ("finding_kind", finding_kind.len()),
        ];
        if let Some((name, count)) = counts.into_iter().find(|(_, count)| *count > MOST_VALUES) {
            return Err(Problem::bad(
                name,
                format!("it has {count} values instead of at most {MOST_VALUES}"),
            ));
        }
        Ok(Filter {
            window,
            text: search(q)?,
            statuses: status,
            states: state,
            tags: tag,
            models: model,
            finding_kinds: finding_kind,
        })
    }
}

/// The text to search for, if there is any.
pub(super) fn search(text: Option<String>) -> Result<Option<String>, Problem> {
    match text.filter(|text| !text.trim().is_empty()) {
        Some(text) if text.chars().count() > LONGEST_SEARCH => {
            Err(Problem::bad("q", format!("it is longer than {LONGEST_SEARCH} characters")))
        }
        text => Ok(text),
    }
}

impl Paging {
    pub(super) fn of(self, workspace: String, filters: Filters) -> Result<(RunQuery, Order), Problem> {
        let Self { limit, sort, before, before_id, cursor, start_time, end_time } = self;
        let end = end_time.map(|Moment(end)| end);
        let mut window = Window { start: start_time.map(|Moment(start)| start), end };
        let mut after = None;
        match (before, before_id) {
            (Some(Moment(before)), None) => window.end = Some(end.map_or(before, |end| end.min(before))),
            (Some(Moment(before)), Some(trace_id)) if sort.sort() == Sort::NEWEST_FIRST => {
                let value = i64::try_from(before.unix_nanos()).unwrap_or(i64::MAX);
                after = Some(Position { value, trace_id });
            }
            (Some(_), Some(_)) => {
                return Err(Problem::bad("before_id", "it goes with the order -start_time alone"));
            }
            (None, Some(_)) => {
                return Err(Problem::bad(
                    "before_id",
                    "it goes with before, the moment when that run started",
                ));
            }
            (None, None) => {}
        }
        if let Some(cursor) = cursor {
            // It is further down the list than where the list began.
            after = Some(cursor.position(sort).map_err(|reason| Problem::bad("cursor", reason))?);
        }
        let filter = filters.within(window)?;
        Ok((RunQuery { workspace, filter, sort: sort.sort(), after, limit: limit.rows() }, sort))
    }
}
