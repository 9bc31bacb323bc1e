//! From arguments to requests, and from answers to standard output.

use std::fmt::Display;
use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::error::CliError;
use super::json::{self, IndentError};
use super::output::Output;
use super::remote::{DEADLINE, Remote};
use super::table::{self, Table};
use crate::client::{Answer, FetchError, not_understood};

/// How long an answer may take that is passed on while it comes: its reader may be a person with a pager.
const STREAMED: Duration = Duration::from_secs(600);

/// The most rows that a list of runs gives at once.
const LARGEST_PAGE: u32 = 1000;

/// What a part of a path shows as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The parameters of a request, in the order of the command's options.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(&'static str, String)>);

#[derive(Deserialize)]
struct Next {
    next_cursor: Option<String>,
}

/// A path of these parts, whatever stands in them.
pub(super) fn path(parts: &[&str]) -> String {
    parts.iter().fold(String::new(), |path, part| {
        // `.` and `..` would be taken for steps, even escaped.
        let part = if part.chars().all(|c| c == '.') { part.replace('.', "%2E") } else { escaped(part) };
        path + "/" + &part
    })
}

fn escaped(part: &str) -> String {
    utf8_percent_encode(part, PLAIN).to_string()
}

impl Query {
    pub(super) fn one(mut self, name: &'static str, value: Option<&impl Display>) -> Self {
        self.0.extend(value.map(|value| (name, value.to_string())));
        self
    }

    pub(super) fn each(mut self, name: &'static str, values: &[impl Display]) -> Self {
        self.0.extend(values.iter().map(|value| (name, value.to_string())));
        self
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(given, _)| *given == name)
    }

    fn replace(&mut self, name: &'static str, value: String) {
        self.0.retain(|(given, _)| *given != name);
        self.0.push((name, value));
    }
}

/// Asks once and shows the answer.
pub(super) fn show(remote: &Remote, path: &str, query: &Query) -> Result<ExitCode, CliError> {
    let (client, output) = (remote.backend.client()?, Output::of(remote));
    print(client.get(path, &query.0, deadline(output))?, output, None)
}

/// Sends JSON and shows the answer.
pub(super) fn send(
    remote: &Remote,
    method: &ureq::http::Method,
    path: &str,
    json: &serde_json::Value,
) -> Result<ExitCode, CliError> {
    let output = Output::of(remote);
    print(remote.backend.client()?.send(method, path, json, DEADLINE)?, output, None)
}

/// Asks for a list, of which one page is shown.
pub(super) fn show_page(
    remote: &Remote,
    path: &str,
    query: &Query,
    cursor: &'static str,
) -> Result<ExitCode, CliError> {
    let (client, output) = (remote.backend.client()?, Output::of(remote));
    print(client.get(path, &query.0, deadline(output))?, output, Some(cursor))
}

/// Asks for every page of a list and shows them, one after the other, or as one table.
pub(super) fn show_all(
    remote: &Remote,
    path: &str,
    mut query: Query,
    cursor: &'static str,
) -> Result<ExitCode, CliError> {
    let (client, output) = (remote.backend.client()?, Output::of(remote));
    if !query.has("limit") {
        query.replace("limit", LARGEST_PAGE.to_string());
    }
    let mut table = Table::default();
    let mut last = None;
    loop {
        let page = client.get(path, &query.0, DEADLINE)?.bytes()?;
        let Next { next_cursor } = serde_json::from_slice(&page).map_err(|error| not_understood(&error))?;
        match output {
            Output::Table => table.append(&page).map_err(|error| not_understood(&error))?,
            Output::Pretty => indent(&page[..], |error| FetchError::Answer(error.into()))?,
            Output::Raw => {
                let mut out = io::stdout().lock();
                out.write_all(&page)?;
                out.write_all(b"\n")?;
            }
        }
        match next_cursor {
            // A backend that sends round in circles is left.
            Some(next) if last.as_ref() != Some(&next) => {
                query.replace(cursor, next.clone());
                last = Some(next);
            }
            _ => break,
        }
    }
    if let Output::Table = output {
        print_table(&table)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn deadline(output: Output) -> Duration {
    if let Output::Table = output { DEADLINE } else { STREAMED }
}

fn print(answer: Answer, output: Output, cursor: Option<&str>) -> Result<ExitCode, CliError> {
    match output {
        Output::Raw | Output::Pretty => {
            let (from, broken_off) = answer.reader();
            if let Output::Raw = output { copy(from, broken_off) } else { indent(from, broken_off) }?;
        }
        Output::Table => {
            let answer = answer.bytes()?;
            let mut table = Table::default();
            table.append(&answer).map_err(|error| not_understood(&error))?;
            print_table(&table)?;
            if let (Some(cursor), Ok(Next { next_cursor: Some(next) })) =
                (cursor, serde_json::from_slice(&answer))
            {
                let (next, option) = (table::cell(&next), cursor.replace('_', "-"));
                note(&format!("There is more: --{option} {next}, or --all."));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print_table(table: &Table) -> Result<(), CliError> {
    let width = super::output::width();
    let (text, left_out) = table.text(width);
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    if text.is_empty() {
        note("There is nothing to show.");
    }
    if left_out > 0 {
        note(&format!("{left_out} more columns would not fit; --output pretty shows them."));
    }
    Ok(())
}

/// Says something beside the data. If nobody listens, it need not be said.
fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

fn indent(from: impl Read, broken_off: impl Fn(io::Error) -> FetchError) -> Result<(), CliError> {
    json::indent(from, io::stdout().lock()).map_err(|error| match error {
        IndentError::Write(error) => error.into(),
        IndentError::Read(error) => broken_off(error).into(),
        IndentError::Json(error) => not_understood(&error).into(),
    })
}

/// Passes an answer on as it comes.
fn copy(mut from: impl Read, broken_off: impl Fn(io::Error) -> FetchError) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    let mut piece = vec![0; 64 << 10];
    let mut begins = true;
    loop {
        match from.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => {
                let first = piece[..length].iter().find(|byte| !byte.is_ascii_whitespace());
                if begins && first.is_some_and(|first| !b"{[".contains(first)) {
                    return Err(FetchError::Answer("it is not JSON".into()).into());
                }
                begins &= first.is_none();
                out.write_all(&piece[..length])?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(broken_off(error).into()),
        }
    }
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_path_stays_one_part() {
        assert_eq!(path(&["traces", "4bf9", "body"]), "/traces/4bf9/body");
        assert_eq!(path(&["traces", "../a b?c#d%"]), "/traces/..%2Fa%20b%3Fc%23d%25");
        assert_eq!(path(&["traces", ".."]), "/traces/%2E%2E");
    }
}
