//! Reading a request's body: bounded in bytes on the wire, in bytes inflated, and in time.

use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use http_body_util::BodyExt as _;
use tokio::time::timeout;

/// How long a client may take to send a body.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// How long the rest of a refused body is awaited.
pub(super) const LINGER: Duration = Duration::from_secs(5);

/// Room that is set aside on a client's word alone.
const TRUSTED_LENGTH: usize = 1 << 20;

#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the body did not arrive in time")]
    TooSlow,
    #[error("the body broke off: {0}")]
    Broken(#[source] axum::Error),
}

pub(super) async fn read(body: &mut Body, most: usize, patience: Duration) -> Result<Vec<u8>, BodyError> {
    timeout(patience, read_all(body, most)).await.map_err(|_| BodyError::TooSlow)?
}

async fn read_all(body: &mut Body, most: usize) -> Result<Vec<u8>, BodyError> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > most {
        return Err(BodyError::TooLarge(most));
    }
    let mut bytes = Vec::with_capacity(announced.min(TRUSTED_LENGTH));
    while let Some(frame) = body.frame().await {
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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http_body_util::channel::Channel;

    use super::*;

    #[tokio::test]
    async fn a_body_that_never_comes_is_given_up() {
        // The sender lives on: the body neither ends nor breaks off.
        let (_sender, silent) = Channel::<axum::body::Bytes, Infallible>::new(1);
        let mut body = Body::new(silent);
        let outcome = read(&mut body, 10, Duration::from_millis(10)).await;
        assert!(matches!(outcome, Err(BodyError::TooSlow)), "{outcome:?}");
        discard(&mut body, Duration::from_millis(10)).await;
    }
}
