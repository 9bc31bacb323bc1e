//! `bento`: the local backend on the command line.

mod cli;

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If stderr is gone there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "bento: {error}");
            ExitCode::FAILURE
        }
    }
}
