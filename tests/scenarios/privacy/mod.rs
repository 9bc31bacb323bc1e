//! What is kept from the backend: by redaction hooks, by masks and by sampling.

mod again;
mod books;
#[cfg(feature = "otel")]
mod bridges;
mod hooks;
mod masks;
mod panics;
mod sampling;

use crate::support::Received;

/// Stands in every place where a host's data may stand.
const SECRET: &str = "Qv3murmur";

/// A hook that replaces the secret wherever it stands.
fn hush(field: &mut bento::Field<'_>) {
    if let Some(text) = field.text().filter(|text| text.contains(SECRET)) {
        field.replace(text.replace(SECRET, "[hushed]"));
    }
}

/// Everything that came, as text.
fn bodies(requests: &[Received]) -> String {
    requests.iter().map(|request| String::from_utf8_lossy(&request.body).into_owned()).collect()
}

/// What holds at every moment.
fn books_balance(status: &bento::Status) -> bool {
    let settled = status.delivered() + status.rejected() + status.failed() + status.dropped();
    status.accepted() == settled + status.waiting()
}
