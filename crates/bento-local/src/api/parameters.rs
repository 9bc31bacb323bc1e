//! What a request says in its path and its query: parsed into types once, or answered with what is wrong.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use super::problem::Problem;
use crate::{SpanId, Timestamp, TraceId};

/// The parameters of the path. What is no id names nothing that is here: 404.
#[derive(Debug)]
pub(super) struct Path<T>(pub(super) T);

/// Some parameters of the query; those of other names are somebody else's, or nobody's. Several of these may read the
/// same query. What is wrong is answered with 422.
#[derive(Debug)]
pub(super) struct Query<T>(pub(super) T);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct InWorkspace {
    /// The id of the workspace; a fresh database has one, `local`.
    #[param(example = "local")]
    pub(super) workspace_id: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfTrace {
    /// The run's trace id: 32 hex digits.
    #[param(example = "4bf92f3577b34da6a3ce929d0e0e4736")]
    pub(super) trace_id: TraceId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfSpan {
    /// The span's id: 16 hex digits.
    #[param(example = "00f067aa0ba902b7")]
    pub(super) span_id: SpanId,
}

/// How many rows a page has at most.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Limit<const DEFAULT: usize, const MOST: usize>(usize);

/// A moment, as RFC 3339.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Moment(pub(super) Timestamp);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(path)) => Ok(Self(path)),
            Err(rejection) => {
                let reason = rejection.body_text();
                let reason = reason.strip_prefix("Invalid URL: ").unwrap_or(&reason);
                let detail = format!("there is nothing at {}: the id {reason}", parts.uri.path());
                Err(Problem::new(StatusCode::NOT_FOUND, detail))
            }
        }
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// Whether something is so, in any of the ways in which clients write that.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Truth(pub(super) bool);

/// What the parser says of a parameter that is given more than once and has one value.
const SEVERAL: &str = "unsupported value";

/// A parameter without a value is as good as none: clients write what is not set as `tag=`.
fn query<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    let said = |pair: &&str| pair.split_once('=').is_some_and(|(_, value)| !value.is_empty());
    let said: Vec<_> = text.split('&').filter(said).collect();
    let said = said.join("&");
    let parameters = serde_html_form::de::Deserializer::from_bytes(said.as_bytes());
    serde_path_to_error::deserialize(parameters).map_err(|error| {
        let name =
            error.path().iter().next().map(ToString::to_string).filter(|_| error.path().to_string() != ".");
        match name {
            Some(name) if error.inner().to_string() == SEVERAL => {
                Problem::bad(&name, "it may be given once only")
            }
            Some(name) => Problem::bad(&name, error.inner()),
            None => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.inner().to_string()),
        }
    })
}

impl<const DEFAULT: usize, const MOST: usize> Limit<DEFAULT, MOST> {
    pub(super) fn rows(self) -> usize {
        self.0
    }
}

impl<const DEFAULT: usize, const MOST: usize> Default for Limit<DEFAULT, MOST> {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl<const DEFAULT: usize, const MOST: usize> TryFrom<String> for Limit<DEFAULT, MOST> {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let rows = text.parse().ok().filter(|rows| (1..=MOST).contains(rows));
        rows.map(Self).ok_or_else(|| format!("{text:?} is not a whole number from 1 to {MOST}"))
    }
}

impl TryFrom<String> for Truth {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(Self(true)),
            "false" | "0" | "no" | "off" => Ok(Self(false)),
            _ => Err(format!("{text:?} is neither \"true\" nor \"false\"")),
        }
    }
}

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} is not an RFC 3339 time such as 2025-01-31T12:00:00Z, from 1970 to 2554");
        let moment = Timestamp::from_rfc3339(&text);
        // A plus that the client has not escaped arrives as a space.
        let moment = moment.or_else(|| Timestamp::from_rfc3339(&text.replace(' ', "+")));
        moment.map(Self).ok_or_else(wrong)
    }
}
