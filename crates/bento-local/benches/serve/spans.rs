//! Runs like those of an agent: words as common as words are, models, tokens, users, tags, and now and then an error.

use std::io::Write as _;
use std::ops::Range;
use std::time::{Duration, SystemTime};

use fastrand::Rng;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

/// Spans of a body.
pub(crate) const BODY: u64 = 512;

/// What the runs are spread over.
pub(crate) const TIME: Duration = Duration::from_secs(30 * 86_400);

/// One run of so many has what is rare: the tag `incident`, the model `o1`, the word `zyzzyva`.
const RARE: u64 = 5_000;

/// One run of so many has a span that fails.
const FAILS: u64 = 500;

const WORDS: usize = 20_000;

/// Runs of one length, told apart by number, so that any of them can be asked for.
#[derive(Debug)]
pub(crate) struct Runs {
    pub(crate) count: u64,
    pub(crate) length: u64,
    pub(crate) start: u64,
}

impl Runs {
    pub(crate) fn new(count: u64, length: u64) -> Self {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        Self { count, length, start: nanos(now.saturating_sub(TIME)) }
    }

    /// The bodies of some runs, in gzip, and how many spans are in each.
    pub(crate) fn bodies(&self, runs: Range<u64>) -> impl Iterator<Item = (Vec<u8>, u64)> + '_ {
        let a_body = (BODY / self.length).max(1);
        runs.clone().step_by(usize::try_from(a_body).unwrap_or(1)).map(move |first| {
            let runs = first..(first + a_body).min(runs.end);
            let spans: Vec<_> = runs.flat_map(|run| self.run(run, self.length)).collect();
            (gzip(&spans), spans.len() as u64)
        })
    }

    /// One run of any length, in bodies.
    pub(crate) fn long(&self, run: u64, length: u64) -> impl Iterator<Item = Vec<u8>> {
        let spans = self.run(run, length);
        let size = usize::try_from(BODY).unwrap_or(1);
        (0..spans.len()).step_by(size).map(move |at| gzip(&spans[at..spans.len().min(at + size)]))
    }

    pub(crate) fn started(&self, run: u64) -> u64 {
        self.start + nanos(TIME) / self.count.max(1) * run
    }

    fn run(&self, run: u64, length: u64) -> Vec<Value> {
        let mut rng = Rng::with_seed(run);
        let fails = (run % FAILS == 3).then(|| rng.u64(0..length));
        let step = 400_000_000;
        let span = |at: u64| {
            let is_root = at == 0;
            let start = self.started(run) + at * step;
            let end = if is_root { start + length * step } else { start + rng.u64(1..step) };
            let is_model = length == 1 || at % 2 == 1;
            let mut attributes =
                vec![text("input.value", &words(&mut rng, 30)), text("output.value", &words(&mut rng, 45))];
            if is_model {
                let model = match rng.u8(..10) {
                    _ if run % RARE == 1 && (is_root || at == 1) => "o1",
                    0..7 => "gpt-4o",
                    _ => "claude-sonnet-4-5",
                };
                attributes.extend([
                    text("gen_ai.request.model", model),
                    text("gen_ai.system", "openai"),
                    count("gen_ai.usage.input_tokens", rng.u64(100..8_000)),
                    count("gen_ai.usage.output_tokens", rng.u64(5..900)),
                ]);
            } else if !is_root {
                attributes.push(text("openinference.span.kind", "tool"));
            }
            if is_root {
                let mut tags =
                    vec![json!({"stringValue": if rng.bool() { "env:prod" } else { "env:staging" }})];
                if run.is_multiple_of(RARE) {
                    tags.push(json!({"stringValue": "incident"}));
                }
                if run % RARE == 2 {
                    attributes.push(text("note", "no column"));
                    attributes[0] = text("input.value", "zyzzyva");
                }
                attributes.extend([
                    text("gen_ai.user.id", &format!("user-{}", rng.u32(..5_000))),
                    text("gen_ai.conversation.id", &format!("conversation-{}", run / 4)),
                    json!({"key": "langfuse.tags", "value": {"arrayValue": {"values": tags}}}),
                    count("experiment", rng.u64(..9)),
                ]);
            }
            let status = if fails == Some(at) {
                json!({"code": 2, "message": "timed out"})
            } else {
                json!({"code": 0})
            };
            let mut span = json!({
                "traceId": trace_id(run), "spanId": span_id(run, at), "kind": 1, "status": status, "attributes": attributes,
                "name": if is_root { "user_turn" } else if is_model { "answer" } else { "search" },
                "startTimeUnixNano": start.to_string(), "endTimeUnixNano": end.to_string(),
            });
            if !is_root {
                span["parentSpanId"] = span_id(run, 0).into();
            }
            span
        };
        (0..length).map(span).collect()
    }
}

pub(crate) fn trace_id(run: u64) -> String {
    let mut rng = Rng::with_seed(run ^ 0x7472_6163);
    format!("{:016x}{:016x}", rng.u64(..), rng.u64(1..))
}

pub(crate) fn span_id(run: u64, at: u64) -> String {
    let mut rng = Rng::with_seed((run << 16 | at) ^ 1 << 63);
    format!("{:016x}", rng.u64(1..))
}

/// The word of that rank: two or three syllables.
pub(crate) fn word(rank: usize) -> String {
    let syllable = |number: usize| {
        let (consonant, vowel) = (b"bdfgklmnprstvz"[number % 14], b"aeiou"[number / 14 % 5]);
        [char::from(consonant), char::from(vowel)]
    };
    let third = (rank >= 70 * 70).then(|| syllable(rank / 4_900)).into_iter().flatten();
    syllable(rank % 70).into_iter().chain(syllable(rank / 70 % 70)).chain(third).collect()
}

/// How common a word is falls with its rank, as in any language.
pub(crate) fn rank(rng: &mut Rng) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a rank is a small number"
    )]
    let rank = (WORDS as f64).powf(rng.f64()) as usize;
    rank - 1
}

/// A text of that many words on average.
pub(crate) fn words(rng: &mut Rng, average: usize) -> String {
    let count = rng.usize(1..2 * average);
    let words: Vec<_> = (0..count).map(|_| word(rank(rng))).collect();
    words.join(" ")
}

pub(crate) fn gzip(spans: &[Value]) -> Vec<u8> {
    let resource = json!({"attributes": [text("service.name", "bench"), text("service.version", "1.2.3")]});
    let body =
        json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}).to_string();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing into memory cannot fail.
    let _ = gzip.write_all(body.as_bytes());
    gzip.finish().unwrap_or_default()
}

pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn text(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

fn count(key: &str, value: u64) -> Value {
    json!({"key": key, "value": {"intValue": value.to_string()}})
}
