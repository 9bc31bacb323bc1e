//! Spans on their way in, durable before they are acknowledged.

use std::path::Path;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::Outcome;
use crate::backend::Backend;
use crate::client::Client;
use crate::figures::{Times, head, millis, row};
use crate::spans::{Runs, words};

/// Bodies that are made before the clock goes on.
const AHEAD: usize = 64;

/// What the SDK's queue takes at once, and the spans of a run in it.
const WAVE: u64 = 2_000;
const RUN: usize = 8;

const COLUMNS: [&str; 9] = [
    "sender",
    "spans",
    "spans/s",
    "p50 ms",
    "p99 ms",
    "worst ms",
    "peak memory, MiB",
    "CPU s per million spans",
    "bytes on disk a span",
];

/// Fills the store over one connection. The clock stands while bodies are made.
pub(crate) fn bodies(backend: &Backend, runs: &Runs) -> Outcome {
    let client = Client::new(backend.url());
    let mut times = Times::default();
    let mut spans = 0;
    let mut bodies = runs.bodies(0..runs.count);
    loop {
        let ahead: Vec<_> = bodies.by_ref().take(AHEAD).collect();
        if ahead.is_empty() {
            break;
        }
        for (body, count) in ahead {
            times.push(client.post(&body)?);
            spans += count;
        }
    }
    head(&format!("## Ingest: bodies of 512 spans over one connection, {} a run", runs.length), &COLUMNS);
    report(backend, "one connection", spans, times.total(), &times)
}

/// The SDK as the client: what it emits waits in its queue until the server has it.
pub(crate) fn by_the_sdk(folder: &Path, spans: u64) -> Outcome {
    let mut backend = Backend::start(folder)?;
    let bento = bento::builder().api_key("bl_pk_local").base_url(backend.url()).init()?;
    let mut rng = Rng::with_seed(1);
    let texts: Vec<_> = (0..WAVE).map(|_| (words(&mut rng, 30), words(&mut rng, 45))).collect();
    let mut flushes = Times::default();
    let started = Instant::now();
    for wave in 0..spans / WAVE {
        for run in texts.chunks(RUN) {
            let (input, output) = &run[0];
            let turn = bento::begin("user_turn")
                .user_id("u42")
                .convo_id(format!("c{wave}"))
                .tags("env:prod")
                .input(input);
            let turn = turn.start();
            for (at, (input, output)) in (1..).zip(&run[1..]) {
                bento::track_ai("answer")
                    .model("gpt-4o")
                    .provider("openai")
                    .input(input)
                    .output(output)
                    .tokens(at, 17)
                    .send();
            }
            turn.output(output);
        }
        let waits = Instant::now();
        bento::flush(Duration::from_secs(30))?;
        flushes.push(waits.elapsed());
    }
    let took = started.elapsed();
    let delivered = bento::status().delivered();
    if delivered != spans / WAVE * WAVE {
        return Err(format!("{delivered} of {spans} spans were delivered").into());
    }
    head("## Ingest: the SDK as the client, 8 a run; the times are of a flush of 2,000 spans", &COLUMNS);
    report(&backend, "the SDK", delivered, took, &flushes)?;
    drop(bento);
    backend.stop().map(drop)
}

fn report(backend: &Backend, sender: &str, spans: u64, took: Duration, times: &Times) -> Outcome {
    #[expect(clippy::cast_precision_loss, reason = "so many spans fit")]
    let millions = spans as f64 / 1e6;
    let processor = backend
        .processor_time()
        .map_or("?".to_owned(), |time| format!("{:.1}", time.as_secs_f64() / millions));
    row(&[
        sender,
        &spans.to_string(),
        &format!("{:.0}", millions * 1e6 / took.as_secs_f64()),
        &millis(times.percentile(50)),
        &millis(times.percentile(99)),
        &millis(times.worst()),
        &backend.peak_memory().map_or("?".to_owned(), |mib| mib.to_string()),
        &processor,
        &(backend.size()? / spans.max(1)).to_string(),
    ]);
    Ok(())
}
