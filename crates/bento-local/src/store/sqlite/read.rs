//! What is asked of the database.

use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};

use super::row::{self, signed, unsigned};
use super::select::Where;
use super::{Bucket, Filter, Page, RunQuery, SpanQuery, Totals, Workspace, search};
use crate::store::{Detail, Direction, Position, Sort, SortBy, Window};
use crate::{RunState, Span, SpanId, Summary, Timestamp, TraceId};

pub(super) fn workspaces(connection: &Connection) -> rusqlite::Result<Vec<Workspace>> {
    let mut select = connection.prepare_cached("SELECT id, name FROM workspaces ORDER BY position, id")?;
    let rows = select.query_map([], |row| Ok(Workspace { id: row.get(0)?, name: row.get(1)? }))?;
    rows.collect()
}

pub(super) fn run(connection: &Connection, id: TraceId) -> rusqlite::Result<Option<(String, Summary)>> {
    connection.prepare_cached(row::RUN_OF_TRACE)?.query_row([id], row::run).optional()
}

pub(super) fn these_runs(
    connection: &Connection,
    ids: &[TraceId],
) -> rusqlite::Result<Vec<(String, Summary)>> {
    let mut select = connection.prepare_cached(row::RUNS_OF_TRACES)?;
    select.query_map([array(ids)], row::run)?.collect()
}

/// The keys of the page are found in an index, then its rows are read.
pub(super) fn runs(connection: &Connection, query: &RunQuery) -> rusqlite::Result<Page<Summary>> {
    let mut sought = Where::of(connection, &query.workspace, &query.filter)?;
    let value = sort_value(query.sort.by);
    let (beyond, order) = match query.sort.direction {
        Direction::Ascending => (">", "ASC"),
        Direction::Descending => ("<", "DESC"),
    };
    if let Some(Position { value: last, trace_id }) = query.after {
        // A run that is gone by now leaves its place: what equals it may come again, nothing is left out.
        let gone = if beyond == ">" { 0 } else { i64::MAX };
        let key = key_of(connection, trace_id)?.unwrap_or(gone);
        sought.and(&format!("({value}, key) {beyond} (?, ?)"), [last, key]);
    }
    let select = format!(
        "SELECT key {} ORDER BY {value} {order}, key {order} LIMIT {}",
        sought.sql(),
        query.limit + 1
    );
    let mut select = connection.prepare_cached(&select)?;
    let keys = select.query_map(params_from_iter(sought.values()), |row| row.get(0))?;
    let mut keys = keys.collect::<Result<Vec<i64>, _>>()?;
    let more = keys.len() > query.limit;
    keys.truncate(query.limit);
    let mut select = connection.prepare_cached(row::RUN_OF_KEY)?;
    let items = keys.iter().filter_map(|key| select.query_row([key], row::run).optional().transpose());
    let items = items.map(|run| run.map(|(_, summary)| summary)).collect::<Result<_, _>>()?;
    Ok(Page { items, more })
}

fn sort_value(by: SortBy) -> &'static str {
    match by {
        SortBy::StartTime => "start_time",
        SortBy::Duration => "duration",
        SortBy::Cost => "coalesce(cost, -1)",
        SortBy::TotalTokens => "total_tokens",
        SortBy::SpanCount => "span_count",
    }
}

impl Position {
    /// Where a run stands in an order.
    pub(crate) fn of(run: &Summary, sort: Sort) -> Self {
        let value = match sort.by {
            SortBy::StartTime => signed(run.start_time.unix_nanos()),
            SortBy::Duration => row::duration(run),
            SortBy::Cost => run.cost.map_or(-1, crate::Usd::picos),
            SortBy::TotalTokens => signed(run.total_tokens()),
            SortBy::SpanCount => signed(run.span_count),
        };
        Self { value, trace_id: run.trace_id }
    }
}

fn key_of(connection: &Connection, id: TraceId) -> rusqlite::Result<Option<i64>> {
    let mut select = connection.prepare_cached("SELECT key FROM runs WHERE trace_id = ?1")?;
    select.query_row([id], |row| row.get(0)).optional()
}

/// `None` where the span to begin after is not in the run.
pub(super) fn spans(
    connection: &Connection,
    id: TraceId,
    query: &SpanQuery,
) -> rusqlite::Result<Option<Page<Span>>> {
    let Some(run) = key_of(connection, id)? else { return Ok(Some(Page { items: Vec::new(), more: false })) };
    let mut after = query.after.map(|moment| (moment, "~".to_owned()));
    if let Some(span_id) = query.after_id {
        let mut select =
            connection.prepare_cached("SELECT start_time FROM spans WHERE run = ?1 AND span_id = ?2")?;
        let Some(start) = select.query_row((run, span_id), |row| row.get(0)).optional()? else {
            return Ok(None);
        };
        after = after.max(Some((start, span_id.to_string())));
    }
    let (start, span_id) = after.unwrap_or((Timestamp::from_unix_nanos(0), String::new()));
    let is_full = query.detail != Detail::Row;
    let texts = if is_full { row::SPAN_TEXTS } else { row::SPAN_SHORT };
    let status = if query.status.is_some() { "AND s.status = ?4" } else { "AND ?4 IS NULL" };
    let select = format!(
        "SELECT {}, {texts} FROM spans s JOIN runs r ON r.key = s.run \
         WHERE s.run = ?1 AND (s.start_time, s.span_id) > (?2, ?3) {status} ORDER BY s.start_time, s.span_id LIMIT ?5",
        row::SPAN
    );
    let mut select = connection.prepare_cached(&select)?;
    let read = if is_full { row::full_span } else { row::span };
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let mut rows = select.query(params![run, start, span_id, query.status, limit.saturating_add(1)])?;
    let (mut items, mut bytes) = (Vec::new(), 0_usize);
    let enough = |spans, bytes| match query.detail {
        Detail::FullWithin(most) => spans >= query.limit || bytes >= most,
        Detail::Row | Detail::Full => spans >= query.limit,
    };
    while let Some(row) = rows.next()? {
        if enough(items.len(), bytes) {
            return Ok(Some(Page { items, more: true }));
        }
        bytes += if is_full { row::size_of_texts(row)? } else { 0 };
        items.push(read(row)?);
    }
    Ok(Some(Page { items, more: false }))
}

pub(super) fn these_spans(
    connection: &Connection,
    run: TraceId,
    ids: &[SpanId],
    assumed: &[SpanId],
) -> rusqlite::Result<Vec<Span>> {
    let Some(run) = key_of(connection, run)? else { return Ok(Vec::new()) };
    let select = format!(
        "SELECT {}, {} FROM spans s JOIN runs r ON r.key = s.run WHERE s.run = ?1 AND (s.span_id IN rarray(?2) \
         OR s.span_id IN rarray(?3) AND s.kind IS NULL AND s.model IS NULL) ORDER BY s.start_time, s.span_id",
        row::SPAN,
        row::SPAN_SHORT
    );
    let mut select = connection.prepare_cached(&select)?;
    select.query_map((run, array(ids), array(assumed)), row::span)?.collect()
}

fn array(ids: &[impl ToString]) -> Rc<Vec<Value>> {
    Rc::new(ids.iter().map(|id| Value::Text(id.to_string())).collect())
}

pub(super) fn span(
    connection: &Connection,
    id: SpanId,
    run: Option<TraceId>,
) -> rusqlite::Result<Option<Span>> {
    let select = format!(
        "SELECT {}, {} FROM spans s JOIN runs r ON r.key = s.run WHERE s.run = ?1 AND s.span_id = ?2",
        row::SPAN,
        row::SPAN_TEXTS
    );
    let mut select = connection.prepare_cached(&select)?;
    let runs = match run {
        Some(run) => Vec::from_iter(key_of(connection, run)?),
        None => search::runs_with_span(connection, id)?,
    };
    for run in runs {
        // The word may have come from a text that names the span.
        if let Some(span) = select.query_row((run, id), row::full_span).optional()? {
            return Ok(Some(span));
        }
    }
    Ok(None)
}

/// Sums as doubles cannot overflow, and are exact as far as anybody counts.
const TOTALS: &str = "count(*), coalesce(sum(status = 'error'), 0), coalesce(sum(state = 'running'), 0), \
    coalesce(sum(state = 'unfinished'), 0), \
    coalesce(sum(state = 'completed'), 0), coalesce(sum(state = 'failed'), 0), coalesce(sum(state = 'cancelled'), 0), \
    CAST(total(span_count) AS INTEGER), CAST(total(input_tokens) AS INTEGER), CAST(total(output_tokens) AS INTEGER), \
    CASE WHEN count(cost) > 0 THEN CAST(total(cost) AS INTEGER) END, CAST(total(duration) AS INTEGER)";

fn totals_of(row: &Row<'_>) -> rusqlite::Result<Totals> {
    let count = |column| row.get(column).map(unsigned);
    Ok(Totals {
        runs: count(0)?,
        errors: count(1)?,
        states: [count(2)?, count(3)?, count(4)?, count(5)?, count(6)?],
        spans: count(7)?,
        input_tokens: count(8)?,
        output_tokens: count(9)?,
        cost: row.get(10)?,
        duration: Duration::from_nanos(count(11)?),
    })
}

pub(super) fn totals(connection: &Connection, workspace: &str, filter: &Filter) -> rusqlite::Result<Totals> {
    let sought = Where::of(connection, workspace, filter)?;
    let select = format!("SELECT {TOTALS} {}", sought.sql());
    connection.prepare_cached(&select)?.query_row(params_from_iter(sought.values()), totals_of)
}

/// By the order of their start the runs of a bucket stand together in the index. `SQLite` does not see that they do, and would
/// sort all of them in memory to group them: where they are many, each bucket is asked for by itself.
pub(super) fn timeline(
    connection: &Connection,
    workspace: &str,
    filter: &Filter,
    bucket: Bucket,
) -> rusqlite::Result<Vec<(Timestamp, Totals)>> {
    let Window { start: Some(start), end: Some(end) } = filter.window else {
        return all_buckets(connection, &Where::of(connection, workspace, filter)?, bucket.length());
    };
    let always = Filter { window: Window::default(), ..filter.clone() };
    let mut sought = Where::of(connection, workspace, &always)?;
    if sought.are_few() {
        sought.and("start_time >= ? AND start_time < ?", [start, end]);
        return all_buckets(connection, &sought, bucket.length());
    }
    bucket_by_bucket(connection, sought, bucket.length(), start..end)
}

fn all_buckets(
    connection: &Connection,
    sought: &Where,
    length: u64,
) -> rusqlite::Result<Vec<(Timestamp, Totals)>> {
    let select = format!(
        "SELECT {TOTALS}, start_time / {length} AS bucket {} GROUP BY bucket ORDER BY bucket",
        sought.sql()
    );
    let mut select = connection.prepare_cached(&select)?;
    let buckets = select.query_map(params_from_iter(sought.values()), |row| {
        let start = unsigned(row.get("bucket")?) * length;
        Ok((Timestamp::from_unix_nanos(start), totals_of(row)?))
    })?;
    buckets.collect()
}

fn bucket_by_bucket(
    connection: &Connection,
    mut sought: Where,
    length: u64,
    window: Range<Timestamp>,
) -> rusqlite::Result<Vec<(Timestamp, Totals)>> {
    sought.and("start_time >= ? AND start_time < ?", [0, 0]);
    let mut select = connection.prepare_cached(&format!("SELECT {TOTALS} {}", sought.sql()))?;
    for (number, value) in (1..).zip(sought.values()) {
        select.raw_bind_parameter(number, value)?;
    }
    let last = select.parameter_count();
    let mut bucket = window.start.unix_nanos() / length * length;
    let mut buckets = Vec::new();
    while bucket < window.end.unix_nanos() {
        let next = bucket.saturating_add(length);
        select.raw_bind_parameter(last - 1, window.start.max(Timestamp::from_unix_nanos(bucket)))?;
        select.raw_bind_parameter(last, window.end.min(Timestamp::from_unix_nanos(next)))?;
        let mut rows = select.raw_query();
        if let Some(row) = rows.next()? {
            let totals = totals_of(row)?;
            if totals.runs > 0 {
                buckets.push((Timestamp::from_unix_nanos(bucket), totals));
            }
        }
        bucket = next;
    }
    Ok(buckets)
}

const _: () = assert!(RunState::ALL.len() == 5, "the totals count each state");
