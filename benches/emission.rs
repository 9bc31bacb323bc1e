//! What a call takes of its caller's time and of the heap: `cargo bench --bench emission`, with a filter behind it where
//! one kind of call is of interest. The counting of allocations is in the times, for bento and OpenTelemetry alike.

#![expect(clippy::print_stdout, clippy::expect_used, reason = "a benchmark reports, and fails loudly")]

use std::error::Error;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

use divan::{AllocProfiler, Bencher};
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

mod measured {
    pub(crate) mod chat;
    pub(crate) mod payload;
    pub(crate) mod sink;
    pub(crate) mod small;
    pub(crate) mod trajectory;
    pub(crate) mod rival {
        pub(crate) mod payload;
        pub(crate) mod provider;
        pub(crate) mod small;
        pub(crate) mod trajectory;
    }
}
use measured::{chat, payload, rival, sink, small, trajectory};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

/// Calls of a sample: no more than find room in a queue, be its worker ever so late.
const SMALL: u32 = 1_000;
const TRAJECTORIES: u32 = SMALL / trajectory::SPANS;
const PAYLOADS: u32 = 100;

/// More than anything here takes.
const LONG: Duration = Duration::from_secs(60);

static RIVAL: OnceLock<SdkTracerProvider> = OnceLock::new();
static CHATS: LazyLock<Vec<String>> =
    LazyLock::new(|| (0..16).map(|seed| chat::text(seed, 64 * 1024)).collect());
/// Spans that were emitted by both sides, and have to arrive.
static EMITTED: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

fn main() -> Result<(), Box<dyn Error>> {
    if sink::is_sink() {
        return Ok(());
    }
    let mut sinks = [sink::Sink::start()?, sink::Sink::start()?];
    let _bento = bento::builder().api_key("bl_pk_bench").base_url(sinks[0].url()).init()?;
    RIVAL.set(rival::provider::start(sinks[1].url())?).ok();
    divan::main();
    for (flush, (sink, emitted)) in
        [flush_bento, flush_opentelemetry].iter().zip(sinks.iter_mut().zip(&EMITTED))
    {
        flush();
        assert_eq!(sink.arrived()?.spans, emitted.load(Ordering::Relaxed), "not all spans have arrived");
    }
    Ok(())
}

mod small_span {
    use super::{Bencher, SMALL, rival, small, tracer, with_bento, with_opentelemetry};

    #[divan::bench(sample_size = SMALL)]
    fn bento(bencher: Bencher<'_, '_>) {
        with_bento(bencher, SMALL, 1, small::send);
    }

    #[divan::bench(sample_size = SMALL)]
    fn bento_in_trajectory(bencher: Bencher<'_, '_>) {
        let _turn = bento::begin("user_turn").own_trace().start();
        with_bento(bencher, SMALL, 1, small::send);
        super::EMITTED[0].fetch_add(1, super::Ordering::Relaxed);
    }

    #[divan::bench(sample_size = SMALL)]
    fn opentelemetry(bencher: Bencher<'_, '_>) {
        let tracer = tracer();
        with_opentelemetry(bencher, SMALL, 1, |number| rival::small::send(&tracer, number));
    }
}

mod trajectory_of_6_spans {
    use super::{Bencher, TRAJECTORIES, rival, tracer, trajectory, with_bento, with_opentelemetry};

    #[divan::bench(sample_size = TRAJECTORIES)]
    fn bento(bencher: Bencher<'_, '_>) {
        with_bento(bencher, TRAJECTORIES, trajectory::SPANS, |_| trajectory::send());
    }

    #[divan::bench(sample_size = TRAJECTORIES)]
    fn opentelemetry(bencher: Bencher<'_, '_>) {
        let tracer = tracer();
        let call = |_| rival::trajectory::send(&tracer);
        with_opentelemetry(bencher, TRAJECTORIES, trajectory::SPANS, call);
    }
}

mod payload_of_64_kib {
    use super::{Bencher, CHATS, PAYLOADS, payload, rival, tracer, with_bento, with_opentelemetry};

    #[divan::bench(sample_size = PAYLOADS, sample_count = 30)]
    fn bento(bencher: Bencher<'_, '_>) {
        let chats = &**CHATS;
        with_bento(bencher, PAYLOADS, 1, |number| payload::send(&chats[number % chats.len()], "Paris"));
    }

    #[divan::bench(sample_size = PAYLOADS, sample_count = 30)]
    fn opentelemetry(bencher: Bencher<'_, '_>) {
        let (chats, tracer) = (&**CHATS, tracer());
        let call = |number: usize| rival::payload::send(&tracer, &chats[number % chats.len()], "Paris");
        with_opentelemetry(bencher, PAYLOADS, 1, call);
    }
}

fn with_bento(bencher: Bencher<'_, '_>, calls: u32, spans: u32, call: impl Fn(usize) + Sync) {
    measure(bencher, calls, spans, &EMITTED[0], flush_bento, call);
}

fn with_opentelemetry(bencher: Bencher<'_, '_>, calls: u32, spans: u32, call: impl Fn(usize) + Sync) {
    measure(bencher, calls, spans, &EMITTED[1], flush_opentelemetry, call);
}

/// Measures a call that is given its number; everything before a sample is delivered before it begins.
fn measure(
    bencher: Bencher<'_, '_>,
    calls: u32,
    spans: u32,
    emitted: &AtomicU64,
    flush: fn(),
    call: impl Fn(usize) + Sync,
) {
    let made = AtomicU32::new(0);
    let next = || {
        let number = made.fetch_add(1, Ordering::Relaxed);
        emitted.fetch_add(spans.into(), Ordering::Relaxed);
        if number.is_multiple_of(calls) {
            flush();
        }
        number as usize
    };
    bencher.with_inputs(next).bench_values(call);
}

fn tracer() -> SdkTracer {
    RIVAL.get().expect("it was started").tracer("bench")
}

fn flush_bento() {
    bento::flush(LONG).expect("everything is delivered");
}

fn flush_opentelemetry() {
    RIVAL.get().expect("it was started").force_flush().expect("everything is delivered");
}
