//! The backend of a benchmark: this program once more, in a process of its own, so that what it takes is no part of
//! what is measured. It keeps what arrives as it came, and counts the spans in it when it is asked.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use bento_faults::{Answer, Keep, Plan};

/// The argument that makes a sink of this program.
const ROLE: &str = "sink";

/// A backend that accepts everything; it ends with this value.
#[derive(Debug)]
pub(crate) struct Sink {
    child: Child,
    orders: ChildStdin,
    words: BufReader<ChildStdout>,
    url: String,
}

/// What has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrived {
    /// Spans in the bodies.
    pub(crate) spans: u64,
    /// Bytes of the bodies, as they travelled.
    pub(crate) bytes: u64,
}

/// Is the sink until its owner goes, where this process was started to be one. To be called first in `main`.
pub(crate) fn is_sink() -> bool {
    if std::env::args().nth(1).as_deref() != Some(ROLE) {
        return false;
    }
    let server = Plan::always(Answer::ok()).keep(Keep::Packed).start();
    println!("{}", server.url());
    for _ in io::stdin().lock().lines() {
        let requests = server.requests();
        let spans: usize = requests.iter().map(|request| request.spans().len()).sum();
        let bytes: usize = requests.iter().map(|request| request.wire_bytes).sum();
        println!("{spans} {bytes}");
    }
    true
}

impl Sink {
    /// Starts one.
    pub(crate) fn start() -> Result<Self, Box<dyn Error>> {
        let program = std::env::current_exe()?;
        let mut command = Command::new(program);
        let mut child = command.arg(ROLE).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let orders = child.stdin.take().ok_or("no way to the sink")?;
        let words = child.stdout.take().ok_or("no way back from the sink")?;
        let mut sink = Self { child, orders, words: BufReader::new(words), url: String::new() };
        sink.url = sink.line()?;
        Ok(sink)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What has arrived so far.
    pub(crate) fn arrived(&mut self) -> Result<Arrived, Box<dyn Error>> {
        writeln!(self.orders)?;
        let line = self.line()?;
        let (spans, bytes) = line.split_once(' ').ok_or("the sink speaks otherwise")?;
        Ok(Arrived { spans: spans.parse()?, bytes: bytes.parse()? })
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.words.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
