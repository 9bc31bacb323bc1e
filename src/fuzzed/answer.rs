//! What a backend, or whatever stands in its place, may answer.

use std::time::{Duration, UNIX_EPOCH};

use super::Bytes;
use crate::credential::ApiKey;
use crate::error::LossReason;
use crate::export::{Answer, Verdict, discreet, parse_retry_after};

/// The longest pause that any answer may impose (`sdk.md`, "Delivery").
const LONGEST: Duration = Duration::from_secs(60);
/// The longest line that may be made of an answer: a remedy, and an excerpt of 200 characters of four bytes.
const LINE_BYTES: usize = 1024;

const SECRET: &str = "hunter2-horse-staple";

/// The wait is within its bound, is what the digits say, and shrinks as the clock goes on.
pub fn retry_after(data: &[u8]) {
    let mut bytes = Bytes(data);
    let now = UNIX_EPOCH.checked_add(Duration::from_secs(u64::from_le_bytes(bytes.array())));
    let now = now.unwrap_or(UNIX_EPOCH);
    let text = bytes.rest();

    let wait = parse_retry_after(&text, now);
    assert!(wait.is_none_or(|wait| wait <= LONGEST), "{wait:?}");
    assert_eq!(parse_retry_after(&format!(" {text}\t"), now), wait, "blanks around it count");
    let digits = text.trim();
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let significant = digits.trim_start_matches('0');
        let seconds = if significant.len() > 2 { 60 } else { significant.parse().unwrap_or(0) };
        assert_eq!(wait, Some(Duration::from_secs(seconds).min(LONGEST)), "{digits}");
    } else if let (Some(wait), Some(later)) = (wait, now.checked_add(Duration::from_secs(7))) {
        let left = parse_retry_after(&text, later);
        assert!(left.is_some_and(|left| left <= wait && left + Duration::from_secs(7) >= wait), "{left:?}");
    }
}

/// An answer is classed by its status alone, whatever its body; what is told of it is short, printable and gives no key
/// away. The byte `0xFF`, which no text has, stands for the key in a body.
pub fn answer(data: &[u8]) {
    let mut bytes = Bytes(data);
    let status = u16::from_le_bytes(bytes.array());
    let status = if status < 1_000 { status } else { 200 + status % 400 };
    let after = match bytes.byte() {
        0 => None,
        seconds => Some(Duration::from_secs(u64::from(seconds))),
    };
    let body: Vec<u8> = bytes.0.split(|byte| *byte == 0xFF).collect::<Vec<_>>().join(SECRET.as_bytes());
    let Ok(key) = ApiKey::parse(&format!("bl_pk_{SECRET}")) else { unreachable!("the key is valid") };

    let given = Answer { status, retry_after: after, body: body.clone() };
    let (line, expected) = match discreet(given, &key) {
        Verdict::Accepted { rejected, message } => {
            assert_eq!(rejected, rejected_by(&body));
            (message.unwrap_or_default(), 200..=299)
        }
        Verdict::Retry { after: pause, cause } => {
            assert_eq!(pause, after);
            assert_ne!(status, 501);
            (cause, if status == 429 { 429..=429 } else { 502..=504 })
        }
        Verdict::TooLarge { cause } => (cause, 413..=413),
        Verdict::Refused { reason, cause } => {
            assert_eq!(reason, LossReason::Refused { status });
            let is_final = !matches!(status, 200..=299 | 413 | 429 | 502..=504);
            (cause, if is_final { status..=status } else { 0..=0 })
        }
    };
    assert!(expected.contains(&status), "{status} was taken for one of {expected:?}");
    assert!(line.len() <= LINE_BYTES, "{} bytes", line.len());
    assert!(!line.chars().any(char::is_control), "{line:?}");
    let (shown, secret) = (line.to_lowercase(), SECRET.as_bytes());
    assert!(!shown.contains("bl_pk_"), "{line}");
    assert!(!shown.as_bytes().windows(6).any(|run| secret.windows(6).any(|own| own == run)), "{line}");
}

/// How many spans a body of OTLP/JSON says were rejected; none where it is anything else.
fn rejected_by(body: &[u8]) -> u64 {
    let Ok(serde_json::Value::Object(answer)) = serde_json::from_slice(body) else { return 0 };
    let partial = answer.get("partialSuccess").and_then(|partial| partial.as_object());
    match partial.and_then(|partial| partial.get("rejectedSpans")) {
        Some(serde_json::Value::String(text)) => text.trim().parse().unwrap_or(0),
        Some(serde_json::Value::Number(number)) => number.as_u64().unwrap_or(0),
        _ => 0,
    }
}
