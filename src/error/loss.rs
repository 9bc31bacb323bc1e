//! Spans that were lost, by reason.

use std::collections::BTreeMap;
use std::fmt;

/// Why a span was lost.
///
/// ```
/// let spans = bento::status().losses().of(bento::LossReason::QueueFull);
/// assert_eq!(spans, 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LossReason {
    /// The queue held its maximum of spans; the oldest was dropped.
    QueueFull,
    /// The queue held its maximum of bytes; the oldest was dropped.
    BytesFull,
    /// The backend refused the request with this final HTTP status.
    Refused {
        /// The status.
        status: u16,
    },
    /// The backend accepted the request but rejected the span (OTLP partial success).
    Rejected,
    /// Every try failed until the batch was five minutes old.
    GivenUp,
    /// The TLS certificate of the backend was not accepted.
    Untrusted,
    /// The exporter that the batch was handed to refused it for good, or panicked.
    Exporter,
    /// The spool held its maximum of bytes; the oldest file was removed.
    SpoolFull,
    /// The file of the spool that held it was damaged.
    SpoolDamaged,
    /// The deadline of [`shutdown`](crate::shutdown()) passed.
    ShutdownDeadline,
    /// The SDK was not running: no valid key, or it had been shut down.
    NotRunning,
    /// Its trace is none of those that are kept: see [`Builder::sample`](crate::Builder::sample). No flush reports it.
    SampledOut,
    /// A redaction hook wanted the whole span dropped: see [`Field::drop_span`](crate::Field::drop_span). No flush
    /// reports it.
    Redacted,
    /// In [live mode](crate::Builder::live), a form of a span that had not ended: a later form of it goes in its place, its
    /// room was wanted for spans that had, or the backend did not take it. No flush reports it: the span itself is sent when
    /// it ends.
    Superseded,
}

/// Numbers of lost spans by reason.
///
/// ```
/// # let _bento = bento::builder().api_key("bl_pk_docs").base_url("http://127.0.0.1:9").init()?;
/// bento::shutdown(std::time::Duration::ZERO).ok();
/// bento::track_ai("answer").send(); // too late
/// assert_eq!(bento::status().losses().to_string(), "1 SDK not running");
/// # Ok::<(), bento::InitError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses(BTreeMap<LossReason, u64>);

impl Losses {
    /// Spans lost for any reason.
    ///
    /// ```
    /// # let _bento = bento::builder().api_key("bl_pk_docs").base_url("http://127.0.0.1:9").init()?;
    /// bento::shutdown(std::time::Duration::ZERO).ok();
    /// bento::track_ai("answer").send(); // too late
    /// assert_eq!(bento::status().losses().total(), 1);
    /// # Ok::<(), bento::InitError>(())
    /// ```
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Spans lost for `reason`.
    ///
    /// ```
    /// # let _bento = bento::builder().api_key("bl_pk_docs").base_url("http://127.0.0.1:9").init()?;
    /// bento::shutdown(std::time::Duration::ZERO).ok();
    /// bento::track_ai("answer").send(); // too late
    /// assert_eq!(bento::status().losses().of(bento::LossReason::NotRunning), 1);
    /// # Ok::<(), bento::InitError>(())
    /// ```
    pub fn of(&self, reason: LossReason) -> u64 {
        self.0.get(&reason).copied().unwrap_or(0)
    }

    /// Every reason that has lost a span, with the number of spans.
    ///
    /// ```
    /// for (reason, spans) in bento::status().losses().iter() {
    ///     println!("{spans} spans lost: {reason}");
    /// }
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (LossReason, u64)> + '_ {
        self.0.iter().map(|(reason, spans)| (*reason, *spans))
    }

    /// Whether nothing was lost.
    ///
    /// ```
    /// assert!(bento::status().losses().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn add(&mut self, reason: LossReason, spans: u64) {
        if spans > 0 {
            *self.0.entry(reason).or_default() += spans;
        }
    }

    /// What `self` counts beyond `earlier`, reason by reason.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let mut rest = Self::default();
        for (reason, spans) in self.iter() {
            rest.add(reason, spans.saturating_sub(earlier.of(reason)));
        }
        rest
    }

    pub(crate) fn plus(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        for (reason, spans) in other.iter() {
            sum.add(reason, spans);
        }
        sum
    }
}

impl fmt::Display for LossReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::QueueFull => f.write_str("queue full"),
            Self::BytesFull => f.write_str("queue bytes full"),
            Self::Refused { status } => write!(f, "refused with status {status}"),
            Self::Rejected => f.write_str("rejected by the backend"),
            Self::GivenUp => f.write_str("given up after five minutes"),
            Self::Untrusted => f.write_str("certificate not trusted"),
            Self::Exporter => f.write_str("exporter failed"),
            Self::SpoolFull => f.write_str("spool full"),
            Self::SpoolDamaged => f.write_str("spool file damaged"),
            Self::ShutdownDeadline => f.write_str("shutdown deadline passed"),
            Self::NotRunning => f.write_str("SDK not running"),
            Self::SampledOut => f.write_str("sampled out"),
            Self::Redacted => f.write_str("dropped by a redaction hook"),
            Self::Superseded => f.write_str("superseded by a later form of the span"),
        }
    }
}

impl fmt::Display for Losses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("none");
        }
        for (index, (reason, spans)) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{spans} {reason}")?;
        }
        Ok(())
    }
}
