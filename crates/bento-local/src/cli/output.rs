//! The forms in which answers are shown, and the terminal they are shown on.

use std::io::{self, IsTerminal as _};

use clap::ValueEnum;

use super::remote::Remote;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    // Columns, as wide as the terminal.
    Table,
    // JSON, indented.
    Pretty,
    // The answer as it came.
    Raw,
}

impl Output {
    /// What was asked for, or what suits the reader.
    pub(super) fn of(remote: &Remote) -> Self {
        let suits = || if io::stdout().is_terminal() { Self::Table } else { Self::Raw };
        remote.output.unwrap_or_else(suits)
    }
}

/// The columns of the terminal that standard output is; `None` if it is none.
pub(super) fn width() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(width.0.into())
}

/// Whether standard output may be coloured.
pub(super) fn color() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
