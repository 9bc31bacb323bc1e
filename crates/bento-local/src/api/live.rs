//! Event streams: what changes, as it changes.
//!
//! One thread reads what changed, once for all who watch, and writes it as events; a stream hands on what the thread has
//! written. Who subscribes first and loads afterwards misses nothing.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::io::{self, Write as _};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use serde::Serialize;
use tokio::time::timeout;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::parameters::{InWorkspace, OfTrace, Path};
use super::problem::Problem;
use super::rows::{RunRow, SpanRow};
use super::{Backend, traces, workspaces};
use crate::TraceId;
use crate::changes::{Changed, Changes, Few, News, SubscribeError, Subscription, Topic};
use crate::store::{Store, StoreError};

/// How long a stream may be silent; then a comment tells both ends that the other is there.
const SILENCE: Duration = Duration::from_secs(15);

/// Bytes of events that a topic gets in a round; when it is more, whoever watches loads anew.
const MOST: usize = 512 << 10;

const READY: Bytes = Bytes::from_static(b"event: ready\ndata: {}\n\n");
const RESET: Bytes = Bytes::from_static(b"event: reset\ndata: {}\n\n");
const COMMENT: Bytes = Bytes::from_static(b":\n\n");

pub(super) fn routes() -> OpenApiRouter<Arc<Backend>> {
    OpenApiRouter::new().routes(routes!(stream_traces)).routes(routes!(stream_trace_spans))
}

/// Watch the runs of a workspace
///
/// Server-sent events. `ready` comes first: from here on nothing is missed, so that the list is to be loaded now. Then comes
/// `run`, with the run's row, for each run that is new or changed, at most once in 100 ms. `reset` says that too much
/// changed, that runs were let go of, or that it was read too slowly: the list is to be loaded anew.
#[utoipa::path(get, path = "/workspaces/{workspace_id}/traces/stream", tag = "traces", params(InWorkspace), responses((status = OK, description = "The events, until the server stops", body = String, content_type = "text/event-stream")))]
async fn stream_traces(
    State(backend): State<Arc<Backend>>,
    Path(InWorkspace { workspace_id }): Path<InWorkspace>,
) -> Result<Response, Problem> {
    let subscription = backend.changes.subscribe(Topic::Runs(workspace_id.clone()))?;
    backend.ask(move |store| workspaces::expect(store, &workspace_id)).await?;
    Ok(answer(subscription))
}

/// Watch a run
///
/// Server-sent events. `ready` comes first: from here on nothing is missed, so that the run is to be loaded now. Then comes
/// `span`, with the span's row, for each span that is new or changed, and after them `run`, with the run's row. `reset`
/// says that too much changed, that the run was let go of, or that it was read too slowly: the run is to be loaded anew.
#[utoipa::path(get, path = "/traces/{trace_id}/stream", tag = "traces", params(OfTrace), responses((status = OK, description = "The events, until the server stops", body = String, content_type = "text/event-stream")))]
async fn stream_trace_spans(
    State(backend): State<Arc<Backend>>,
    Path(OfTrace { trace_id }): Path<OfTrace>,
) -> Result<Response, Problem> {
    let subscription = backend.changes.subscribe(Topic::Run(trace_id))?;
    backend.ask(move |store| traces::expect(store, trace_id)).await?;
    Ok(answer(subscription))
}

/// The stream; it has its place from before it was known whether there is anything to watch.
fn answer(subscription: Subscription) -> Response {
    let events = stream::unfold((Some(READY), subscription), async |(first, mut subscription)| {
        let next = match first {
            Some(first) => first,
            None => match timeout(SILENCE, subscription.next()).await {
                Ok(Some(Few::These(events))) => events,
                Ok(Some(Few::TooMany)) => RESET,
                Ok(None) => return None,
                Err(_) => COMMENT,
            },
        };
        Some((Ok::<_, Infallible>(next), (None, subscription)))
    });
    let media = HeaderValue::from_static("text/event-stream");
    ([(header::CONTENT_TYPE, media)], Body::from_stream(events)).into_response()
}

impl From<SubscribeError> for Problem {
    fn from(error: SubscribeError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    }
}

/// Reads what changed and tells it.
#[derive(Debug)]
pub(crate) struct Teller {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) changes: Arc<Changes>,
}

/// What was written for a topic.
#[derive(Debug, Default)]
struct Events(Vec<u8>);

impl Teller {
    /// Starts the thread, which ends when the changes are closed. It is a thread of its own so that events do not wait for
    /// the questions of others.
    pub(crate) fn start(self) -> io::Result<JoinHandle<()>> {
        thread::Builder::new().name("bento-live".to_owned()).spawn(move || {
            while let Some(news) = self.changes.next() {
                self.tell(&news);
            }
        })
    }

    fn tell(&self, news: &News) {
        match &news.runs {
            Few::These(runs) if runs.is_empty() => {}
            Few::These(runs) => self.tell_lists(&runs.iter().copied().collect::<Vec<_>>()),
            Few::TooMany => self.reset_lists(),
        }
        for (run, changed) in &news.spans {
            let events = match changed {
                Few::These(changed) => attempt(|| self.run(*run, changed)),
                Few::TooMany => None,
            };
            self.publish(&Topic::Run(*run), events);
        }
    }

    fn tell_lists(&self, runs: &[TraceId]) {
        let Some(lists) = attempt(|| self.lists(runs)) else { return self.reset_lists() };
        for (workspace, events) in lists {
            self.publish(&Topic::Runs(workspace), Some(events));
        }
    }

    fn reset_lists(&self) {
        for workspace in self.changes.lists() {
            self.publish(&Topic::Runs(workspace), None);
        }
    }

    /// Without events, that whoever watches has to load anew.
    fn publish(&self, topic: &Topic, events: Option<Events>) {
        match events {
            // A run may be gone by now.
            Some(Events(events)) if events.is_empty() => {}
            Some(Events(events)) if events.len() <= MOST => {
                self.changes.publish(topic, Few::These(events.into()));
            }
            _ => self.changes.publish(topic, Few::TooMany),
        }
    }

    fn lists(&self, runs: &[TraceId]) -> Result<HashMap<String, Events>, StoreError> {
        let mut lists: HashMap<String, Events> = HashMap::new();
        for (workspace, run) in self.store.these_runs(runs)? {
            let row = RunRow::of(&workspace, run);
            lists.entry(workspace).or_default().add("run", &row);
        }
        Ok(lists)
    }

    /// The spans, and what the run adds up to with them.
    fn run(&self, run: TraceId, changed: &Changed) -> Result<Events, StoreError> {
        let mut events = Events::default();
        let ids = |set: &HashSet<_>| set.iter().copied().collect::<Vec<_>>();
        for span in self.store.these_spans(run, &ids(&changed.spans), &ids(&changed.parents))? {
            events.add("span", &SpanRow::of(span));
        }
        for (workspace, run) in self.store.these_runs(&[run])? {
            events.add("run", &RunRow::of(&workspace, run));
        }
        Ok(events)
    }
}

/// What is read; `None` where it cannot be, and whoever watches finds out when loading anew.
fn attempt<T>(read: impl FnOnce() -> Result<T, StoreError>) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(read)).ok()?.ok()
}

impl Events {
    /// JSON has no line breaks but in a text, where it is written `\n`.
    fn add(&mut self, name: &str, row: &impl Serialize) {
        if self.0.len() > MOST {
            return;
        }
        // Writing to memory cannot fail, and a row can always be written.
        let _ = write!(self.0, "event: {name}\ndata: ");
        let _ = serde_json::to_writer(&mut self.0, row);
        self.0.extend(b"\n\n");
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_silent_stream_says_now_and_then_that_it_is_there() -> Result<(), SubscribeError> {
        let changes = Arc::new(Changes::default());
        let topic = Topic::Runs("local".to_owned());
        let mut body = answer(changes.subscribe(topic.clone())?).into_body();
        let begun = tokio::time::Instant::now();
        let mut next = async || body.frame().await?.ok()?.into_data().ok();
        assert_eq!(next().await, Some(READY));
        assert_eq!((next().await, begun.elapsed()), (Some(COMMENT), SILENCE));
        assert_eq!((next().await, begun.elapsed()), (Some(COMMENT), 2 * SILENCE));
        changes.publish(&topic, Few::These(Bytes::from_static(b"event")));
        changes.publish(&topic, Few::TooMany);
        assert_eq!((next().await, next().await), (Some(Bytes::from_static(b"event")), Some(RESET)));
        assert_eq!(begun.elapsed(), 2 * SILENCE);
        changes.close();
        assert_eq!(next().await, None);
        Ok(())
    }

    #[test]
    fn what_is_too_much_does_not_grow() {
        let mut events = Events::default();
        events.add("run", &"x".repeat(MOST));
        let length = events.0.len();
        events.add("run", &"more");
        assert_eq!(events.0.len(), length);
    }
}
