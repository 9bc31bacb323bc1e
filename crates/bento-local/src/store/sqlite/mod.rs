//! Runs in one `SQLite` file, or in memory.
//!
//! One connection writes, up to three read beside it: the file is in WAL mode, where neither waits for the other. In memory
//! there is one connection for both. The schema is in `1.sql` and what follows it.

mod file;
mod listed;
mod read;
mod retain;
mod row;
mod schema;
mod search;
mod select;
mod set;
#[cfg(test)]
mod tests;
mod write;

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, vtab};

use self::file::DatabaseFile;
use super::{
    Batch, Bucket, Filter, Page, Retained, Retention, RunQuery, SpanQuery, Store, StoreError, Totals,
    Workspace,
};
use crate::{Span, SpanId, Summary, Timestamp, TraceId};

/// How long another process may hold the file.
const BUSY: Duration = Duration::from_secs(5);

/// Bytes of the log beyond which readers are waited for to start it anew, and how long they are: longer than any question
/// takes once it is much longer than it should be.
const LONG_LOG: u64 = 64 << 20;
const LOG_PATIENCE: Duration = Duration::from_millis(500);
const TOO_LONG_LOG: u64 = 256 << 20;
const LAST_LOG_PATIENCE: Duration = Duration::from_secs(11);

/// How long a question may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Instructions of `SQLite` between two looks at the clock.
const STEPS: i32 = 20_000;

/// Connections that are kept for reading.
const READERS: usize = 3;

/// Where runs are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// For as long as the server runs.
    Memory,
    /// In a file, which is made if there is none.
    File(PathBuf),
}

#[derive(Debug)]
pub(crate) struct Sqlite {
    /// `None` for a database in memory.
    file: Option<DatabaseFile>,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
}

/// Why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("cannot make or open the file: {0}")]
    File(#[from] io::Error),
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("it was written by a newer version of bento (its schema is {found}, this version knows {known})")]
    Newer { found: i64, known: usize },
    #[error("it is a database of another program")]
    Foreign,
}

impl Sqlite {
    pub(crate) fn open(place: Place) -> Result<Self, OpenError> {
        let file = match place {
            Place::Memory => None,
            Place::File(path) => Some(DatabaseFile::make(&path)?),
        };
        let mut writer = file.as_ref().map_or_else(Connection::open_in_memory, DatabaseFile::connect)?;
        equip(&writer, 32 << 10)?;
        writer.set_prepared_statement_cache_capacity(64);
        schema::check(&writer)?;
        // On macOS only this reaches the disk.
        writer.pragma_update(None, "fullfsync", true)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        writer.pragma_update(None, "synchronous", "FULL")?;
        writer.pragma_update(None, "wal_autocheckpoint", 8_000)?;
        writer.pragma_update(None, "journal_size_limit", 64 << 20)?;
        schema::migrate(&mut writer)?;
        let file = file.map(DatabaseFile::in_use).transpose()?;
        Ok(Self { file, writer: Mutex::new(writer), readers: Mutex::new(Vec::new()) })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock().unwrap_or_else(|poisoned| {
            // A thread that panicked in mid-transaction has rolled it back while it unwound; its deadline is left.
            let mut connection = poisoned.into_inner();
            let _ = connection.progress_handler(0, None::<fn() -> bool>);
            self.writer.clear_poison();
            connection
        })
    }

    /// Asks a question, which is broken off when it takes too long.
    fn read<T>(&self, ask: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let Some(file) = &self.file else { return ask_in_time(&mut self.lock(), ask) };
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = idle.map_or_else(|| open_reader(file), Ok)?;
        let answer = ask_in_time(&mut connection, ask);
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS {
            readers.push(connection);
        }
        answer
    }

    /// Changes something at once.
    fn write<T>(&self, change: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        Ok(change(&self.lock())?)
    }
}

impl Store for Sqlite {
    fn begin(&self, now: Timestamp) -> Result<Box<dyn Batch + '_>, StoreError> {
        if self.file.as_ref().is_some_and(|file| !file.is_in_place()) {
            return Err(StoreError::Unavailable("its file has been removed; start the server again".into()));
        }
        Ok(Box::new(write::Transaction::begin(self.lock(), now)?))
    }

    fn workspaces(&self) -> Result<Vec<Workspace>, StoreError> {
        self.read(read::workspaces)
    }

    fn add_workspace(&self, workspace: &Workspace) -> Result<bool, StoreError> {
        self.write(|connection| write::add_workspace(connection, workspace))
    }

    fn rename_workspace(&self, id: &str, name: &str) -> Result<bool, StoreError> {
        self.write(|connection| write::rename_workspace(connection, id, name))
    }

    fn runs(&self, query: &RunQuery) -> Result<Page<Summary>, StoreError> {
        self.read(|connection| read::runs(connection, query))
    }

    fn run(&self, id: TraceId) -> Result<Option<(String, Summary)>, StoreError> {
        self.read(|connection| read::run(connection, id))
    }

    fn these_runs(&self, ids: &[TraceId]) -> Result<Vec<(String, Summary)>, StoreError> {
        self.read(|connection| read::these_runs(connection, ids))
    }

    fn these_spans(&self, run: TraceId, ids: &[SpanId], assumed: &[SpanId]) -> Result<Vec<Span>, StoreError> {
        self.read(|connection| read::these_spans(connection, run, ids, assumed))
    }

    fn spans(&self, id: TraceId, query: &SpanQuery) -> Result<Page<Span>, StoreError> {
        let page = self.read(|connection| read::spans(connection, id, query))?;
        page.ok_or_else(|| query.after_id.map_or(StoreError::TooSlow, StoreError::NoSuchSpan))
    }

    fn span(&self, id: SpanId, run: Option<TraceId>) -> Result<Option<Span>, StoreError> {
        self.read(|connection| read::span(connection, id, run))
    }

    fn totals(&self, workspace: &str, filter: &Filter) -> Result<Totals, StoreError> {
        self.read(|connection| read::totals(connection, workspace, filter))
    }

    fn timeline(
        &self,
        workspace: &str,
        filter: &Filter,
        bucket: Bucket,
    ) -> Result<Vec<(Timestamp, Totals)>, StoreError> {
        self.read(|connection| read::timeline(connection, workspace, filter, bucket))
    }

    fn give_up(&self, heard_before: Timestamp) -> Result<Vec<TraceId>, StoreError> {
        self.write(|connection| write::give_up(connection, heard_before))
    }

    fn retain(&self, retention: &Retention, now: Timestamp) -> Result<Retained, StoreError> {
        let mut connection = self.lock();
        match self.file.as_ref().map_or(0, DatabaseFile::log_length) {
            TOO_LONG_LOG.. => restart_log(&connection, LAST_LOG_PATIENCE)?,
            LONG_LOG.. => restart_log(&connection, LOG_PATIENCE)?,
            _ => {}
        }
        Ok(retain::retain(&mut connection, retention, now)?)
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.readers.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        let writer = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Leaves one file. If it fails, the next opening does it.
        let _ = writer.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);");
    }
}

fn ask_in_time<T>(
    connection: &mut Connection,
    ask: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, StoreError> {
    let deadline = Instant::now() + PATIENCE;
    connection.progress_handler(STEPS, Some(move || Instant::now() > deadline))?;
    let answer = ask(connection);
    connection.progress_handler(0, None::<fn() -> bool>)?;
    Ok(answer?)
}

/// Makes the log start anew. `SQLite` does so by itself only at a moment when nobody reads in it, which with
/// many readers never comes: here those that read are waited for, and those that come read the file.
fn restart_log(connection: &Connection, patience: Duration) -> rusqlite::Result<()> {
    connection.busy_timeout(patience)?;
    // Where it does not come to an end, it is tried again in its time.
    let restarted = connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()));
    connection.busy_timeout(BUSY)?;
    restarted
}

fn open_reader(file: &DatabaseFile) -> rusqlite::Result<Connection> {
    let connection = file.connect()?;
    connection.pragma_update(None, "query_only", true)?;
    equip(&connection, 8 << 10)?;
    Ok(connection)
}

/// What every connection has: patience, pages of the database in memory, and lists as parameters.
fn equip(connection: &Connection, cache_kib: i64) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    vtab::array::load_module(connection)
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Self::TooSlow,
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory
                | ErrorCode::CannotOpen,
            ) => Self::Unavailable(Box::new(error)),
            _ => Self::Failed(Box::new(error)),
        }
    }
}
