//! The HTTP face: `POST /v1/traces` in, JSON out.
//!
//! A request passes `guard` (who may ask), is read by `parameters` and `body` into types, and is answered by the group
//! it belongs to: `receive`, or one of those that `openapi` describes. A group is a file that gives its routes together
//! with their description; what is wrong is told as a `problem`. The groups that follow stand beside these: `sources`
//! (credentials, sync) and `analysis` (issues, findings). `page` gives the files of the web page, `live`
//! what changes while somebody looks at it.

mod analytics;
mod body;
#[cfg(test)]
mod faults;
mod filters;
mod guard;
mod live;
mod openapi;
mod order;
mod page;
mod parameters;
mod problem;
mod receive;
mod rows;
mod schema;
mod traces;
mod trajectories;
mod whole;
mod workspaces;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use tokio::time::timeout;
use utoipa_axum::router::OpenApiRouter;

pub(crate) use self::guard::ServerKey;
pub(crate) use self::live::Teller;
use self::problem::Problem;
use self::receive::Desk;
use crate::changes::Changes;
use crate::ingest::{Intake, Limits};
use crate::store::Store;

/// How long the store may take to answer a question.
const ANSWER: Duration = Duration::from_secs(20);

/// How long any request may take until its answer begins; each of its steps has a shorter time of its own.
const REQUEST: Duration = Duration::from_secs(90);

/// What the handlers share.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) intake: Intake,
    pub(crate) changes: Arc<Changes>,
    pub(crate) limits: Limits,
    /// The address it listens on, which a request may name as its host.
    pub(crate) bound: IpAddr,
    /// Who has it may do everything; without one, reading is open and any key of the right form may send.
    pub(crate) key: Option<ServerKey>,
}

impl Backend {
    /// Asks the store on a thread that may block.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Store) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.ask_within(ANSWER, question).await
    }

    async fn ask_within<T: Send + 'static>(
        &self,
        time: Duration,
        question: impl FnOnce(&dyn Store) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let store = Arc::clone(&self.store);
        let asked = tokio::task::spawn_blocking(move || question(&*store));
        match timeout(time, asked).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => {
                Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the store failed at this question"))
            }
            Err(_) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the store did not answer in time")),
        }
    }
}

pub(crate) fn router(backend: Arc<Backend>) -> Router {
    let (described, description) = OpenApiRouter::with_openapi(openapi::head())
        .merge(workspaces::routes())
        .merge(traces::routes())
        .merge(live::routes())
        .merge(analytics::routes())
        .merge(trajectories::routes())
        .split_for_parts();
    let desk = Desk::new(Arc::clone(&backend));
    described
        .route("/v1/traces", post(receive::traces).with_state(desk))
        .route("/healthz", get(health))
        .route("/openapi.json", openapi::route(&description))
        .merge(page::routes())
        .fallback(no_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(Arc::clone(&backend), guard::admit))
        .layer(from_fn(in_time))
        .layer(middleware::map_response(seal))
        .with_state(backend)
}

async fn health() -> Json<impl Serialize> {
    #[derive(Serialize)]
    struct Health {
        status: &'static str,
    }
    Json(Health { status: "ok" })
}

async fn no_route(uri: Uri, request: Request) -> Problem {
    body::discard(&mut request.into_body(), body::LINGER).await;
    Problem::new(
        StatusCode::NOT_FOUND,
        format!("there is nothing at {}; traces are sent to POST /v1/traces", uri.path()),
    )
}

async fn wrong_method(method: Method, uri: Uri, request: Request) -> Problem {
    body::discard(&mut request.into_body(), body::LINGER).await;
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("{} does not answer {method}", uri.path()))
}

async fn in_time(request: Request, next: Next) -> Result<Response, Problem> {
    within(REQUEST, next.run(request)).await
}

async fn within<T>(time: Duration, answer: impl Future<Output = T>) -> Result<T, Problem> {
    let late = |_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the request took too long");
    timeout(time, answer).await.map_err(late)
}

/// What a browser is told of every answer: not to take it for something else, and not to keep it unless it may.
async fn seal(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
