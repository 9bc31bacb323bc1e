//! A recorded run, whatever file it came from, and how it is emitted.

use std::time::Duration;

use bento::DeliveryError;
use serde_json::{Map, Value};

/// What may wait to be sent: well below what the queue takes (2,048 spans, 32 MiB).
const MOST_SPANS: u64 = 1_000;
const MOST_BYTES: usize = 8 << 20;

/// How long the backend may take for that much.
const PATIENCE: Duration = Duration::from_secs(30);

/// One run.
#[derive(Default)]
pub(crate) struct Recording {
    pub(crate) event: &'static str,
    pub(crate) source: &'static str,
    pub(crate) convo_id: String,
    pub(crate) user_id: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) provider: Option<String>,
    pub(crate) properties: Map<String, Value>,
    pub(crate) input: Option<String>,
    pub(crate) output: Option<String>,
    /// The whole run's, read and written, where the file counts them.
    pub(crate) tokens: Option<(u64, u64)>,
    pub(crate) turns: Vec<Turn>,
}

/// A model's turn and the tools that it called.
pub(crate) struct Turn {
    pub(crate) input: String,
    pub(crate) output: Option<String>,
    pub(crate) calls: Vec<Call>,
}

/// A call of a tool.
pub(crate) struct Call {
    pub(crate) tool: String,
    pub(crate) arguments: String,
    pub(crate) result: Option<String>,
}

/// Counts what is emitted and waits for the backend before the queue is full.
#[derive(Default)]
pub(crate) struct Sender {
    sent: u64,
    waiting_spans: u64,
    waiting_bytes: usize,
}

impl Recording {
    pub(crate) fn replay(&self, sender: &mut Sender) -> Result<(), DeliveryError> {
        let mut run = bento::begin(self.event)
            .convo_id(&self.convo_id)
            .user_id(&self.user_id)
            .tags(self.source)
            .properties(&self.properties)
            .input(&self.input);
        if let Some((read, written)) = self.tokens {
            run = run.tokens(read, written);
        }
        let run = run.start();
        for turn in &self.turns {
            bento::track_ai("turn")
                .model(&self.model)
                .provider(&self.provider)
                .input(&turn.input)
                .output(&turn.output)
                .send();
            sender.count([Some(&turn.input), turn.output.as_ref()])?;
            for call in &turn.calls {
                call.replay();
                sender.count([Some(&call.arguments), call.result.as_ref()])?;
            }
        }
        run.output(&self.output);
        drop(run);
        sender.count([self.input.as_ref(), self.output.as_ref()])
    }
}

impl Call {
    fn replay(&self) {
        let mut span = bento::tool_span(&self.tool).input(&self.arguments).output(&self.result);
        // The recordings have no other sign of a failure.
        if let Some(error) = self.result.as_ref().filter(|result| result.starts_with("Error:")) {
            span = span.error(error);
        }
        span.send();
    }
}

impl Sender {
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    fn count(&mut self, texts: [Option<&String>; 2]) -> Result<(), DeliveryError> {
        self.sent += 1;
        self.waiting_spans += 1;
        self.waiting_bytes += texts.into_iter().flatten().map(String::len).sum::<usize>();
        let full = self.waiting_spans >= MOST_SPANS || self.waiting_bytes >= MOST_BYTES;
        if full { self.flush() } else { Ok(()) }
    }

    pub(crate) fn flush(&mut self) -> Result<(), DeliveryError> {
        (self.waiting_spans, self.waiting_bytes) = (0, 0);
        bento::flush(PATIENCE)
    }
}
