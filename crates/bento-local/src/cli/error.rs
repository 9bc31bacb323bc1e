//! What ends a command, in words that say what to do.

use std::io;
use std::process::ExitCode;

use crate::StartError;
use crate::client::FetchError;

#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    #[error("{0}{advice}", advice = other_port(.0))]
    Start(#[from] StartError),
    #[error("{0}{advice}", advice = advice(.0))]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    System(#[from] io::Error),
    /// What a backend does that it should not.
    #[error("{0}")]
    Broken(String),
    /// What was given cannot be meant.
    #[error("{0}")]
    Usage(String),
}

impl From<String> for CliError {
    fn from(broken: String) -> Self {
        Self::Broken(broken)
    }
}

impl CliError {
    /// Whether only the reader of the output has gone.
    pub(super) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::System(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}

fn other_port(error: &StartError) -> &'static str {
    match error {
        StartError::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
            "\n  Is another `bento serve` running? --port takes another port, --port 0 one that is free."
        }
        _ => "",
    }
}

fn advice(error: &FetchError) -> &'static str {
    match error {
        FetchError::Unreachable { .. } => {
            "\n  Is a backend running there? `bento serve` starts one; --api-base says where it is."
        }
        FetchError::Refused { status: 401 | 403, .. } => {
            "\n  Set BENTOLABS_API_KEY to the key that the backend wants."
        }
        _ => "",
    }
}
