//! An answer that says what went wrong: `{"detail": "…"}`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// In characters. Longer details are cut: a parser may quote a whole payload.
const LONGEST: usize = 500;

#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: shorten(detail.into()) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Body {
            detail: String,
        }
        (self.status, Json(Body { detail: self.detail })).into_response()
    }
}

/// Cuts the middle out, because parsers put the place at the end.
pub(super) fn shorten(text: String) -> String {
    if text.chars().count() <= LONGEST {
        return text;
    }
    let head: String = text.chars().take(LONGEST / 2).collect();
    let tail = text.char_indices().rev().nth(LONGEST / 2).map_or(0, |(start, _)| start);
    format!("{head} … {}", &text[tail..])
}
