//! `bento completions …`

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

use super::error::CliError;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bento completions bash > ~/.local/share/bash-completion/completions/bento
  bento completions zsh > ~/.zfunc/_bento
  bento completions fish > ~/.config/fish/completions/bento.fish
  bento completions powershell >> $PROFILE")]
pub(super) struct Completions {
    /// The shell that shall complete
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self, mut program: Command) -> Result<ExitCode, CliError> {
        // Written to memory first: the generator panics where a pipe breaks.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut program, "bento", &mut script);
        let mut out = io::stdout().lock();
        out.write_all(&script)?;
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}
