//! The HTTP face: `POST /v1/traces` in, JSON out.

mod body;
mod guard;
mod problem;
mod read;
mod receive;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use self::problem::Problem;
use crate::ingest::{Intake, Limits};
use crate::store::Store;

/// What the handlers share.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) intake: Intake,
    pub(crate) limits: Limits,
    /// The address it listens on, which a request may name as its host.
    pub(crate) bound: IpAddr,
    pub(crate) key: Option<ServerKey>,
}

#[derive(Clone)]
pub(crate) struct ServerKey(String);

impl ServerKey {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        text.strip_prefix("bl_pk_").filter(|rest| !rest.is_empty()).map(|_| Self(text.to_owned()))
    }
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerKey(…)")
    }
}

pub(crate) fn router(backend: Arc<Backend>) -> Router {
    Router::new()
        .route("/v1/traces", post(receive::traces))
        .route("/healthz", get(read::health))
        .route("/workspaces", get(read::workspaces))
        .fallback(no_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(Arc::clone(&backend), guard::local_only))
        .with_state(backend)
}

async fn no_route(uri: Uri) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        format!("there is nothing at {}; traces are sent to POST /v1/traces", uri.path()),
    )
}

async fn wrong_method(method: Method, uri: Uri) -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("{} does not answer {method}", uri.path()))
}
