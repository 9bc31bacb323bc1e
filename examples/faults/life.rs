//! The child's side: a life of the SDK, told line by line.

use std::io::{Stdin, Stdout, Write};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bento::{DeliveryError, TrackAi};
use bento_faults::machine;
use log::{LevelFilter, Log, Metadata, Record};

use crate::fault::Fault;
use crate::line::{Books, Line};

/// Longer than anything that ends by itself.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// Lives through the fault in this process.
pub(crate) fn live(fault: &Fault) {
    if !fault.has_logger {
        log::set_logger(&Journal).unwrap();
        log::set_max_level(LevelFilter::Trace);
    }
    (fault.child)(&mut Life::at(0));
}

/// Starts the SDK from the environment.
pub(crate) fn start() -> bento::Guard {
    bento::init().unwrap()
}

/// What has been emitted so far, and the way to and from the parent.
#[derive(Debug)]
pub(crate) struct Life {
    emitted: usize,
    parent: Stdin,
    told: Stdout,
}

impl Life {
    /// After so many spans.
    pub(crate) fn at(emitted: usize) -> Self {
        Self { emitted, parent: std::io::stdin(), told: std::io::stdout() }
    }

    /// Emits small spans.
    pub(crate) fn emit(&mut self, spans: usize) {
        self.emit_each(spans, |event| event);
    }

    /// Emits spans of about so many bytes.
    pub(crate) fn emit_large(&mut self, spans: usize, bytes: usize) {
        self.emit_each(spans, |event| event.input("x".repeat(bytes)));
    }

    pub(crate) fn emit_each(&mut self, spans: usize, fill: impl Fn(TrackAi) -> TrackAi) {
        let from = self.emitted;
        self.tell((from..from + spans).map(|number| timed(&format!("s{number}"), &fill)));
    }

    /// Tells of spans that were emitted elsewhere.
    pub(crate) fn tell(&mut self, emitted: impl IntoIterator<Item = Emitted>) {
        let mut longest = Duration::ZERO;
        let mut spans = Vec::new();
        for span in emitted {
            longest = longest.max(span.took);
            spans.push((span.id, span.name));
        }
        self.emitted += spans.len();
        let longest_us = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX);
        self.say(&Line::Emitted { spans, longest_us });
    }

    pub(crate) fn flush(&self, timeout: Duration) -> Result<(), DeliveryError> {
        self.timed(timeout, || bento::flush(timeout))
    }

    pub(crate) fn shutdown(&self, timeout: Duration) -> Result<(), DeliveryError> {
        self.timed(timeout, || bento::shutdown(timeout))
    }

    /// Shuts down when something has been done after a while.
    pub(crate) fn shutdown_after(&self, pause: Duration, act: impl FnOnce()) {
        std::thread::sleep(pause);
        act();
        self.shutdown(LONG).ok();
    }

    pub(crate) fn timed(
        &self,
        timeout: Duration,
        flush: impl FnOnce() -> Result<(), DeliveryError>,
    ) -> Result<(), DeliveryError> {
        let start = Instant::now();
        let verdict = flush();
        self.tell_flush(start.elapsed(), timeout, &verdict);
        verdict
    }

    /// Tells of a flush that was called elsewhere, after all that has been told of.
    pub(crate) fn tell_flush(&self, took: Duration, timeout: Duration, verdict: &Result<(), DeliveryError>) {
        self.say(&Line::flush(self.emitted, millis(took), millis(timeout), verdict));
    }

    pub(crate) fn status(&self) {
        self.say(&Line::Status(Books::of(&bento::status(), workers())));
    }

    /// Lets the parent do its part.
    pub(crate) fn ready(&self) {
        self.say(&Line::Ready);
    }

    /// Waits until the parent has done its part.
    pub(crate) fn await_parent(&self) {
        let mut line = String::new();
        self.parent.read_line(&mut line).unwrap();
    }

    pub(crate) fn figure(&self, name: &str, value: f64) {
        self.say(&Line::Figure { name: name.to_owned(), value });
    }

    pub(crate) fn require(&self, holds: bool, what: impl Into<String>) {
        if !holds {
            self.say(&Line::Wrong { what: what.into() });
        }
    }

    /// All that is left is to end.
    pub(crate) fn leave(&self) {
        self.say(&Line::Leaving { at_ms: clock_ms() });
    }

    fn say(&self, line: &Line) {
        let text = serde_json::to_string(line).unwrap();
        let mut told = self.told.lock();
        writeln!(told, "{text}").unwrap();
        told.flush().unwrap();
    }

    /// Emits, flushes, and looks at the books: what most faults do.
    pub(crate) fn deliver(&mut self, spans: usize, timeout: Duration) {
        self.emit(spans);
        self.flush(timeout).ok();
        self.status();
    }
}

/// A span, and how long its call took.
#[derive(Clone, Debug)]
pub(crate) struct Emitted {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) took: Duration,
}

/// Emits one span.
pub(crate) fn timed(name: &str, fill: impl Fn(TrackAi) -> TrackAi) -> Emitted {
    let start = Instant::now();
    let id = fill(bento::track_ai(name).model("gpt-4o").output("yes")).send();
    Emitted { id: id.to_string(), name: name.to_owned(), took: start.elapsed() }
}

/// A trajectory that is open, and will arrive.
pub(crate) fn opened(turn: &bento::Trajectory) -> Emitted {
    Emitted { id: turn.event_id().to_string(), name: "turn".to_owned(), took: Duration::ZERO }
}

/// The system's clock, which parent and child share.
pub(crate) fn clock_ms() -> u64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Prints whatever any crate logs, for the parent to search for secrets.
struct Journal;

impl Log for Journal {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let (level, target, line) = (record.level(), record.target(), record.args());
        writeln!(std::io::stderr(), "[{level} {target}] {line}").ok();
    }

    fn flush(&self) {}
}

/// Workers that live. A thread that a worker has just started bears its name for a moment, so that two are looked at again.
fn workers() -> usize {
    const PATIENCE: Duration = Duration::from_secs(2);
    let end = Instant::now() + PATIENCE;
    loop {
        let threads = machine::threads().unwrap_or_default();
        let workers = threads.iter().filter(|name| *name == "bento-worker").count();
        if workers < 2 || Instant::now() >= end {
            return workers;
        }
        std::thread::yield_now();
    }
}
