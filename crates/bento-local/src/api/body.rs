//! Reading a request's body: bounded in bytes and in time.

use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::problem::Problem;

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// To send a body.
    whole: Duration,
    /// To send the next piece of it: who is silent holds the room of those who are not.
    silence: Duration,
}

pub(super) const PATIENCE: Patience =
    Patience { whole: Duration::from_secs(30), silence: Duration::from_secs(5) };

/// How long the rest of a refused body is awaited.
pub(super) const LINGER: Duration = Duration::from_secs(5);

/// Room that is set aside on a client's word alone.
const TRUSTED_LENGTH: usize = 1 << 20;

/// The largest body that is no trace, in bytes.
const LARGEST_FORM: usize = 64 << 10;

/// A JSON body of a `POST` or `PATCH`.
#[derive(Debug)]
pub(super) struct Json<T>(pub(super) T);

#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the body did not arrive in time")]
    TooSlow,
    #[error("nothing more of the body has come for {0:?}")]
    Silent(Duration),
    #[error("the body broke off: {0}")]
    Broken(#[source] axum::Error),
}

pub(super) async fn read(body: &mut Body, most: usize, patience: Patience) -> Result<Vec<u8>, BodyError> {
    timeout(patience.whole, read_all(body, most, patience.silence)).await.map_err(|_| BodyError::TooSlow)?
}

async fn read_all(body: &mut Body, most: usize, silence: Duration) -> Result<Vec<u8>, BodyError> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > most {
        return Err(BodyError::TooLarge(most));
    }
    let mut bytes = Vec::with_capacity(announced.min(TRUSTED_LENGTH));
    while let Some(frame) = timeout(silence, body.frame()).await.map_err(|_| BodyError::Silent(silence))? {
        let Ok(data) = frame.map_err(BodyError::Broken)?.into_data() else { continue };
        if data.len() > most - bytes.len() {
            return Err(BodyError::TooLarge(most));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// Throws the rest of a refused body away. A client that is still writing when its connection closes would see a reset
/// instead of the answer.
pub(super) async fn discard(body: &mut Body, patience: Duration) {
    let rest = async { while let Some(Ok(_)) = body.frame().await {} };
    // If time runs out the client has had its chance; it is answered all the same.
    let _ = timeout(patience, rest).await;
}

/// The media type of a body, without its parameters; `Err` with what was sent if it is not JSON.
pub(super) fn expect_json(headers: &HeaderMap) -> Result<(), &str> {
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = sent.split(';').next().unwrap_or_default().trim();
    if media.eq_ignore_ascii_case("application/json") { Ok(()) } else { Err(media) }
}

impl<T: DeserializeOwned + Send, S: Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (head, mut body) = request.into_parts();
        let form = form(&head.headers, &mut body).await;
        if form.is_err() {
            discard(&mut body, LINGER).await;
        }
        form.map(Self)
    }
}

async fn form<T: DeserializeOwned + Send>(headers: &HeaderMap, body: &mut Body) -> Result<T, Problem> {
    expect_json(headers).map_err(|media| {
        let detail = format!("the Content-Type is {media:?} instead of application/json");
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
    })?;
    let json = read(body, LARGEST_FORM, PATIENCE).await?;
    // Serde would take its elements for the fields, in their order.
    if json.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::bad("body", "it is an array instead of an object"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(&json);
    let form = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let (path, error) = (error.path().to_string(), error.into_inner());
        match error.classify() {
            serde_json::error::Category::Data if path == "." => Problem::bad("body", error),
            serde_json::error::Category::Data => Problem::bad(&path, error),
            _ => not_json(&error),
        }
    })?;
    deserializer.end().map_err(|error| not_json(&error))?;
    Ok(form)
}

fn not_json(error: &serde_json::Error) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, format!("the body is not JSON: {error}"))
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        let status = match error {
            BodyError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            BodyError::TooSlow | BodyError::Silent(_) => StatusCode::REQUEST_TIMEOUT,
            BodyError::Broken(_) => StatusCode::BAD_REQUEST,
        };
        Self::new(status, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http_body_util::channel::Channel;

    use super::*;

    const SHORT: Duration = Duration::from_millis(10);
    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_body_that_never_comes_is_given_up() {
        for (whole, silence, told) in [
            (SHORT, LONG, "the body did not arrive in time"),
            (LONG, SHORT, "nothing more of the body has come for 10ms"),
        ] {
            // The sender lives on: the body neither ends nor breaks off.
            let (mut sender, silent) = Channel::<axum::body::Bytes, Infallible>::new(1);
            assert!(sender.send_data("{".into()).await.is_ok());
            let mut body = Body::new(silent);
            let outcome = read(&mut body, 10, Patience { whole, silence }).await;
            assert_eq!(outcome.err().map(|error| error.to_string()).as_deref(), Some(told));
            discard(&mut body, SHORT).await;
        }
    }

    #[tokio::test]
    async fn who_is_slow_and_goes_on_is_waited_for() {
        let silence = Duration::from_millis(500);
        let (mut sender, slow) = Channel::<axum::body::Bytes, Infallible>::new(1);
        let pieces = tokio::spawn(async move {
            for _ in 0..8 {
                tokio::time::sleep(silence / 5).await;
                assert!(sender.send_data("x".into()).await.is_ok());
            }
        });
        let outcome = read(&mut Body::new(slow), 10, Patience { whole: LONG, silence }).await;
        assert!(outcome.is_ok_and(|body| body == b"xxxxxxxx") && pieces.await.is_ok());
    }
}
