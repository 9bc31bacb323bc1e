//! The commands of `bento`, the program. This is no interface for programs: it may change with every version.

mod analytics;
mod ask;
mod columns;
mod completions;
mod doctor;
mod error;
mod json;
mod output;
mod remote;
mod replay;
mod serve;
mod table;
mod traces;
mod trajectories;
mod watch;
mod workspaces;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use self::remote::{Backend, Remote};

const EXAMPLES: &str = "\
Examples:
  bento serve                  # a backend on this machine; prints what to set
  bento doctor                 # whether traces arrive there
  bento watch                  # runs as they happen
  bento traces list            # what your agents did, newest first
  bento traces show TRACE_ID   # one run as a tree";

/// See what your AI agents did, with no account and no network.
#[derive(Debug, Parser)]
#[command(name = "bento", version, max_term_width = 100, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Receive traces on this machine and keep them
    Serve(serve::Serve),
    /// Runs and their spans
    Traces(Group<traces::Traces>),
    /// What runs add up to
    Analytics(Group<analytics::Analytics>),
    /// Where runs are kept apart
    Workspaces(Group<workspaces::Workspaces>),
    /// Runs, seen by whether they are done
    Trajectories(Group<trajectories::Trajectories>),
    /// Print one run as a tree; the same as `bento traces show`
    #[command(
        name = "show",
        after_help = "\
Example:
  bento show TRACE_ID"
    )]
    ShowRun {
        #[command(flatten)]
        show: traces::Show,
        #[command(flatten)]
        backend: Backend,
    },
    /// See runs as they happen, on a terminal
    Watch(watch::Watch),
    /// Find out whether traces arrive, and what is missing in them
    Doctor(doctor::Doctor),
    /// Send recorded runs, as their agents would have
    Replay(replay::Replay),
    /// Print the script that lets a shell complete what you type
    Completions(completions::Completions),
}

/// Commands that ask a backend, and which.
#[derive(Debug, clap::Args)]
struct Group<C: Subcommand> {
    #[command(subcommand)]
    command: C,
    #[command(flatten)]
    remote: Remote,
}

/// Does what the arguments say, the program's name first, and gives the program's exit code: 0 if all went well, 1 if
/// something failed, 2 if the arguments are none.
pub fn run(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(told) => {
            // If nobody reads it, it need not be said.
            let _ = told.print();
            return ExitCode::from(u8::try_from(told.exit_code()).unwrap_or(2));
        }
    };
    let done = match arguments.command {
        Command::Serve(serve) => serve.run(),
        Command::Traces(Group { command, remote }) => command.run(&remote),
        Command::Analytics(Group { command, remote }) => command.run(&remote),
        Command::Workspaces(Group { command, remote }) => command.run(&remote),
        Command::Trajectories(Group { command, remote }) => command.run(&remote),
        Command::ShowRun { show, backend } => show.run(&backend),
        Command::Watch(watch) => watch.run(),
        Command::Doctor(doctor) => doctor.run(),
        Command::Replay(replay) => replay.run(),
        Command::Completions(completions) => completions.run(Arguments::command()),
    };
    match done {
        Ok(code) => code,
        // Whoever read our output has seen enough (`bento traces list | head`).
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "bento: {error}");
            error.exit_code()
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory as _};

    use super::Arguments;

    fn check(command: &Command) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let has_example = help.starts_with("Example") && help.contains("bento ");
        assert!(
            has_example || command.get_subcommands().next().is_some(),
            "{} shows no example",
            command.get_name()
        );
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
        command.get_subcommands().for_each(check);
    }

    #[test]
    fn every_command_is_sound_and_shows_an_example() {
        Arguments::command().debug_assert();
        check(&Arguments::command());
    }
}
