//! Spans on their way in: each run's sum is read once, kept up in memory, and written when the batch is committed.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::mem;
use std::sync::MutexGuard;

use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

use super::listed::Listed;
use super::row::unsigned;
use super::search::{self, Words};
use super::{Batch, StoreError, Workspace, row};
use crate::{Span, Summary, Timestamp, TraceId};

/// A batch that is being written; rolled back unless it is committed.
pub(super) struct Transaction<'a> {
    connection: MutexGuard<'a, Connection>,
    now: Timestamp,
    runs: HashMap<TraceId, Open>,
    /// The key that the next new run gets.
    next_key: i64,
    is_open: bool,
}

/// A run that got spans in this batch.
struct Open {
    key: i64,
    workspace: String,
    /// `None` as long as it has no span at all.
    summary: Option<Summary>,
    /// Whether anything was added or replaced.
    is_changed: bool,
    /// Whether something was taken back, so that the sum has to be made anew.
    is_stale: bool,
    /// How many spans were pending and are complete.
    replaced: u64,
    models_before: usize,
    tags_before: Vec<String>,
    /// Of the forms of spans that came after the first `indexed`.
    words: Words,
    indexed: u64,
}

impl Open {
    /// A run that is not here yet.
    fn new(key: i64, workspace: &str, trace_id: TraceId) -> Self {
        Self {
            key,
            workspace: workspace.to_owned(),
            summary: None,
            is_changed: false,
            is_stale: false,
            replaced: 0,
            models_before: 0,
            tags_before: Vec::new(),
            words: Words::of_run(trace_id),
            indexed: 0,
        }
    }

    /// How many forms of spans have their words in the index, or among those that wait for it. Of a span that was pending the
    /// first form is there and the complete one: what is said in between is said again at its end.
    fn forms(&self) -> u64 {
        self.summary.as_ref().map_or(0, |summary| summary.span_count) + self.replaced
    }

    /// Whether the span changes anything. One that is here is replaced if it was pending.
    fn take(&mut self, connection: &Connection, span: &Span) -> rusqlite::Result<bool> {
        if row::write_span(connection, self.key, span)? {
            match &mut self.summary {
                Some(summary) => summary.add(span),
                none => *none = Some(Summary::of(span)),
            }
            self.words.add(span);
        } else if let Some(before) = row::earlier_form(connection, self.key, span)? {
            let replaced = self.summary.as_mut().and_then(|summary| summary.replace(&before, span).ok());
            if let Some(lost) = replaced {
                row::replace_span(connection, self.key, span)?;
                lost.map_or(Ok(()), |model| self.renew_model(connection, model, span.start_time))?;
            } else {
                row::remove_span(connection, self.key, span.span_id)?;
                row::write_span(connection, self.key, span)?;
                self.is_stale = true;
            }
            if !span.is_pending() {
                self.replaced += 1;
                self.words.add(span);
            }
        } else {
            return Ok(false);
        }
        self.is_changed = true;
        Ok(true)
    }

    fn index(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let forms = self.forms();
        if forms > self.indexed {
            search::add(connection, self.key, self.indexed, &mem::take(&mut self.words))?;
            self.indexed = forms;
        }
        Ok(())
    }

    /// Asks who else has asked a model that nobody has asked before that moment. It is read for each call whose reply names
    /// another model than was asked, and no more than the spans that started since.
    fn renew_model(
        &mut self,
        connection: &Connection,
        model: String,
        from: Timestamp,
    ) -> rusqlite::Result<()> {
        let first = row::first_asked(connection, self.key, &model, from)?;
        if first.is_none() {
            Listed::Model.remove(connection, self.key, [&model])?;
            // There may be as many as before, and others.
            self.models_before = 0;
        }
        if let Some(summary) = &mut self.summary {
            summary.renew_model(model, first);
        }
        Ok(())
    }

    fn sum_anew(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if let Some(stale) = self.summary.take() {
            Listed::Model.remove(connection, self.key, stale.models.keys())?;
            self.models_before = 0;
            self.summary = row::sum(connection, self.key, stale.trace_id)?;
        }
        Ok(())
    }
}

impl<'a> Transaction<'a> {
    pub(super) fn begin(connection: MutexGuard<'a, Connection>, now: Timestamp) -> rusqlite::Result<Self> {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        // From here on dropping it rolls back.
        let mut batch = Self { connection, now, runs: HashMap::new(), next_key: 0, is_open: true };
        let last = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'runs'";
        batch.next_key =
            1 + batch.connection.prepare_cached(last)?.query_row([], |row| row.get::<_, i64>(0))?;
        Ok(batch)
    }

    fn load(&self, trace_id: TraceId) -> rusqlite::Result<Option<Open>> {
        let mut select = self.connection.prepare_cached(row::RUN_OF_TRACE)?;
        let read = |row: &Row<'_>| Ok((row.get("key")?, row::run(row)?, row.get("replaced").map(unsigned)?));
        let found = select.query_row([trace_id], read).optional()?;
        Ok(found.map(|(key, (workspace, summary), replaced)| Open {
            key,
            workspace,
            is_changed: false,
            is_stale: false,
            replaced,
            models_before: summary.models.len(),
            tags_before: summary.tags.clone(),
            indexed: summary.span_count + replaced,
            summary: Some(summary),
            words: Words::default(),
        }))
    }

    fn open(&mut self, workspace: &str, trace_id: TraceId) -> rusqlite::Result<()> {
        if self.runs.contains_key(&trace_id) {
            return Ok(());
        }
        let open = self.load(trace_id)?.unwrap_or_else(|| {
            self.next_key += 1;
            Open::new(self.next_key - 1, workspace, trace_id)
        });
        self.runs.insert(trace_id, open);
        Ok(())
    }

    fn close(&self, mut run: Open) -> rusqlite::Result<()> {
        run.index(&self.connection)?;
        if run.is_stale {
            run.sum_anew(&self.connection)?;
        }
        let Open { key, workspace, summary, replaced, models_before, tags_before, .. } = run;
        let Some(summary) = summary.filter(|_| run.is_changed) else { return Ok(()) };
        row::write_run(&self.connection, key, &workspace, &summary, replaced, self.now)?;
        if summary.models.len() > models_before {
            Listed::Model.add(&self.connection, key, summary.models.keys())?;
        }
        if summary.tags != tags_before {
            // A root that is earlier than the one known so far brings its own tags.
            Listed::Tag.remove(&self.connection, key, &tags_before)?;
            Listed::Tag.add(&self.connection, key, &summary.tags)?;
        }
        Ok(())
    }
}

impl Batch for Transaction<'_> {
    fn add(&mut self, workspace: &str, span: &Span) -> Result<bool, StoreError> {
        self.open(workspace, span.trace_id)?;
        let Entry::Occupied(mut run) = self.runs.entry(span.trace_id) else { return Ok(false) };
        let run = run.get_mut();
        let is_changed = run.take(&self.connection, span)?;
        if run.words.are_many() {
            run.index(&self.connection)?;
        }
        Ok(is_changed)
    }

    fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        let mut runs: Vec<_> = mem::take(&mut self.runs).into_values().collect();
        // In their order the search index takes them in one go, and the tables grow at their ends.
        runs.sort_unstable_by_key(|run| run.key);
        runs.into_iter().try_for_each(|run| self.close(run))?;
        self.connection.execute_batch("COMMIT")?;
        self.is_open = false;
        Ok(())
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.is_open {
            // It fails only where SQLite has rolled back by itself.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }
}

pub(super) fn add_workspace(connection: &Connection, workspace: &Workspace) -> rusqlite::Result<bool> {
    let add = "INSERT INTO workspaces (id, name, position) \
        SELECT :id, :name, 1 + max(position) FROM workspaces WHERE true ON CONFLICT (id) DO NOTHING";
    let added = connection.execute(add, named_params! {":id": workspace.id, ":name": workspace.name})?;
    Ok(added == 1)
}

pub(super) fn rename_workspace(connection: &Connection, id: &str, name: &str) -> rusqlite::Result<bool> {
    Ok(connection.execute("UPDATE workspaces SET name = ?2 WHERE id = ?1", (id, name))? == 1)
}

pub(super) fn give_up(connection: &Connection, heard_before: Timestamp) -> rusqlite::Result<Vec<TraceId>> {
    let mut give_up = connection.prepare_cached(
        "UPDATE runs SET state = 'unfinished' WHERE key IN \
         (SELECT key FROM runs WHERE state = 'running' AND heard < ?1 ORDER BY heard LIMIT 1000) RETURNING trace_id",
    )?;
    give_up.query_map([heard_before], |row| row.get(0))?.collect()
}
