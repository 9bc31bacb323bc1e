//! Between rows of the database and what they stand for.

use std::collections::BTreeMap;
use std::str::FromStr;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Type, Value, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Row, Statement, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::price::Usd;
use crate::summary::{Lead, Snapshot};
use crate::{RunState, Span, SpanId, SpanStatus, Summary, Timestamp, TraceId};

macro_rules! id_column {
    ($id:ident) => {
        impl ToSql for $id {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::Owned(Value::Text(self.to_string())))
            }
        }

        impl FromSql for $id {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                $id::from_str(value.as_str()?).map_err(|error| FromSqlError::Other(Box::new(error)))
            }
        }
    };
}

id_column!(TraceId);
id_column!(SpanId);

impl ToSql for Timestamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(Value::Integer(signed(self.unix_nanos()))))
    }
}

impl FromSql for Timestamp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Self::from_unix_nanos(unsigned(value.as_i64()?)))
    }
}

impl ToSql for Usd {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(Value::Integer(self.picos())))
    }
}

impl FromSql for Usd {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Self::from_picos)
    }
}

impl ToSql for SpanStatus {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.as_str().as_bytes())))
    }
}

impl FromSql for SpanStatus {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_str()?;
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(FromSqlError::InvalidType)
    }
}

/// A count or a time, which databases have signed. What is too large is as large as can be.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(number: i64) -> u64 {
    number.try_into().unwrap_or(0)
}

macro_rules! run_where {
    ($condition:literal) => {
        concat!(
            "SELECT key, workspace, trace_id, name, start_time, end_time, span_count, error_count, input_tokens, \
             output_tokens, cost, user_id, session_id, trigger, version, tags, models, lead_span_id, lead_start_time, \
             lead_is_root, lead_broken_off, lead_pending, state, replaced FROM runs WHERE ",
            $condition
        )
    };
}

/// In nanoseconds.
pub(super) fn duration(run: &Summary) -> i64 {
    signed(run.end_time.unix_nanos().saturating_sub(run.start_time.unix_nanos()))
}

/// Asks for a run, or for some, which [`run`] reads.
pub(super) const RUN_OF_TRACE: &str = run_where!("trace_id = ?1");
pub(super) const RUN_OF_KEY: &str = run_where!("key = ?1");
pub(super) const RUNS_OF_TRACES: &str = run_where!("trace_id IN rarray(?1)");

/// The workspace and the run.
pub(super) fn run(row: &Row<'_>) -> rusqlite::Result<(String, Summary)> {
    let summary = Summary {
        trace_id: row.get("trace_id")?,
        name: row.get("name")?,
        start_time: row.get("start_time")?,
        end_time: row.get("end_time")?,
        span_count: row.get("span_count").map(unsigned)?,
        error_count: row.get("error_count").map(unsigned)?,
        input_tokens: row.get("input_tokens").map(unsigned)?,
        output_tokens: row.get("output_tokens").map(unsigned)?,
        cost: row.get("cost")?,
        user_id: row.get("user_id")?,
        session_id: row.get("session_id")?,
        trigger: row.get("trigger")?,
        version: row.get("version")?,
        tags: json(row, "tags")?.unwrap_or_default(),
        models: times(json(row, "models")?.unwrap_or_default()),
        lead: Lead {
            is_root: row.get("lead_is_root")?,
            start_time: row.get("lead_start_time")?,
            span_id: row.get("lead_span_id")?,
            broken_off: row.get("lead_broken_off")?,
            is_pending: row.get("lead_pending")?,
        },
        is_quiet: row.get_ref("state")?.as_str()? == RunState::Unfinished.as_str(),
    };
    Ok((row.get("workspace")?, summary))
}

pub(super) fn write_run(
    connection: &Connection,
    key: i64,
    workspace: &str,
    run: &Summary,
    replaced: u64,
    heard: Timestamp,
) -> rusqlite::Result<()> {
    let mut write = connection.prepare_cached(
        "INSERT INTO runs (key, workspace, trace_id, name, status, state, start_time, end_time, duration, span_count, \
         error_count, input_tokens, output_tokens, total_tokens, cost, user_id, session_id, trigger, version, tags, models, \
         lead_span_id, lead_start_time, lead_is_root, lead_broken_off, lead_pending, replaced, heard) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, \
         ?26, ?27, ?28) \
         ON CONFLICT (key) DO UPDATE SET name = excluded.name, status = excluded.status, state = excluded.state, \
         start_time = excluded.start_time, end_time = excluded.end_time, duration = excluded.duration, \
         span_count = excluded.span_count, error_count = excluded.error_count, input_tokens = excluded.input_tokens, \
         output_tokens = excluded.output_tokens, total_tokens = excluded.total_tokens, cost = excluded.cost, \
         user_id = excluded.user_id, session_id = excluded.session_id, trigger = excluded.trigger, \
         version = excluded.version, tags = excluded.tags, models = excluded.models, lead_span_id = excluded.lead_span_id, \
         lead_start_time = excluded.lead_start_time, lead_is_root = excluded.lead_is_root, \
         lead_broken_off = excluded.lead_broken_off, lead_pending = excluded.lead_pending, replaced = excluded.replaced, \
         heard = excluded.heard",
    )?;
    let models: BTreeMap<_, _> =
        run.models.iter().map(|(model, first)| (model, first.unix_nanos())).collect();
    write.execute(params![
        key,
        workspace,
        run.trace_id,
        run.name,
        run.status().as_str(),
        run.state().as_str(),
        run.start_time,
        run.end_time,
        duration(run),
        signed(run.span_count),
        signed(run.error_count),
        signed(run.input_tokens),
        signed(run.output_tokens),
        signed(run.total_tokens()),
        run.cost,
        run.user_id,
        run.session_id,
        run.trigger,
        run.version,
        text(&run.tags)?,
        text(&models)?,
        run.lead.span_id,
        run.lead.start_time,
        run.lead.is_root,
        run.lead.broken_off,
        run.lead.is_pending,
        signed(replaced),
        heard,
    ])?;
    Ok(())
}

fn times(models: BTreeMap<String, u64>) -> BTreeMap<String, Timestamp> {
    models.into_iter().map(|(model, first)| (model, Timestamp::from_unix_nanos(first))).collect()
}

/// The columns of a span `s` of run `r`, for `SELECT`. Whether it has a child matters only where it might be an agent.
pub(super) const SPAN: &str = "r.trace_id, s.span_id, s.parent_id, s.status, s.start_time, s.end_time, \
    s.input_tokens, s.output_tokens, s.cost, s.kind IS NULL AND s.model IS NULL AND EXISTS (SELECT 1 FROM spans c WHERE c.run = s.run AND c.parent_id = s.span_id) AS has_child";

/// Its short texts, as a list shows them.
pub(super) const SPAN_SHORT: &str = "substr(s.name, 1, 1000) AS name, substr(s.kind, 1, 1000) AS kind, \
    substr(s.model, 1, 1000) AS model, substr(s.provider, 1, 1000) AS provider";

/// The same whole, and the columns that a list does without.
pub(super) const SPAN_TEXTS: &str = "s.name, s.kind, s.model, s.provider, s.user_id, s.session_id, s.service_name, s.service_version, s.tags, \
    s.status_message, s.attributes, s.events, s.input, s.output";

/// What a run has from each of its spans, and from its roots alone. Nothing else is read: it may be long.
const SPAN_SUMMED: &str = "r.trace_id, s.span_id, s.parent_id, s.status, s.start_time, s.end_time, s.input_tokens, \
    s.output_tokens, s.cost, s.name, s.model, NULL AS kind, NULL AS provider, false AS has_child, \
    iif(s.parent_id IS NULL, s.user_id, NULL) AS user_id, iif(s.parent_id IS NULL, s.session_id, NULL) AS session_id, \
    iif(s.parent_id IS NULL, s.service_version, NULL) AS service_version, iif(s.parent_id IS NULL, s.tags, NULL) AS tags, \
    iif(s.parent_id IS NULL, s.attributes, NULL) AS attributes";

/// A span with what both [`SPAN_SHORT`] and [`SPAN_TEXTS`] name.
pub(super) fn span(row: &Row<'_>) -> rusqlite::Result<Span> {
    let kind: Option<String> = row.get("kind")?;
    let assumed = if row.get("has_child")? { "agent" } else { "llm" };
    Ok(Span {
        span_id: row.get("span_id")?,
        trace_id: row.get("trace_id")?,
        parent_id: row.get("parent_id")?,
        name: row.get("name")?,
        kind_said: kind.is_some(),
        kind: kind.unwrap_or_else(|| assumed.to_owned()),
        status: row.get("status")?,
        status_message: None,
        start_time: row.get("start_time")?,
        end_time: row.get("end_time")?,
        model: row.get("model")?,
        provider: row.get("provider")?,
        input: None,
        output: None,
        input_tokens: row.get::<_, Option<i64>>("input_tokens")?.map(unsigned),
        output_tokens: row.get::<_, Option<i64>>("output_tokens")?.map(unsigned),
        cost: row.get("cost")?,
        user_id: None,
        session_id: None,
        tags: Vec::new(),
        service_name: None,
        service_version: None,
        attributes: crate::Attributes::new(),
        events: Vec::new(),
    })
}

pub(super) fn full_span(row: &Row<'_>) -> rusqlite::Result<Span> {
    Ok(Span {
        user_id: row.get("user_id")?,
        session_id: row.get("session_id")?,
        service_name: row.get("service_name")?,
        service_version: row.get("service_version")?,
        tags: json(row, "tags")?.unwrap_or_default(),
        status_message: row.get("status_message")?,
        attributes: json(row, "attributes")?.unwrap_or_default(),
        events: json(row, "events")?.unwrap_or_default(),
        input: row.get("input")?,
        output: row.get("output")?,
        ..span(row)?
    })
}

/// A span with what [`SPAN_SUMMED`] names.
fn summed_span(row: &Row<'_>) -> rusqlite::Result<Span> {
    Ok(Span {
        user_id: row.get("user_id")?,
        session_id: row.get("session_id")?,
        service_version: row.get("service_version")?,
        tags: json(row, "tags")?.unwrap_or_default(),
        attributes: json(row, "attributes")?.unwrap_or_default(),
        ..span(row)?
    })
}

/// Bytes of the texts that may be long.
pub(super) fn size_of_texts(row: &Row<'_>) -> rusqlite::Result<usize> {
    let columns = ["status_message", "attributes", "events", "input", "output"].into_iter();
    columns.map(|column| Ok(row.get_ref(column)?.as_str_or_null()?.map_or(0, str::len))).sum()
}

/// What a run adds up to, from its spans alone; `None` if it has none.
pub(super) fn sum(connection: &Connection, run: i64, trace_id: TraceId) -> rusqlite::Result<Option<Summary>> {
    let select = format!(
        "SELECT {SPAN_SUMMED} FROM spans s JOIN (SELECT ?2 AS trace_id) r WHERE s.run = ?1 ORDER BY s.key"
    );
    let mut select = connection.prepare_cached(&select)?;
    let mut summary: Option<Summary> = None;
    for span in select.query_map((run, trace_id), summed_span)? {
        let span = span?;
        match &mut summary {
            Some(summary) => summary.add(&span),
            none => *none = Some(Summary::of(&span)),
        }
    }
    Ok(summary)
}

/// When a span of a run first asked a model, not before that moment.
pub(super) fn first_asked(
    connection: &Connection,
    run: i64,
    model: &str,
    from: Timestamp,
) -> rusqlite::Result<Option<Timestamp>> {
    let mut select = connection.prepare_cached(
        "SELECT min(start_time) FROM spans WHERE run = ?1 AND model = ?2 AND start_time >= ?3",
    )?;
    select.query_row((run, model, from), |row| row.get(0))
}

/// Whether the span was new.
pub(super) fn write_span(connection: &Connection, run: i64, span: &Span) -> rusqlite::Result<bool> {
    let mut write = connection.prepare_cached(
        "INSERT INTO spans (run, span_id, parent_id, start_time, name, kind, status, end_time, model, provider, \
         input_tokens, output_tokens, cost, user_id, session_id, service_name, service_version, tags, status_message, \
         attributes, events, input, output) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23) \
         ON CONFLICT (run, span_id) DO NOTHING",
    )?;
    execute(&mut write, run, span)
}

/// The form of a span that is here, if it is pending, and the one that has come is a later one.
pub(super) fn earlier_form(
    connection: &Connection,
    run: i64,
    span: &Span,
) -> rusqlite::Result<Option<Snapshot>> {
    let mut select = connection.prepare_cached(
        "SELECT parent_id, start_time, end_time, model FROM spans \
         WHERE run = ?1 AND span_id = ?2 AND status = 'PENDING' AND (?3 <> 'PENDING' OR ?4 > end_time)",
    )?;
    let read = |row: &Row<'_>| {
        let (parent_id, start_time, end_time) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Snapshot { parent_id, start_time, end_time, model: row.get(3)? })
    };
    select.query_row((run, span.span_id, span.status, span.end_time), read).optional()
}

/// Puts another form of a span into its place; its parent and its start are those of the one before, and so are its places in
/// the indices.
pub(super) fn replace_span(connection: &Connection, run: i64, span: &Span) -> rusqlite::Result<()> {
    let mut write = connection.prepare_cached(
        "UPDATE spans SET name = ?5, kind = ?6, status = ?7, end_time = ?8, model = ?9, provider = ?10, input_tokens = ?11, \
         output_tokens = ?12, cost = ?13, user_id = ?14, session_id = ?15, service_name = ?16, service_version = ?17, \
         tags = ?18, status_message = ?19, attributes = ?20, events = ?21, input = ?22, output = ?23 \
         WHERE run = ?1 AND span_id = ?2 AND parent_id IS ?3 AND start_time = ?4",
    )?;
    execute(&mut write, run, span).map(drop)
}

pub(super) fn remove_span(connection: &Connection, run: i64, id: SpanId) -> rusqlite::Result<()> {
    let mut remove = connection.prepare_cached("DELETE FROM spans WHERE run = ?1 AND span_id = ?2")?;
    remove.execute((run, id)).map(drop)
}

/// Whether it has written a row.
fn execute(write: &mut Statement<'_>, run: i64, span: &Span) -> rusqlite::Result<bool> {
    let written = write.execute(params![
        run,
        span.span_id,
        span.parent_id,
        span.start_time,
        span.name,
        span.kind_said.then_some(&span.kind),
        span.status,
        span.end_time,
        span.model,
        span.provider,
        span.input_tokens.map(signed),
        span.output_tokens.map(signed),
        span.cost,
        span.user_id,
        span.session_id,
        span.service_name,
        span.service_version,
        (!span.tags.is_empty()).then(|| text(&span.tags)).transpose()?,
        span.status_message,
        (!span.attributes.is_empty()).then(|| text(&span.attributes)).transpose()?,
        (!span.events.is_empty()).then(|| text(&span.events)).transpose()?,
        span.input,
        span.output,
    ])?;
    Ok(written == 1)
}

fn text(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<T>> {
    let Some(text) = row.get_ref(column)?.as_str_or_null()? else { return Ok(None) };
    let at = row.as_ref().column_index(column)?;
    serde_json::from_str(text)
        .map(Some)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(at, Type::Text, Box::new(error)))
}
