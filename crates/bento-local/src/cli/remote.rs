//! Which backend is asked, for which workspace, and how its answers are shown.

use std::env;
use std::fmt;
use std::time::Duration;

use clap::Args;

use super::error::CliError;
use super::output::Output;
use crate::client::{Client, FetchError};

/// Where `bento serve` listens unless it is told otherwise.
pub(super) const LOCAL: &str = "http://127.0.0.1:8080";

/// The workspace that every database has.
const WORKSPACE: &str = "local";

/// How long one answer may take.
pub(super) const DEADLINE: Duration = Duration::from_secs(30);

const KEY: &str = "BENTOLABS_API_KEY";

/// Shown to a backend of one's own where the environment has no key: it takes any of the right form.
const LOCAL_KEY: &str = "bl_pk_local";

#[derive(Args)]
pub(super) struct Backend {
    /// Where the backend is
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "BENTOLABS_BASE_URL",
        default_value = LOCAL,
        hide_env_values = true,
        alias = "base-url",
        help_heading = "Backend"
    )]
    api_base: String,
}

#[derive(Debug, Args)]
pub(super) struct Workspace {
    /// The workspace's id
    #[arg(
        long,
        global = true,
        value_name = "ID",
        env = "BENTOLABS_WORKSPACE",
        default_value = WORKSPACE,
        hide_env_values = true,
        help_heading = "Backend"
    )]
    workspace: String,
}

#[derive(Debug, Args)]
pub(super) struct Remote {
    #[command(flatten)]
    pub(super) backend: Backend,
    #[command(flatten)]
    workspace: Workspace,
    /// How the answer is shown: a table on a terminal and raw elsewhere, unless this is given
    #[arg(long, global = true, value_enum, value_name = "FORM", help_heading = "Backend")]
    pub(super) output: Option<Output>,
}

impl Backend {
    /// The backend's address, checked with the SDK's own rules.
    pub(super) fn address(&self) -> Result<String, CliError> {
        let address = given(&self.api_base).unwrap_or(LOCAL);
        let options = bento::builder().api_key(LOCAL_KEY).base_url(address).resolve_options();
        match options {
            Ok(options) => Ok(options.base_url().to_owned()),
            // The address itself is not repeated: a password may stand in it.
            Err(error) => Err(CliError::Usage(format!("--api-base: {error}"))),
        }
    }

    /// Asks with the key of the environment, if there is one.
    pub(super) fn client(&self) -> Result<Client, CliError> {
        self.asking(key().as_deref())
    }

    /// Asks with the key that is sent with: the environment's, or one that any backend of one's own takes.
    pub(super) fn sender(&self) -> Result<Client, CliError> {
        let key = key().unwrap_or_else(|| LOCAL_KEY.to_owned());
        let checked = bento::builder().api_key(&key).base_url(LOCAL).resolve_options();
        checked.map_err(|error| CliError::Usage(error.to_string()))?;
        self.asking(Some(&key))
    }

    fn asking(&self, key: Option<&str>) -> Result<Client, CliError> {
        let client = Client::new(&self.address()?);
        let odd = || {
            CliError::Usage(format!(
                "{KEY} holds what no key can hold, such as a line end or a letter beyond ASCII"
            ))
        };
        match key {
            None => Ok(client),
            Some(key) => client.key(key).ok_or_else(odd),
        }
    }

    /// Starts the SDK, set up further by `setup`, to send there, if somebody answers.
    pub(super) fn sdk(
        &self,
        setup: impl FnOnce(bento::Builder) -> bento::Builder,
    ) -> Result<bento::Guard, CliError> {
        let key = key().unwrap_or_else(|| LOCAL_KEY.to_owned());
        let sdk = setup(bento::builder().api_key(key).base_url(self.address()?));
        sdk.resolve_options().map_err(|error| CliError::Usage(error.to_string()))?;
        match self.client()?.get("/healthz", &[], DEADLINE) {
            // It answers; a backend of another make may have nothing at this path.
            Ok(_) | Err(FetchError::Refused { .. } | FetchError::Foreign { status: 404, .. }) => {}
            Err(error) => return Err(error.into()),
        }
        sdk.init().map_err(|error| CliError::Usage(error.to_string()))
    }
}

impl Workspace {
    pub(super) fn id(&self) -> &str {
        given(&self.workspace).unwrap_or(WORKSPACE)
    }
}

impl Remote {
    pub(super) fn workspace(&self) -> &str {
        self.workspace.id()
    }
}

/// The key of the environment, if there is one.
pub(super) fn key() -> Option<String> {
    let key = env::var_os(KEY)?.into_string().unwrap_or_else(|odd| odd.to_string_lossy().into_owned());
    given(&key).map(str::to_owned)
}

/// What is empty is not given, as in the SDK.
fn given(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// The address may hold a password until it is checked.
impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend").finish_non_exhaustive()
    }
}
