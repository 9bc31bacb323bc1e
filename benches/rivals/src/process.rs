//! The processes of a run: a sink and a contender, each of which ends with it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::{Map, Value};

use crate::sink::{Behaviour, Counts};
use crate::{compile, sink};

/// A run of a contender takes seconds.
const PATIENCE: Duration = Duration::from_secs(300);

/// A sink in a process of its own, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Sink {
    process: Child,
    authority: String,
}

impl Sink {
    pub(crate) fn start(behaviour: Behaviour) -> anyhow::Result<Self> {
        let own = compile::folder()?.join("rivals");
        let mut process =
            Command::new(own).arg("sink").arg(behaviour.name()).stdout(Stdio::piped()).spawn()?;
        let mut port = String::new();
        let output = process.stdout.take().context("the sink has no output")?;
        let read = BufReader::new(output).read_line(&mut port);
        let sink = Self { process, authority: format!("127.0.0.1:{}", port.trim()) };
        read?;
        Ok(sink)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.authority)
    }

    pub(crate) fn counts(&self) -> anyhow::Result<Counts> {
        sink::ask(&self.authority)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.process.kill().and_then(|()| self.process.wait()).ok();
    }
}

/// Runs a contender to its end and reads what it found.
pub(crate) fn contender(command: &mut Command) -> anyhow::Result<Map<String, Value>> {
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut output = process.stdout.take().context("it has no output")?;
    let mut errors = process.stderr.take().context("it has no errors")?;
    let output = thread::spawn(move || {
        let mut text = String::new();
        output.read_to_string(&mut text).map(|_| text)
    });
    let errors = thread::spawn(move || {
        let mut text = Vec::new();
        errors.read_to_end(&mut text).map(|_| String::from_utf8_lossy(&text).into_owned())
    });
    let start = Instant::now();
    let status = loop {
        if let Some(status) = process.try_wait()? {
            break status;
        }
        if start.elapsed() > PATIENCE {
            process.kill()?;
            process.wait()?;
            bail!("not at its end after {} s", PATIENCE.as_secs());
        }
        thread::sleep(Duration::from_millis(20));
    };
    let (Ok(output), Ok(errors)) = (output.join(), errors.join()) else {
        bail!("its output could not be read")
    };
    let (output, errors) = (output?, errors?);
    ensure!(status.success(), "{status}: {}", errors.lines().last().unwrap_or_default());
    let line = output.lines().last().context("it said nothing")?;
    serde_json::from_str(line).with_context(|| format!("it said `{line}`"))
}
