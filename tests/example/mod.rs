//! Runs an example as a user would: as a process of its own, with nothing in its environment but what is said here.

use std::env::consts::EXE_SUFFIX;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long an example may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// What an example left behind.
#[derive(Debug)]
pub(crate) struct Finished {
    /// `None` if it was killed.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs an example to its end, or kills it at the deadline.
pub(crate) fn run(name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Finished {
    let program = binary(name);
    assert!(
        program.exists(),
        "{} is not built; `cargo test` builds it, and so does `cargo build --examples`",
        program.display()
    );
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        // Windows has no sockets without it.
        .envs(std::env::var_os("SystemRoot").map(|root| ("SystemRoot", root)))
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = read(child.stdout.take().unwrap());
    let stderr = read(child.stderr.take().unwrap());
    let deadline = Instant::now() + DEADLINE;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
        }
        thread::sleep(Duration::from_millis(5));
    };
    Finished { code: status.code(), stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
}

/// Where cargo puts the examples: beside the folder of the test binaries.
pub(crate) fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("examples").join(format!("{name}{EXE_SUFFIX}"))
}

/// The lines without their durations, which vary, and without the padding that depends on them.
pub(crate) fn timeless(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let name = line.trim_start_matches([' ', '│', '├', '└', '─']);
        let (branches, cells) = line.split_at(line.len() - name.len());
        let cells = cells.split("  ").map(str::trim).filter(|cell| !cell.is_empty() && !is_duration(cell));
        format!("{branches}{}", cells.collect::<Vec<_>>().join("  "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn is_duration(cell: &str) -> bool {
    let number = [" µs", " ms", " s"].iter().find_map(|unit| cell.strip_suffix(unit));
    number.is_some_and(|number| number.parse::<f64>().is_ok())
}

fn read(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).unwrap();
        text
    })
}
