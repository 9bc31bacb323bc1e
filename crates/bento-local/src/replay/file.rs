//! From a file to the runs in it.

use std::io;
use std::path::Path;

use serde_json::Value;

use super::recording::{Recording, Speaker};
use super::{chat, swe_agent};

/// Why a file gives no runs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] io::Error),
    /// The file is not JSON, or not JSON in every line.
    #[error("it is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The file is JSON of another kind.
    #[error("neither a chat log (an array of runs with `traj`) nor a trajectory of SWE-agent")]
    Unknown,
}

/// Reads every run of a file, which is held in memory as a whole. `speaker` answers in chat logs, which do not say who did.
///
/// ```
/// use bento_local::replay::{ReadError, Speaker, read};
///
/// let other = read("Cargo.toml".as_ref(), &Speaker::default());
/// assert!(matches!(other, Err(ReadError::Json(_))));
/// ```
///
/// # Errors
///
/// The file cannot be read, is not JSON, or is neither a chat log nor a trajectory.
pub fn read(path: &Path, speaker: &Speaker) -> Result<Vec<Recording>, ReadError> {
    let content = std::fs::read(path)?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    if path.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("jsonl")) {
        return runs(serde_json::from_slice(&content)?, &name, speaker);
    }
    let mut all = Vec::new();
    for (number, line) in (1..).zip(serde_json::Deserializer::from_slice(&content).into_iter::<Value>()) {
        all.extend(runs(line?, &format!("{name}-{number}"), speaker)?);
    }
    if all.is_empty() { Err(ReadError::Unknown) } else { Ok(all) }
}

fn runs(file: Value, name: &str, speaker: &Speaker) -> Result<Vec<Recording>, ReadError> {
    let file = if file["traj"].is_array() { Value::Array(vec![file]) } else { file };
    if let Some(runs) = chat::read(&file, speaker) {
        return Ok(runs);
    }
    swe_agent::read(&file, name).map(|run| vec![run]).ok_or(ReadError::Unknown)
}
