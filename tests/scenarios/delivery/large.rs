//! Large values: cut, not lost, and sent before they crowd each other out.

use bento::LossReason;

use crate::support::{LONG, scenario, spans_of};

#[test]
fn a_long_value_costs_its_tail_and_not_its_span() {
    scenario(
        || {
            for _ in 0..3 {
                bento::track_ai("answer").input("x".repeat(40 * 1024 * 1024)).send();
            }
            bento::track_ai("image").input(vec![0_u8; 8 * 1024 * 1024]).send();
            bento::flush(LONG).unwrap();
            assert_eq!(bento::status().losses().total(), 0);
        },
        |child| {
            let server = child.delivers();
            let spans = spans_of(&server.requests());
            assert_eq!(spans.len(), 4);
            let text = spans[0]["attributes"][0]["value"]["stringValue"].as_str().unwrap();
            assert_eq!(text.len(), 1024 * 1024);
        },
    );
}

#[test]
fn large_spans_are_sent_as_they_come_and_none_is_dropped() {
    scenario(
        || {
            let _bento = bento::builder().queue_bytes(1024 * 1024).batch_interval(LONG).init().unwrap();
            for _ in 0..40 {
                bento::track_ai("answer").input("x".repeat(100 * 1024)).send();
                // Nothing but its bytes makes the worker send: neither a flush, nor the interval, nor the number.
                while bento::status().waiting() > 5 {
                    std::thread::yield_now();
                }
            }
            assert_eq!(bento::status().losses().of(LossReason::BytesFull), 0);
            bento::flush(LONG).unwrap();
        },
        |child| {
            let server = child.delivers();
            assert_eq!(spans_of(&server.requests()).len(), 40);
        },
    );
}

#[test]
fn texts_full_of_lines_fill_their_requests() {
    scenario(
        || {
            for _ in 0..100 {
                bento::track_ai("answer").input("a line of a text\n".repeat(5_000)).send();
            }
            bento::flush(LONG).unwrap();
        },
        |child| {
            let server = child.delivers();
            let sizes: Vec<usize> =
                server.requests().iter().map(|request| request.json().to_string().len()).collect();
            // What had turned out too large would have been halved.
            let full = sizes.iter().filter(|size| (3 << 20..=4 << 20).contains(*size)).count();
            assert_eq!((full, sizes.len()), (2, 3), "{sizes:?}");
        },
    );
}

#[test]
fn a_map_without_end_costs_its_tail_and_says_so() {
    scenario(
        || {
            let map: std::collections::BTreeMap<String, usize> =
                (0..5_000).map(|n| (n.to_string(), n)).collect();
            bento::track_ai("answer").properties(&map).model("gpt-4o").send();
            bento::flush(LONG).unwrap();
        },
        |child| {
            let server = child.delivers();
            let spans = spans_of(&server.requests());
            let attributes = spans[0]["attributes"].as_array().unwrap();
            let of = |key: &str| attributes.iter().find(|attribute| attribute["key"] == key).unwrap();
            assert_eq!(attributes.len(), 1024 + 2);
            assert_eq!(of("bento.dropped_properties")["value"]["intValue"], "3976");
            assert_eq!(of("gen_ai.request.model")["value"]["stringValue"], "gpt-4o");
        },
    );
}
