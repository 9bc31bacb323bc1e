//! Everything that can be set before the start.

use std::path::PathBuf;
use std::time::Duration;

use super::Guard;
use crate::config::{Options, ProcessEnvironment, Secret};
use crate::error::{ConfigError, InitError, Losses};
use crate::pipeline::{LossHook, Route};
use crate::record::Redact;
use crate::running::{Setup, Start, start};
use crate::scope::IdentitySource;

/// Sets up the SDK; [`init`](Builder::init) starts it.
///
/// What is not set comes from the environment (`BENTOLABS_API_KEY`, `BENTOLABS_BASE_URL`, `BENTOLABS_LIVE`), else from the
/// defaults.
///
/// ```
/// # fn main() -> Result<(), bento::InitError> {
/// let _bento = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080").init()?;
/// # bento::shutdown(std::time::Duration::ZERO).ok();
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
#[must_use = "a builder does nothing until `init`"]
pub struct Builder(Setup);

/// Starts the SDK from the environment: `BENTOLABS_API_KEY`, and `BENTOLABS_BASE_URL` where the backend is not the
/// hosted one. [`builder`] takes both in code.
///
/// ```no_run
/// fn main() -> Result<(), bento::InitError> {
///     let _bento = bento::init()?;
///     bento::track_ai("answer").model("gpt-4o").input("Hi").output("Hello!").send();
///     Ok(())
/// }
/// ```
///
/// # Errors
///
/// [`InitError`]: no key, or an ill-formed key or URL; other credentials than those it already runs with; no thread.
pub fn init() -> Result<Guard, InitError> {
    builder().init()
}

/// A [`Builder`] with nothing set.
///
/// ```
/// let options = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080").resolve_options()?;
/// assert_eq!(options.service_name(), "bentolabs-sdk");
/// # Ok::<(), bento::ConfigError>(())
/// ```
pub fn builder() -> Builder {
    Builder::default()
}

/// The configuration that [`init`] would use, without starting anything.
///
/// ```
/// match bento::resolve_options() {
///     Ok(options) => println!("spans go to {}", options.base_url()),
///     Err(error) => println!("{}: {error}", error.code()),
/// }
/// ```
///
/// # Errors
///
/// [`ConfigError`]: no key, or an ill-formed key or URL.
pub fn resolve_options() -> Result<Options, ConfigError> {
    builder().resolve_options()
}

impl Builder {
    /// The API key: `bl_pk_` and at least one more visible ASCII character. Blanks around it go; empty counts as not
    /// set, and then `BENTOLABS_API_KEY` is taken. No error, log line or `Debug` shows it.
    ///
    /// ```
    /// let blank = bento::builder().api_key("bl_pk_ secret").base_url("http://localhost:8080");
    /// assert_eq!(blank.resolve_options().unwrap_err().code(), "invalid_api_key_format");
    /// ```
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.0.explicit.api_key = Some(Secret(key.into()));
        self
    }

    /// Where spans go: `http` or `https`, a host, perhaps a port and a path prefix. Blanks around it and slashes at its
    /// end go; empty counts as not set, and then it is `BENTOLABS_BASE_URL`, else `https://api.bentolabs.ai`.
    ///
    /// ```
    /// let options = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080/team/").resolve_options()?;
    /// assert_eq!(options.base_url(), "http://localhost:8080/team"); // takes spans at …/team/v1/traces
    /// # Ok::<(), bento::ConfigError>(())
    /// ```
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.0.explicit.base_url = Some(Secret(url.into()));
        self
    }

    /// `service.name` of the resource; by default `bentolabs-sdk`.
    ///
    /// ```
    /// let builder = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080");
    /// assert_eq!(builder.service_name("shop").resolve_options()?.service_name(), "shop");
    /// # Ok::<(), bento::ConfigError>(())
    /// ```
    pub fn service_name(mut self, name: impl Into<String>) -> Self {
        self.0.explicit.wishes.service_name = Some(name.into());
        self
    }

    /// `service.version` of the resource, which the backend shows as the version of a run; by default the SDK's.
    ///
    /// ```
    /// let builder = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080");
    /// assert_eq!(builder.service_version("1.4.2").resolve_options()?.service_version(), "1.4.2");
    /// # Ok::<(), bento::ConfigError>(())
    /// ```
    pub fn service_version(mut self, version: impl Into<String>) -> Self {
        self.0.explicit.wishes.service_version = Some(version.into());
        self
    }

    /// Whose spans these are: a value, or a closure that is called for each span.
    ///
    /// A call's own argument, [`update_current_trace`](crate::update_current_trace) and
    /// [`propagate_attributes`](crate::propagate_attributes) come before it.
    ///
    /// ```
    /// # mod auth { pub fn current_user() -> Option<String> { None } }
    /// let builder = bento::builder().user_id(|| auth::current_user()); // asked for each span
    /// let builder = bento::builder().user_id("u42");
    /// ```
    ///
    /// A closure runs on the thread that emits; if it panics, the span goes without this field.
    pub fn user_id<Form>(mut self, source: impl IdentitySource<String, Form>) -> Self {
        self.0.sources.user = source.into_source();
        self
    }

    /// The conversation that spans belong to: a value, or a closure that is called for each span.
    ///
    /// ```
    /// let builder = bento::builder().session_id(format!("cli-{}", std::process::id()));
    /// ```
    pub fn session_id<Form>(mut self, source: impl IdentitySource<String, Form>) -> Self {
        self.0.sources.session = source.into_source();
        self
    }

    /// Tags for every trace: a string, a list of strings, or a closure that is called for each span.
    ///
    /// ```
    /// let builder = bento::builder().tags(["env:prod", "team:search"]);
    /// ```
    pub fn tags<Form>(mut self, source: impl IdentitySource<Vec<String>, Form>) -> Self {
        self.0.sources.tags = source.into_source();
        self
    }

    /// Spans per request, and how many must wait for one to be sent at once: from 1 to 512, by default 512.
    ///
    /// ```
    /// let builder = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080");
    /// assert_eq!(builder.batch_spans(5_000).resolve_options()?.batch_spans(), 512);
    /// # Ok::<(), bento::ConfigError>(())
    /// ```
    pub fn batch_spans(mut self, spans: usize) -> Self {
        self.0.explicit.wishes.batch_spans = Some(spans);
        self
    }

    /// How long a span waits for company at most before it is sent: from 1 ms to a day, by default 5 s, and 100 ms in
    /// [live mode](Self::live).
    ///
    /// ```
    /// # use std::time::Duration;
    /// let builder = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080");
    /// let builder = builder.batch_interval(Duration::from_millis(500));
    /// assert_eq!(builder.resolve_options()?.batch_interval(), Duration::from_millis(500));
    /// # Ok::<(), bento::ConfigError>(())
    /// ```
    pub fn batch_interval(mut self, interval: Duration) -> Self {
        self.0.explicit.wishes.batch_interval = Some(interval);
        self
    }

    /// Bytes that may wait in the queue, past which the oldest span is dropped and counted: by default 32 MiB.
    ///
    /// ```
    /// let builder = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080");
    /// assert_eq!(builder.queue_bytes(8 << 20).resolve_options()?.queue_bytes(), 8 * 1024 * 1024);
    /// # Ok::<(), bento::ConfigError>(())
    /// ```
    ///
    /// At most 2048 spans wait, whatever their size.
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.0.explicit.wishes.queue_bytes = Some(bytes);
        self
    }

    /// Bytes of text one value may have; the rest is cut at a character boundary, and an attribute
    /// `bento.truncated.<key>` gives the original size. By default 1 MiB.
    ///
    /// ```
    /// let builder = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080");
    /// assert_eq!(builder.value_bytes(4096).resolve_options()?.value_bytes(), 4096);
    /// # Ok::<(), bento::ConfigError>(())
    /// ```
    pub fn value_bytes(mut self, bytes: usize) -> Self {
        self.0.explicit.wishes.value_bytes = Some(bytes);
        self
    }

    /// What is to be done when spans are lost: it is told how many, by reason, since it was last told.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering};
    ///
    /// static LOST: AtomicU64 = AtomicU64::new(0);
    /// let builder = bento::builder().on_loss(|losses| {
    ///     LOST.fetch_add(losses.total(), Ordering::Relaxed); // a counter of your metrics
    /// });
    /// ```
    ///
    /// It runs on the SDK's own thread, within the batch interval of the loss or after the request under way, and once
    /// more in [`shutdown`](crate::shutdown()) for what that cost. Deliveries wait for it, so it should be quick. If it
    /// panics, the panic is counted and goes no further; what it emits itself becomes no span. Spans emitted while the
    /// SDK does not run are in [`status`](crate::status()) only.
    pub fn on_loss(mut self, hook: impl Fn(&Losses) + Send + Sync + 'static) -> Self {
        self.0.on_loss = Some(LossHook::new(hook));
        self
    }

    /// A directory in which undelivered spans survive the end of the process; it is made if needed.
    ///
    /// What is emitted is on disk within 100 ms, on a second thread, `bento-keeper`, and is removed when the backend has
    /// it. What is left at a shutdown, an exit, SIGKILL or after five minutes of failure is sent by the next process that
    /// is started with the same directory and base URL: by one of them, once. At most 256 MiB lie in the directory, see
    /// [`spool_bytes`](Self::spool_bytes). The files are for the user of the process alone; they are not synced, so that
    /// a power cut may tear the newest: a torn file is set aside in `damaged`, and its spans are counted as lost.
    ///
    /// ```
    /// # let directory = std::env::temp_dir().join(format!("bento-docs-builder-{}", std::process::id()));
    /// let builder = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080");
    /// let _bento = builder.spool(&directory).init()?;
    /// # bento::shutdown(std::time::Duration::ZERO).ok();
    /// # std::fs::remove_dir_all(directory).ok();
    /// # Ok::<(), bento::InitError>(())
    /// ```
    ///
    /// Processes may share a directory. It goes with the Bento backend only, not with a [`route`](Self::route).
    pub fn spool(mut self, directory: impl Into<PathBuf>) -> Self {
        self.0.explicit.wishes.spool = Some(directory.into());
        self
    }

    /// Bytes that may lie in the spool's directory, past which the oldest that waits on disk only is removed and counted:
    /// by default 256 MiB. Processes that share it look at each other's share every ten seconds.
    ///
    /// ```
    /// let builder = bento::builder().spool("/var/spool/shop").spool_bytes(1 << 30);
    /// ```
    pub fn spool_bytes(mut self, bytes: u64) -> Self {
        self.0.explicit.wishes.spool_bytes = Some(bytes);
        self
    }

    /// Shows every value of every span to a redaction hook before the span is queued; it may replace or remove the value,
    /// or drop the span. Several hooks run in the order in which they are given.
    ///
    /// ```
    /// let builder = bento::builder().redact(|field: &mut bento::Field<'_>| {
    ///     if field.key() == "gen_ai.user.id" {
    ///         field.remove();
    ///     }
    /// });
    /// ```
    ///
    /// [`Redact`] tells what a hook sees, and when. The feature `masks` brings a ready one, `bento::Masks`. The hooks are
    /// in force from this `init` on: call it before the first emission, which would start the SDK without them. They hold
    /// until an `init` gives others: after a [`shutdown`](crate::shutdown()) too, in forked children, and where `init` is
    /// refused because the SDK runs already. Where `init` fails, nothing is sent until one succeeds.
    pub fn redact(mut self, hook: impl Redact + 'static) -> Self {
        self.0.hooks.push(hook);
        self
    }

    /// Keeps this ratio of traces, and of the others nothing: from 0 to 1, by default 1. What is below 0 counts as 0, what
    /// is above 1 or no number as 1.
    ///
    /// ```
    /// let builder = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080");
    /// let options = builder.sample(0.25).resolve_options()?;
    /// assert_eq!(format!("{}", options.sample_ratio()), "0.25");
    /// # Ok::<(), bento::ConfigError>(())
    /// ```
    ///
    /// A trace is kept or left out whole. Its id alone decides, by the rule of OpenTelemetry's `TraceIdRatioBased` sampler
    /// as its Rust and Go SDKs have it, so that processes that share a trace and a ratio agree, and one with a larger
    /// ratio keeps all that one with a smaller ratio keeps. Spans that are left out are counted as
    /// [`LossReason::SampledOut`](crate::LossReason::SampledOut); no flush reports them.
    pub fn sample(mut self, ratio: f64) -> Self {
        self.0.explicit.wishes.sample = Some(ratio);
        self
    }

    /// Sends spans when they start, too, so that a run can be watched while it goes on: by default it does not, unless
    /// `BENTOLABS_LIVE` is `1`, `true`, `yes` or `on`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// let builder = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080").live(true);
    /// let options = builder.resolve_options()?;
    /// assert!(options.is_live());
    /// assert_eq!(options.batch_interval(), Duration::from_millis(100)); // unless another is set
    /// # Ok::<(), bento::ConfigError>(())
    /// ```
    ///
    /// What is opened (`begin`, `tool_span`, the attributes, a streamed answer) is sent with what is known of it, marked with
    /// `bento.pending`, and once more, as ever, when it has ended. [Live mode](crate::guide::live) tells the rest. It is
    /// settled at the start: a later `init` with another value leaves it, and a warning says so. A forked child is as live
    /// as its parent.
    pub fn live(mut self, is_live: bool) -> Self {
        self.0.explicit.wishes.live = Some(is_live);
        self
    }

    /// Hands the batches to another exporter instead of the Bento backend; no key is needed then. The feature `otel`
    /// makes routes, in `bento::otel`.
    ///
    /// ```
    /// # #[cfg(feature = "otel")] {
    /// let route = bento::otel::collector("http://localhost:4318")?;
    /// let builder = bento::builder().route(route);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn route(mut self, route: Route) -> Self {
        self.0.route = Some(route);
        self
    }

    /// The configuration as it would be used, without starting anything.
    ///
    /// ```
    /// let builder = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080");
    /// assert_eq!(builder.resolve_options()?.base_url(), "http://localhost:8080");
    /// # Ok::<(), bento::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError`]: no key, or an ill-formed key or URL.
    pub fn resolve_options(&self) -> Result<Options, ConfigError> {
        Options::resolve(&self.0.explicit, &ProcessEnvironment)
    }

    /// Starts the SDK: one thread, no request before the first span.
    ///
    /// Where it runs already with the same credentials, or none are given, this only takes over the identity sources and the
    /// redaction hooks; other settings stay as they were at the start, and a warning says so.
    ///
    /// ```
    /// let builder = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080");
    /// let _bento = builder.init()?;
    /// assert!(bento::status().is_running());
    /// bento::builder().user_id("u42").init()?; // from here on, spans are this user's
    /// # Ok::<(), bento::InitError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InitError`]: no key, or an ill-formed key or URL; other credentials than those it already runs with; no thread.
    pub fn init(self) -> Result<Guard, InitError> {
        start(self.0, &ProcessEnvironment, Start::Asked)?;
        Ok(Guard(()))
    }
}
