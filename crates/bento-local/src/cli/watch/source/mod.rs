//! The backend, asked and listened to on threads of their own, so that nothing that it does or leaves undone keeps the
//! keys waiting.

mod asking;
mod listening;
#[cfg(test)]
mod tests;

use self::listening::Listener;
use super::heard::{self, Heard};
use super::state::{Filter, Question, Target};
use crate::TraceId;
use crate::client::{Client, FetchError};
use std::sync::Arc;
use std::sync::mpsc::{self, SyncSender};

/// Whether there is such a run.
pub(super) fn look_for_run(client: &Client, trace: TraceId) -> Result<(), FetchError> {
    match asking::run(client, trace) {
        Err(FetchError::Refused { status: 404, .. }) => Err(FetchError::NotFound(trace)),
        answer => answer.map(drop),
    }
}

/// Whether runs can be listed.
pub(super) fn look_for_runs(client: &Client, workspace: &str) -> Result<(), FetchError> {
    asking::runs(client, workspace, &Filter::default(), None).map(drop)
}

/// Where questions go to, and where events come from.
pub(super) struct Source {
    client: Arc<Client>,
    workspace: Arc<str>,
    heard: SyncSender<Heard>,
    questions: mpsc::Sender<Question>,
    listener: Option<Listener>,
}

impl Source {
    /// Starts to answer: what comes of it is told to `heard`.
    pub(super) fn start(client: Client, workspace: &str, heard: SyncSender<Heard>) -> std::io::Result<Self> {
        let (client, workspace) = (Arc::new(client), Arc::from(workspace));
        let (questions, asked) = mpsc::channel();
        let desk = asking::Desk::new(Arc::clone(&client), Arc::clone(&workspace));
        heard::spawn("ask", heard.clone(), move |heard| desk.answer_all(&asked, heard))?;
        Ok(Self { client, workspace, heard, questions, listener: None })
    }

    /// Asks, behind what was asked before.
    pub(super) fn ask(&self, question: Question) {
        // The thread ends with the program.
        let _ = self.questions.send(question);
    }

    /// Listens to this, and no more to what was listened to before.
    pub(super) fn watch(&mut self, number: u64, target: Target) -> std::io::Result<()> {
        self.listener = None;
        let path = listening::path_of(&self.workspace, target);
        let subscription = self.client.subscription(path);
        self.listener = Some(Listener::start(subscription, number, self.heard.clone())?);
        Ok(())
    }
}
