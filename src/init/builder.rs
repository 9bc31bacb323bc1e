//! Everything that can be set before the start.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Guard, Running, State, state_mut};
use crate::config::{
    Destination, Environment, Explicit, Options, ProcessEnvironment, SDK_NAME, SDK_VERSION, Secret, Settings,
};
use crate::error::{ConfigError, InitError};
use crate::export::OtlpJson;
use crate::pipeline::{BuildExport, Pipeline, Policy, Route};
use crate::record::{Attributes, Resource};
use crate::scope::{Client, IdentitySource, Sources};

/// Sets up the SDK; [`init`](Builder::init) starts it.
///
/// What is not set comes from the environment (`BENTOLABS_API_KEY`, `BENTOLABS_BASE_URL`), else from the defaults.
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
pub struct Builder {
    explicit: Explicit,
    sources: Sources,
    route: Option<Route>,
}

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
        self.explicit.api_key = Some(Secret(key.into()));
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
        self.explicit.base_url = Some(Secret(url.into()));
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
        self.explicit.service_name = Some(name.into());
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
        self.explicit.service_version = Some(version.into());
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
        self.sources.user = Some(source.into_source());
        self
    }

    /// The conversation that spans belong to: a value, or a closure that is called for each span.
    ///
    /// ```
    /// let builder = bento::builder().session_id(format!("cli-{}", std::process::id()));
    /// ```
    pub fn session_id<Form>(mut self, source: impl IdentitySource<String, Form>) -> Self {
        self.sources.session = Some(source.into_source());
        self
    }

    /// Tags for every trace: a string, a list of strings, or a closure that is called for each span.
    ///
    /// ```
    /// let builder = bento::builder().tags(["env:prod", "team:search"]);
    /// ```
    pub fn tags<Form>(mut self, source: impl IdentitySource<Vec<String>, Form>) -> Self {
        self.sources.tags = Some(source.into_source());
        self
    }

    /// Spans per request, and how many must wait for one to be sent at once: from 1 to 2048, by default 512.
    ///
    /// ```
    /// let builder = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080");
    /// assert_eq!(builder.batch_spans(5_000).resolve_options()?.batch_spans(), 2048);
    /// # Ok::<(), bento::ConfigError>(())
    /// ```
    pub fn batch_spans(mut self, spans: usize) -> Self {
        self.explicit.batch_spans = Some(spans);
        self
    }

    /// How long a span waits for company at most before it is sent: from 1 ms to a day, by default 5 s.
    ///
    /// ```
    /// # use std::time::Duration;
    /// let builder = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080");
    /// let builder = builder.batch_interval(Duration::from_millis(500));
    /// assert_eq!(builder.resolve_options()?.batch_interval(), Duration::from_millis(500));
    /// # Ok::<(), bento::ConfigError>(())
    /// ```
    pub fn batch_interval(mut self, interval: Duration) -> Self {
        self.explicit.batch_interval = Some(interval);
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
        self.explicit.queue_bytes = Some(bytes);
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
        self.explicit.value_bytes = Some(bytes);
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
        self.route = Some(route);
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
        Options::resolve(&self.explicit, &ProcessEnvironment)
    }

    /// Starts the SDK: one thread, no request before the first span.
    ///
    /// Where it runs already with the same credentials, or none are given, this only takes over the identity sources.
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
    pub fn init(mut self) -> Result<Guard, InitError> {
        // What is replaced goes after the lock: closures of the host may call back when they are dropped.
        let _former = {
            let mut state = state_mut();
            if let State::Running(running) = &*state {
                Former::Sources(reconcile(running, &mut self)?)
            } else {
                let running = start(&mut self, &ProcessEnvironment)?;
                Former::State(std::mem::replace(&mut *state, State::Running(running)))
            }
        };
        Ok(Guard(()))
    }
}

/// What an `init` leaves over.
#[expect(dead_code, reason = "it is kept only to be dropped")]
enum Former {
    State(State),
    Sources(Arc<Sources>),
}

/// Adopts the identity sources, and refuses other credentials, where the SDK runs already.
fn reconcile(running: &Running, builder: &mut Builder) -> Result<Arc<Sources>, InitError> {
    let agrees = match &running.destination {
        Some(destination) => destination.agrees(&builder.explicit)?,
        None => builder.explicit.names_no_destination(),
    };
    if !agrees || builder.route.is_some() {
        return Err(InitError::AlreadyInitialized);
    }
    Ok(running.client.update_sources(std::mem::take(&mut builder.sources)))
}

/// Resolves the configuration and starts the worker.
pub(super) fn start(builder: &mut Builder, environment: &dyn Environment) -> Result<Arc<Running>, InitError> {
    let settings = Settings::resolve(&builder.explicit);
    let resource = resource(&settings);
    let (destination, build) = if let Some(route) = builder.route.take() {
        (None, route.build(&resource))
    } else {
        let destination = Destination::resolve(&builder.explicit, environment)?;
        (Some(destination.clone()), json_exporter(destination))
    };
    let pipeline = Arc::new(Pipeline::start(Policy::of(&settings), build)?);
    let client =
        Client::new(pipeline.clone(), settings.limits, resource, std::mem::take(&mut builder.sources));
    Ok(Arc::new(Running { client: Arc::new(client), pipeline, destination, in_vain: Mutex::default() }))
}

fn json_exporter(destination: Destination) -> BuildExport {
    Box::new(move || Box::new(OtlpJson::new(&destination)))
}

/// Who emits (`wire.md`, "Request").
fn resource(settings: &Settings) -> Resource {
    let mut attributes = Attributes::with_capacity(5);
    attributes.set("service.name", settings.service_name.as_str());
    attributes.set("service.version", settings.service_version.as_str());
    attributes.set("telemetry.sdk.name", SDK_NAME);
    attributes.set("telemetry.sdk.language", "rust");
    attributes.set("telemetry.sdk.version", SDK_VERSION);
    Resource { attributes }
}
