//! Spans on their way in: each run's sum is read once, kept up in memory, and written when the batch is committed.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::mem;
use std::sync::MutexGuard;

use rusqlite::{Connection, OptionalExtension as _, named_params};

use super::listed::Listed;
use super::search::{self, Words};
use super::{Batch, StoreError, Workspace, row};
use crate::{Span, Summary, TraceId};

/// A batch that is being written; rolled back unless it is committed.
pub(super) struct Transaction<'a> {
    connection: MutexGuard<'a, Connection>,
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
    /// How many spans it had before.
    spans_before: u64,
    models_before: usize,
    tags_before: Vec<String>,
    /// Of the spans that came after the first `indexed`.
    words: Words,
    indexed: u64,
}

impl Open {
    fn index(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let spans = self.summary.as_ref().map_or(0, |summary| summary.span_count);
        if spans > self.indexed {
            search::add(connection, self.key, self.indexed, &mem::take(&mut self.words))?;
            self.indexed = spans;
        }
        Ok(())
    }
}

impl<'a> Transaction<'a> {
    pub(super) fn begin(connection: MutexGuard<'a, Connection>) -> rusqlite::Result<Self> {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        // From here on dropping it rolls back.
        let mut batch = Self { connection, runs: HashMap::new(), next_key: 0, is_open: true };
        let last = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'runs'";
        batch.next_key =
            1 + batch.connection.prepare_cached(last)?.query_row([], |row| row.get::<_, i64>(0))?;
        Ok(batch)
    }

    fn load(&self, trace_id: TraceId) -> rusqlite::Result<Option<Open>> {
        let mut select = self.connection.prepare_cached(row::RUN_OF_TRACE)?;
        let found = select.query_row([trace_id], |row| Ok((row.get("key")?, row::run(row)?))).optional()?;
        Ok(found.map(|(key, (workspace, summary))| Open {
            key,
            workspace,
            spans_before: summary.span_count,
            models_before: summary.models.len(),
            tags_before: summary.tags.clone(),
            indexed: summary.span_count,
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
            Open {
                key: self.next_key - 1,
                workspace: workspace.to_owned(),
                summary: None,
                spans_before: 0,
                models_before: 0,
                tags_before: Vec::new(),
                words: Words::of_run(trace_id),
                indexed: 0,
            }
        });
        self.runs.insert(trace_id, open);
        Ok(())
    }

    fn close(&self, mut run: Open) -> rusqlite::Result<()> {
        run.index(&self.connection)?;
        let Open { key, workspace, summary, spans_before, models_before, tags_before, .. } = run;
        let Some(summary) = summary.filter(|summary| summary.span_count > spans_before) else {
            return Ok(());
        };
        row::write_run(&self.connection, key, &workspace, &summary)?;
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
        if !row::write_span(&self.connection, run.key, span)? {
            return Ok(false);
        }
        match &mut run.summary {
            Some(summary) => summary.add(span),
            none => *none = Some(Summary::of(span)),
        }
        run.words.add(span);
        if run.words.are_many() {
            run.index(&self.connection)?;
        }
        Ok(true)
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
