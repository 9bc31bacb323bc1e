//! How fast records become JSON, before it is compressed: `cargo bench --bench encoder`.

use divan::counter::BytesCount;
use divan::{AllocProfiler, Bencher};

mod measured {
    pub(crate) mod chat;
    pub(crate) mod small;
}
use measured::{chat, small};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// As many as one request carries.
#[divan::bench]
fn small_spans_512(bencher: Bencher<'_, '_>) {
    let spans = bento::testing::capture(|| (0..512).for_each(small::send));
    encode(bencher, &spans);
}

/// Nearly as many as one request carries.
#[divan::bench]
fn chats_of_64_kib_32(bencher: Bencher<'_, '_>) {
    encode(
        bencher,
        &bento::testing::capture(|| {
            for seed in 0..32 {
                bento::track_ai("user_message").input(chat::text(seed, 64 * 1024)).send();
            }
        }),
    );
}

fn encode(bencher: Bencher<'_, '_>, spans: &bento::testing::Spans) {
    let bytes = spans.otlp_json().len();
    bencher.counter(BytesCount::new(bytes)).bench_local(|| spans.otlp_json());
}
