//! Ten thousand bodies that are not as they should be, sent to a real server with its database in a file.
//!
//! Each is judged by rules of its own (`judge`): what is not OTLP is refused and leaves nothing behind; of what is, the good
//! spans are kept to the last column, and the bad ones are counted. `BENTO_MALFORMED` sets how many bodies, `BENTO_SEED`
//! which; a failure tells the body.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../agent/mod.rs"]
mod agent;
mod bodies;
mod columns;
mod json;
mod judge;
mod kept;
mod mutation;
mod request;

use std::collections::HashMap;
use std::thread;

use bento_local::{Config, Server};
use fastrand::Rng;
use serde_json::{Value, json};

use bodies::Bodies;
use judge::{Judged, Verdict, judge};
use kept::Kept;
use request::{Answer, BODY, INFLATED, Request};

/// Senders at one time.
const SENDERS: u64 = 4;

#[test]
fn ten_thousand_malformed_bodies() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let server =
        Server::start(Config::default().database(&file).max_body(BODY).max_inflated(INFLATED)).unwrap();
    let bodies = bodies::all();
    let (count, seed) = (number("BENTO_MALFORMED", 10_000), number("BENTO_SEED", 1));
    let outcomes: Vec<_> = thread::scope(|scope| {
        let task = |sender| {
            let (bodies, url) = (&bodies, server.url());
            move || Sender::new(seed, sender).send(bodies, url, count / SENDERS)
        };
        let senders: Vec<_> = (0..SENDERS).map(|sender| scope.spawn(task(sender))).collect();
        senders.into_iter().map(|sender| sender.join().unwrap()).collect()
    });
    let mut all = Sender::new(seed, SENDERS);
    for Sender { kept, statuses, rejected, .. } in outcomes {
        all.kept.extend(kept);
        all.rejected += rejected;
        for (status, count) in statuses {
            *all.statuses.entry(status).or_default() += count;
        }
    }
    let (compared, open) = all.kept.compare(&agent::agent(), server.url());
    let said = format!(
        "{:?}, {} spans rejected, {compared} compared, {open} runs left open",
        all.statuses, all.rejected
    );
    if count >= 10_000 {
        let often = |status| all.statuses.get(&status).is_some_and(|count| *count > 50);
        assert!([200, 400, 401, 413, 415].into_iter().all(often), "each answer is given often: {said}");
        assert!(all.rejected > 1_000 && compared > 3_000 && open < 500, "{said}");
    }
    server.stop();
    let database = rusqlite::Connection::open(&file).unwrap();
    let checked: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(checked, "ok");
}

/// One who sends bodies, with traces of its own.
struct Sender {
    seed: u64,
    number: u64,
    rng: Rng,
    traces: u64,
    kept: Kept,
    statuses: HashMap<u16, u64>,
    rejected: u64,
}

impl Sender {
    fn new(seed: u64, number: u64) -> Self {
        let rng = Rng::with_seed(seed << 8 | number);
        Self { seed, number, rng, traces: 0, kept: Kept::default(), statuses: HashMap::new(), rejected: 0 }
    }

    fn send(mut self, bodies: &Bodies, url: &str, count: u64) -> Self {
        let agent = agent::agent();
        for at in 0..count {
            let request = self.next(bodies);
            let answer = request.send(&agent, url);
            let wrong = self.check(&request, &answer);
            let told = |wrong: &str| {
                let body = request.json().unwrap_or_else(|_| request.wire.clone());
                format!(
                    "BENTO_SEED={}, sender {}, body {at}: {wrong}\n{answer:?}\n{request:?}\n{}",
                    self.seed,
                    self.number,
                    String::from_utf8_lossy(&body[..body.len().min(4_000)])
                )
            };
            assert!(wrong.is_none(), "{}", told(wrong.unwrap_or_default()));
            *self.statuses.entry(answer.status).or_default() += 1;
        }
        self
    }

    fn next(&mut self, bodies: &Bodies) -> Request {
        if self.rng.u8(..40) == 0 {
            let bytes = &bodies.bytes[self.rng.usize(..bodies.bytes.len())];
            return request::right(&mut self.rng, bytes.clone());
        }
        let [mut body, mut other] =
            [(); 2].map(|()| bodies.json[self.rng.usize(..bodies.json.len())].clone());
        self.rename(&mut body, &mut HashMap::new());
        self.rename(&mut other, &mut HashMap::new());
        let other = other.to_string().into_bytes();
        let json = match self.rng.u8(..10) {
            0 => body.to_string().into_bytes(),
            1..6 => mutation::of_tree(&mut self.rng, body),
            6 => {
                let body = mutation::of_tree(&mut self.rng, body);
                mutation::of_bytes(&mut self.rng, body, &other)
            }
            _ => mutation::of_bytes(&mut self.rng, body.to_string().into_bytes(), &other),
        };
        let is_wrong = self.rng.u8(..6) == 0;
        if is_wrong { request::wrong(&mut self.rng, json) } else { request::right(&mut self.rng, json) }
    }

    /// Gives every trace an id that is new.
    fn rename(&mut self, node: &mut Value, known: &mut HashMap<String, String>) {
        match node {
            Value::Array(items) => items.iter_mut().for_each(|item| self.rename(item, known)),
            Value::Object(fields) => {
                for (key, value) in fields {
                    match value {
                        Value::String(id) if key == "traceId" && id.len() == 32 => {
                            let new = known.entry(id.to_lowercase()).or_insert_with(|| {
                                self.traces += 1;
                                format!("{:016x}{:016x}", self.number + 1, self.traces)
                            });
                            id.clone_from(new);
                        }
                        other => self.rename(other, known),
                    }
                }
            }
            _ => {}
        }
    }

    /// What is wrong with the answer.
    fn check(&mut self, request: &Request, answer: &Answer) -> Option<&'static str> {
        let has_detail = answer.body["detail"].as_str().is_some_and(|detail| !detail.is_empty());
        if answer.status != 200 && !has_detail {
            return Some("an error says what is wrong");
        }
        let json = match request.json() {
            Ok(json) => json,
            Err(statuses) => {
                return (!statuses.contains(&answer.status)).then_some("the request was not judged rightly");
            }
        };
        match judge(&json) {
            Verdict::Refused | Verdict::Open if answer.status == 400 => None,
            Verdict::Refused => Some("it is no OTLP/JSON and was not refused"),
            Verdict::Open if answer.status == 200 => {
                self.kept.give_up_on(&json);
                None
            }
            Verdict::Taken(spans) if answer.status == 200 => self.taken(&spans, &json, answer),
            Verdict::Taken(_) | Verdict::Open => Some("it is OTLP/JSON and was refused"),
        }
    }

    fn taken(&mut self, spans: &[Judged], json: &[u8], answer: &Answer) -> Option<&'static str> {
        let (mut bad, mut open) = (0, 0);
        for span in spans {
            match span {
                Judged::Good(span) => self.kept.add(span),
                Judged::Bad => bad += 1,
                Judged::Open => open += 1,
            }
        }
        if open > 0 {
            self.kept.give_up_on(json);
        }
        let partial = &answer.body["partialSuccess"];
        let rejected = match &partial["rejectedSpans"] {
            Value::Null => 0,
            // A 64-bit integer is a text.
            count => count.as_str()?.parse().ok()?,
        };
        self.rejected += rejected;
        if !(bad..=bad + open).contains(&rejected) {
            return Some("the bad spans were not counted rightly");
        }
        let is_told =
            partial["errorMessage"].as_str().is_some_and(|message| message.starts_with("resourceSpans["));
        if rejected == 0 {
            (answer.body != json!({})).then_some("nothing is to be told")
        } else {
            (!is_told).then_some("the place is missing")
        }
    }
}

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |number| number.parse().unwrap())
}
