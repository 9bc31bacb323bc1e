//! A recorded run, whatever file it came from, and how it is emitted.

use std::thread::sleep;
use std::time::Duration;

use bento::DeliveryError;
use serde_json::{Map, Value};

use super::step::speak;

/// What may wait to be sent: well below what the queue takes (2,048 spans, 32 MiB).
const MOST_SPANS: u64 = 1_000;
const MOST_BYTES: usize = 8 << 20;

/// How long the backend may take for that much.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who spoke in a log that does not say. Unless it is set: `gpt-4o` of `openai`.
///
/// ```
/// let speaker = bento_local::replay::Speaker::default().model("claude-sonnet-4-5").provider("anthropic");
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Speaker {
    pub(super) model: String,
    pub(super) provider: String,
}

/// One run, as a file tells it.
#[derive(Debug, Default)]
#[must_use = "it is sent by `replay`"]
pub struct Recording {
    pub(super) event: &'static str,
    pub(super) source: &'static str,
    pub(super) convo_id: String,
    pub(super) user_id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) properties: Map<String, Value>,
    pub(super) input: Option<String>,
    pub(super) output: Option<String>,
    /// The whole run's, read and written, where the file counts them.
    pub(super) tokens: Option<(u64, u64)>,
    pub(super) turns: Vec<Turn>,
}

/// A model's turn and the tools that it called.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) input: String,
    pub(super) output: Option<String>,
    pub(super) calls: Vec<Call>,
}

/// A call of a tool.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) tool: String,
    pub(super) arguments: String,
    pub(super) result: Option<String>,
}

/// Says how fast to replay, counts what is emitted, and waits for the backend before the SDK's queue is full.
///
/// ```
/// assert_eq!(bento_local::replay::Sender::default().sent(), 0);
/// ```
#[derive(Debug, Default)]
pub struct Sender {
    sent: u64,
    waiting_spans: u64,
    waiting_bytes: usize,
    step: Option<Duration>,
}

impl Default for Speaker {
    fn default() -> Self {
        Self { model: "gpt-4o".to_owned(), provider: "openai".to_owned() }
    }
}

impl Speaker {
    /// The model that spoke.
    pub fn model(self, model: impl Into<String>) -> Self {
        Self { model: model.into(), ..self }
    }

    /// Who serves that model.
    pub fn provider(self, provider: impl Into<String>) -> Self {
        Self { provider: provider.into(), ..self }
    }
}

impl Recording {
    /// Emits the run through the SDK, which has been started: a trajectory with its model calls and tools.
    ///
    /// # Errors
    ///
    /// The SDK was waited for, and the backend has not taken what was emitted until then.
    pub fn replay(&self, sender: &mut Sender) -> Result<(), DeliveryError> {
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
            let call = bento::track_ai("turn").model(&self.model).provider(&self.provider).input(&turn.input);
            if let Some(step) = sender.step {
                speak(call, turn.output.as_deref().unwrap_or_default(), step);
            } else {
                call.output(&turn.output).send();
            }
            sender.count([Some(&turn.input), turn.output.as_ref()])?;
            for call in &turn.calls {
                call.replay(sender.step);
                sender.count([Some(&call.arguments), call.result.as_ref()])?;
            }
        }
        run.output(&self.output);
        drop(run);
        sender.count([self.input.as_ref(), self.output.as_ref()])
    }
}

impl Call {
    fn replay(&self, step: Option<Duration>) {
        let span = bento::tool_span(&self.tool).input(&self.arguments);
        // The recordings have no other sign of a failure.
        let error = self.result.as_ref().filter(|result| result.starts_with("Error:"));
        let Some(step) = step else {
            let span = span.output(&self.result);
            match error {
                Some(error) => span.error(error).send(),
                None => span.send(),
            };
            return;
        };
        let span = span.start();
        sleep(step);
        span.output(&self.result);
        if let Some(error) = error {
            span.error(error);
        }
    }
}

impl Sender {
    /// Has each turn of a model, whose answer comes piece by piece, and each call of a tool take so long: recordings have
    /// no times, and without this everything is replayed as fast as it goes.
    ///
    /// With an SDK in live mode the run can be watched meanwhile. When it is over it is the same as without, but for its
    /// times: those of each span, and the time to the first piece of an answer.
    ///
    /// ```
    /// # use std::time::Duration;
    /// let sender = bento_local::replay::Sender::default().step(Duration::from_millis(300));
    /// ```
    #[must_use]
    pub fn step(self, step: Duration) -> Self {
        Self { step: Some(step), ..self }
    }

    /// How many spans were emitted.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    fn count(&mut self, texts: [Option<&String>; 2]) -> Result<(), DeliveryError> {
        self.sent += 1;
        self.waiting_spans += 1;
        self.waiting_bytes += texts.into_iter().flatten().map(String::len).sum::<usize>();
        let full = self.waiting_spans >= MOST_SPANS || self.waiting_bytes >= MOST_BYTES;
        if full { self.flush() } else { Ok(()) }
    }

    /// Waits, for half a minute at most, until the backend has taken everything that was emitted.
    ///
    /// # Errors
    ///
    /// It has not, or refused some of it.
    pub fn flush(&mut self) -> Result<(), DeliveryError> {
        (self.waiting_spans, self.waiting_bytes) = (0, 0);
        bento::flush(PATIENCE)
    }
}
