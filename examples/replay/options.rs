//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use bento_local::replay::Speaker;

/// What to replay, and how.
pub(crate) struct Options {
    pub(crate) files: Vec<PathBuf>,
    pub(crate) bodies: Option<PathBuf>,
    pub(crate) speaker: Speaker,
}

impl Options {
    pub(crate) fn parse(mut arguments: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut options = Self { files: Vec::new(), bodies: None, speaker: Speaker::default() };
        while let Some(argument) = arguments.next() {
            let mut value =
                || arguments.next().ok_or_else(|| format!("{} needs a value", argument.display()));
            match argument.to_str() {
                Some("--bodies") => options.bodies = Some(value()?.into()),
                Some("--model") => options.speaker = options.speaker.model(value()?.to_string_lossy()),
                Some("--provider") => options.speaker = options.speaker.provider(value()?.to_string_lossy()),
                Some(option) if option.starts_with("--") => return Err(format!("{option} is no option")),
                _ => options.files.push(argument.into()),
            }
        }
        if options.files.is_empty() {
            return Err("usage: replay [--bodies DIR] [--model NAME] [--provider NAME] FILE…".to_owned());
        }
        Ok(options)
    }
}
