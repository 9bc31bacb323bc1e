//! How requests get to the driver. They are few and short, so that each may hold up the one thread that waits for it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use thirtyfour::error::{WebDriverError, WebDriverErrorInner, WebDriverResult};
use thirtyfour::session::http::{Body, HttpClient};
use ureq::http::{Request, Response};

/// No command takes longer: a script has thirty seconds, and a browser starts in one.
const DEADLINE: Duration = Duration::from_secs(60);

/// A screenshot, or a payload that was read back.
const LARGEST: u64 = 64 << 20;

#[derive(Debug)]
pub(super) struct Wire(ureq::Agent);

impl Wire {
    pub(super) fn new() -> Self {
        let config = ureq::Agent::config_builder().proxy(None).http_status_as_error(false);
        Self(config.timeout_global(Some(DEADLINE)).build().into())
    }

    fn call(&self, request: Request<Body<'_>>) -> Result<Response<Bytes>, ureq::Error> {
        let (head, body) = request.into_parts();
        let answer = match body {
            Body::Empty => self.0.run(Request::from_parts(head, ()))?,
            Body::Json(json) => self.0.run(Request::from_parts(head, json.to_string()))?,
        };
        let (head, mut body) = answer.into_parts();
        let bytes = body.with_config().limit(LARGEST).read_to_vec()?;
        Ok(Response::from_parts(head, bytes.into()))
    }
}

#[async_trait::async_trait]
impl HttpClient for Wire {
    async fn send(&self, request: Request<Body<'_>>) -> WebDriverResult<Response<Bytes>> {
        self.call(request).map_err(|error| failed(&error))
    }

    async fn new(&self) -> Arc<dyn HttpClient> {
        Arc::new(Self::new())
    }
}

fn failed(error: &ureq::Error) -> WebDriverError {
    WebDriverError::from_inner(WebDriverErrorInner::HttpError(error.to_string()))
}
