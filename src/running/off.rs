//! Emission while the SDK is off: counted, and told by the next flush.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bento_fork::PerProcess;
use once_cell::sync::Lazy;

use super::failure;
use crate::error::{DeliveryError, LossReason, Losses};
use crate::pipeline::{Delivery, Sink};
use crate::record::{Limits, Records, Resource, SpanRecord};
use crate::scope::{Client, Sources};

/// Stands in while the SDK is off.
pub(super) static OFF: PerProcess<Lazy<Arc<Client>>> =
    PerProcess::new(Lazy::new(counting), |_| Lazy::new(counting));

/// Stands in on the worker's own thread, where an exporter that emits would feed itself for ever.
pub(super) static MUTED: PerProcess<Lazy<Arc<Client>>> =
    PerProcess::new(Lazy::new(muted), |_| Lazy::new(muted));

fn counting() -> Arc<Client> {
    idle_client(Arc::new(Count))
}

fn muted() -> Arc<Client> {
    idle_client(Arc::new(Ignore))
}

fn idle_client(sink: Arc<dyn Sink>) -> Arc<Client> {
    Arc::new(Client::new(sink, Limits::default(), Resource::default(), Sources::default()))
}

/// Spans emitted while the SDK was off, and how many of them a flush has told.
static EMITTED_OFF: PerProcess<AtomicU64> = PerProcess::new(AtomicU64::new(0), |_| AtomicU64::new(0));
static TOLD_OFF: PerProcess<AtomicU64> = PerProcess::new(AtomicU64::new(0), |_| AtomicU64::new(0));

/// Spans emitted while the SDK was off.
pub(crate) fn emitted() -> u64 {
    EMITTED_OFF.here().load(Ordering::Relaxed)
}

#[derive(Debug)]
struct Count;

impl Sink for Count {
    fn accept(&self, _: Box<SpanRecord>) {
        EMITTED_OFF.here().fetch_add(1, Ordering::Relaxed);
    }

    /// While the SDK is off nobody has wanted anything withheld.
    fn withhold(&self, _: LossReason) {}

    fn deliver(&self, records: Records, _: Instant) -> Delivery {
        let mut losses = Losses::default();
        losses.add(LossReason::NotRunning, records.len() as u64);
        EMITTED_OFF.here().fetch_add(records.len() as u64, Ordering::Relaxed);
        Box::pin(ready(Err(DeliveryError { waiting: 0, spooled: 0, losses, cause: failure() })))
    }
}

#[derive(Debug)]
struct Ignore;

impl Sink for Ignore {
    fn accept(&self, _: Box<SpanRecord>) {}

    fn withhold(&self, _: LossReason) {}

    fn deliver(&self, _: Records, _: Instant) -> Delivery {
        Box::pin(ready(Ok(())))
    }
}

/// Spans emitted while the SDK was off, for a flush to tell: the counterpart of the queue's ticket.
pub(crate) struct OffTicket {
    emitted: u64,
    told: u64,
}

impl OffTicket {
    pub(crate) fn open() -> Self {
        Self {
            emitted: EMITTED_OFF.here().load(Ordering::Relaxed),
            told: TOLD_OFF.here().load(Ordering::Relaxed),
        }
    }

    /// What a flush has to tell, in addition to what became of the spans that were taken in.
    pub(crate) fn close(self, delivered: Result<(), DeliveryError>) -> Result<(), DeliveryError> {
        let untold = self.emitted.saturating_sub(self.told);
        if untold == 0 {
            return delivered;
        }
        TOLD_OFF.here().fetch_max(self.emitted, Ordering::Relaxed);
        let mut error = delivered.err().unwrap_or(DeliveryError {
            waiting: 0,
            spooled: 0,
            losses: Losses::default(),
            cause: None,
        });
        error.losses.add(LossReason::NotRunning, untold);
        error.cause = error.cause.or_else(failure).or_else(|| {
            Some("the SDK was not running: call `bento::init` before the first emission".to_owned())
        });
        Err(error)
    }
}
