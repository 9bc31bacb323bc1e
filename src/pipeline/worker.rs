//! The one thread that encodes and sends. Nothing it does waits without a deadline, and no panic ends it.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::BuildExport;
use super::batch::{Batch, Spooled};
use super::own_thread::enter_worker;
use super::queue::{Queue, Step};
use super::shared::Shared;
use super::spool::{Spool, SpoolFile};
use super::sync::thread::{self, JoinHandle};
use crate::error::LossReason;
use crate::export::{Export, Verdict, split};
use crate::foreign::guarded;
use crate::record::{random_u64, recycle_all};

/// How long the worker rests after a panic of its own.
const PAUSE_AFTER_PANIC: Duration = Duration::from_secs(1);

pub(super) fn spawn(
    shared: Arc<Shared>,
    build: BuildExport,
    spool: Option<Arc<Spool>>,
) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("bento-worker".into()).spawn(move || {
        enter_worker();
        let mut worker = Worker { shared, build, exporter: None, spool, log: Log::default() };
        if guarded(|| worker.exporter.insert((worker.build)()).open()).is_err() {
            worker.drop_exporter();
        }
        while guarded(|| worker.run()).is_err() {
            worker.shared.change(Queue::abandon);
            worker.shared.settled.notify_all();
            // A fault that comes back at once must not keep a processor busy.
            thread::sleep(PAUSE_AFTER_PANIC);
        }
    })
}

struct Worker {
    shared: Arc<Shared>,
    build: BuildExport,
    /// Built at the start, and anew after a panic, when next needed.
    exporter: Option<Box<dyn Export>>,
    spool: Option<Arc<Spool>>,
    log: Log,
}

impl Worker {
    fn run(&mut self) {
        loop {
            match self.shared.next() {
                Step::Send(batch) => self.send(batch),
                Step::SendSpooled(spooled) => self.send_spooled(spooled),
                Step::TellOverflow(spans) => warn_of_overflow(spans),
                Step::TellLosses(losses) => self.shared.tell(&losses),
                Step::Wait(_) => {}
                Step::Stop => break,
            }
        }
        self.shared.settled.notify_all();
        if let Some(exporter) = &mut self.exporter {
            guarded(|| exporter.close()).ok();
        }
    }

    fn send(&mut self, mut batch: Batch) {
        recycle_all(batch.superseded.drain(..).map(|entry| entry.record));
        let verdict = self.export(|exporter, deadline| exporter.export(&batch.records(), deadline));
        let spans = batch.len();
        self.log.tell(&verdict, spans);
        let now = Instant::now();
        let (settled, dropped) = self
            .shared
            .change(|queue| (queue.settle(batch, verdict, now, random_u64()), queue.untold_overflow(now)));
        self.remove(settled.files);
        let lost = settled.spent.len();
        recycle_all(settled.spent.into_iter().map(|entry| entry.record));
        if let Some(reason) = settled.lost {
            let cause = match reason {
                LossReason::GivenUp => "every try failed for five minutes",
                _ => "the backend takes no request as large as this span alone: lower `value_bytes`",
            };
            self.log.tell(&Verdict::Refused { reason, cause: cause.to_owned() }, lost);
        }
        if let Some(dropped) = dropped {
            warn_of_overflow(dropped);
        }
        self.shared.settled.notify_all();
    }

    /// Sends the body in a file as it is; one that is too large is replaced by two.
    fn send_spooled(&mut self, spooled: Spooled) {
        let Some(spool) = self.spool.clone() else { return };
        let file = spooled.file();
        let body = spool.read(file);
        let verdict = match &body {
            Ok(body) => self.export(|exporter, deadline| exporter.export_body(body, deadline)),
            Err(error) if is_damage(error) => {
                spool.set_aside(file);
                let cause = format!("a file of the spool cannot be read and was set aside: {error}");
                Verdict::Refused { reason: LossReason::SpoolDamaged, cause }
            }
            // No file may be opened at the moment, or the disk is away.
            Err(error) => {
                Verdict::Retry { after: None, cause: format!("a file of the spool cannot be read: {error}") }
            }
        };
        self.log.tell(&verdict, spooled.numbers().len());
        let halves = match (&verdict, &body) {
            (Verdict::TooLarge { .. }, Ok(body)) if spooled.can_be_split() => halves(&spool, file, body),
            _ => None,
        };
        let files = self.shared.change(|queue| match halves {
            Some(halves) => queue.replace_spooled(spooled, halves),
            None => queue.settle_spooled(spooled, &verdict, Instant::now(), random_u64()),
        });
        self.remove(files);
        self.shared.settled.notify_all();
    }

    fn remove(&self, files: Vec<SpoolFile>) {
        if let Some(spool) = &self.spool {
            spool.remove(files);
        }
    }

    /// After a panic of the exporter.
    fn drop_exporter(&mut self) {
        // Dropping what has panicked may well panic again.
        guarded(|| self.exporter = None).ok();
        self.shared.queue().count_panic();
    }

    fn export(&mut self, request: impl FnOnce(&mut dyn Export, Instant) -> Verdict) -> Verdict {
        let deadline = self.shared.queue().request_deadline(Instant::now());
        let Self { exporter, build, .. } = self;
        let sent = guarded(|| request(&mut **exporter.get_or_insert_with(build), deadline));
        sent.unwrap_or_else(|message| {
            self.drop_exporter();
            let cause = format!("the exporter panicked: {message}");
            Verdict::Refused { reason: LossReason::Exporter, cause }
        })
    }
}

fn is_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof
    )
}

/// The two files that take the place of one, which goes at once: for that moment they may exceed the bound.
fn halves(spool: &Spool, file: SpoolFile, body: &[u8]) -> Option<[SpoolFile; 2]> {
    let spans = usize::try_from(file.spans()).ok()?;
    let [first, second] = split(body, spans / 2)?;
    let first = spool.write_anyway(&first, spans / 2).ok()?;
    let second = spool.write_anyway(&second, spans - spans / 2).inspect_err(|_| spool.remove([first]));
    Some([first, second.ok()?])
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
