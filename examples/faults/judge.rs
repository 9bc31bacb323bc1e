//! Compares what was emitted with what arrived and with what the SDK says of it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use bento_faults::{Fate, Received};

use crate::fault::{Arrived, Duplicates, Fault, Flushed, Stage};
use crate::line::{Books, Line};
use crate::run::SECRETS;
use crate::watch::Ended;

/// What a call may take on a machine that is busy with other faults.
const LONGEST_EMISSION: Duration = Duration::from_secs(2);
/// What a flush may take beyond its timeout there.
const FLUSH_SLACK_MS: u64 = 3_000;

/// Everything there is to see of a fault.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) stage: Stage,
    pub(crate) ended: Ended,
    pub(crate) requests: Vec<Received>,
    /// What was emitted: id and name.
    pub(crate) emitted: Vec<(String, String)>,
    /// The last status.
    pub(crate) books: Option<Books>,
}

/// How a fault came out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) name: &'static str,
    pub(crate) emitted: usize,
    pub(crate) arrived: usize,
    pub(crate) lost: BTreeMap<String, u64>,
    pub(crate) duplicates: usize,
    pub(crate) unaccounted: usize,
    pub(crate) longest_emission: Duration,
    pub(crate) longest_flush: Duration,
    pub(crate) foreign_bytes: u64,
    pub(crate) secrets: usize,
    /// When the second request came, in seconds after the first.
    pub(crate) second_request: Option<f64>,
    pub(crate) figures: Vec<(String, f64)>,
    /// What is not as it must be.
    pub(crate) wrong: Vec<String>,
    /// What the child printed and logged, where something is wrong.
    pub(crate) output: String,
}

impl Seen {
    pub(crate) fn new(stage: Stage, ended: Ended) -> Self {
        let requests = stage.server.requests();
        let mut emitted = Vec::new();
        let mut books = None;
        for line in &ended.lines {
            match line {
                Line::Emitted { spans, .. } => emitted.extend_from_slice(spans),
                Line::Status(status) => books = Some(status.clone()),
                _ => {}
            }
        }
        Self { stage, ended, requests, emitted, books }
    }

    /// The moments at which requests came, in seconds after the first.
    pub(crate) fn moments(&self) -> Vec<f64> {
        let first = self.requests.first().map(|request| request.at);
        self.requests
            .iter()
            .map(|request| first.map_or(0.0, |first| (request.at - first).as_secs_f64()))
            .collect()
    }

    /// The names in each request.
    pub(crate) fn names(&self) -> Vec<Vec<String>> {
        let names = |request: &Received| request.spans().into_iter().map(|span| span.name).collect();
        self.requests.iter().map(names).collect()
    }
}

/// How often each span came, in requests that were answered with success and in those that were not answered.
fn occurrences(requests: &[Received]) -> HashMap<String, (usize, usize, String)> {
    let mut seen: HashMap<String, (usize, usize, String)> = HashMap::new();
    for request in requests {
        for span in request.spans() {
            let entry = seen.entry(span.span_id).or_insert_with(|| (0, 0, span.name));
            match request.fate {
                Fate::Accepted => entry.0 += 1,
                Fate::Unanswered => entry.1 += 1,
                Fate::Refused | Fate::Unread => {}
            }
        }
    }
    seen
}

pub(crate) fn judge(fault: &Fault, seen: &Seen) -> Outcome {
    let mut outcome = Outcome { name: fault.name, emitted: seen.emitted.len(), ..Outcome::default() };
    compare_spans(fault, seen, &mut outcome);
    compare_books(fault, seen, &mut outcome);
    look_at_flushes(fault, seen, &mut outcome);
    look_at_the_end(fault, seen, &mut outcome);
    outcome.second_request = seen.moments().get(1).copied();
    let mut wrong = Vec::new();
    if let Some(check) = &fault.check
        && let Err(what) = check(seen)
    {
        wrong.push(what);
    }
    for line in &seen.ended.lines {
        match line {
            Line::Wrong { what } => wrong.push(what.clone()),
            Line::Emitted { longest_us, .. } => {
                outcome.longest_emission = outcome.longest_emission.max(Duration::from_micros(*longest_us));
            }
            Line::Figure { name, value } => outcome.figures.push((name.clone(), *value)),
            _ => {}
        }
    }
    if outcome.longest_emission > LONGEST_EMISSION {
        wrong.push(format!("a call took {:?}", outcome.longest_emission));
    }
    outcome.wrong.extend(wrong);
    if !outcome.wrong.is_empty() {
        outcome.output.clone_from(&seen.ended.output);
    }
    outcome
}

fn compare_spans(fault: &Fault, seen: &Seen, outcome: &mut Outcome) {
    let occurrences = occurrences(&seen.requests);
    let mut unheard_of: HashSet<&str> = occurrences.keys().map(String::as_str).collect();
    for (id, name) in &seen.emitted {
        unheard_of.remove(id.as_str());
        let Some((accepted, unanswered, named)) = occurrences.get(id) else { continue };
        outcome.arrived += usize::from(*accepted > 0);
        outcome.duplicates += (accepted + unanswered).saturating_sub(1);
        if *accepted > 1 && fault.expect.duplicates != Duplicates::Cut {
            outcome.wrong.push(format!("{name} was accepted {accepted} times"));
        }
        if named != name {
            outcome.wrong.push(format!("{name} arrived as {named}"));
        }
    }
    if !unheard_of.is_empty() {
        outcome.wrong.push(format!("{} spans arrived that nobody emitted", unheard_of.len()));
    }
    let wanted = match fault.expect.arrived {
        Arrived::All => outcome.emitted,
        Arrived::Exactly(spans) => spans,
        Arrived::AsCounted => outcome.arrived,
    };
    if outcome.arrived != wanted {
        outcome.wrong.push(format!("{} spans arrived, not {wanted}", outcome.arrived));
    }
    if seen.requests.len() > fault.expect.requests {
        outcome.wrong.push(format!("{} requests came", seen.requests.len()));
    }
}

fn compare_books(fault: &Fault, seen: &Seen, outcome: &mut Outcome) {
    let books = seen.books.clone().unwrap_or_default();
    outcome.lost = books.lost.clone();
    let lost: u64 = books.lost.values().sum();
    let rejected = books.lost.get("rejected by the backend").copied().unwrap_or(0);
    let counted = outcome.arrived as u64 + lost - rejected + books.waiting;
    outcome.unaccounted = usize::try_from((outcome.emitted as u64).saturating_sub(counted)).unwrap_or(0);
    if outcome.unaccounted > 0 {
        outcome.wrong.push(format!("{} spans are unaccounted for", outcome.unaccounted));
    }
    if seen.books.is_none() {
        return;
    }
    if books.accepted != books.delivered + lost + books.waiting {
        outcome.wrong.push(format!("the books do not balance: {books:?}"));
    }
    if fault.expect.status_of_all && books.accepted != outcome.emitted as u64 {
        outcome.wrong.push(format!("{} spans were counted, {} emitted", books.accepted, outcome.emitted));
    }
    // What waited at the last status may have arrived since.
    if fault.expect.status_of_all
        && books.waiting == 0
        && books.delivered + rejected != outcome.arrived as u64
    {
        outcome.wrong.push(format!("{} spans arrived, {books:?}", outcome.arrived));
    }
    if let Some(wanted) = &fault.expect.lost {
        let wanted: BTreeMap<String, u64> =
            wanted.iter().map(|(reason, spans)| ((*reason).to_owned(), *spans)).collect();
        if wanted != books.lost {
            outcome.wrong.push(format!("lost {:?}, not {wanted:?}", books.lost));
        }
    }
    if books.workers > 1 {
        outcome.wrong.push(format!("{} workers live", books.workers));
    }
}

fn look_at_flushes(fault: &Fault, seen: &Seen, outcome: &mut Outcome) {
    let accepted: HashSet<String> = seen
        .requests
        .iter()
        .filter(|request| request.fate == Fate::Accepted)
        .flat_map(Received::spans)
        .map(|span| span.span_id)
        .collect();
    let of = |reason| seen.books.as_ref().and_then(|books| books.lost.get(reason)).copied().unwrap_or(0);
    // The first two were asked for, and what an earlier process had left in a file is no flush of this one's.
    let withheld = ["sampled out", "dropped by a redaction hook", "spool file damaged"].map(of).iter().sum();
    let mut verdicts = Vec::new();
    let mut is_told = false;
    for line in &seen.ended.lines {
        let Line::Flush { emitted, took_ms, allowed_ms, ok, waiting, lost, .. } = line else { continue };
        outcome.longest_flush = outcome.longest_flush.max(Duration::from_millis(*took_ms));
        if *took_ms > allowed_ms + FLUSH_SLACK_MS {
            outcome.wrong.push(format!("a flush of {allowed_ms} ms took {took_ms} ms"));
        }
        let lost: u64 = lost.values().sum();
        // A loss is told once: where one was told before, success speaks of the rest.
        let before = seen.emitted.get(..*emitted).unwrap_or_default();
        let missing = before.iter().filter(|(id, _)| !accepted.contains(id)).count() as u64;
        if *ok && !is_told && missing > withheld {
            outcome.wrong.push("a flush said that all had arrived, and it had not".to_owned());
        }
        is_told |= lost > 0;
        verdicts.push(match (ok, waiting, lost) {
            (true, ..) => Flushed::Ok,
            (false, 0, lost) => Flushed::Lost(lost),
            (false, waiting, _) => Flushed::Waiting(*waiting),
        });
    }
    if let Some(wanted) = &fault.expect.flushes
        && wanted != &verdicts
    {
        outcome.wrong.push(format!("flushes said {verdicts:?}, not {wanted:?}"));
    }
}

fn look_at_the_end(fault: &Fault, seen: &Seen, outcome: &mut Outcome) {
    match seen.ended.status {
        None => outcome.wrong.push("it did not end".to_owned()),
        Some(status) if status.code() != fault.expect.code => {
            outcome.wrong.push(format!("it ended with {status}"));
        }
        Some(_) => {}
    }
    for line in &seen.ended.lines {
        if let Line::Leaving { at_ms } = line {
            let took = Duration::from_millis(seen.ended.at_ms.saturating_sub(*at_ms));
            if took > fault.expect.exit {
                outcome.wrong.push(format!("its end took {took:?}"));
            }
        }
    }
    let panics = seen.ended.output.matches("panicked at").count();
    if panics != fault.expect.host_panics {
        outcome.wrong.push(format!("{panics} panics show, not {}", fault.expect.host_panics));
    }
    outcome.secrets = SECRETS.iter().map(|secret| seen.ended.output.matches(secret).count()).sum();
    if outcome.secrets > 0 {
        outcome.wrong.push("the key shows in the output".to_owned());
    }
    outcome.foreign_bytes = seen.stage.decoys.iter().map(bento_faults::Server::received_bytes).sum();
    let contacts: usize = seen.stage.decoys.iter().map(bento_faults::Server::connections).sum();
    if contacts > 0 {
        outcome.wrong.push(format!("{contacts} connections to another host"));
    }
}
