//! Errors: a small type for each operation, none of which ever shows a secret.

mod loss;

use std::fmt;
use std::io;

pub use loss::{LossReason, Losses};

/// Why a key was refused. Neither the message nor `Debug` shows any of its characters past the prefix.
///
/// ```
/// use bento::{ApiKeyError, ConfigError};
///
/// let error = bento::builder().api_key("sk-123").resolve_options().unwrap_err();
/// assert_eq!(error, ConfigError::InvalidApiKey(ApiKeyError::WrongPrefix { length: 6 }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiKeyError {
    /// The key does not start with `bl_pk_`.
    #[error("an API key starts with `bl_pk_`; the one given has {length} bytes and does not")]
    WrongPrefix {
        /// Bytes in what was given, after trimming.
        length: usize,
    },
    /// Nothing follows the prefix.
    #[error("the API key ends after its prefix `bl_pk_`; copy it whole")]
    Incomplete,
    /// A character that is not visible ASCII: it could break out of the request header.
    #[error(
        "the API key has a character at byte {position} that is not visible ASCII (a blank, a line break?); copy it again"
    )]
    ForbiddenCharacter {
        /// Byte offset of the first such character, after trimming.
        position: usize,
    },
}

/// Why a base URL was refused. The URL itself is not repeated, because it may hold credentials.
///
/// ```
/// use bento::{BaseUrlError, ConfigError};
///
/// let builder = bento::builder().api_key("bl_pk_docs").base_url("localhost:8080");
/// let error = builder.resolve_options().unwrap_err();
/// assert_eq!(error, ConfigError::InvalidBaseUrl(BaseUrlError::MissingScheme));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BaseUrlError {
    /// There is no `scheme://`.
    #[error("the base URL has no scheme: write `http://` or `https://` in front of the host")]
    MissingScheme,
    /// The scheme is neither `http` nor `https`.
    #[error("the base URL must begin with `http://` or `https://`")]
    UnsupportedScheme,
    /// `https` was asked for in a build without the `tls` feature.
    #[error(
        "an `https` base URL needs the feature `tls` of bentolabs-sdk, which this build has switched off"
    )]
    TlsDisabled,
    /// There is no host.
    #[error("the base URL names no host")]
    MissingHost,
    /// An `@` stands before the host.
    #[error(
        "the base URL has an `@` before its host; drop it with the user name or password: the API key is the only credential"
    )]
    UserInfo,
    /// There is a `?query`.
    #[error("the base URL has a query (`?…`); give scheme, host and path only")]
    Query,
    /// There is a `#fragment`.
    #[error("the base URL has a fragment (`#…`); give scheme, host and path only")]
    Fragment,
    /// The host is neither a name that DNS could know nor an IP address.
    #[error(
        "the host of the base URL is malformed: give a DNS name (253 characters at most) or an IP address, IPv6 in brackets"
    )]
    InvalidHost,
    /// The port is not a number from 1 to 65535.
    #[error("the port of the base URL is not a number from 1 to 65535")]
    InvalidPort,
    /// A blank, a control character or a backslash, some of which URL parsers drop or rewrite silently.
    #[error(
        "the base URL has a blank, a line break, a backslash or the like at byte {position}; write it again without"
    )]
    ForbiddenCharacter {
        /// Byte offset of the first such character, after trimming.
        position: usize,
    },
    /// Two slashes follow each other after the host, perhaps because of a second `http://`.
    #[error(
        "the base URL has `//` after its host (a second `http://`, a doubled slash?); give scheme, host and path once"
    )]
    EmptySegment,
    /// It has more than 2,048 characters.
    #[error(
        "the base URL has {length} characters, and 2048 at most are taken; give scheme, host and path only"
    )]
    TooLong {
        /// Characters in what was given, after trimming.
        length: usize,
    },
}

/// Why the configuration could not be resolved. `Debug` gives the message, which is what `main` shows of an error.
///
/// ```
/// let error = bento::builder().api_key("bl_pk_").resolve_options().unwrap_err();
/// assert_eq!(error.to_string(), "the API key ends after its prefix `bl_pk_`; copy it whole");
/// ```
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No key was given and `BENTOLABS_API_KEY` is unset or empty.
    #[error("no API key: set BENTOLABS_API_KEY or pass one with `bento::builder().api_key(…)`")]
    MissingApiKey,
    /// The key is not a Bento key.
    #[error(transparent)]
    InvalidApiKey(#[from] ApiKeyError),
    /// The base URL cannot be used.
    #[error(transparent)]
    InvalidBaseUrl(#[from] BaseUrlError),
}

/// Why [`init`](crate::init()) did not start the SDK. `Debug` gives the message, which is what `main` shows of an error.
///
/// ```
/// let _bento = bento::builder().api_key("bl_pk_one").base_url("http://localhost:8080").init()?;
/// let error = bento::builder().api_key("bl_pk_two").init().unwrap_err();
/// assert!(matches!(error, bento::InitError::AlreadyInitialized));
/// # Ok::<(), bento::InitError>(())
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// The configuration could not be resolved.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The SDK runs already, with other credentials.
    #[error("bento runs already with other credentials: call `bento::shutdown` first to rotate them")]
    AlreadyInitialized,
    /// The directory of the spool could not be used, or the spans go elsewhere than to a Bento backend.
    #[error("the spool cannot be used: {0}")]
    Spool(io::Error),
    /// The operating system refused the worker thread.
    #[error("the worker thread could not be started: {0}")]
    Worker(io::Error),
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for InitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl ConfigError {
    /// The stable name of this error: `missing_api_key`, `invalid_api_key_format` or `invalid_base_url`.
    ///
    /// ```
    /// let error = bento::builder().api_key("sk-123").resolve_options().unwrap_err();
    /// assert_eq!(error.code(), "invalid_api_key_format");
    /// ```
    pub fn code(&self) -> &'static str {
        match self {
            Self::MissingApiKey => "missing_api_key",
            Self::InvalidApiKey(_) => "invalid_api_key_format",
            Self::InvalidBaseUrl(_) => "invalid_base_url",
        }
    }
}

impl InitError {
    /// The stable name of this error: those of [`ConfigError::code`], `already_initialized`, `spool_not_usable` or
    /// `worker_not_started`.
    ///
    /// ```
    /// let error = bento::builder().api_key("bl_pk_1").base_url("localhost:8080").init().unwrap_err();
    /// assert_eq!(error.code(), "invalid_base_url");
    /// ```
    pub fn code(&self) -> &'static str {
        match self {
            Self::Config(error) => error.code(),
            Self::AlreadyInitialized => "already_initialized",
            Self::Spool(_) => "spool_not_usable",
            Self::Worker(_) => "worker_not_started",
        }
    }
}

/// What [`flush`](crate::flush()) or [`shutdown`](crate::shutdown()) could not deliver, and why. Spans that were
/// withheld on purpose, by sampling or by a redaction hook, are no failure and never among them.
///
/// ```
/// # use std::time::Duration;
/// // Nothing listens on this port.
/// let _bento = bento::builder().api_key("bl_pk_docs").base_url("http://127.0.0.1:9").init()?;
/// bento::track_ai("answer").send();
/// let error = bento::flush(Duration::from_millis(50)).unwrap_err();
/// assert_eq!(error.undelivered(), 1);
/// # bento::shutdown(Duration::ZERO).unwrap_err();
/// # Ok::<(), bento::InitError>(())
/// ```
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} of the spans emitted were not delivered ({waiting} still waiting{}, lost: {losses}){}",
    waiting + losses.total(), on_disk(*spooled), cause.as_ref().map(|cause| format!("; last error: {cause}")).unwrap_or_default())]
pub struct DeliveryError {
    pub(crate) waiting: u64,
    pub(crate) spooled: u64,
    pub(crate) losses: Losses,
    pub(crate) cause: Option<String>,
}

fn on_disk(spooled: u64) -> String {
    if spooled > 0 { format!(", {spooled} of them on disk") } else { String::new() }
}

impl DeliveryError {
    /// Spans emitted before the call that the backend has not accepted: those that wait and those that are lost.
    ///
    /// ```
    /// # let _bento = bento::builder().api_key("bl_pk_docs").base_url("http://127.0.0.1:9").init()?;
    /// bento::track_ai("answer").send();
    /// let error = bento::flush(std::time::Duration::ZERO).unwrap_err();
    /// assert_eq!(error.undelivered(), 1);
    /// # bento::shutdown(std::time::Duration::ZERO).ok();
    /// # Ok::<(), bento::InitError>(())
    /// ```
    pub fn undelivered(&self) -> u64 {
        self.waiting + self.losses.total()
    }

    /// Those among them that still wait and may yet be delivered; the deadline came first.
    ///
    /// ```
    /// # let _bento = bento::builder().api_key("bl_pk_docs").base_url("http://127.0.0.1:9").init()?;
    /// bento::track_ai("answer").send();
    /// let error = bento::flush(std::time::Duration::ZERO).unwrap_err();
    /// assert_eq!(error.waiting(), 1);
    /// # bento::shutdown(std::time::Duration::ZERO).ok();
    /// # Ok::<(), bento::InitError>(())
    /// ```
    pub fn waiting(&self) -> u64 {
        self.waiting
    }

    /// Those among the waiting that the [spool](crate::Builder::spool) keeps on disk: where this process does not
    /// deliver them, the next one does.
    ///
    /// ```
    /// # let directory = std::env::temp_dir().join(format!("bento-docs-error-{}", std::process::id()));
    /// let builder = bento::builder().api_key("bl_pk_docs").base_url("http://127.0.0.1:9").spool(&directory);
    /// let _bento = builder.init()?;
    /// bento::track_ai("answer").send();
    /// let error = bento::shutdown(std::time::Duration::ZERO).unwrap_err();
    /// assert_eq!((error.spooled(), error.losses().total()), (1, 0));
    /// # std::fs::remove_dir_all(directory).ok();
    /// # Ok::<(), bento::InitError>(())
    /// ```
    pub fn spooled(&self) -> u64 {
        self.spooled
    }

    /// Those among them that are lost for good, by reason.
    ///
    /// ```
    /// # let _bento = bento::builder().api_key("bl_pk_docs").base_url("http://127.0.0.1:9").init()?;
    /// bento::shutdown(std::time::Duration::ZERO).ok();
    /// bento::track_ai("answer").send(); // too late
    /// let error = bento::flush(std::time::Duration::ZERO).unwrap_err();
    /// assert_eq!(error.losses().of(bento::LossReason::NotRunning), 1);
    /// # Ok::<(), bento::InitError>(())
    /// ```
    pub fn losses(&self) -> &Losses {
        &self.losses
    }

    /// The last error the transport met, where there was one.
    ///
    /// ```
    /// # let _bento = bento::builder().api_key("bl_pk_docs").base_url("http://127.0.0.1:9").init()?;
    /// bento::shutdown(std::time::Duration::ZERO).ok();
    /// bento::track_ai("answer").send(); // too late
    /// let error = bento::flush(std::time::Duration::ZERO).unwrap_err();
    /// assert!(error.cause().is_some_and(|cause| cause.starts_with("the SDK was not running")));
    /// # Ok::<(), bento::InitError>(())
    /// ```
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }
}

/// Why a trajectory could not be finished.
///
/// ```
/// let turn = bento::begin("user_turn").start();
/// let agent = bento::begin("agent").start();
/// let error = turn.finish().unwrap_err();
/// assert_eq!(error, bento::FinishError::OutOfOrder { inner: "agent".to_owned() });
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FinishError {
    /// A trajectory that was begun inside this one is still open. Both remain usable: finish the inner one first.
    #[error("the trajectory `{inner}` begun inside this one is still open: finish it first")]
    OutOfOrder {
        /// The name of the innermost one.
        inner: String,
    },
}

impl FinishError {
    /// The stable name of this error: `out_of_order`.
    ///
    /// ```
    /// let turn = bento::begin("user_turn").start();
    /// let agent = bento::begin("agent").start();
    /// let error = turn.finish().unwrap_err();
    /// assert_eq!(error.code(), "out_of_order");
    /// ```
    pub fn code(&self) -> &'static str {
        match self {
            Self::OutOfOrder { .. } => "out_of_order",
        }
    }
}

/// Why a `traceparent` header was refused (W3C Trace Context, section 3.2).
///
/// ```
/// use bento::{Context, TraceparentError};
///
/// assert_eq!(Context::from_traceparent("00-abc").unwrap_err(), TraceparentError::Malformed);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TraceparentError {
    /// It is not `version-traceid-spanid-flags` in lower-case hex of the right widths.
    #[error("a traceparent reads `00-<32 hex digits>-<16 hex digits>-<2 hex digits>`, in lower case")]
    Malformed,
    /// Version `ff`, which the standard forbids.
    #[error("traceparent version ff is forbidden")]
    ForbiddenVersion,
    /// An id of zeros only, which the standard forbids.
    #[error("the trace id or span id of the traceparent is all zeros")]
    ZeroId,
}
