//! An answer that says what went wrong: `{"detail": "…"}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::ingest::IngestError;
use crate::store::StoreError;
use crate::terminal::shorten;

/// A refusal or a failure.
#[derive(Debug, thiserror::Error)]
#[error("{detail}")]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
}

/// What went wrong.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Told {
    /// In words, for a person.
    detail: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: shorten(detail.into()) }
    }

    /// There is nothing of that name.
    pub(super) fn missing(what: &str, id: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no {what} {id} here"))
    }

    /// It is nobody's fault but the server's.
    pub(super) fn internal(error: &impl std::fmt::Display) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }

    /// A parameter or a field has a value that it may not have.
    pub(super) fn bad(name: &str, reason: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{name}: {reason}"))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(Told { detail: self.detail })).into_response();
        let hint = match self.status {
            StatusCode::UNAUTHORIZED => Some((header::WWW_AUTHENTICATE, "Bearer")),
            StatusCode::SERVICE_UNAVAILABLE => Some((header::RETRY_AFTER, "1")),
            _ => None,
        };
        response.headers_mut().extend(hint.map(|(name, value)| (name, HeaderValue::from_static(value))));
        response
    }
}

impl From<&StoreError> for Problem {
    fn from(error: &StoreError) -> Self {
        let status = match error {
            StoreError::NoSuchSpan(_) => return Self::bad("after_id", error),
            StoreError::Unavailable(_) | StoreError::TooSlow => StatusCode::SERVICE_UNAVAILABLE,
            StoreError::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::from(&error)
    }
}

impl From<IngestError> for Problem {
    fn from(error: IngestError) -> Self {
        let status = match &error {
            IngestError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            IngestError::NotGzip(_) | IngestError::Decode(_) => StatusCode::BAD_REQUEST,
            // Whatever it is, the sender still has its spans and may send them again.
            IngestError::Store(_) | IngestError::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            IngestError::Hook => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}
