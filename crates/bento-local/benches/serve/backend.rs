//! `bento serve` as a process of its own, and what the system says it has taken.

use std::fs;
use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Outcome;

/// How long a server that was told to stop may take.
const STOP: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Backend {
    child: Child,
    /// Kept open, so that the server may say what it likes.
    _output: Lines<BufReader<ChildStdout>>,
    url: String,
    folder: TempDir,
}

impl Backend {
    /// Starts on a free port, with an empty database in a new folder below `within`.
    pub(crate) fn start(within: &Path) -> Outcome<Self> {
        let folder = tempfile::Builder::new().prefix("bento-bench-").tempdir_in(within)?;
        let mut child = Command::new(env!("CARGO_BIN_EXE_bento"))
            .args(["serve", "--port", "0", "--db"])
            .arg(folder.path().join("runs.db"))
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("the server has no output")?).lines();
        let url = loop {
            let line = lines.next().ok_or("the server did not say where it listens")??;
            if let Some((_, url)) = line.split_once("BENTOLABS_BASE_URL=") {
                break url.to_owned();
            }
        };
        Ok(Self { child, _output: lines, url, folder })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Stops it as its user would, and says how long that took.
    pub(crate) fn stop(&mut self) -> Outcome<Duration> {
        let started = Instant::now();
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-INT", &pid]).status()?;
        while started.elapsed() < STOP {
            if let Some(status) = self.child.try_wait()? {
                return if status.success() { Ok(started.elapsed()) } else { Err(status.to_string().into()) };
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Err("the server did not stop".into())
    }

    /// Bytes of the database's files.
    pub(crate) fn size(&self) -> Outcome<u64> {
        let mut bytes = 0;
        for entry in fs::read_dir(self.folder.path())? {
            bytes += entry?.metadata()?.len();
        }
        Ok(bytes)
    }

    /// The most memory that it ever had, in MiB, where the system tells it.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(line.split_whitespace().next()?.parse::<u64>().ok()? / 1024)
    }

    /// The processor time of all its threads so far, where the system tells it.
    pub(crate) fn processor_time(&self) -> Option<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        // The name may hold blanks; after it come the state and, eleven and twelve further on, hundredths of seconds.
        let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11).map(str::parse::<u64>);
        let (user, system) = (fields.next()?.ok()?, fields.next()?.ok()?);
        Some(Duration::from_millis((user + system) * 10))
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
