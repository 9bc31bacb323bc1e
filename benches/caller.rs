//! What an emission costs its caller, beside plain OpenTelemetry in the same run: `cargo bench`.
//!
//! Both sides record the same small span (eight attributes) and hand it to a worker that sends it to a loopback
//! backend. Rounds alternate, only the calls are timed, and the figure that counts is the ratio of the medians.

#![expect(clippy::print_stdout, reason = "a benchmark reports")]

use std::error::Error;
use std::time::{Duration, Instant};

use bento_local::{Config, Server};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span, Tracer, TracerProvider};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

const ROUNDS: usize = 40;
const CALLS: u32 = 1_000;
const INPUT: &str = "What is the weather like in Lisbon today";
const OUTPUT: &str = "It is twenty-two degrees and sunny in Lisbon, with some wind";

fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::start(Config::default())?;
    let _bento = bento::builder().api_key("bl_pk_local").base_url(server.url()).init()?;
    let provider = SdkTracerProvider::builder().with_batch_exporter(Discard).build();
    let tracer = provider.tracer("bench");

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(time(with_bento));
        bento::flush(Duration::from_secs(10))?;
        theirs.push(time(|| with_opentelemetry(&tracer)));
        provider.force_flush()?;
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!("small span, one thread, ns per call (median of {ROUNDS} rounds of {CALLS})");
    println!("  bento          {:>6}", ours.as_nanos());
    println!("  opentelemetry  {:>6}   its exporter discards, ours delivers", theirs.as_nanos());
    println!("  ratio          {:>6.2}", ours.as_secs_f64() / theirs.as_secs_f64());
    Ok(())
}

fn with_bento() {
    bento::track_ai("user_message")
        .user_id("u42")
        .convo_id("c1")
        .model("gpt-4o")
        .provider("openai")
        .input(INPUT)
        .output(OUTPUT)
        .property("experiment", 17)
        .property("channel", "mail")
        .send();
}

/// Identity, input and output are borrowed in a real program, so OpenTelemetry has to own copies of them, as bento does.
fn with_opentelemetry(tracer: &SdkTracer) {
    let attributes = vec![
        KeyValue::new("gen_ai.user.id", "u42".to_owned()),
        KeyValue::new("gen_ai.conversation.id", "c1".to_owned()),
        KeyValue::new("gen_ai.request.model", "gpt-4o"),
        KeyValue::new("gen_ai.system", "openai"),
        KeyValue::new("input.value", INPUT.to_owned()),
        KeyValue::new("output.value", OUTPUT.to_owned()),
        KeyValue::new("experiment", 17),
        KeyValue::new("channel", "mail"),
    ];
    tracer.span_builder("user_message").with_attributes(attributes).start(tracer).end();
}

/// The mean of one round, per call.
fn time(call: impl Fn()) -> Duration {
    let start = Instant::now();
    for _ in 0..CALLS {
        call();
    }
    start.elapsed() / CALLS
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[derive(Debug)]
struct Discard;

impl opentelemetry_sdk::trace::SpanExporter for Discard {
    async fn export(
        &self,
        _: Vec<opentelemetry_sdk::trace::SpanData>,
    ) -> opentelemetry_sdk::error::OTelSdkResult {
        Ok(())
    }
}
