//! `bento workspaces …`

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;
use ureq::http::Method;

use super::ask::{self, Query, path};
use super::error::CliError;
use super::remote::Remote;

#[derive(Debug, Subcommand)]
pub(super) enum Workspaces {
    /// List the workspaces
    #[command(after_help = "\
Example:
  bento workspaces list")]
    List,
    /// Make a workspace; the key `bl_pk_ID` sends to it
    #[command(after_help = "\
Example:
  bento workspaces create --name 'Night shift'       # its id becomes night-shift
  BENTOLABS_API_KEY=bl_pk_night-shift cargo run")]
    Create {
        /// What people call it
        #[arg(long)]
        name: String,
        /// Lower-case letters, digits and hyphens, 63 at most; made from the name unless given
        #[arg(long)]
        id: Option<String>,
    },
    /// Give a workspace another name
    #[command(after_help = "\
Example:
  bento workspaces update night-shift --name 'Night shift, Lisbon'")]
    Update {
        /// The workspace's id
        workspace_id: String,
        /// What people shall call it
        #[arg(long)]
        name: String,
    },
}

impl Workspaces {
    pub(super) fn run(self, remote: &Remote) -> Result<ExitCode, CliError> {
        match self {
            Self::List => ask::show(remote, "/workspaces", &Query::default()),
            Self::Create { name, id: None } => {
                ask::send(remote, &Method::POST, "/workspaces", &json!({"name": name}))
            }
            Self::Create { name, id: Some(id) } => {
                ask::send(remote, &Method::POST, "/workspaces", &json!({"id": id, "name": name}))
            }
            Self::Update { workspace_id, name } => {
                let path = path(&["workspaces", &workspace_id]);
                ask::send(remote, &Method::PATCH, &path, &json!({"name": name}))
            }
        }
    }
}
