//! The file on disk, and the log beside it, which is there as long as the database is open.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf, absolute};

use rusqlite::{Connection, OpenFlags};

/// The file is there by then, and a connection is used by one thread at a time.
const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// A database's file.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    log: PathBuf,
    /// Which file and which log it is, once they are in use.
    identities: Option<[Identity; 2]>,
}

/// Tells a file from another one of the same name.
type Identity = (u64, u64);

impl DatabaseFile {
    /// Makes the file if there is none. It holds what people said to agents: on Unix its owner alone may read it, and
    /// `SQLite` gives its other files the same mode.
    pub(super) fn make(path: &Path) -> io::Result<Self> {
        // Absolute, lest it be one of the names that mean something else to SQLite, such as `:memory:`.
        let path = absolute(path)?;
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path)?;
        // The log stands beside the file itself, not beside a link to it.
        #[cfg(unix)]
        let path = fs::canonicalize(path)?;
        let mut log = path.clone().into_os_string();
        log.push("-wal");
        Ok(Self { path, log: log.into(), identities: None })
    }

    pub(super) fn connect(&self) -> rusqlite::Result<Connection> {
        Connection::open_with_flags(&self.path, FLAGS)
    }

    /// Remembers which files these are.
    pub(super) fn in_use(self) -> io::Result<Self> {
        let identities = Some(self.identities()?);
        Ok(Self { identities, ..self })
    }

    /// Whether they are still the same. Files that somebody has removed can be written to for as long as they are open, and
    /// nothing of it is left then.
    pub(super) fn is_in_place(&self) -> bool {
        self.identities().is_ok_and(|found| Some(found) == self.identities)
    }

    /// In bytes.
    pub(super) fn log_length(&self) -> u64 {
        fs::metadata(&self.log).map_or(0, |log| log.len())
    }

    fn identities(&self) -> io::Result<[Identity; 2]> {
        Ok([identity(&self.path)?, identity(&self.log)?])
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).map(|file| (file.dev(), file.ino()))
}

/// Elsewhere a file that is open cannot be removed.
#[cfg(not(unix))]
fn identity(path: &Path) -> io::Result<Identity> {
    fs::metadata(path).map(|_| Identity::default())
}
