//! Runs in one `SQLite` file, or in memory.
//!
//! One connection writes, up to four read beside it: the file is in WAL mode, where neither waits for the other. In memory
//! there is one connection for both. The schema is in `1.sql`.

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
use std::path::{Path, PathBuf, absolute};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, vtab};

use super::{
    Batch, Bucket, Filter, Page, Retained, Retention, RunQuery, SpanQuery, Store, StoreError, Totals,
    Workspace,
};
use crate::{Span, SpanId, Summary, Timestamp, TraceId};

/// How long another process may hold the file.
const BUSY: Duration = Duration::from_secs(5);

/// Bytes of the log beyond which readers are waited for to start it anew, and how long they are.
const LONG_LOG: u64 = 64 << 20;
const LOG_PATIENCE: Duration = Duration::from_millis(500);

/// How long a question may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Instructions of `SQLite` between two looks at the clock.
const STEPS: i32 = 20_000;

/// Connections that are kept for reading.
const READERS: usize = 4;

/// The file is there by then, and a connection is used by one thread at a time.
const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

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
    place: Place,
    /// Of the file and of its log.
    identities: [Identity; 2],
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
    Newer { found: i64, known: i64 },
    #[error("it is a database of another program")]
    Foreign,
}

impl Sqlite {
    pub(crate) fn open(place: Place) -> Result<Self, OpenError> {
        let place = match place {
            Place::Memory => Place::Memory,
            // Absolute, lest it be one of the names that mean something else to SQLite, such as `:memory:`.
            Place::File(path) => Place::File(absolute(path)?),
        };
        let mut writer = match &place {
            Place::Memory => Connection::open_in_memory()?,
            Place::File(path) => {
                make_private(path)?;
                Connection::open_with_flags(path, FLAGS)?
            }
        };
        writer.busy_timeout(BUSY)?;
        writer.set_prepared_statement_cache_capacity(64);
        // On macOS only this reaches the disk.
        writer.pragma_update(None, "fullfsync", true)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        writer.pragma_update(None, "synchronous", "FULL")?;
        writer.pragma_update(None, "wal_autocheckpoint", 8_000)?;
        writer.pragma_update(None, "journal_size_limit", 64 << 20)?;
        writer.pragma_update(None, "cache_size", -32_768)?;
        writer.pragma_update(None, "temp_store", "MEMORY")?;
        vtab::array::load_module(&writer)?;
        schema::migrate(&mut writer)?;
        let identities = match &place {
            Place::Memory => Default::default(),
            Place::File(path) => identities(path)?,
        };
        Ok(Self { place, identities, writer: Mutex::new(writer), readers: Mutex::new(Vec::new()) })
    }

    /// A file that somebody has removed can be written to for as long as it is open, and nothing of it is left then.
    fn check_file(&self) -> Result<(), StoreError> {
        let Place::File(path) = &self.place else { return Ok(()) };
        match identities(path) {
            Ok(found) if found == self.identities => Ok(()),
            _ => Err(StoreError::Unavailable("its file has been removed; start the server again".into())),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A thread that panicked in mid-transaction has rolled it back while it unwound.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks a question, which is broken off when it takes too long.
    fn read<T>(&self, ask: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let Place::File(path) = &self.place else { return ask_in_time(&mut self.lock(), ask) };
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = idle.map_or_else(|| open_reader(path), Ok)?;
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
    fn begin(&self) -> Result<Box<dyn Batch + '_>, StoreError> {
        self.check_file()?;
        Ok(Box::new(write::Transaction::begin(self.lock())?))
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

    fn spans(&self, id: TraceId, query: &SpanQuery) -> Result<Page<Span>, StoreError> {
        let page = self.read(|connection| read::spans(connection, id, query))?;
        page.ok_or_else(|| query.after_id.map_or(StoreError::TooSlow, StoreError::NoSuchSpan))
    }

    fn span(&self, id: SpanId) -> Result<Option<Span>, StoreError> {
        self.read(|connection| read::span(connection, id))
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

    fn retain(&self, retention: &Retention, now: Timestamp) -> Result<Retained, StoreError> {
        let mut connection = self.lock();
        if let Place::File(path) = &self.place {
            restart_log(&connection, path)?;
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

/// Makes the log start anew once it is long. `SQLite` does so by itself only at a moment when nobody reads in it, which with
/// many readers never comes: here those that read are waited for, and those that come read the file.
fn restart_log(connection: &Connection, path: &Path) -> rusqlite::Result<()> {
    if std::fs::metadata(log_of(path)).is_ok_and(|log| log.len() > LONG_LOG) {
        connection.busy_timeout(LOG_PATIENCE)?;
        // Where it does not come to an end, it is tried again in its time.
        let restarted = connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()));
        connection.busy_timeout(BUSY)?;
        restarted?;
    }
    Ok(())
}

fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, FLAGS)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "query_only", true)?;
    vtab::array::load_module(&connection)?;
    connection.pragma_update(None, "cache_size", -8_192)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

/// The log, which is there as long as the database is open.
fn log_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

fn identities(path: &Path) -> io::Result<[Identity; 2]> {
    Ok([identity(path)?, identity(&log_of(path))?])
}

/// Tells a file from another one of the same name.
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(path: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).map(|file| (file.dev(), file.ino()))
}

/// Elsewhere a file that is open cannot be removed.
#[cfg(not(unix))]
fn identity(path: &Path) -> io::Result<Identity> {
    std::fs::metadata(path).map(|_| Identity::default())
}

/// The file holds what people said to agents: on Unix its owner alone may read it. `SQLite` gives its other files the same mode.
fn make_private(path: &Path) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
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
