//! The parent's side of a child: it reads along, and sees that it ends.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::fault::{Fault, Stage};
use crate::life::clock_ms;
use crate::line::Line;
use crate::run::{CHILD, KEY};

/// No fault takes as long.
const DEADLINE: Duration = Duration::from_secs(75);

/// A child that lives.
pub(crate) struct Watched {
    child: Child,
    news: Receiver<String>,
    errors: JoinHandle<String>,
    lines: Vec<Line>,
    output: String,
    deadline: Instant,
}

/// A child that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None` where it never ended, and was killed for that.
    pub(crate) status: Option<ExitStatus>,
    pub(crate) at_ms: u64,
    pub(crate) lines: Vec<Line>,
    /// Whatever it printed and logged.
    pub(crate) output: String,
}

impl Watched {
    /// Starts this program again, with nothing in its environment but what is said here.
    pub(crate) fn start(fault: &Fault, stage: &Stage) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args([CHILD, fault.name])
            .env_clear()
            // Windows has no sockets without it.
            .envs(env::var_os("SystemRoot").map(|root| ("SystemRoot", root)))
            .env("BENTOLABS_API_KEY", KEY)
            .env("BENTOLABS_BASE_URL", &stage.url)
            .envs(stage.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, news) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                sender.send(line).ok();
            }
        });
        let mut stderr = child.stderr.take().unwrap();
        let errors = thread::spawn(move || {
            let mut bytes = Vec::new();
            stderr.read_to_end(&mut bytes).ok();
            String::from_utf8_lossy(&bytes).into_owned()
        });
        let deadline = Instant::now() + DEADLINE;
        Self { child, news, errors, lines: Vec::new(), output: String::new(), deadline }
    }

    /// Waits until the child says that it is ready; `false` where it ends without.
    pub(crate) fn await_ready(&mut self) -> bool {
        while let Ok(line) = self.read() {
            if matches!(line, Some(Line::Ready)) {
                return true;
            }
        }
        false
    }

    /// Lets the child go on.
    pub(crate) fn go(&mut self) {
        if let Some(stdin) = &mut self.child.stdin {
            writeln!(stdin, "go").ok();
        }
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(id.unwrap(), signal).unwrap();
    }

    /// Reads one line, of whatever kind; an error at the end of the child's output, and at the deadline.
    fn read(&mut self) -> Result<Option<Line>, RecvTimeoutError> {
        let text = self.news.recv_timeout(self.deadline.saturating_duration_since(Instant::now()))?;
        self.output.push_str(&text);
        self.output.push('\n');
        let line = serde_json::from_str::<Line>(&text).ok();
        self.lines.extend(line.clone());
        Ok(line)
    }

    /// Reads to the end of the child, or kills it at the deadline.
    pub(crate) fn end(mut self) -> Ended {
        while self.read().is_ok() {}
        let mut killed = false;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > self.deadline {
                killed = true;
                self.child.kill().ok();
            }
            thread::sleep(Duration::from_millis(2));
        };
        let at_ms = clock_ms();
        let errors = self.errors.join().unwrap_or_default();
        Ended { status: (!killed).then_some(status), at_ms, lines: self.lines, output: self.output + &errors }
    }
}
