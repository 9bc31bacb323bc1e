//! Questions and their answers, one after the other.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

use serde::de::DeserializeOwned;

use super::super::heard::Heard;
use super::super::rows::{Page, Run};
use super::super::state::{Answer, Event, Failure, Filter, Question};
use crate::cli::ask::path;
use crate::cli::remote::DEADLINE;
use crate::client::{Client, FetchError};
use crate::{Timestamp, TraceId};

/// Rows of a page: of runs little more than is seen, of steps as many as are read in a moment.
const RUNS: u32 = 100;
const STEPS: u32 = 1_000;

/// Answers questions.
pub(super) struct Desk {
    client: Arc<Client>,
    workspace: Arc<str>,
}

impl Desk {
    pub(super) fn new(client: Arc<Client>, workspace: Arc<str>) -> Self {
        Self { client, workspace }
    }

    /// Answers until nobody asks or nobody listens.
    pub(super) fn answer_all(&self, questions: &Receiver<Question>, heard: &SyncSender<Heard>) {
        for question in questions {
            let answer = Box::new(self.answer(question));
            if heard.send(Heard::Event(Event::Answer(answer))).is_err() {
                return;
            }
        }
    }

    fn answer(&self, question: Question) -> Answer {
        match question {
            Question::Runs(ref filter, behind) => {
                let page = runs(&self.client, &self.workspace, filter, behind);
                Answer::Runs(question, page.map_err(|error| other(&error)))
            }
            Question::Run(trace) => {
                Answer::Run(trace, run(&self.client, trace).map_err(|error| missing_or(&error)))
            }
            Question::Steps(trace, behind) => {
                let path = path(&["traces", &trace.to_string(), "spans"]);
                let mut query = vec![("limit", STEPS.to_string())];
                query.extend(behind.map(|behind| ("after_id", behind.to_string())));
                let page = get(&self.client, &path, &query).map_err(|error| missing_or(&error));
                Answer::Steps(question, page)
            }
            Question::Step(trace, span) => {
                let path = path(&["spans", &span.to_string()]);
                let of = [("trace_id", trace.to_string())];
                Answer::Step(trace, span, get(&self.client, &path, &of).map_err(|error| missing_or(&error)))
            }
        }
    }
}

/// A page of runs.
pub(super) fn runs(
    client: &Client,
    workspace: &str,
    filter: &Filter,
    behind: Option<(Timestamp, TraceId)>,
) -> Result<Page<Run>, FetchError> {
    let mut query = vec![("limit", RUNS.to_string())];
    query.extend(filter.state.map(|state| ("state", state.word().to_owned())));
    query.extend((!filter.words.is_empty()).then(|| ("q", filter.words.clone())));
    if let Some((before, before_id)) = behind {
        query.extend([("before", before.to_string()), ("before_id", before_id.to_string())]);
    }
    get(client, &path(&["workspaces", workspace, "traces"]), &query)
}

/// A run's row.
pub(super) fn run(client: &Client, trace: TraceId) -> Result<Run, FetchError> {
    get(client, &path(&["traces", &trace.to_string()]), &[])
}

fn get<T: DeserializeOwned>(client: &Client, path: &str, query: &[(&str, String)]) -> Result<T, FetchError> {
    client.get(path, query, DEADLINE)?.json()
}

/// What is not there is no error to be told.
fn missing_or(error: &FetchError) -> Failure {
    match error {
        FetchError::Refused { status: 404, .. } => Failure::Missing,
        error => other(error),
    }
}

fn other(error: &FetchError) -> Failure {
    match error {
        FetchError::Refused { status: 401, .. } => Failure::Refused,
        error => Failure::Other(said(error)),
    }
}

fn said(error: &FetchError) -> String {
    crate::terminal::clean(&error.to_string(), 400)
}
