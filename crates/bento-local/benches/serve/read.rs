//! Questions to a full store: each asked a number of times, the first of them of a store that has not been asked before.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::Value;

use crate::Outcome;
use crate::backend::Backend;
use crate::client::{Answer, Client};
use crate::figures::{Times, head, millis, row};
use crate::spans::{Runs, TIME, nanos, rank, span_id, trace_id, word};

/// How often each question is asked.
const TIMES: u64 = 30;

/// A question that takes longer than that altogether is not asked any more.
const PATIENCE: Duration = Duration::from_secs(10);

/// The spans of the one long run.
const LONG: u64 = 10_000;

const COLUMNS: [&str; 6] = ["question", "median ms", "worst ms", "first ms", "rows", "KiB"];

/// A question in words, and as the paths that are asked one after the other.
struct Question<'a> {
    name: String,
    path: Box<dyn Fn(u64) -> String + 'a>,
}

fn ask<'a>(name: impl Into<String>, path: impl Fn(u64) -> String + 'a) -> Question<'a> {
    Question { name: name.into(), path: Box::new(path) }
}

/// The list of runs, asked in some way.
fn list(name: &str, query: &str) -> Question<'static> {
    let path = format!("/workspaces/local/traces?limit=50&{query}");
    ask(format!("list: {name}"), move |_| path.clone())
}

/// Adds the one long run, after all the others.
pub(crate) fn prepare(backend: &Backend, runs: &Runs) -> Outcome {
    let client = Client::new(backend.url());
    runs.long(runs.count, LONG).try_for_each(|body| client.post(&body).map(drop))
}

pub(crate) fn alone(backend: &Backend, runs: &Runs) -> Outcome {
    let client = Client::new(backend.url());
    let long = runs.count;
    head(
        &format!("## Read: {} spans in {} runs, {TIMES} times each", runs.count * runs.length, runs.count),
        &COLUMNS,
    );
    for question in lists(runs) {
        put(&client, &question)?;
    }
    let deep = page(&client, 100)?;
    put(&client, &ask("list: the 100th page", move |_| deep.clone()))?;
    for question in single_runs(runs, long).into_iter().chain(sums(runs)) {
        put(&client, &question)?;
    }
    let memory = backend.peak_memory().map_or("?".to_owned(), |mib| mib.to_string());
    row(&["the server's peak memory, MiB", &memory, "", "", "", ""]);
    Ok(())
}

/// Some of the questions, while spans come in as fast as they can.
pub(crate) fn beside_ingest(backend: &Backend, runs: &Runs) -> Outcome {
    let client = Client::new(backend.url());
    let (done, spans) = (AtomicBool::new(false), AtomicU64::new(0));
    head(&format!("## Read while spans come in: {} a run", runs.length), &COLUMNS);
    thread::scope(|scope| {
        let ingest =
            scope.spawn(|| fill(backend.url(), runs, &done, &spans).map_err(|error| error.to_string()));
        let started = Instant::now();
        let mut questions = lists(runs);
        questions.retain(|question| !question.name.contains("sort="));
        questions.extend(single_runs(runs, runs.count));
        questions.extend(sums(runs));
        let asked = questions.iter().try_for_each(|question| put(&client, question));
        let seconds = started.elapsed().as_secs_f64();
        done.store(true, Ordering::Release);
        let outcome = ingest.join().map_err(|_| "the sender panicked")?;
        let (spans, times) = (spans.load(Ordering::Acquire), outcome?);
        #[expect(clippy::cast_precision_loss, reason = "so many spans fit")]
        let rate = format!("{:.0} spans/s", spans as f64 / seconds);
        let times = [times.percentile(50), times.worst(), times.first()].map(millis);
        row(&[
            &format!("a body of 512 spans, {rate} in the meantime"),
            &times[0],
            &times[1],
            &times[2],
            "",
            "",
        ]);
        asked
    })
}

/// New runs, from after the last one on.
fn fill(url: &str, runs: &Runs, done: &AtomicBool, spans: &AtomicU64) -> Outcome<Times> {
    let client = Client::new(url);
    let mut times = Times::default();
    for (body, count) in runs.bodies(runs.count + 1..u64::MAX >> 20) {
        if done.load(Ordering::Acquire) {
            break;
        }
        times.push(client.post(&body)?);
        spans.fetch_add(count, Ordering::Release);
    }
    Ok(times)
}

fn lists(runs: &Runs) -> Vec<Question<'_>> {
    let mut questions = vec![
        list("newest", ""),
        list("status=error, one of 500", "status=error"),
        list("status=ok", "status=ok"),
        list("state=running, none", "state=running"),
        list("state=failed", "state=failed"),
        list("tag, one of 5,000", "tag=incident"),
        list("tag, one of 2", "tag=env:prod"),
        list("tag, none", "tag=nothing"),
        list("model, one of 5,000", "model=o1"),
        list("model, most", "model=gpt-4o"),
        list("q, one of 5,000", "q=zyzzyva"),
        list("q, no run", "q=zyzzyvas"),
        list("q, the most common word", &format!("q={}", word(0))),
        list("q, 3 letters that begin the most common words", &format!("q={}", &word(0)[..3])),
        list("q, 1 letter", "q=b"),
        list("q, two common words", &format!("q={}%20{}", word(1), word(2))),
        list("q, the most common word, status=error", &format!("q={}&status=error", word(0))),
        list("q=user, in every run", "q=user"),
        ask("list: q, a user", |time| format!("/workspaces/local/traces?limit=50&q=user-{}", time * 31)),
        ask("list: q, 3 letters of words", |time| {
            let word = word(rank(&mut Rng::with_seed(time)));
            format!("/workspaces/local/traces?limit=50&q={}", &word[..3])
        }),
        ask("list: q, words", |time| {
            format!("/workspaces/local/traces?limit=50&q={}", word(rank(&mut Rng::with_seed(time))))
        }),
        ask("list: an hour", |time| {
            let start = runs.started(runs.count * time / TIMES);
            format!("/workspaces/local/traces?limit=50&{}", window(start, 3_600))
        }),
        ask("list: a day, q, the most common word", |time| {
            let start = runs.started(runs.count * time / TIMES);
            format!("/workspaces/local/traces?limit=50&{}&q={}", window(start, 86_400), word(0))
        }),
        list("limit=1000", "limit=1000").named_limit(),
    ];
    for by in ["start_time", "duration", "cost", "total_tokens", "span_count"] {
        questions.push(list(&format!("sort=-{by}"), &format!("sort=-{by}")));
        questions.push(list(&format!("sort={by}"), &format!("sort={by}")));
    }
    questions
}

impl Question<'static> {
    /// With the greatest page there is.
    fn named_limit(self) -> Self {
        ask(self.name, |_| "/workspaces/local/traces?limit=1000".to_owned())
    }
}

fn single_runs(runs: &Runs, long: u64) -> Vec<Question<'_>> {
    let any = |time: u64| Rng::with_seed(time).u64(..runs.count);
    vec![
        ask("get a run", move |time| format!("/traces/{}", trace_id(any(time)))),
        ask("its first page of spans", move |time| format!("/traces/{}/spans", trace_id(any(time)))),
        ask("its body", move |time| format!("/traces/{}/body", trace_id(any(time)))),
        ask("get a span", move |time| format!("/spans/{}", span_id(any(time), runs.length - 1))),
        ask("get a run of 10,000 spans", move |_| format!("/traces/{}", trace_id(long))),
        ask("its first page of spans (1,000)", move |_| format!("/traces/{}/spans", trace_id(long))),
        ask("all its spans (10,000)", move |_| format!("/traces/{}/spans?limit=10000", trace_id(long))),
        ask("its body (10,000)", move |_| format!("/traces/{}/body", trace_id(long))),
        ask("get a span of it", move |time| format!("/spans/{}", span_id(long, time * 300))),
    ]
}

fn sums(runs: &Runs) -> Vec<Question<'_>> {
    let everything = window(runs.start - nanos(TIME), 3 * TIME.as_secs());
    let day = |time: u64| window(runs.started(runs.count * time / TIMES), 86_400);
    let sum = |name: &str, query: String| {
        let path = format!("/workspaces/local/traces/{query}");
        ask(name, move |_| path.clone())
    };
    vec![
        sum("summary of everything", format!("summary?{everything}")),
        sum("summary of everything, status=error", format!("summary?{everything}&status=error")),
        sum("summary of everything, tag, one of 2", format!("summary?{everything}&tag=env:prod")),
        sum("summary of everything, q, the most common word", format!("summary?{everything}&q={}", word(0))),
        ask("summary of a day", move |time| format!("/workspaces/local/traces/summary?{}", day(time))),
        sum("timeline of everything by day", format!("timeline?{everything}&bucket=day")),
        sum("timeline of everything by hour", format!("timeline?{everything}&bucket=hour")),
        ask("timeline of a day by hour", move |time| {
            format!("/workspaces/local/traces/timeline?{}", day(time))
        }),
    ]
}

/// The path of a page some way down the list.
fn page(client: &Client, number: u32) -> Outcome<String> {
    let first = "/workspaces/local/traces?limit=50".to_owned();
    (1..number).try_fold(first.clone(), |path, _| {
        let answer = client.get(&path)?.json()?;
        let cursor = answer["next_cursor"].as_str().ok_or("the list ends too early")?;
        Ok(format!("{first}&cursor={cursor}"))
    })
}

fn put(client: &Client, question: &Question<'_>) -> Outcome {
    let mut times = Times::default();
    let mut failed = None;
    let mut last = None;
    for time in 0..TIMES {
        let answer = client.get(&(question.path)(time))?;
        times.push(answer.took);
        if answer.status != 200 {
            failed = Some(answer.status);
            break;
        }
        last = Some(answer);
        if times.total() > PATIENCE {
            break;
        }
    }
    let (rows, kib) = last.as_ref().map_or((String::new(), String::new()), size);
    let name =
        failed.map_or_else(|| question.name.clone(), |status| format!("{} (**{status}**)", question.name));
    row(&[&name, &millis(times.percentile(50)), &millis(times.worst()), &millis(times.first()), &rows, &kib]);
    Ok(())
}

/// The rows of an answer, and its length.
fn size(answer: &Answer) -> (String, String) {
    let json = answer.json().unwrap_or_default();
    let rows = [&json["items"], &json["spans"]].into_iter().find_map(Value::as_array);
    (rows.map_or(String::new(), |rows| rows.len().to_string()), (answer.body.len() / 1024).to_string())
}

fn window(start: u64, seconds: u64) -> String {
    let moment = |nanos: u64| bento_local::Timestamp::from_unix_nanos(nanos);
    format!(
        "start_time={0}&end_time={1}&start={0}&end={1}",
        moment(start),
        moment(start + seconds * 1_000_000_000)
    )
}
