//! The client of the tests that talk to a server over HTTP.

use std::time::Duration;

pub(crate) fn agent() -> ureq::Agent {
    let deadline = Some(Duration::from_secs(20));
    ureq::Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .timeout_global(deadline)
        .build()
        .into()
}
