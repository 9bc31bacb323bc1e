//! A long run against a backend that never is well for long:
//! `cargo run --release --example soak -- --minutes 10 [--rate 10000]`
//!
//! Two threads emit spans at the rate, in spans a second. The backend is a process of its own and rotates through
//! faults. In the end every span has to be delivered or lost for a reason that was counted, and the backend's own books
//! have to agree; the process fails if one is unaccounted for.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it shows what it measures")]

mod backend;
mod emit;
mod ledger;
mod report;
mod weather;

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::time::Duration;
use std::{env, thread};

use emit::Emission;
use ledger::Books;
use report::Report;

const USAGE: &str = "usage: soak --minutes N [--rate SPANS_PER_SECOND]";
/// The word that makes this program the backend.
const SERVE: &str = "--serve";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match arguments.first().map(String::as_str) {
        Some(SERVE) => backend::serve().map(|()| true).map_err(Into::into),
        _ => soak(&arguments),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every span is accounted for.
fn soak(arguments: &[String]) -> Result<bool, Box<dyn Error>> {
    let (minutes, rate) = options(arguments)?;
    let mut backend = Backend::start()?;
    let _bento = bento::builder().api_key("bl_pk_soak").base_url(backend.url.as_str()).init()?;
    let mut report = Report::begin(rate);

    let emission = Emission::begin(rate);
    let seconds = (minutes * 60.0).round();
    let end = Duration::try_from_secs_f64(seconds)?;
    report.watch(end);
    let emitted = emission.end();

    // With a backend that is well again nothing has a reason to wait.
    backend.ask("calm")?;
    let flushed = bento::flush(Duration::from_secs(60));
    let stopped = bento::shutdown(Duration::from_secs(10));
    // The backend takes note of the last request when it has answered it.
    thread::sleep(Duration::from_millis(200));
    let books: Books = serde_json::from_str(&backend.ask("books")?)?;
    Ok(report.print(&emitted, &books, &[flushed, stopped]))
}

fn options(arguments: &[String]) -> Result<(f64, u32), Box<dyn Error>> {
    let (mut minutes, mut rate) = (None, 10_000);
    for pair in arguments.chunks(2) {
        match pair {
            [name, value] if name == "--minutes" => minutes = Some(value.parse::<f64>()?),
            [name, value] if name == "--rate" => rate = value.parse()?,
            _ => return Err(USAGE.into()),
        }
    }
    Ok((minutes.filter(|minutes| *minutes > 0.0).ok_or(USAGE)?, rate))
}

/// The backend's process; it ends when its input does.
struct Backend {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    url: String,
}

impl Backend {
    fn start() -> Result<Self, Box<dyn Error>> {
        let mut process = Command::new(env::current_exe()?)
            .arg(SERVE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = BufReader::new(process.stdout.take().ok_or("no output")?);
        let input = process.stdin.take();
        let mut backend = Self { process, input, output, url: String::new() };
        backend.url = backend.read()?;
        Ok(backend)
    }

    /// Sends one line and reads the answer to it.
    fn ask(&mut self, word: &str) -> Result<String, Box<dyn Error>> {
        let input = self.input.as_mut().ok_or("no input")?;
        writeln!(input, "{word}")?;
        self.read()
    }

    fn read(&mut self) -> Result<String, Box<dyn Error>> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.input = None;
        self.process.wait().ok();
    }
}
