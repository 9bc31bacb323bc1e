//! `bento doctor`: whether traces arrive, and what is missing in them.

mod columns;
mod probe;
mod recent;
mod report;

use std::process::ExitCode;

use clap::Args;
use serde::Deserialize;
use serde_json::json;
use ureq::http::Method;

use self::report::{Check, Report};
use super::error::CliError;
use super::output::Output;
use super::remote::{DEADLINE, Remote};
use crate::client::{Client, FetchError};

#[derive(Debug, Args)]
#[command(mut_arg("output", |output| output.help("How the report is shown: as text, unless this is given")))]
#[command(after_help = "\
Examples:
  bento doctor                   # the backend on this machine
  bento doctor --output pretty   # the report as JSON
  BENTOLABS_API_KEY=bl_pk_… bento doctor --api-base https://api.bentolabs.ai

It sends one small run, named bento_doctor. Columns that are empty in your runs are hints.
Exit code: 0 if all is well, 1 if something is broken.")]
pub(super) struct Doctor {
    #[command(flatten)]
    remote: Remote,
}

#[derive(Deserialize)]
struct Workspace {
    id: String,
}

impl Doctor {
    pub(super) fn run(&self) -> Result<ExitCode, CliError> {
        let remote = &self.remote;
        let mut report = Report::new(remote.backend.address()?, remote.workspace());
        examine(remote, &mut report);
        report.print(remote.output.unwrap_or(Output::Table))?;
        Ok(if report.is_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Looks from the ground up, and no further than the first thing that is broken.
fn examine(remote: &Remote, report: &mut Report) -> Option<()> {
    let client =
        report.check("key", remote.backend.sender().map(|client| (client, "it has the form of one")))?;
    report.check("reachable", reachable(&client).map(|()| ((), "somebody answers")))?;
    report.check("backend", is_bento(&client, remote.workspace()).map(|()| ((), "it is a Bento backend")))?;
    report.check("accepts", accepts(&client).map(|()| ((), "it takes the key")))?;
    let probe = report.check("probe", probe::send(remote, &client))?;
    report.probe = Some(probe);
    let recent = report.check("runs", recent::look(&client, remote.workspace()))?;
    report.recent = Some(recent);
    Some(())
}

fn reachable(client: &Client) -> Check<()> {
    match client.get("/healthz", &[], DEADLINE) {
        // Whoever refuses is there.
        Ok(_) | Err(FetchError::Refused { .. } | FetchError::Foreign { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn is_bento(client: &Client, workspace: &str) -> Check<()> {
    let workspaces: Vec<Workspace> = match client.get("/workspaces", &[], DEADLINE) {
        Ok(answer) => answer.json()?,
        Err(FetchError::Refused { status: 404, .. } | FetchError::Foreign { status: 404, .. }) => {
            return Err("it answers, but it knows no workspaces, as a Bento backend would".to_owned().into());
        }
        Err(error) => return Err(error.into()),
    };
    if workspaces.iter().any(|known| known.id == workspace) {
        return Ok(());
    }
    let known: Vec<_> = workspaces.iter().map(|known| known.id.as_str()).collect();
    Err(format!("there is no workspace {workspace:?} there, only: {}", known.join(", ")).into())
}

/// A batch of nothing is taken by whom the key opens, and leaves nothing behind.
fn accepts(client: &Client) -> Check<()> {
    client.send(&Method::POST, "/v1/traces", &json!({"resourceSpans": []}), DEADLINE)?;
    Ok(())
}
