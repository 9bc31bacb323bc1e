//! The books, for a program to read.

use crate::error::{LossReason, Losses};
use crate::pipeline::{Books, Pipeline};
use crate::scope::Client;

/// What the SDK did since it was last started. `accepted = delivered + rejected + failed + dropped + waiting` at every
/// moment.
///
/// What was emitted while it did not run is counted from the start of the process. In [live mode](crate::Builder::live) a
/// span counts once for each of its forms.
///
/// ```
/// let status = bento::status();
/// let settled = status.delivered() + status.rejected() + status.failed() + status.dropped();
/// assert_eq!(status.accepted(), settled + status.waiting());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Status {
    running: bool,
    accepted: u64,
    delivered: u64,
    waiting: u64,
    spooled: u64,
    recovered: u64,
    losses: Losses,
    retries: u64,
    panics: u64,
    last_error: Option<String>,
}

impl Status {
    pub(super) fn of(pipeline: &Pipeline, client: &Client) -> Self {
        let Books { accounts, waiting, spooled } = pipeline.books();
        Self {
            running: pipeline.is_alive(),
            accepted: accounts.accepted,
            delivered: accounts.delivered,
            waiting,
            spooled,
            recovered: accounts.recovered,
            losses: accounts.lost.plus(&accounts.withheld),
            retries: accounts.retries,
            panics: accounts.panics + client.panics(),
            last_error: accounts.last_error,
        }
    }

    /// Adds what was emitted while the SDK was off, and why it could not start, if it could not.
    pub(super) fn add_off(&mut self, spans: u64, failure: Option<String>) {
        self.accepted += spans;
        self.losses.add(LossReason::NotRunning, spans);
        self.last_error = failure.or(self.last_error.take());
    }

    /// Whether the worker lives: the SDK was started, and not shut down.
    ///
    /// ```
    /// let _bento = bento::builder().api_key("bl_pk_docs").base_url("http://127.0.0.1:9").init()?;
    /// assert!(bento::status().is_running());
    /// bento::shutdown(std::time::Duration::ZERO).ok();
    /// assert!(!bento::status().is_running());
    /// # Ok::<(), bento::InitError>(())
    /// ```
    pub fn is_running(&self) -> bool {
        self.running
    }

    /// Spans emitted, whatever became of them.
    ///
    /// ```
    /// let _bento = bento::builder().api_key("bl_pk_docs").base_url("http://127.0.0.1:9").init()?;
    /// let before = bento::status().accepted();
    /// bento::track_ai("answer").send();
    /// assert_eq!(bento::status().accepted(), before + 1);
    /// # bento::shutdown(std::time::Duration::ZERO).ok();
    /// # Ok::<(), bento::InitError>(())
    /// ```
    pub fn accepted(&self) -> u64 {
        self.accepted
    }

    /// Spans the backend has accepted.
    ///
    /// ```
    /// let status = bento::status();
    /// println!("{} of {} spans arrived", status.delivered(), status.accepted());
    /// ```
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Spans that are neither delivered nor lost: queued, on their way, or waiting for a retry.
    ///
    /// ```
    /// let _bento = bento::builder().api_key("bl_pk_docs").base_url("http://127.0.0.1:9").init()?;
    /// bento::track_ai("answer").send();
    /// assert_eq!(bento::status().waiting(), 1); // until the batch is full or the interval over
    /// # bento::shutdown(std::time::Duration::ZERO).ok();
    /// # Ok::<(), bento::InitError>(())
    /// ```
    pub fn waiting(&self) -> u64 {
        self.waiting
    }

    /// Those among the waiting that the [spool](crate::Builder::spool) keeps on disk, where they survive this process.
    ///
    /// ```
    /// assert_eq!(bento::status().spooled(), 0); // there is no spool
    /// ```
    pub fn spooled(&self) -> u64 {
        self.spooled
    }

    /// Those among the accepted that earlier processes had left in the spool.
    ///
    /// ```
    /// assert_eq!(bento::status().recovered(), 0); // there is no spool
    /// ```
    pub fn recovered(&self) -> u64 {
        self.recovered
    }

    /// Spans lost because the backend rejected them one by one (OTLP partial success).
    ///
    /// ```
    /// let status = bento::status();
    /// assert_eq!(status.rejected(), status.losses().of(bento::LossReason::Rejected));
    /// ```
    pub fn rejected(&self) -> u64 {
        self.losses.of(LossReason::Rejected)
    }

    /// Spans lost because their batch was refused or given up: for the backend's status or certificate, by the
    /// exporter, or after five minutes of failure.
    ///
    /// ```
    /// let status = bento::status();
    /// assert_eq!(status.failed(), status.losses().total() - status.rejected() - status.dropped());
    /// ```
    pub fn failed(&self) -> u64 {
        self.losses.total() - self.rejected() - self.dropped()
    }

    /// Spans lost before a backend gave an answer: the queue or the spool was full, a file of the spool damaged, the SDK
    /// did not run, the deadline of [`shutdown`](crate::shutdown()) passed; or the span was withheld on purpose, by
    /// [sampling](crate::Builder::sample), by a [redaction hook](crate::Field::drop_span), or because a later form of it
    /// goes in its place.
    ///
    /// ```
    /// # let _bento = bento::builder().api_key("bl_pk_docs").base_url("http://127.0.0.1:9").init()?;
    /// bento::shutdown(std::time::Duration::ZERO).ok();
    /// bento::track_ai("answer").send(); // too late
    /// assert_eq!(bento::status().dropped(), 1);
    /// # Ok::<(), bento::InitError>(())
    /// ```
    pub fn dropped(&self) -> u64 {
        use LossReason::{BytesFull, NotRunning, QueueFull, ShutdownDeadline, SpoolDamaged, SpoolFull};
        use LossReason::{Redacted, SampledOut, Superseded};
        let lost = [QueueFull, BytesFull, SpoolFull, SpoolDamaged, NotRunning, ShutdownDeadline];
        let withheld = [SampledOut, Redacted, Superseded];
        lost.iter().chain(&withheld).map(|reason| self.losses.of(*reason)).sum()
    }

    /// Those among the dropped that were withheld on purpose: sampled out, dropped by a redaction hook, or superseded by a
    /// later form of the same span. `flush` and `on_loss` do not speak of them.
    ///
    /// ```
    /// let status = bento::status();
    /// let against_our_will = status.losses().total() - status.withheld();
    /// assert_eq!(against_our_will, 0);
    /// ```
    pub fn withheld(&self) -> u64 {
        use LossReason::{Redacted, SampledOut, Superseded};
        [SampledOut, Redacted, Superseded].map(|reason| self.losses.of(reason)).into_iter().sum()
    }

    /// Spans lost, by reason; those withheld on purpose are among them.
    ///
    /// ```
    /// # let _bento = bento::builder().api_key("bl_pk_docs").base_url("http://127.0.0.1:9").init()?;
    /// bento::shutdown(std::time::Duration::ZERO).ok();
    /// bento::track_ai("answer").send(); // too late
    /// assert_eq!(bento::status().losses().to_string(), "1 SDK not running");
    /// # Ok::<(), bento::InitError>(())
    /// ```
    pub fn losses(&self) -> &Losses {
        &self.losses
    }

    /// Requests that were sent again after a failure.
    ///
    /// ```
    /// if bento::status().retries() > 0 {
    ///     println!("the backend is slow, overloaded or away");
    /// }
    /// ```
    pub fn retries(&self) -> u64 {
        self.retries
    }

    /// Panics of the host's code that were contained on the way of a span: of the exporter, which cost its batch; of a
    /// closure that gives an identity, which cost that field; of a redaction hook, which cost the value it was given; of
    /// what [`on_loss`](crate::Builder::on_loss) was given.
    ///
    /// A `Serialize` or `Display` that panics, or a closure that records chunks, is not counted here: the span itself says
    /// so.
    ///
    /// ```
    /// assert_eq!(bento::status().panics(), 0);
    /// ```
    pub fn panics(&self) -> u64 {
        self.panics
    }

    /// The last thing that went wrong with delivery, if anything did, in words. It stays when delivery recovers.
    ///
    /// ```
    /// if let Some(error) = bento::status().last_error() {
    ///     println!("last error: {error}");
    /// }
    /// ```
    pub fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }
}
