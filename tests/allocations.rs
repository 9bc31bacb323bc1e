//! How often a call allocates on its caller's thread: every allocation there is time that a program pays for being
//! seen. A warm state is measured, as a long-lived program has it.

#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

use std::time::Duration;

use bento_faults::{Answer, Keep, Plan};

const SMALL_SPAN: u64 = 0;
const SMALL_SPAN_IN_A_TRAJECTORY: u64 = 0;
const TRAJECTORY_OF_SIX_SPANS: u64 = 7;
const PAYLOAD_OF_64_KIB: u64 = 1;
/// What is open is sent in live mode in memory that was used before, too.
const TRAJECTORY_OF_SIX_SPANS_LIVE: u64 = TRAJECTORY_OF_SIX_SPANS;

/// So many calls are measured, after as many whose memory they use again. Buffers that grow now and then, such as the
/// queue's, are too few to show in a median.
const MEASURED: usize = 101;
const AT_A_TIME: usize = 25;
const LONG: Duration = Duration::from_secs(30);

/// One test, because the queue is everybody's.
#[test]
fn a_call_allocates_no_more_than_that() {
    let server = Plan::always(Answer::ok()).keep(Keep::Spans).start();
    let _bento = bento::builder().api_key("bl_pk_allocations").base_url(server.url()).init().unwrap();
    let payload = "Where should I go in May? ".repeat(64 * 1024 / 26);

    let mut found = vec![
        ("a small span", SMALL_SPAN, median(small_span)),
        ("a trajectory of six spans", TRAJECTORY_OF_SIX_SPANS, median(trajectory)),
        (
            "a payload of 64 KiB",
            PAYLOAD_OF_64_KIB,
            median(|| _ = bento::track_ai("answer").input(&payload).send()),
        ),
    ];
    let turn = bento::begin("user_turn").user_id("u42").start();
    found.push(("a small span in a trajectory", SMALL_SPAN_IN_A_TRAJECTORY, median(small_span)));
    drop(turn);

    bento::flush(LONG).unwrap();
    let calls = 2 * MEASURED;
    let arrived: usize = server.requests().iter().map(|request| request.spans().len()).sum();
    assert_eq!(arrived, calls * 3 + calls * 6 + 1);

    bento::shutdown(LONG).unwrap();
    let live = bento::builder().api_key("bl_pk_allocations").base_url(server.url()).live(true);
    let _bento = live.batch_interval(LONG).init().unwrap();
    found.push(("a trajectory of six spans, live", TRAJECTORY_OF_SIX_SPANS_LIVE, median(trajectory)));
    let forms = bento::status().accepted();
    assert_eq!(forms, calls as u64 * (6 + 4));

    found.retain(|(_, bound, count)| count > bound);
    assert!(found.is_empty(), "more allocations than the bound: {found:?}");
}

/// Median allocations of `call` on this thread. Everything before it is delivered, and what it emits finds room.
fn median(call: impl Fn()) -> u64 {
    let mut counts = [0; MEASURED];
    for _warm_then_measured in 0..2 {
        // A few at a time: a worker that gets no processor must not leave callers without memory that was used before.
        for counts in counts.chunks_mut(AT_A_TIME) {
            for count in counts {
                *count = allocation_counter::measure(&call).count_total;
            }
            bento::flush(LONG).unwrap();
        }
    }
    counts.sort_unstable();
    counts[MEASURED / 2]
}

fn small_span() {
    bento::track_ai("user_message")
        .user_id("u42")
        .convo_id("c1")
        .model("gpt-4o")
        .provider("openai")
        .input("What is the weather like in Lisbon today")
        .output("It is twenty-two degrees and sunny in Lisbon, with some wind")
        .property("experiment", 17)
        .property("channel", "mail")
        .send();
}

fn trajectory() {
    let turn = bento::begin("user_turn").user_id("u42").convo_id("c1").input("Where to in May?").start();
    bento::track_ai("plan").model("gpt-4o").provider("openai").output("Look it up.").send();
    for name in ["weather", "flights", "guide"] {
        bento::tool_span(name).input(r#"{"city":"Lisbon"}"#).start().output("22 degrees, sunny");
    }
    bento::track_ai("answer").model("gpt-4o").provider("openai").output("Lisbon.").send();
    turn.output("Lisbon.");
}
