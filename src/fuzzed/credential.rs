//! The key and the address of the backend, from whatever a variable of the environment may hold.

use url::Url;

use crate::config::{Environment, Explicit, Options, Secret};
use crate::credential::{ApiKey, BaseUrl};

const PREFIX: &str = "bl_pk_";

struct NoEnvironment;

impl Environment for NoEnvironment {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

/// A key is accepted by its rules alone, makes a header, and shows its length at most.
pub fn api_key(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let trimmed = text.trim();
    let secret = trimmed.strip_prefix(PREFIX);
    let is_visible = |secret: &str| secret.chars().all(|character| ('!'..='~').contains(&character));
    let is_valid = secret.is_some_and(|secret| !secret.is_empty() && is_visible(secret));

    let parsed = ApiKey::parse(&text);
    assert_eq!(parsed.is_ok(), is_valid, "{parsed:?}");
    if let Ok(key) = &parsed {
        assert_eq!(key.bearer(), format!("Bearer {trimmed}"));
        assert!(ureq::http::HeaderValue::try_from(key.bearer()).is_ok(), "the key makes no header");
        assert_eq!(ApiKey::parse(trimmed).as_ref(), Ok(key));
        assert!(secret.is_some_and(|secret| key.is_revealed_by(secret)));
    }

    // What is shown of a key is shown of every other key that has the same form.
    let masked = match secret {
        Some(secret) => PREFIX.to_owned() + &mask(secret),
        None => mask(trimmed),
    };
    assert_eq!(shown(&text), shown(&masked));
    if let (Err(error), Err(other)) = (parsed, ApiKey::parse(&masked)) {
        assert_eq!((format!("{error:?}"), error.to_string()), (format!("{other:?}"), other.to_string()));
    }
}

/// Everything that a host may print of its configuration or of the error that stands in its place.
fn shown(key: &str) -> String {
    let explicit = Explicit { api_key: Some(Secret(key.to_owned())), ..Explicit::default() };
    let options = Options::resolve(&explicit, &NoEnvironment);
    let error = options.as_ref().err().map(ToString::to_string);
    // What was given is shown by its length, blanks around it included.
    let given = format!("{explicit:?}").replace(&format!("({} bytes)", key.len()), "");
    format!("{given} {options:?} {error:?}")
}

/// Other characters of the same form in the place of each: nothing else of `text` is left.
fn mask(text: &str) -> String {
    let mask = |character: char| match character {
        '!'..='~' => "x".to_owned(),
        // As many bytes that are not visible ASCII, none of which `trim` takes.
        other => "\0".repeat(other.len_utf8()),
    };
    text.chars().map(mask).collect()
}

/// A base URL that is accepted is one that every other parser reads in the same way, and that a request can be made of.
pub fn base_url(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(url) = BaseUrl::parse(&text) else { return };
    let shown = url.as_str();

    assert!(shown.starts_with("http://") || shown.starts_with("https://"), "{shown}");
    assert!(!shown.ends_with('/') && !url.host().is_empty(), "{shown}");
    assert!(shown.bytes().all(|byte| byte.is_ascii_graphic()), "{shown}");
    assert!(
        !shown.contains(['@', '?', '#', '\\']) || shown.contains("://") && !authority(shown).contains('@')
    );
    assert_eq!(url.is_https(), shown.starts_with("https://"));
    assert!(url.port().is_some_and(|port| port != 0), "{shown}");
    // Escapes may lengthen an address past the bound that holds for what is given.
    if shown.len() <= 2048 {
        assert_eq!(BaseUrl::parse(shown).as_ref(), Ok(&url), "it changes when it is parsed again");
    }

    let traces = url.traces();
    assert_eq!(traces, format!("{shown}/v1/traces"));
    let reparsed = Url::parse(&traces);
    assert!(
        reparsed.is_ok_and(|traces| {
            traces.host_str() == Some(url.host())
                && traces.port_or_known_default() == url.port()
                && traces.path().ends_with("/v1/traces")
                && traces.username().is_empty()
                && traces.password().is_none()
                && traces.query().is_none()
                && traces.fragment().is_none()
        }),
        "{traces}"
    );
    let uri = traces.parse::<ureq::http::Uri>();
    assert!(uri.is_ok_and(|uri| uri.host() == Some(url.host())), "no request can be made to {traces}");
}

fn authority(url: &str) -> &str {
    url.split('/').nth(2).unwrap_or_default()
}
