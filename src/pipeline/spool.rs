//! A directory that keeps what is not delivered yet: one file for the records of one body, as it would be sent.
//!
//! No log format is needed, and so no crate for one: a gzip body tells by its checksum whether it is whole, a rename
//! makes it appear at once, and removing it settles it. Whoever looks can read it with `zcat`, or send it with `curl`.
//!
//! Each process has a folder of its own beside a file that it holds locked as long as it lives. Whoever can lock the
//! file of another knows that its process has gone, and is the only one to take over its folder.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::export::is_whole;
use crate::record::random_u64;

/// What a file takes at least on a disk.
const BLOCK_BYTES: u64 = 4096;
/// How often the share of other processes is looked at anew.
const MEASURE_EVERY: Duration = Duration::from_secs(10);
/// A file with more spans than a batch may have is none of ours.
const MOST_SPANS: u32 = 512;
/// Files set aside that are kept for somebody to look at.
const KEPT_ASIDE: usize = 16;
const SUFFIX: &str = ".json.gz";
const ASIDE: &str = "damaged";

/// The folder of this process in the directory. Dropping it lets the next process take over what is left.
#[derive(Debug)]
pub(crate) struct Spool {
    directory: PathBuf,
    slot: PathBuf,
    bound: u64,
    destination: String,
    next: AtomicU64,
    usage: Mutex<Usage>,
    _lock: File,
}

#[derive(Debug)]
struct Usage {
    bytes: u64,
    measured_at: Instant,
}

/// The name of a file in the folder of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpoolFile {
    sequence: u64,
    spans: u32,
}

/// Why a body was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    #[error("the spool holds as many bytes as it may")]
    Bound,
    #[error(transparent)]
    Disk(#[from] io::Error),
}

/// What earlier processes have left.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Oldest first.
    pub(crate) files: Vec<SpoolFile>,
    /// Spans in files that were torn.
    pub(crate) damaged: u64,
}

impl SpoolFile {
    #[cfg(test)]
    pub(super) fn new(sequence: u64, spans: u32) -> Self {
        Self { sequence, spans }
    }

    pub(crate) fn spans(self) -> u64 {
        u64::from(self.spans)
    }

    fn name(self) -> String {
        format!("{:016x}-{}{SUFFIX}", self.sequence, self.spans)
    }

    fn parse(name: &str) -> Option<Self> {
        let (sequence, spans) = name.strip_suffix(SUFFIX)?.split_once('-')?;
        let spans = spans.parse().ok().filter(|spans| *spans <= MOST_SPANS)?;
        Some(Self { sequence: u64::from_str_radix(sequence, 16).ok()?, spans })
    }
}

impl Spool {
    /// Takes a folder in `directory`, which is made if needed, for spans that go to `destination`. No more than `bound`
    /// bytes are to lie in the directory.
    pub(crate) fn open(directory: &Path, bound: u64, destination: &str) -> io::Result<Self> {
        make_directory(directory)?;
        let destination = format!("{:016x}-", fingerprint(destination));
        let (slot, lock) = take_slot(directory, &destination)?;
        make_directory(&slot)?;
        Ok(Self {
            directory: directory.to_owned(),
            slot,
            bound,
            destination,
            next: AtomicU64::new(1),
            usage: Mutex::new(Usage { bytes: measure(directory), measured_at: Instant::now() }),
            _lock: lock,
        })
    }

    /// Takes over the folders of processes that have gone. What cannot be read is left alone.
    pub(crate) fn adopt(&self) -> Found {
        let mut found = Found::default();
        for path in list(&self.directory) {
            let slot = path.with_extension("");
            // Whatever else may lie there is not opened: a pipe would hold this up for ever.
            let is_lock = path.extension().is_some_and(|extension| extension == "lock") && path.is_file();
            if !is_lock || slot == self.slot || !name(&path).starts_with(&self.destination) {
                continue;
            }
            let Ok(lock) = OpenOptions::new().write(true).open(&path) else { continue };
            if lock.try_lock().is_ok() {
                self.empty(&slot, &mut found);
                // The folder stays where something in it could not be moved, and its lock with it.
                if fs::remove_dir(&slot).is_ok() || !slot.exists() {
                    fs::remove_file(&path).ok();
                }
            }
        }
        found
    }

    fn empty(&self, slot: &Path, found: &mut Found) {
        for path in list(slot) {
            if let Some(SpoolFile { spans, .. }) = SpoolFile::parse(&name(&path)) {
                let file = self.name_next(spans);
                if fs::rename(&path, self.path(file)).is_ok() {
                    found.files.push(file);
                }
            } else {
                // Its writer was killed in the midst of it.
                let torn = name(&path).strip_suffix(".part").and_then(SpoolFile::parse);
                found.damaged += torn.map_or(0, SpoolFile::spans);
                self.set_path_aside(&path);
            }
        }
    }

    /// Writes a body with so many spans.
    pub(crate) fn write(&self, body: &[u8], spans: usize) -> Result<SpoolFile, WriteError> {
        let size = blocks(body.len() as u64);
        while self.used() + size > self.bound {
            // What nobody will send goes first.
            if size > self.bound || !self.remove_one_aside() {
                return Err(WriteError::Bound);
            }
        }
        Ok(self.write_anyway(body, spans)?)
    }

    /// The same whatever the bound is.
    pub(crate) fn write_anyway(&self, body: &[u8], spans: usize) -> io::Result<SpoolFile> {
        let size = blocks(body.len() as u64);
        let file = self.name_next(u32::try_from(spans).unwrap_or(u32::MAX));
        let path = self.path(file);
        let part = path.with_file_name(format!("{}.part", file.name()));
        let written = create(&part).and_then(|mut part| part.write_all(body));
        if let Err(error) = written.and_then(|()| fs::rename(&part, &path)) {
            fs::remove_file(&part).ok();
            return Err(error);
        }
        self.usage().bytes += size;
        Ok(file)
    }

    /// The body in a file; an error where it is not what was written.
    pub(crate) fn read(&self, file: SpoolFile) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        File::open(self.path(file))?.take(self.bound).read_to_end(&mut body)?;
        if is_whole(&body) { Ok(body) } else { Err(ErrorKind::InvalidData.into()) }
    }

    pub(crate) fn remove(&self, files: impl IntoIterator<Item = SpoolFile>) {
        for file in files {
            self.remove_path(&self.path(file));
        }
    }

    /// Whether it is gone.
    fn remove_path(&self, path: &Path) -> bool {
        let size = path.metadata().map_or(0, |metadata| blocks(metadata.len()));
        let is_gone = fs::remove_file(path).is_ok();
        if is_gone {
            let mut usage = self.usage();
            usage.bytes = usage.bytes.saturating_sub(size);
        }
        is_gone
    }

    /// Puts a file that cannot be sent where somebody can look at it.
    pub(crate) fn set_aside(&self, file: SpoolFile) {
        self.set_path_aside(&self.path(file));
    }

    fn set_path_aside(&self, path: &Path) {
        let aside = self.directory.join(ASIDE);
        let name = format!("{}-{}", name(&self.slot), name(path));
        if make_directory(&aside).and_then(|()| fs::rename(path, aside.join(name))).is_err() {
            fs::remove_file(path).ok();
        }
        while list(&aside).len() > KEPT_ASIDE && self.remove_one_aside() {}
    }

    /// Removes one of the files set aside; `false` where there is none, or it cannot be removed.
    fn remove_one_aside(&self) -> bool {
        list(&self.directory.join(ASIDE)).first().is_some_and(|first| self.remove_path(first))
    }

    fn name_next(&self, spans: u32) -> SpoolFile {
        SpoolFile { sequence: self.next.fetch_add(1, Ordering::Relaxed), spans }
    }

    fn path(&self, file: SpoolFile) -> PathBuf {
        self.slot.join(file.name())
    }

    fn used(&self) -> u64 {
        let mut usage = self.usage();
        if usage.measured_at.elapsed() >= MEASURE_EVERY {
            *usage = Usage { bytes: measure(&self.directory), measured_at: Instant::now() };
        }
        usage.bytes
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Spool {
    /// An empty folder goes, and its lock with it; one that is not is left to the next process.
    fn drop(&mut self) {
        if fs::remove_dir(&self.slot).is_ok() {
            fs::remove_file(self.slot.with_extension("lock")).ok();
        }
    }
}

/// A name that nobody has, and its locked file.
fn take_slot(directory: &Path, destination: &str) -> io::Result<(PathBuf, File)> {
    loop {
        let name = format!("{destination}{}-{:016x}", std::process::id(), random_u64());
        let slot = directory.join(name);
        let path = slot.with_extension("lock");
        let lock = create(&path)?;
        match lock.try_lock() {
            // Another process may have taken it for one left behind, in the moment before it was locked.
            Ok(()) if path.exists() => return Ok((slot, lock)),
            Ok(()) | Err(fs::TryLockError::WouldBlock) => {}
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Spans may be confidential: what is made here is for this user alone.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn make_directory(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// What is in a directory, in the order of its names; nothing where it cannot be read.
fn list(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn measure(directory: &Path) -> u64 {
    let size = |path: &PathBuf| path.metadata().map_or(0, |metadata| blocks(metadata.len()));
    list(directory)
        .iter()
        .filter(|path| path.is_dir())
        .flat_map(|slot| list(slot))
        .map(|file| size(&file))
        .sum()
}

fn blocks(bytes: u64) -> u64 {
    bytes.div_ceil(BLOCK_BYTES).max(1) * BLOCK_BYTES
}

/// FNV-1a: what one process leaves another must recognise, whatever toolchain it was built with.
fn fingerprint(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests;
