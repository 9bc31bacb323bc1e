//! The way of a body into the store, on one thread of its own: inflated, decoded, stored, answered.
//!
//! One thread, so that one body is inflated at a time however many arrive. Bodies that wait are stored together, which
//! shares the wait for the disk among them.

use std::borrow::Cow;
use std::collections::{HashSet, VecDeque};
use std::io::{self, Read as _};
use std::iter;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Instant, SystemTime};

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::changes::{Changes, Gathered};
use crate::otlp::{self, DecodeError, Rejected};
use crate::price::{Prices, Tokens, Usd};
use crate::settled::Settled;
use crate::store::{Batch, Store, StoreError, WORKSPACE};
use crate::{Span, Timestamp, TraceId};

/// Bodies that may wait; who sends another one waits to hand it over.
const WAITING: usize = 16;

/// Bytes of bodies, inflated, after which no further one is stored in the same go.
const TOGETHER: usize = 16 << 20;

/// The largest body in bytes, on the wire and inflated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) body: usize,
    pub(crate) inflated: usize,
}

/// Sees every body, inflated and not yet decoded.
pub(crate) type OnBody = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// The front of the thread. When the last one is dropped, the thread stores what waits and ends.
#[derive(Clone, Debug)]
pub(crate) struct Intake(mpsc::Sender<Job>);

/// What the thread works with.
pub(crate) struct Ingest {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) prices: Prices,
    pub(crate) limits: Limits,
    pub(crate) on_body: Option<OnBody>,
    pub(crate) received: Arc<Received>,
    pub(crate) settled: Arc<Settled>,
    pub(crate) changes: Arc<Changes>,
}

/// A body as it came.
#[derive(Debug)]
pub(crate) struct Body {
    /// The workspace that it asks for; `local` if there is none of that id.
    pub(crate) workspace: String,
    pub(crate) encoding: Encoding,
    pub(crate) wire: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
}

/// Why a body was not stored, none of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IngestError {
    #[error("the body is larger than {0} bytes when inflated")]
    TooLarge(usize),
    #[error("the body is not gzip, though Content-Encoding says so: {0}")]
    NotGzip(#[source] io::Error),
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error(transparent)]
    Store(Arc<StoreError>),
    #[error("the hook that was to see the body panicked")]
    Hook,
    #[error("the server is stopping")]
    Stopping,
}

/// What came in and was stored. Who sees a body counted finds its spans in the store.
#[derive(Debug, Default)]
pub(crate) struct Received {
    bodies: AtomicU64,
    spans: AtomicU64,
    bytes: AtomicU64,
}

/// The spans of a body that could not be stored: how many, and why the first one could not.
#[derive(Debug)]
pub(crate) struct Refusals {
    pub(crate) count: u64,
    pub(crate) first: String,
}

/// A body that is stored, and what it held.
#[derive(Debug)]
struct Stored {
    refusals: Option<Refusals>,
    spans: usize,
    /// In bytes.
    inflated: usize,
}

/// What a batch changes.
struct Touched {
    runs: HashSet<TraceId>,
    gathered: Gathered,
}

type Outcome = Result<Option<Refusals>, IngestError>;

/// A body that waits, and who waits for it.
#[derive(Debug)]
struct Job {
    body: Body,
    answer: oneshot::Sender<Outcome>,
}

/// Why a body is not in the batch.
enum Refused {
    /// The body is at fault; the others go on.
    Body(IngestError),
    /// The store is at fault, and the whole batch is lost.
    Store(StoreError),
}

impl Intake {
    /// Hands a body over, and gives the spans of it that could not be kept once all others are durable.
    pub(crate) async fn store(&self, body: Body) -> Outcome {
        let (answer, answered) = oneshot::channel();
        self.0.send(Job { body, answer }).await.map_err(|_| IngestError::Stopping)?;
        answered.await.unwrap_or(Err(IngestError::Stopping))
    }
}

impl Ingest {
    /// Starts the thread, which ends when the last front is gone and what waits is stored.
    pub(crate) fn start(self) -> io::Result<(Intake, JoinHandle<()>)> {
        let (sender, receiver) = mpsc::channel(WAITING);
        let thread =
            thread::Builder::new().name("bento-ingest".to_owned()).spawn(move || self.run(receiver))?;
        Ok((Intake(sender), thread))
    }

    fn run(self, mut waiting: mpsc::Receiver<Job>) {
        while let Some(first) = waiting.blocking_recv() {
            let others = iter::from_fn(|| waiting.try_recv().ok()).take(WAITING);
            let mut jobs: VecDeque<_> = iter::once(first).chain(others).collect();
            while !jobs.is_empty() {
                self.take(&mut jobs);
            }
        }
    }

    /// Stores the first of the bodies in one go, and answers them. If that fails, none of them is kept: each is told, so
    /// that its sender tries again; or tried alone, where one may be to blame.
    fn take(&self, jobs: &mut VecDeque<Job>) {
        match self.try_to_store(jobs.make_contiguous()) {
            Ok(outcomes) => {
                for (job, outcome) in jobs.drain(..outcomes.len()).zip(outcomes) {
                    self.answer(job, outcome);
                }
            }
            Err(error) if jobs.len() == 1 || !matches!(error, StoreError::Failed(_)) => {
                let error = Arc::new(error);
                for job in jobs.drain(..) {
                    self.answer(job, Err(IngestError::Store(Arc::clone(&error))));
                }
            }
            Err(_) => {
                for job in jobs.drain(..) {
                    let mut alone = VecDeque::from([job]);
                    self.take(&mut alone);
                }
            }
        }
    }

    fn answer(&self, job: Job, outcome: Result<Stored, IngestError>) {
        if let Ok(Stored { spans, .. }) = &outcome {
            self.received.count(*spans, job.body.wire.len());
        }
        // Who hung up has no use for the answer.
        let _ = job.answer.send(outcome.map(|stored| stored.refusals));
    }

    /// What became of the first bodies, as many as are enough for one go. A panic takes that go with it and no other.
    fn try_to_store(&self, jobs: &[Job]) -> Result<Vec<Result<Stored, IngestError>>, StoreError> {
        let stored = panic::catch_unwind(AssertUnwindSafe(|| self.store(jobs)));
        stored.unwrap_or_else(|_| Err(StoreError::Failed("it panicked".into())))
    }

    fn store(&self, jobs: &[Job]) -> Result<Vec<Result<Stored, IngestError>>, StoreError> {
        let known = self.store.workspaces()?;
        let mut batch = self.store.begin(Timestamp::of(SystemTime::now()))?;
        let mut touched = Touched { runs: HashSet::new(), gathered: self.changes.gather() };
        let mut outcomes = Vec::new();
        let mut inflated = 0;
        for Job { body, .. } in jobs {
            let asked = known.iter().find(|workspace| workspace.id == body.workspace);
            let workspace = asked.map_or(WORKSPACE, |workspace| &workspace.id);
            outcomes.push(match self.add(&mut *batch, workspace, body, &mut touched) {
                Ok(stored) => {
                    inflated += stored.inflated;
                    Ok(stored)
                }
                Err(Refused::Body(error)) => Err(error),
                Err(Refused::Store(error)) => return Err(error),
            });
            if inflated >= TOGETHER {
                break;
            }
        }
        batch.commit()?;
        self.changes.tell(&touched.runs, touched.gathered);
        self.settled.touch(touched.runs, Instant::now());
        Ok(outcomes)
    }

    fn add(
        &self,
        batch: &mut dyn Batch,
        workspace: &str,
        body: &Body,
        touched: &mut Touched,
    ) -> Result<Stored, Refused> {
        let json = self.inflate(body)?;
        if let Some(hook) = &self.on_body {
            panic::catch_unwind(AssertUnwindSafe(|| hook(&json))).map_err(|_| IngestError::Hook)?;
        }
        let mut stored = Stored { refusals: None, spans: 0, inflated: json.len() };
        for span in otlp::parse(&json).map_err(IngestError::Decode)?.spans() {
            match span {
                Ok(mut span) => {
                    stored.spans += 1;
                    span.cost = self.cost(&span);
                    if batch.add(workspace, &span).map_err(Refused::Store)? {
                        touched.runs.insert(span.trace_id);
                        touched.gathered.add(&span);
                    }
                }
                Err(rejected) => Refusals::add(&mut stored.refusals, &rejected),
            }
        }
        Ok(stored)
    }

    /// Stops as soon as the limit is passed, however much a bomb would still inflate to.
    fn inflate<'a>(&self, body: &'a Body) -> Result<Cow<'a, [u8]>, IngestError> {
        let most = self.limits.inflated;
        let json = match body.encoding {
            Encoding::Identity => Cow::Borrowed(&*body.wire),
            Encoding::Gzip => {
                let mut json = Vec::new();
                let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
                let mut inflated = MultiGzDecoder::new(&*body.wire).take(limit);
                inflated.read_to_end(&mut json).map_err(IngestError::NotGzip)?;
                Cow::Owned(json)
            }
        };
        if json.len() > most { Err(IngestError::TooLarge(most)) } else { Ok(json) }
    }

    fn cost(&self, span: &Span) -> Option<Usd> {
        let (input, output) = (span.input_tokens, span.output_tokens);
        let cached = span.attributes.get("gen_ai.usage.cache_read.input_tokens").and_then(Value::as_u64);
        let tokens =
            Tokens { input: input.unwrap_or(0), output: output.unwrap_or(0), cached: cached.unwrap_or(0) };
        let model = span.model.as_deref().filter(|_| input.is_some() || output.is_some())?;
        self.prices.cost(model, tokens)
    }
}

impl Refusals {
    fn add(refusals: &mut Option<Self>, rejected: &Rejected) {
        match refusals {
            Some(refusals) => refusals.count += 1,
            None => *refusals = Some(Self { count: 1, first: rejected.to_string() }),
        }
    }
}

impl From<IngestError> for Refused {
    fn from(error: IngestError) -> Self {
        Self::Body(error)
    }
}

impl Received {
    fn count(&self, spans: usize, bytes: usize) {
        self.spans.fetch_add(spans as u64, Ordering::Release);
        self.bytes.fetch_add(bytes as u64, Ordering::Release);
        self.bodies.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn bodies(&self) -> u64 {
        self.bodies.load(Ordering::Acquire)
    }

    pub(crate) fn spans(&self) -> u64 {
        self.spans.load(Ordering::Acquire)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Acquire)
    }
}
