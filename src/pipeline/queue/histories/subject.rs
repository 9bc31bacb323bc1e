//! All that the model knows of the queue's interface: one place to change when that does.

use std::time::Duration;

use crate::error::{DeliveryError, LossReason, Losses};
use crate::export::Verdict;
use crate::pipeline::accounts::{Accounts, Telling};
use crate::pipeline::batch::{Batch, Spooled};
use crate::pipeline::queue::{Instant, Keep, Policy, Pushed, Queue, Step};
use crate::pipeline::spool::{Found, SpoolFile};
use crate::record::SpanRecord;

/// A batch is retried until it is this old.
pub(super) const GIVE_UP_AFTER: Duration = Duration::from_secs(300);
/// What takes so much longer than it was to take tells that the process was frozen.
pub(super) const FREEZE: Duration = Duration::from_secs(2);
/// How long a request may take.
pub(super) const LONGEST_REQUEST: Duration = Duration::from_secs(10);
/// How much longer than its deadline a shutdown lets the disk take.
pub(super) const KEEP_GRACE: Duration = Duration::from_millis(500);

/// The queue with its worker and its keeper, and records that are known by their number.
pub(super) struct Subject {
    queue: Queue,
    in_flight: Option<Flight>,
    keeping: Option<Batch>,
    files: u64,
    /// What the host has been told of losses.
    pub(super) told: u64,
    pub(super) now: Instant,
}

enum Flight {
    Memory(Batch),
    Disk(Spooled),
}

/// What the worker came to; what it tells of losses is added up.
#[derive(Debug)]
pub(super) enum Done {
    Sends { numbers: Vec<usize>, from_disk: bool },
    Waits(Instant),
    Stops,
}

/// What settling a batch came to.
#[derive(Debug, Default)]
pub(super) struct Settled {
    pub(super) lost: Option<LossReason>,
    pub(super) removed: Vec<SpoolFile>,
    pub(super) split: Option<Split>,
}

/// Two files that took the place of one.
#[derive(Debug)]
pub(super) struct Split {
    pub(super) whole: SpoolFile,
    pub(super) halves: [SpoolFile; 2],
}

impl Subject {
    pub(super) fn new(policy: Policy) -> Self {
        let now = Instant::now();
        let mut queue = Queue::new(policy, now);
        queue.tell_losses();
        queue.adopt(Found::default());
        Self { queue, in_flight: None, keeping: None, files: 0, told: 0, now }
    }

    /// Gives the size of the record, the numbers of those that had to go, and whether the worker is woken.
    pub(super) fn push(&mut self, number: usize, padding: usize) -> (usize, Vec<usize>, bool) {
        let record = record(number, padding);
        let size = record.size();
        let pushed = self.queue.push(record);
        (size, evicted(&pushed), pushed.wake)
    }

    pub(super) fn push_all(&mut self, first: usize, paddings: &[usize]) -> (u64, Vec<(usize, Vec<usize>)>) {
        let records: Vec<_> =
            (first..).zip(paddings).map(|(number, padding)| record(number, *padding)).collect();
        let sizes: Vec<_> = records.iter().map(|record| record.size()).collect();
        let (ticket, pushed) = self.queue.push_all(records);
        (ticket, sizes.into_iter().zip(pushed.iter().map(evicted)).collect())
    }

    pub(super) fn next(&mut self) -> Done {
        loop {
            match self.queue.next(self.now) {
                Step::Send(batch) => {
                    let numbers = batch.records().into_iter().map(number).collect();
                    self.in_flight = Some(Flight::Memory(batch));
                    return Done::Sends { numbers, from_disk: false };
                }
                Step::SendSpooled(spooled) => {
                    let numbers = spooled.numbers().into_iter().map(index).collect();
                    self.in_flight = Some(Flight::Disk(spooled));
                    return Done::Sends { numbers, from_disk: true };
                }
                Step::TellOverflow(_) => {}
                Step::TellLosses(losses) => self.told += Losses::total(&losses),
                Step::Wait(until) => return Done::Waits(until),
                Step::Stop => return Done::Stops,
            }
        }
    }

    pub(super) fn settle(&mut self, verdict: Verdict, random: u64) -> Settled {
        let nothing = Settled::default();
        match self.in_flight.take() {
            None => nothing,
            Some(Flight::Memory(batch)) => {
                let settled = self.queue.settle(batch, verdict, self.now, random);
                Settled { lost: settled.lost, removed: settled.files, ..nothing }
            }
            Some(Flight::Disk(spooled)) => {
                let spans = spooled.file().spans();
                if matches!(verdict, Verdict::TooLarge { .. }) && spans > 1 && spooled.can_be_split() {
                    let halves = [self.file(spans / 2), self.file(spans - spans / 2)];
                    let whole = spooled.file();
                    let removed = self.queue.replace_spooled(spooled, halves);
                    return Settled { removed, split: Some(Split { whole, halves }), ..nothing };
                }
                let removed = self.queue.settle_spooled(spooled, &verdict, self.now, random);
                Settled { removed, ..nothing }
            }
        }
    }

    fn file(&mut self, spans: u64) -> SpoolFile {
        self.files += 1;
        SpoolFile::new(self.files, u32::try_from(spans).unwrap_or(u32::MAX))
    }

    /// Lets the keeper look for work; gives the numbers of what it takes to write.
    pub(super) fn keep(&mut self) -> Vec<usize> {
        match self.queue.next_keep(self.now) {
            Keep::Write(batch) => {
                let numbers = batch.records().into_iter().map(number).collect();
                self.keeping = Some(batch);
                numbers
            }
            Keep::Wait(_) | Keep::Stop => Vec::new(),
        }
    }

    /// Lets it give back what it has written, or could not write. Gives the file, unless it came too late.
    pub(super) fn kept(&mut self, written: bool) -> Option<SpoolFile> {
        let batch = self.keeping.take()?;
        let file = written.then(|| self.file(batch.len() as u64));
        let late = self.queue.kept(batch, file.into_iter().collect(), self.now);
        file.filter(|_| late.is_empty())
    }

    pub(super) fn evict_spooled(&mut self) -> Vec<SpoolFile> {
        self.queue.evict_spooled().unwrap_or_default()
    }

    pub(super) fn is_on_disk(&self, number: usize) -> bool {
        let number = number as u64;
        self.queue.on_disk(&(number..number + 1)) > 0
    }

    pub(super) fn open_ticket(&mut self, telling: Telling) -> u64 {
        self.queue.open_ticket(self.now, telling)
    }

    pub(super) fn is_settled(&self, ticket: u64) -> bool {
        self.queue.is_settled(ticket)
    }

    pub(super) fn close_ticket(&mut self, ticket: u64) -> Result<(), DeliveryError> {
        self.queue.close_ticket(ticket)
    }

    pub(super) fn forget_ticket(&mut self, ticket: u64) {
        self.queue.forget_ticket(ticket);
    }

    pub(super) fn drain(&mut self, deadline: Instant) {
        self.queue.drain(deadline);
    }

    pub(super) fn close(&mut self) {
        self.queue.close();
    }

    pub(super) fn accounts(&self) -> &Accounts {
        self.queue.accounts()
    }

    pub(super) fn held(&self) -> usize {
        self.queue.held()
    }

    /// Spans and bytes in memory.
    pub(super) fn memory(&self) -> (usize, usize) {
        (self.queue.spans, self.queue.bytes)
    }
}

/// A record that says its number, and has `padding` bytes more.
fn record(number: usize, padding: usize) -> Box<SpanRecord> {
    Box::new(SpanRecord::named(format!("{number:06}{}", "x".repeat(padding))))
}

fn number(record: &SpanRecord) -> usize {
    record.name.trim_end_matches('x').parse().unwrap_or(usize::MAX)
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn evicted(pushed: &Pushed) -> Vec<usize> {
    pushed.evicted.iter().map(|record| number(record)).collect()
}
