//! The key and the address: parsed once, never checked again, never shown.

use std::fmt;

use url::{Host, Url};

use crate::error::{ApiKeyError, BaseUrlError};

const KEY_PREFIX: &str = "bl_pk_";

/// A valid API key. `Debug` shows the prefix and the length only.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ApiKey(String);

/// A valid base URL: `http` or `https`, a host, perhaps a port and a path; no trailing slash.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct BaseUrl(Url);

impl ApiKey {
    pub(crate) fn parse(text: &str) -> Result<Self, ApiKeyError> {
        let text = text.trim();
        let Some(rest) = text.strip_prefix(KEY_PREFIX) else {
            return Err(ApiKeyError::WrongPrefix { length: text.len() });
        };
        if rest.is_empty() {
            return Err(ApiKeyError::Incomplete);
        }
        match text.bytes().position(|byte| !byte.is_ascii_graphic()) {
            Some(position) => Err(ApiKeyError::ForbiddenCharacter { position }),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// The value of the `Authorization` header.
    pub(crate) fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{KEY_PREFIX}… ({} bytes)", self.0.len())
    }
}

impl BaseUrl {
    pub(crate) const DEFAULT: &str = "https://api.bentolabs.ai";

    pub(crate) fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        let known_scheme = lower.starts_with("http:") || lower.starts_with("https:");
        if !known_scheme && !text.contains("://") {
            return Err(BaseUrlError::MissingScheme);
        }
        // The URL standard reads `https:///host` and `https:host` as if the slashes were right.
        let after_scheme = text.split_once(':').map_or("", |(_, rest)| rest);
        if known_scheme
            && (!after_scheme.starts_with("//")
                || matches!(after_scheme.as_bytes().get(2), None | Some(b'/' | b'?' | b'#' | b'\\')))
        {
            return Err(BaseUrlError::MissingHost);
        }
        let mut url = Url::parse(text).map_err(|error| match error {
            url::ParseError::EmptyHost => BaseUrlError::MissingHost,
            url::ParseError::InvalidPort => BaseUrlError::InvalidPort,
            _ => BaseUrlError::InvalidHost,
        })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(BaseUrlError::UnsupportedScheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BaseUrlError::UserInfo);
        }
        if url.query().is_some() {
            return Err(BaseUrlError::Query);
        }
        if url.fragment().is_some() {
            return Err(BaseUrlError::Fragment);
        }
        if url.scheme() == "https" && !cfg!(feature = "tls") {
            return Err(BaseUrlError::TlsDisabled);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }

    /// The address that takes traces (`wire.md`, "Request").
    pub(crate) fn traces(&self) -> String {
        format!("{self}/v1/traces")
    }

    pub(crate) fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    pub(crate) fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_trimmed_and_hidden() {
        let key = ApiKey::parse("  bl_pk_secret\n");
        assert_eq!(key.as_ref().map(ApiKey::bearer).as_deref(), Ok("Bearer bl_pk_secret"));
        assert_eq!(format!("{key:?}"), "Ok(bl_pk_… (12 bytes))");
    }

    #[test]
    fn bad_keys_are_refused_without_being_shown() {
        let cases = [
            ("", ApiKeyError::WrongPrefix { length: 0 }),
            ("sk-secret", ApiKeyError::WrongPrefix { length: 9 }),
            ("BL_PK_secret", ApiKeyError::WrongPrefix { length: 12 }),
            ("bl_pk_", ApiKeyError::Incomplete),
            ("bl_pk_sec\nret", ApiKeyError::ForbiddenCharacter { position: 9 }),
            ("bl_pk_sec ret", ApiKeyError::ForbiddenCharacter { position: 9 }),
            ("bl_pk_sec\0ret", ApiKeyError::ForbiddenCharacter { position: 9 }),
            ("bl_pk_sécret", ApiKeyError::ForbiddenCharacter { position: 7 }),
        ];
        for (text, expected) in cases {
            let error = ApiKey::parse(text).err();
            assert_eq!(error, Some(expected), "{text:?}");
            assert!(!format!("{error:?}{expected}").contains("cret"), "{text:?}");
        }
    }

    #[test]
    fn urls_keep_their_path_and_lose_trailing_slashes() {
        let cases = [
            ("http://localhost:8080", "http://localhost:8080/v1/traces"),
            (" http://localhost:8080/// ", "http://localhost:8080/v1/traces"),
            ("HTTP://LocalHost/bento/", "http://localhost/bento/v1/traces"),
            ("http://[::1]:4318/a/b//", "http://[::1]:4318/a/b/v1/traces"),
            ("http://bücher.example", "http://xn--bcher-kva.example/v1/traces"),
        ];
        for (text, expected) in cases {
            assert_eq!(BaseUrl::parse(text).map(|url| url.traces()).as_deref(), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn bad_urls_are_refused_with_the_reason() {
        let cases = [
            ("localhost:8080", BaseUrlError::MissingScheme),
            ("api.bentolabs.ai", BaseUrlError::MissingScheme),
            ("//host", BaseUrlError::MissingScheme),
            ("ftp://host", BaseUrlError::UnsupportedScheme),
            ("file:///etc/passwd", BaseUrlError::UnsupportedScheme),
            ("http://", BaseUrlError::MissingHost),
            ("http:///path", BaseUrlError::MissingHost),
            ("http:host", BaseUrlError::MissingHost),
            ("http://user@host", BaseUrlError::UserInfo),
            ("http://user:pass@host", BaseUrlError::UserInfo),
            ("http://host/?a=1", BaseUrlError::Query),
            ("http://host/?", BaseUrlError::Query),
            ("http://host/#top", BaseUrlError::Fragment),
            ("http://host:99999", BaseUrlError::InvalidPort),
        ];
        for (text, expected) in cases {
            assert_eq!(BaseUrl::parse(text).err(), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn loopback_is_told_from_the_rest() {
        for (text, expected) in [
            ("http://localhost", true),
            ("http://127.8.9.10", true),
            ("http://[::1]", true),
            ("http://10.0.0.1", false),
            ("http://localhost.example.com", false),
        ] {
            assert_eq!(BaseUrl::parse(text).map(|url| url.is_loopback()), Ok(expected), "{text:?}");
        }
    }
}
