//! What the SDK makes of everything that can go wrong around it: `cargo run --release --example faults`
//!
//! Each fault is a life of the SDK in a process of its own, against a backend, a proxy or a system that misbehaves in
//! one way. What was emitted is compared with what arrived and with what the SDK says of it, span by span; a table
//! tells how each came out, and the last line how many were survived. The process fails if one was not.
//!
//! - `--short` leaves out what takes long.
//! - Built with `--config 'profile.release.panic="abort"'` it leaves out the faults in which the host's own code panics.
//! - `NAME…` runs those whose names begin so, `--list` names them all.
//!
//! A new fault is one more entry in one of the tables: what the child does, what it meets, what is expected.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::panic,
    reason = "it shows what it does, and what goes wrong in it must show too"
)]

mod fault;
mod figures;
mod judge;
mod life;
mod line;
mod report;
mod run;
mod table;
mod watch;

use std::env;
use std::process::ExitCode;

use fault::{Fault, Pace};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let mut faults = table::all();
    match &arguments[..] {
        [child, name] if child == run::CHILD => {
            let fault = faults.into_iter().chain(figures::all()).find(|fault| fault.name == name);
            life::live(&fault.unwrap_or_else(|| panic!("there is no fault named {name}")));
            return ExitCode::SUCCESS;
        }
        [list] if list == "--list" => {
            for fault in faults {
                println!("{}", fault.name);
            }
            return ExitCode::SUCCESS;
        }
        [short] if short == "--short" => faults.retain(|fault| fault.pace == Pace::Short),
        [] => {}
        names => {
            if let Some(unknown) = names.iter().find(|name| !faults.iter().any(|fault| fault.is(name))) {
                eprintln!("there is no fault named {unknown}; `--list` names them all");
                return ExitCode::FAILURE;
            }
            faults.retain(|fault| names.iter().any(|name| fault.is(name)));
        }
    }
    if cfg!(panic = "abort") {
        // A panic of the host's is its end then, which is the host's choice; none comes from the SDK.
        faults.retain(|fault| fault.expect.host_panics == 0);
    }
    let is_whole = arguments.is_empty();
    let outcomes = run::all(faults);
    let figures = figures::measure(&outcomes, is_whole);
    if report::print(&outcomes, &figures) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Fault {
    /// Whether it is meant by this word of the command line.
    fn is(&self, word: &str) -> bool {
        self.name.starts_with(word)
    }
}
