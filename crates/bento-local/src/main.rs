//! `bento`: the local backend on the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    bento_local::cli::run(std::env::args_os())
}
