//! Configuration: explicit value, else environment, else default; the environment is passed in.

mod explicit;
mod live;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use explicit::{Explicit, Wishes};
pub(crate) use live::asked_live;

use crate::credential::{ApiKey, BaseUrl};
use crate::error::ConfigError;
use crate::record::{Limits, Ratio};

/// The name of this SDK, which every request carries as `telemetry.sdk.name`.
///
/// ```
/// assert_eq!(bento::SDK_NAME, "bentolabs-sdk");
/// ```
pub const SDK_NAME: &str = env!("CARGO_PKG_NAME");
/// The version of this SDK, which every request carries as `telemetry.sdk.version`.
///
/// ```
/// println!("{} {}", bento::SDK_NAME, bento::SDK_VERSION);
/// ```
pub const SDK_VERSION: &str = env!("CARGO_PKG_VERSION");

pub(crate) const API_KEY_VARIABLE: &str = "BENTOLABS_API_KEY";
pub(crate) const BASE_URL_VARIABLE: &str = "BENTOLABS_BASE_URL";
pub(crate) const LIVE_VARIABLE: &str = "BENTOLABS_LIVE";

/// Where variables come from. The process's own environment is one such place, a test's table another.
pub(crate) trait Environment {
    fn variable(&self, name: &str) -> Option<String>;
}

/// The environment of this process.
pub(crate) struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
    }
}

/// A text that `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "… ({} bytes)", self.0.len())
    }
}

/// The configuration after every source was consulted. `Debug` shows no secret.
///
/// ```
/// let options = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080/").resolve_options()?;
/// assert_eq!(options.base_url(), "http://localhost:8080");
/// assert_eq!(options.batch_spans(), 512);
/// # Ok::<(), bento::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    destination: Destination,
    settings: Settings,
}

/// Where spans go, and as whom.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    pub(crate) api_key: ApiKey,
    pub(crate) base_url: BaseUrl,
    /// The proxy for an `https` base URL; a plain `http` one is never sent through a proxy.
    pub(crate) proxy: Option<Proxy>,
}

/// What holds wherever the spans go.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) service_name: String,
    pub(crate) service_version: String,
    pub(crate) batch_spans: usize,
    pub(crate) batch_interval: Duration,
    pub(crate) queue_bytes: usize,
    pub(crate) limits: Limits,
    pub(crate) spool: Option<SpoolSettings>,
    pub(crate) sample: Ratio,
    pub(crate) is_live: bool,
    /// Whether the worker sleeps while nothing happens, and sends what comes then at once.
    pub(crate) is_prompt: bool,
}

/// Where undelivered spans are kept on disk, and how many bytes of them.
#[derive(Clone, Debug)]
pub(crate) struct SpoolSettings {
    pub(crate) directory: PathBuf,
    pub(crate) bytes: u64,
}

/// `HTTPS_PROXY` and `NO_PROXY` as the environment gives them; the first may hold credentials.
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    pub(crate) url: Secret,
    pub(crate) exceptions: Option<String>,
}

impl Options {
    /// Where spans are sent: scheme, host, port and path prefix, without a trailing slash.
    ///
    /// ```
    /// let options = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080/").resolve_options()?;
    /// assert_eq!(options.base_url(), "http://localhost:8080");
    /// # Ok::<(), bento::ConfigError>(())
    /// ```
    pub fn base_url(&self) -> &str {
        self.destination.base_url.as_str()
    }

    /// `service.name` of the resource; by default `bentolabs-sdk`.
    ///
    /// ```
    /// let options = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080/").resolve_options()?;
    /// assert_eq!(options.service_name(), "bentolabs-sdk");
    /// # Ok::<(), bento::ConfigError>(())
    /// ```
    pub fn service_name(&self) -> &str {
        &self.settings.service_name
    }

    /// `service.version` of the resource; by default the SDK's.
    ///
    /// ```
    /// let options = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080/").resolve_options()?;
    /// assert_eq!(options.service_version(), bento::SDK_VERSION);
    /// # Ok::<(), bento::ConfigError>(())
    /// ```
    pub fn service_version(&self) -> &str {
        &self.settings.service_version
    }

    /// Spans per request, from 1 to 512; by default 512.
    ///
    /// ```
    /// let options = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080/").resolve_options()?;
    /// assert_eq!(options.batch_spans(), 512);
    /// # Ok::<(), bento::ConfigError>(())
    /// ```
    pub fn batch_spans(&self) -> usize {
        self.settings.batch_spans
    }

    /// How long a span waits for company at most before it is sent; by default 5 s, and 100 ms in
    /// [live mode](crate::Builder::live).
    ///
    /// ```
    /// let options = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080/").resolve_options()?;
    /// assert_eq!(options.batch_interval(), std::time::Duration::from_secs(5));
    /// # Ok::<(), bento::ConfigError>(())
    /// ```
    pub fn batch_interval(&self) -> Duration {
        self.settings.batch_interval
    }

    /// Bytes that may wait in the queue; by default 32 MiB.
    ///
    /// ```
    /// let options = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080/").resolve_options()?;
    /// assert_eq!(options.queue_bytes(), 32 * 1024 * 1024);
    /// # Ok::<(), bento::ConfigError>(())
    /// ```
    pub fn queue_bytes(&self) -> usize {
        self.settings.queue_bytes
    }

    /// Bytes of text one value may have before it is cut; by default 1 MiB.
    ///
    /// ```
    /// let options = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080/").resolve_options()?;
    /// assert_eq!(options.value_bytes(), 1024 * 1024);
    /// # Ok::<(), bento::ConfigError>(())
    /// ```
    pub fn value_bytes(&self) -> usize {
        self.settings.limits.value_bytes
    }

    /// The directory of the spool; `None` unless one was given.
    ///
    /// ```
    /// let options = bento::builder().api_key("bl_pk_docs").spool("/var/spool/shop").resolve_options()?;
    /// assert_eq!(options.spool(), Some(std::path::Path::new("/var/spool/shop")));
    /// # Ok::<(), bento::ConfigError>(())
    /// ```
    pub fn spool(&self) -> Option<&Path> {
        self.settings.spool.as_ref().map(|spool| &*spool.directory)
    }

    /// The ratio of traces that is kept, from 0 to 1; by default 1.
    ///
    /// ```
    /// let options = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080/").resolve_options()?;
    /// assert!(options.sample_ratio() >= 1.0);
    /// # Ok::<(), bento::ConfigError>(())
    /// ```
    pub fn sample_ratio(&self) -> f64 {
        self.settings.sample.get()
    }

    /// Whether spans are sent when they start, too; by default they are not.
    ///
    /// ```
    /// let builder = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080");
    /// assert!(builder.live(true).resolve_options()?.is_live());
    /// # Ok::<(), bento::ConfigError>(())
    /// ```
    pub fn is_live(&self) -> bool {
        self.settings.is_live
    }

    pub(crate) fn resolve(explicit: &Explicit, environment: &dyn Environment) -> Result<Self, ConfigError> {
        let destination = Destination::resolve(explicit, environment)?;
        let live = explicit.wishes.live.or_else(|| asked_live(environment).unwrap_or_default());
        let settings = Settings::resolve(&Wishes { live, ..explicit.wishes.clone() });
        Ok(Self { destination, settings })
    }
}

impl Destination {
    pub(crate) fn resolve(explicit: &Explicit, environment: &dyn Environment) -> Result<Self, ConfigError> {
        let api_key = choose(explicit.api_key.as_ref(), environment, API_KEY_VARIABLE)
            .ok_or(ConfigError::MissingApiKey)
            .and_then(|text| Ok(ApiKey::parse(&text)?))?;
        let base_url = choose(explicit.base_url.as_ref(), environment, BASE_URL_VARIABLE);
        let base_url = BaseUrl::parse(base_url.as_deref().unwrap_or(BaseUrl::DEFAULT))?;
        let proxy = base_url.is_https().then(|| proxy(environment)).flatten();
        Ok(Self { api_key, base_url, proxy })
    }

    /// Whether what `explicit` names, if anything, is what this is. The environment is not asked again.
    pub(crate) fn agrees(&self, explicit: &Explicit) -> Result<bool, ConfigError> {
        let same_key = match given(explicit.api_key.as_ref()) {
            Some(text) => ApiKey::parse(&text)? == self.api_key,
            None => true,
        };
        let same_url = match given(explicit.base_url.as_ref()) {
            Some(text) => BaseUrl::parse(&text)? == self.base_url,
            None => true,
        };
        Ok(same_key && same_url)
    }
}

impl Settings {
    /// Spans per request, unless set: as the service documents it.
    const BATCH_SPANS: usize = 512;
    /// How long a span waits for company, unless set: as the service documents it.
    const BATCH_INTERVAL: Duration = Duration::from_secs(5);
    /// The same in live mode.
    const LIVE_INTERVAL: Duration = Duration::from_millis(100);
    /// Without a pause the worker would burn a processor.
    const SHORTEST_INTERVAL: Duration = Duration::from_millis(1);
    /// The end of an interval is a moment that the clock can name.
    const LONGEST_INTERVAL: Duration = Duration::from_secs(24 * 3600);
    /// Bytes of a request before compression; one span larger than that travels alone.
    pub(crate) const BATCH_BYTES: usize = 4 * 1024 * 1024;
    /// Spans that may wait: as the service documents it.
    pub(crate) const QUEUE_SPANS: usize = 2048;
    /// Bytes that may wait, unless set.
    const QUEUE_BYTES: usize = 32 * 1024 * 1024;
    /// Bytes that may lie in the spool, unless set.
    const SPOOL_BYTES: u64 = 256 * 1024 * 1024;
    /// How soon a span is on disk where there is a spool.
    pub(crate) const KEEP_WITHIN: Duration = Duration::from_millis(100);

    pub(crate) fn resolve(wishes: &Wishes) -> Self {
        let is_live = wishes.live.unwrap_or(false);
        let interval = if is_live { Self::LIVE_INTERVAL } else { Self::BATCH_INTERVAL };
        let or = |name: &Option<String>, default: &str| {
            name.as_deref().and_then(present).unwrap_or_else(|| default.to_owned())
        };
        Self {
            service_name: or(&wishes.service_name, SDK_NAME),
            service_version: or(&wishes.service_version, SDK_VERSION),
            batch_spans: wishes.batch_spans.unwrap_or(Self::BATCH_SPANS).clamp(1, Self::BATCH_SPANS),
            batch_interval: wishes
                .batch_interval
                .unwrap_or(interval)
                .clamp(Self::SHORTEST_INTERVAL, Self::LONGEST_INTERVAL),
            queue_bytes: wishes.queue_bytes.unwrap_or(Self::QUEUE_BYTES),
            spool: wishes.spool.as_ref().map(|directory| SpoolSettings {
                directory: directory.clone(),
                bytes: wishes.spool_bytes.unwrap_or(Self::SPOOL_BYTES),
            }),
            limits: Limits { value_bytes: wishes.value_bytes.unwrap_or(Limits::DEFAULT_VALUE_BYTES) },
            sample: wishes.sample.map_or(Ratio::ALL, Ratio::new),
            is_live,
            is_prompt: is_live && wishes.batch_interval.is_none(),
        }
    }
}

fn choose(explicit: Option<&Secret>, environment: &dyn Environment, variable: &str) -> Option<String> {
    given(explicit).or_else(|| present(&environment.variable(variable)?))
}

fn given(secret: Option<&Secret>) -> Option<String> {
    secret.and_then(|Secret(text)| present(text))
}

fn proxy(environment: &dyn Environment) -> Option<Proxy> {
    let read = |names: [&str; 2]| names.iter().find_map(|name| present(&environment.variable(name)?));
    Some(Proxy {
        url: Secret(read(["HTTPS_PROXY", "https_proxy"])?),
        exceptions: read(["NO_PROXY", "no_proxy"]),
    })
}

/// An empty string counts as absent.
fn present(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Table(&'static [(&'static str, &'static str)]);

    impl Environment for Table {
        fn variable(&self, name: &str) -> Option<String> {
            self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        }
    }

    fn secret(text: &str) -> Secret {
        Secret(text.to_owned())
    }

    #[test]
    fn explicit_beats_environment_beats_default() {
        let environment = Table(&[(API_KEY_VARIABLE, " bl_pk_env "), (BASE_URL_VARIABLE, "http://env/")]);
        let options = Options::resolve(&Explicit::default(), &environment)
            .map(|options| (options.destination.api_key.bearer(), options.base_url().to_owned()));
        assert_eq!(options, Ok(("Bearer bl_pk_env".into(), "http://env".into())));

        let explicit = Explicit {
            api_key: Some(secret("bl_pk_code")),
            base_url: Some(secret("http://code/x/")),
            ..Explicit::default()
        };
        let options = Options::resolve(&explicit, &environment)
            .map(|options| (options.destination.api_key.bearer(), options.base_url().to_owned()));
        assert_eq!(options, Ok(("Bearer bl_pk_code".into(), "http://code/x".into())));
    }

    #[test]
    fn empty_and_blank_count_as_absent() {
        let explicit =
            Explicit { api_key: Some(secret("  ")), base_url: Some(secret("")), ..Explicit::default() };
        let environment = Table(&[(API_KEY_VARIABLE, "\t\n"), (BASE_URL_VARIABLE, "http://env")]);
        assert_eq!(Options::resolve(&explicit, &environment).err(), Some(ConfigError::MissingApiKey));
        let environment = Table(&[(API_KEY_VARIABLE, "bl_pk_1"), (BASE_URL_VARIABLE, "http://env")]);
        assert_eq!(
            Options::resolve(&explicit, &environment).map(|o| o.base_url().to_owned()),
            Ok("http://env".into())
        );
    }

    #[test]
    fn a_proxy_serves_https_only() {
        let environment = Table(&[
            (API_KEY_VARIABLE, "bl_pk_1"),
            ("https_proxy", "http://user:pass@proxy:3128"),
            ("HTTP_PROXY", "http://never"),
            ("ALL_PROXY", "http://never"),
            ("NO_PROXY", "localhost"),
        ]);
        let plain = Explicit { base_url: Some(secret("http://host")), ..Explicit::default() };
        assert!(
            Options::resolve(&plain, &environment).is_ok_and(|options| options.destination.proxy.is_none())
        );
        #[cfg(feature = "tls")]
        {
            let proxy =
                Options::resolve(&Explicit::default(), &environment).ok().and_then(|o| o.destination.proxy);
            assert_eq!(proxy.as_ref().map(|proxy| proxy.url.0.as_str()), Some("http://user:pass@proxy:3128"));
            assert!(!format!("{proxy:?}").contains("pass"));
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let explicit = Explicit {
            api_key: Some(secret("bl_pk_hunter2")),
            base_url: Some(secret("http://host")),
            ..Explicit::default()
        };
        let options = Options::resolve(&explicit, &Table(&[]));
        assert!(!format!("{explicit:?}{options:?}").contains("hunter2"));
    }
}
