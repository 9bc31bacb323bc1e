//! The key and the address: parsed once, never checked again, never shown.

use std::fmt;

use url::{Host, Url};

use crate::error::{ApiKeyError, BaseUrlError};

const KEY_PREFIX: &str = "bl_pk_";
/// Characters of a key in a row that are no coincidence.
const TELLING_RUN: usize = 6;
/// Browsers and proxies have long agreed on about this much.
const MAX_URL_CHARS: usize = 2048;

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

    /// Whether `text` repeats enough of the key to help in guessing it: six characters in a row, past the prefix.
    pub(crate) fn is_revealed_by(&self, text: &str) -> bool {
        let lower = |text: &str| text.to_ascii_lowercase().into_bytes();
        let (text, secret) = (lower(text), lower(&self.0[KEY_PREFIX.len()..]));
        let run = TELLING_RUN.min(secret.len());
        text.windows(run).any(|shown| secret.windows(run).any(|own| own == shown))
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

    /// The `url` crate drops line breaks, takes `http:host` and reads `http://http://host` as the host `http`. Whatever
    /// it would mend is refused here: a mended address is not the one that was meant.
    pub(crate) fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let text = text.trim();
        let length = text.chars().count();
        if length > MAX_URL_CHARS {
            return Err(BaseUrlError::TooLong { length });
        }
        let is_forbidden = |character: char| character.is_control() || character.is_whitespace();
        if let Some(position) = text.find(|character| is_forbidden(character) || character == '\\') {
            return Err(BaseUrlError::ForbiddenCharacter { position });
        }
        let authority = authority(text)?;
        if authority.is_empty() {
            return Err(BaseUrlError::MissingHost);
        }
        if authority.contains('@') {
            return Err(BaseUrlError::UserInfo);
        }

        let mut url = Url::parse(text).map_err(|error| match error {
            url::ParseError::EmptyHost => BaseUrlError::MissingHost,
            url::ParseError::InvalidPort => BaseUrlError::InvalidPort,
            _ => BaseUrlError::InvalidHost,
        })?;
        if url.query().is_some() {
            return Err(BaseUrlError::Query);
        }
        if url.fragment().is_some() {
            return Err(BaseUrlError::Fragment);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        // `http://http://` leaves no path behind, only a host with a colon and no port.
        if path.contains("//") || authority.ends_with(':') && url.path().starts_with("//") {
            return Err(BaseUrlError::EmptySegment);
        }
        if url.port() == Some(0) {
            return Err(BaseUrlError::InvalidPort);
        }
        if matches!(url.host(), Some(Host::Domain(name)) if !is_dns_name(name)) {
            return Err(BaseUrlError::InvalidHost);
        }
        if url.scheme() == "https" && !cfg!(feature = "tls") {
            return Err(BaseUrlError::TlsDisabled);
        }
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

    /// The port, also where the URL leaves it to its scheme.
    pub(crate) fn port(&self) -> Option<u16> {
        self.0.port_or_known_default()
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

/// What stands between `http://` and the path: host and port.
fn authority(url: &str) -> Result<&str, BaseUrlError> {
    let Some((scheme, rest)) = url.split_once(':') else { return Err(BaseUrlError::MissingScheme) };
    let is_known = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    match rest.strip_prefix("//") {
        Some(rest) if is_known => Ok(rest.split(['/', '?', '#']).next().unwrap_or_default()),
        None if is_known => Err(BaseUrlError::MissingHost),
        Some(_) if !scheme.is_empty() => Err(BaseUrlError::UnsupportedScheme),
        _ => Err(BaseUrlError::MissingScheme),
    }
}

/// Whether DNS could know `name`, which is in lower case and its ASCII form (RFC 1035, section 2.3.4). The URL standard
/// lets more pass: `.`, `*`, `{host}`.
fn is_dns_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| {
        let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        matches!(label.len(), 1..=63) && label.bytes().all(is_usual)
    };
    name.len() <= 253 && name.split('.').all(is_label)
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
    fn a_key_is_told_in_whatever_repeats_it() {
        let cases = [
            ("hunter2secret", "", false),
            ("hunter2secret", "unknown key hunter2secret", true),
            ("hunter2secret", "unknown key HUNTER2SECRE…", true),
            ("hunter2secret", "…2secre", true),
            ("hunter2secret", "the secret hunter", true),
            ("hunter2secret", "hunte r2sec ret", false),
            ("hunter2secret", "bl_pk_… (19 bytes)", false),
            ("abc", "key xABCx", true),
            ("abc", "ab c", false),
        ];
        for (secret, text, expected) in cases {
            let key = ApiKey::parse(&format!("bl_pk_{secret}"));
            assert_eq!(key.map(|key| key.is_revealed_by(text)), Ok(expected), "{secret} {text}");
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
            ("\thttp://host_1.example.:1/a%20b/%2F \n", "http://host_1.example.:1/a%20b/%2F/v1/traces"),
            ("http://host/a@b:c/../d", "http://host/d/v1/traces"),
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
            ("http://@host", BaseUrlError::UserInfo),
            ("http://:@host/path", BaseUrlError::UserInfo),
            ("http://host/?a=1", BaseUrlError::Query),
            ("http://host/?", BaseUrlError::Query),
            ("http://host/#top", BaseUrlError::Fragment),
            ("http://host:99999", BaseUrlError::InvalidPort),
            ("http://host:0", BaseUrlError::InvalidPort),
            ("http://host:port", BaseUrlError::InvalidPort),
            ("://host", BaseUrlError::MissingScheme),
            ("\u{feff}http://host", BaseUrlError::UnsupportedScheme),
            ("http://:8080", BaseUrlError::MissingHost),
            ("http://http://host", BaseUrlError::EmptySegment),
            ("http://https://", BaseUrlError::EmptySegment),
            ("http://host//path", BaseUrlError::EmptySegment),
            ("http://host/a/..//b", BaseUrlError::EmptySegment),
            ("http://host/?to=http://other", BaseUrlError::Query),
        ];
        for (text, expected) in cases {
            assert_eq!(BaseUrl::parse(text).err(), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn characters_that_a_parser_would_drop_or_rewrite_are_refused() {
        let cases = [
            ("http://ho\nst", 9),
            ("http://ho\tst", 9),
            ("http://h/\ta", 9),
            ("http://h/a b", 10),
            ("http://h/a\r\nb", 10),
            ("http://h/\0", 9),
            ("http://h/\u{7f}", 9),
            ("http://h/\u{a0}a", 9),
            ("ht\ntp://h", 2),
            ("http:\\\\h", 5),
            ("http://h\\a", 8),
        ];
        for (text, position) in cases {
            let expected = BaseUrlError::ForbiddenCharacter { position };
            assert_eq!(BaseUrl::parse(text).err(), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn a_host_is_a_name_that_can_be_looked_up_or_an_address() {
        let label = "a".repeat(63);
        let longest = [&*label, &label, &label, &label[..61]].join(".");
        for host in [&*longest, "a_b-c.d1", "10.0.0.1", "[::1]", "host."] {
            assert!(BaseUrl::parse(&format!("http://{host}/a")).is_ok(), "{host}");
        }
        let (too_long, label_too_long) = (format!("a{longest}"), format!("a{label}"));
        for host in [
            &*too_long,
            &label_too_long,
            ".",
            "..",
            "a..b",
            ".a",
            "*",
            "*.a",
            "$HOST",
            "{host}",
            "<host>",
            "a%",
            "1.2.3.4.5",
            "[::1",
            "xn--a",
        ] {
            let error = BaseUrl::parse(&format!("http://{host}/a")).err();
            assert_eq!(error, Some(BaseUrlError::InvalidHost), "{host}");
        }
    }

    #[test]
    fn a_url_has_a_length_that_a_request_can_carry() {
        let url = |length: usize| format!("http://h/{}", "é".repeat(length - 9));
        assert!(BaseUrl::parse(&url(2048)).is_ok());
        assert_eq!(BaseUrl::parse(&url(2049)).err(), Some(BaseUrlError::TooLong { length: 2049 }));
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
