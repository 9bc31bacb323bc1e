//! The one thread that encodes and sends. Nothing it does waits without a deadline, and no panic ends it.

use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::batch::Batch;
use super::queue::Step;
use super::{BuildExport, Shared};
use crate::error::LossReason;
use crate::export::{Export, Verdict};
use crate::foreign::guarded;
use crate::record::random_u64;

/// A whole exchange with the backend takes at most this long (`sdk.md`, "Delivery").
const LONGEST_REQUEST: Duration = Duration::from_secs(10);

thread_local! {
    static ON_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// Whether this is the worker's thread: what the transport itself does there never becomes a span.
pub(crate) fn on_worker() -> bool {
    ON_WORKER.try_with(Cell::get).unwrap_or(false)
}

pub(super) fn spawn(shared: Arc<Shared>, build: BuildExport) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("bento-worker".into()).spawn(move || {
        ON_WORKER.set(true);
        Worker { shared, build, exporter: None, log: Log::default() }.run();
    })
}

struct Worker {
    shared: Arc<Shared>,
    build: BuildExport,
    /// Built when first needed, and anew after a panic.
    exporter: Option<Box<dyn Export>>,
    log: Log,
}

impl Worker {
    fn run(mut self) {
        loop {
            match self.shared.next() {
                Step::Send(batch) => self.send(batch),
                Step::TellOverflow(spans) => warn_of_overflow(spans),
                Step::Wait(_) => {}
                Step::Stop => break,
            }
        }
        self.shared.settled.notify_all();
        if let Some(exporter) = &mut self.exporter {
            guarded(|| exporter.close()).ok();
        }
    }

    fn send(&mut self, batch: Batch) {
        let verdict = self.export(&batch);
        let spans = batch.len();
        self.log.tell(&verdict, spans);
        let now = Instant::now();
        let (lost, dropped) = self
            .shared
            .change(|queue| (queue.settle(batch, verdict, now, random_u64()), queue.untold_overflow(now)));
        if let Some(reason) = lost {
            let cause = match reason {
                LossReason::GivenUp => "every try failed for five minutes",
                _ => "the backend takes no request as large as this span alone: lower `value_bytes`",
            };
            self.log.tell(&Verdict::Refused { reason, cause: cause.to_owned() }, spans);
        }
        if let Some(dropped) = dropped {
            warn_of_overflow(dropped);
        }
        self.shared.settled.notify_all();
    }

    fn export(&mut self, batch: &Batch) -> Verdict {
        let deadline = self.shared.queue().request_deadline(Instant::now(), LONGEST_REQUEST);
        let Self { exporter, build, .. } = self;
        let sent = guarded(|| exporter.get_or_insert_with(build).export(&batch.records(), deadline));
        sent.unwrap_or_else(|message| {
            // Dropping what has panicked may well panic again.
            guarded(|| self.exporter = None).ok();
            self.shared.queue().count_panic();
            let cause = format!("the exporter panicked: {message}");
            Verdict::Refused { reason: LossReason::Exporter, cause }
        })
    }
}

/// Tells the host's log what goes wrong, once an episode: until it is of another kind, or a batch is delivered.
#[derive(Default)]
struct Log {
    told: Option<Trouble>,
}

#[derive(PartialEq, Eq)]
enum Trouble {
    Rejected,
    Retrying,
    Lost(LossReason),
}

impl Log {
    fn tell(&mut self, verdict: &Verdict, spans: usize) {
        let (trouble, line) = match verdict {
            Verdict::Accepted { rejected: 0, .. } => {
                self.told = None;
                return;
            }
            Verdict::TooLarge { .. } => return,
            Verdict::Accepted { rejected, message } => {
                let message = message.as_deref().unwrap_or("no reason given");
                let line = format!("the backend rejected {rejected} of {spans} spans: {message}");
                (Trouble::Rejected, line)
            }
            Verdict::Retry { cause, .. } => {
                (Trouble::Retrying, format!("delivery failed and will be retried: {cause}"))
            }
            Verdict::Refused { reason, cause } => {
                (Trouble::Lost(*reason), format!("{spans} spans are lost: {cause}"))
            }
        };
        if self.told.as_ref() != Some(&trouble) {
            warn(&format!("bento: {line}"));
            self.told = Some(trouble);
        }
    }
}

/// The words are those of the service's documentation; the queue knows when an episode of overflow ends.
fn warn_of_overflow(spans: u64) {
    warn(&format!("bento: Queue full, dropping span. ({spans} dropped)"));
}

/// The host's logger is foreign code: a panic in it must not end the worker.
fn warn(line: &str) {
    guarded(|| log::warn!("{line}")).ok();
}
