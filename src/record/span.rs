//! A finished span, ready to be queued.

use std::borrow::Cow;
use std::mem::size_of;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Attributes, Notes, Resource, Scope, SpanId, TraceId, keys};

/// A name that is mostly a fixed one.
pub(crate) type Name = Cow<'static, str>;

/// A span as owned data, moved from the caller to the encoder. It is written while the span is open, and
/// its memory serves another span when it is sent.
#[derive(Clone, Debug)]
// What every span writes stands together, so that a record that comes back from another processor is fetched in few lines.
#[repr(C)]
pub(crate) struct SpanRecord {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    pub(crate) parent: Option<SpanId>,
    /// Nanoseconds since the Unix epoch.
    pub(crate) start: u64,
    /// Nanoseconds since the Unix epoch, never before `start`.
    pub(crate) end: u64,
    pub(crate) name: String,
    pub(crate) attributes: Attributes,
    pub(crate) resource: Arc<Resource>,
    pub(crate) scope: Arc<Scope>,
    pub(crate) notes: Notes,
    pub(crate) kind: SpanKind,
    pub(crate) status: Status,
    pub(crate) events: Vec<Event>,
    pub(crate) links: Vec<Link>,
    pub(crate) trace_state: Option<String>,
}

/// OTLP's `SpanKind`, with OTLP's numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    not(any(feature = "otel", test, fuzzing)),
    expect(dead_code, reason = "only spans of a host's own tracer have other kinds")
)]
pub(crate) enum SpanKind {
    #[default]
    Internal = 1,
    Server = 2,
    Client = 3,
    Producer = 4,
    Consumer = 5,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Status {
    #[default]
    Unset,
    #[cfg_attr(
        not(any(feature = "otel", test, fuzzing)),
        expect(dead_code, reason = "only spans of a host's own tracer set it")
    )]
    Ok,
    Error(String),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) name: Name,
    /// Nanoseconds since the Unix epoch.
    pub(crate) time: u64,
    pub(crate) attributes: Attributes,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Link {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    pub(crate) trace_state: Option<String>,
    pub(crate) attributes: Attributes,
}

impl Event {
    /// The event by which OpenTelemetry records an error on a span.
    pub(crate) fn exception(kind: &str, message: &str, time: u64) -> Self {
        let mut attributes = Attributes::new();
        attributes.set(keys::EXCEPTION_TYPE, kind);
        attributes.set(keys::EXCEPTION_MESSAGE, message);
        Self { name: keys::EXCEPTION_EVENT.into(), time, attributes }
    }
}

impl SpanRecord {
    /// A span of which nothing is known yet but its fresh ids.
    pub(crate) fn blank() -> Self {
        Self {
            trace_id: TraceId::random(),
            span_id: SpanId::random(),
            parent: None,
            trace_state: None,
            name: String::new(),
            kind: SpanKind::Internal,
            start: 1,
            end: 2,
            attributes: Attributes::roomy(),
            events: Vec::new(),
            links: Vec::new(),
            status: Status::Unset,
            resource: Resource::unknown(),
            scope: Scope::ours(),
            notes: Notes::default(),
        }
    }

    /// A span with nothing but a name, for tests.
    #[cfg(test)]
    pub(crate) fn named(name: String) -> Self {
        Self { name, ..Self::blank() }
    }

    /// Forgets everything but its own ids and times, which the next span overwrites, and who emits, which is mostly the same. What
    /// is blank is not written: another thread may have it in its cache.
    pub(super) fn clear(&mut self) {
        /// Bytes of a name that are kept for the next span.
        const KEPT: usize = 64;
        self.name.clear();
        self.name.shrink_to(KEPT);
        self.attributes.clear();
        if self.parent.is_some() {
            self.parent = None;
        }
        if self.kind != SpanKind::Internal {
            self.kind = SpanKind::Internal;
        }
        if self.trace_state.is_some() {
            self.trace_state = None;
        }
        if self.events.capacity() > 0 {
            self.events = Vec::new();
        }
        if self.links.capacity() > 0 {
            self.links = Vec::new();
        }
        if self.status != Status::Unset {
            self.status = Status::Unset;
        }
        self.notes.clear();
    }

    /// Bytes this record holds, for the byte budget of the queue; what is shared (resource, scope) is not counted.
    pub(crate) fn size(&self) -> usize {
        let name = |name: &Name| match name {
            Cow::Borrowed(_) => 0,
            Cow::Owned(name) => name.capacity(),
        };
        let event = |event: &Event| name(&event.name) + event.attributes.heap_size();
        let events =
            self.events.capacity() * size_of::<Event>() + self.events.iter().map(event).sum::<usize>();
        let state = |state: &Option<String>| state.as_ref().map_or(0, String::capacity);
        let link = |link: &Link| state(&link.trace_state) + link.attributes.heap_size();
        let links = self.links.capacity() * size_of::<Link>() + self.links.iter().map(link).sum::<usize>();
        let status = match &self.status {
            Status::Error(message) => message.capacity(),
            Status::Unset | Status::Ok => 0,
        };
        size_of::<Self>()
            + self.name.capacity()
            + state(&self.trace_state)
            + self.attributes.heap_size()
            + events
            + links
            + status
    }
}

/// Nanoseconds; what is longer than five centuries is cut.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Nanoseconds since the Unix epoch; OTLP reads zero as "unknown", so times at or before the epoch become 1.
pub(crate) fn unix_nanos(time: SystemTime) -> u64 {
    nanos(time.duration_since(UNIX_EPOCH).unwrap_or_default()).max(1)
}
