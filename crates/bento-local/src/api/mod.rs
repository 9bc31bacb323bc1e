//! The HTTP face: `POST /v1/traces` in, JSON out.

mod body;
mod guard;
mod problem;
mod read;
mod receive;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use self::problem::Problem;
use crate::store::Store;

/// What the handlers share.
pub(crate) struct Backend {
    pub(crate) store: Store,
    pub(crate) received: Received,
    pub(crate) limits: Limits,
    pub(crate) on_body: Option<OnBody>,
    /// The address it listens on, which a request may name as its host.
    pub(crate) bound: IpAddr,
}

/// Sees every body, inflated and not yet decoded.
pub(crate) type OnBody = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// The largest body in bytes, on the wire and inflated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) body: usize,
    pub(crate) inflated: usize,
}

/// What came in and was accepted. Who sees a body counted finds its spans in the store.
#[derive(Debug, Default)]
pub(crate) struct Received {
    bodies: AtomicU64,
    spans: AtomicU64,
    bytes: AtomicU64,
}

impl Received {
    fn count(&self, spans: usize, bytes: usize) {
        self.spans.fetch_add(spans as u64, Ordering::Release);
        self.bytes.fetch_add(bytes as u64, Ordering::Release);
        self.bodies.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn bodies(&self) -> u64 {
        self.bodies.load(Ordering::Acquire)
    }

    pub(crate) fn spans(&self) -> u64 {
        self.spans.load(Ordering::Acquire)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Acquire)
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend")
            .field("received", &self.received)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

pub(crate) fn router(backend: Arc<Backend>) -> Router {
    Router::new()
        .route("/v1/traces", post(receive::traces))
        .route("/healthz", get(read::health))
        .route("/workspaces", get(read::workspaces))
        .route("/workspaces/{workspace_id}/traces", get(read::traces))
        .route("/traces/{trace_id}", get(read::trace))
        .route("/traces/{trace_id}/spans", get(read::spans))
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
