//! The web page: documents and modules that are part of this program, served as they are.
//!
//! They hold nothing of anybody's runs, so that they need no key; what they show they ask the REST API for.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Read as _;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use flate2::Compression;
use flate2::read::GzEncoder;

use super::Backend;
use super::problem::Problem;

/// Nothing runs or loads but what this server has given, and nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct File {
    name: &'static str,
    bytes: &'static [u8],
    gzip: OnceLock<Vec<u8>>,
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(File { name: $name, bytes: include_bytes!(concat!("../page/", $name)), gzip: OnceLock::new() }),*]
    };
}

static DOCUMENT: [File; 1] = files!["index.html"];

static ASSETS: [File; 41] = files![
    "api.js",
    "app.js",
    "base.css",
    "copy.js",
    "dom.js",
    "favicon.svg",
    "format.js",
    "icons.js",
    "list/address.js",
    "list/empty.js",
    "list/filters.js",
    "list/histogram.js",
    "list/list.css",
    "list/load.js",
    "list/row.js",
    "list/rows.js",
    "list/runs.js",
    "list/table.js",
    "list/tags.js",
    "list/totals.js",
    "list/window.js",
    "pace.js",
    "run/axis.js",
    "run/chat.js",
    "run/detail.js",
    "run/divider.js",
    "run/facets.js",
    "run/facts.js",
    "run/header.js",
    "run/json.js",
    "run/keys.js",
    "run/live.js",
    "run/payload.js",
    "run/run.css",
    "run/run.js",
    "run/steps.js",
    "run/text.js",
    "run/texts.js",
    "run/toolbar.js",
    "run/tree.js",
    "storage.js",
];

pub(super) fn routes() -> Router<Arc<Backend>> {
    Router::new()
        .route("/", get(document))
        .route("/runs/{trace_id}", get(document))
        .route("/assets/{*name}", get(asset))
}

/// Whether it is of the page, which is for everybody who may come here.
pub(super) fn has(path: &str) -> bool {
    path == "/" || path.starts_with("/runs/") || path.starts_with("/assets/")
}

async fn document(headers: HeaderMap) -> Response {
    DOCUMENT[0].answer(&headers)
}

async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let file = ASSETS.iter().find(|file| file.name == name);
    file.map(|file| file.answer(&headers))
        .ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, format!("the page has no file {name}")))
}

impl File {
    fn answer(&'static self, asked: &HeaderMap) -> Response {
        let tag = self.tag();
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(self.media())),
            (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            // Kept, and asked for anew each time: another version of the program has other files.
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (header::VARY, HeaderValue::from_static("accept-encoding")),
        ];
        let known = asked.get(header::IF_NONE_MATCH).is_some_and(|known| *known == tag);
        let tag = [(header::ETAG, tag)];
        if known {
            return (StatusCode::NOT_MODIFIED, headers, tag).into_response();
        }
        let takes = asked.get(header::ACCEPT_ENCODING).and_then(|takes| takes.to_str().ok());
        if takes.is_some_and(|takes| takes.split([',', ' ', ';']).any(|coding| coding == "gzip")) {
            let coding = [(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))];
            return (headers, tag, coding, self.gzip()).into_response();
        }
        (headers, tag, self.bytes).into_response()
    }

    /// Compressed when it is first asked for.
    fn gzip(&'static self) -> &'static [u8] {
        self.gzip.get_or_init(|| {
            let mut gzip = Vec::new();
            // Reading from memory cannot fail.
            let _ = GzEncoder::new(self.bytes, Compression::best()).read_to_end(&mut gzip);
            gzip
        })
    }

    fn tag(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.bytes.hash(&mut hasher);
        format!("\"{:016x}\"", hasher.finish())
    }

    fn media(&self) -> &'static str {
        match self.name.rsplit('.').next() {
            Some("html") => "text/html; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => "text/javascript; charset=utf-8",
        }
    }
}
