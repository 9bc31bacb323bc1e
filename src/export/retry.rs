//! What an answer means for a batch, and how long to wait before the next try.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::Verdict;
use super::transport::{Answer, TransportError};
use crate::error::LossReason;

/// The longest that a `Retry-After` can hold back the queue: a typing error at the backend must not silence a fleet.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);
const BACKOFF_BASE: Duration = Duration::from_millis(500);
const BACKOFF_CAP: Duration = Duration::from_secs(30);
/// Characters of the backend's own words that a cause may repeat.
const EXCERPT_CHARS: usize = 200;

/// Who answers: what to do about a refusal depends on where the address came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Bento,
    #[cfg_attr(not(feature = "otel"), expect(dead_code, reason = "only the bridge speaks to a Collector"))]
    Collector,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bento => "the backend",
            Self::Collector => "the Collector",
        })
    }
}

/// What the answer of `peer` makes of the batch (`wire.md`, "Delivery").
pub(crate) fn classify(answer: &Answer, peer: Peer) -> Verdict {
    let status = answer.status;
    let said = |remedy: &str| said(peer, status, remedy, &answer.body);
    match status {
        200..=299 => accepted(&answer.body),
        429 | 502 | 503 | 504 => Verdict::Retry { after: answer.retry_after, cause: said("") },
        413 => Verdict::TooLarge { cause: said("the request is too large") },
        _ => Verdict::Refused { reason: LossReason::Refused { status }, cause: said(remedy(status, peer)) },
    }
}

/// What a request that got no answer makes of the batch.
pub(crate) fn unanswered(error: &TransportError) -> Verdict {
    match error {
        TransportError::Unreachable(_) => Verdict::Retry { after: None, cause: error.to_string() },
        TransportError::Untrusted(_) => {
            Verdict::Refused { reason: LossReason::Untrusted, cause: error.to_string() }
        }
        TransportError::Invalid(_) => {
            Verdict::Refused { reason: LossReason::Exporter, cause: error.to_string() }
        }
    }
}

/// The wait before the next try, after `attempt` earlier ones: uniform in (0, cap], the cap doubling from 500 ms to
/// 30 s. The full range is what keeps a fleet from coming back in step. `random` is uniform over its whole range.
pub(crate) fn backoff(attempt: u32, random: u64) -> Duration {
    let cap = 2_u32
        .checked_pow(attempt)
        .and_then(|factor| BACKOFF_BASE.checked_mul(factor))
        .map_or(BACKOFF_CAP, |cap| cap.min(BACKOFF_CAP));
    let nanos = (u128::from(random) * cap.as_nanos()) >> 64;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)) + Duration::from_nanos(1)
}

/// Reads a `Retry-After` header: seconds or an HTTP date (RFC 9110, section 10.2.3).
pub(crate) fn parse_retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are more than the cap.
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        httpdate::parse_http_date(value).ok()?.duration_since(now).unwrap_or_default()
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

/// A 2xx is a success whatever its body: only a well-formed partial success says otherwise.
fn accepted(body: &[u8]) -> Verdict {
    let answer: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let partial = &answer["partialSuccess"];
    let rejected = match &partial["rejectedSpans"] {
        serde_json::Value::String(text) => text.trim().parse().unwrap_or(0),
        number => number.as_u64().unwrap_or(0),
    };
    let message = partial["errorMessage"].as_str().and_then(presentable);
    Verdict::Accepted { rejected, message }
}

fn remedy(status: u16, peer: Peer) -> &'static str {
    use Peer::{Bento, Collector};
    match (status, peer) {
        (300..=399, Bento) => {
            "redirects are never followed, because the key would travel: set BENTOLABS_BASE_URL to the final address"
        }
        (300..=399, Collector) => {
            "redirects are never followed: give `bento::otel::collector` the final address"
        }
        (400, Bento) => {
            "the backend could not read the request: is it a Bento backend, and this SDK up to date?"
        }
        (400, Collector) => "the Collector could not read the request: has it a receiver for OTLP over HTTP?",
        (401 | 403, Bento) => "the API key is wrong, rotated or not allowed: check BENTOLABS_API_KEY",
        (401 | 403, Collector) => {
            "no credentials are sent to a Collector: let its receiver take traces without any"
        }
        (404 | 405, Bento) => {
            "nothing takes traces at this address: check the host and path of BENTOLABS_BASE_URL"
        }
        (404 | 405, Collector) => {
            "nothing takes traces at this address: check the endpoint, which `/v1/traces` is added to"
        }
        (415, Bento) => {
            "the address does not take OTLP/JSON, so it is no Bento endpoint: check BENTOLABS_BASE_URL"
        }
        (415, Collector) => {
            "the address does not take OTLP protobuf: check the endpoint, usually port 4318 of the Collector"
        }
        (500..=599, Bento) => "the backend failed in a way that it does not call temporary",
        (500..=599, Collector) => "the Collector failed in a way that it does not call temporary",
        (_, Bento) => {
            "OTLP gives this status no meaning that would allow another try: check BENTOLABS_BASE_URL"
        }
        (_, Collector) => {
            "OTLP gives this status no meaning that would allow another try: check the endpoint"
        }
    }
}

fn said(peer: Peer, status: u16, remedy: &str, body: &[u8]) -> String {
    let mut cause = format!("{peer} answered {status}");
    if !remedy.is_empty() {
        cause.push_str("; ");
        cause.push_str(remedy);
    }
    if let Some(words) = words(body) {
        cause.push_str(" (it says: ");
        cause.push_str(&words);
        cause.push(')');
    }
    cause
}

/// What the other side says: the message of a JSON error, or else the body itself.
fn words(body: &[u8]) -> Option<String> {
    let Ok(serde_json::Value::Object(error)) = serde_json::from_slice(body) else {
        return presentable(&String::from_utf8_lossy(body));
    };
    ["message", "error", "detail"].iter().find_map(|name| presentable(error.get(*name)?.as_str()?))
}

/// The beginning of `text` as one line that can stand in a log. A page of HTML says nothing there, and a text that
/// repeats the key must not: every key carries the prefix, so the text is left out when the prefix is in it.
pub(crate) fn presentable(text: &str) -> Option<String> {
    let line: String = text.chars().filter(|character| !is_unprintable(*character)).collect();
    let line = line.trim();
    if line.is_empty() || line.starts_with('<') || line.to_ascii_lowercase().contains("bl_pk_") {
        return None;
    }
    Some(line.chars().take(EXCERPT_CHARS).collect())
}

/// Controls, and the marks that reverse or hide text on a terminal.
fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, retry_after: None, body: body.as_bytes().to_vec() }
    }

    fn cause(status: u16, body: &str) -> String {
        match classify(&answer(status, body), Peer::Bento) {
            Verdict::Accepted { .. } => String::new(),
            Verdict::Retry { cause, .. } | Verdict::TooLarge { cause } | Verdict::Refused { cause, .. } => {
                cause
            }
        }
    }

    #[test]
    fn a_success_counts_what_was_rejected() {
        let cases = [
            ("", 0, None),
            ("{}", 0, None),
            ("null", 0, None),
            ("[1]", 0, None),
            ("<html>", 0, None),
            ("\u{1}garbage", 0, None),
            (r#"{"partialSuccess":null}"#, 0, None),
            (r#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}"#, 3, Some("too old")),
            (r#"{"partialSuccess":{"rejectedSpans":3}}"#, 3, None),
            (r#"{"partialSuccess":{"rejectedSpans":-3,"errorMessage":""}}"#, 0, None),
            (r#"{"partialSuccess":{"rejectedSpans":"many","errorMessage":7}}"#, 0, None),
            (r#"{"partialSuccess":{"errorMessage":"a\nwarning"}}"#, 0, Some("awarning")),
            (r#"{"partialSuccess":{"rejectedSpans":"1","errorMessage":"bl_pk_secret"}}"#, 1, None),
        ];
        for (body, rejected, message) in cases {
            let expected = Verdict::Accepted { rejected, message: message.map(str::to_owned) };
            assert_eq!(classify(&answer(200, body), Peer::Bento), expected, "{body:?}");
        }
        assert_eq!(classify(&answer(204, ""), Peer::Bento), Verdict::Accepted { rejected: 0, message: None });
    }

    #[test]
    fn throttles_and_outages_are_retried() {
        for status in [429, 502, 503, 504] {
            let after = Some(Duration::from_secs(3));
            let answer = Answer { status, retry_after: after, body: Vec::new() };
            let verdict = classify(&answer, Peer::Bento);
            let cause = format!("the backend answered {status}");
            assert_eq!(verdict, Verdict::Retry { after, cause });
        }
    }

    #[test]
    fn other_answers_are_final_and_say_what_to_do() {
        let cases = [
            (302, "redirects are never followed"),
            (308, "BENTOLABS_BASE_URL"),
            (400, "could not read"),
            (401, "BENTOLABS_API_KEY"),
            (403, "BENTOLABS_API_KEY"),
            (404, "BENTOLABS_BASE_URL"),
            (408, "BENTOLABS_BASE_URL"),
            (415, "OTLP/JSON"),
            (500, "does not call temporary"),
            (501, "does not call temporary"),
        ];
        for (status, words) in cases {
            let verdict = classify(&answer(status, "why"), Peer::Bento);
            let Verdict::Refused { reason, cause } = verdict else {
                assert_eq!(Some(verdict), None, "{status} must be final");
                continue;
            };
            assert_eq!(reason, LossReason::Refused { status });
            assert!(cause.contains(words) && cause.contains("why"), "{cause}");
        }
        assert!(matches!(classify(&answer(413, ""), Peer::Bento), Verdict::TooLarge { .. }));
    }

    #[test]
    fn a_collector_s_refusals_speak_of_no_key_and_no_variable() {
        for status in 300..=599 {
            let verdict = classify(&answer(status, "why"), Peer::Collector);
            let shown = format!("{verdict:?}");
            assert!(shown.contains(&format!("the Collector answered {status}")), "{shown}");
            for words in ["BENTOLABS", "Bento ", "key", "backend"] {
                assert!(!shown.contains(words), "{shown}");
            }
        }
    }

    #[test]
    fn causes_repeat_the_backend_safely() {
        assert!(cause(400, r#"{"code":3,"message":"bad span"}"#).ends_with("(it says: bad span)"));
        assert!(cause(503, "over\r\nloaded\u{1b}[31m\u{202e}").ends_with("(it says: overloaded[31m)"));
        assert_eq!(cause(503, &"x".repeat(9_999)).matches('x').count(), EXCERPT_CHARS);
        for silent in
            ["<!doctype html>", "your key bl_pk_secret is bad", "BL_PK\u{0}_secret", " \n", "{\"a\":1}"]
        {
            let cause = cause(401, silent);
            assert!(!cause.contains("it says"), "{cause}");
        }
    }

    #[test]
    fn a_missing_answer_is_retried_unless_trying_again_is_vain() {
        let retried = unanswered(&TransportError::Unreachable("refused".into()));
        assert!(matches!(retried, Verdict::Retry { after: None, .. }));
        let untrusted = unanswered(&TransportError::Untrusted("expired".into()));
        assert!(matches!(untrusted, Verdict::Refused { reason: LossReason::Untrusted, .. }));
        let invalid = unanswered(&TransportError::Invalid("no host".into()));
        assert!(matches!(invalid, Verdict::Refused { reason: LossReason::Exporter, .. }));
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777); // Sun, 06 Nov 1994 08:49:37 GMT
        let cases = [
            ("0", Some(0)),
            (" 7 ", Some(7)),
            ("61", Some(60)),
            ("99999999999999999999999", Some(60)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            ("Sun, 06 Nov 1994 08:49:27 GMT", Some(0)),
            ("Sun, 06 Nov 2094 08:49:37 GMT", None),
            ("Sat, 06 Nov 2094 08:49:37 GMT", Some(60)),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ];
        for (value, expected) in cases {
            assert_eq!(parse_retry_after(value, now), expected.map(Duration::from_secs), "{value:?}");
        }
    }

    #[test]
    fn backoff_doubles_to_its_cap_and_is_never_zero() {
        let caps =
            [(0, 500), (1, 1_000), (2, 2_000), (5, 16_000), (6, 30_000), (31, 30_000), (u32::MAX, 30_000)];
        for (attempt, millis) in caps {
            assert_eq!(backoff(attempt, u64::MAX), Duration::from_millis(millis), "{attempt}");
            assert_eq!(backoff(attempt, 0), Duration::from_nanos(1));
            let middle = backoff(attempt, u64::MAX / 2).as_millis();
            assert!(middle.abs_diff(u128::from(millis) / 2) <= 1, "{attempt}: {middle}");
        }
    }
}
