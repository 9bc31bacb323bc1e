//! Panics of the host's closures: each costs its own value, and is counted.

use serde_json::json;

use super::{SECRET, bodies};
use crate::support::{LONG, journal, normalised, scenario};

#[test]
fn a_panic_costs_its_value_and_is_counted() {
    scenario(
        || {
            let _bento = bento::builder()
                .user_id(|| -> Option<String> { panic!("no user of {SECRET}") })
                .session_id("s1")
                .redact(|field: &mut bento::Field<'_>| {
                    let is_named = matches!(
                        field.key(),
                        "input.value"
                            | "exception.message"
                            | bento::Field::NAME
                            | bento::Field::STATUS_MESSAGE
                    );
                    assert!(!is_named, "it is {:?}", field.text());
                })
                .init()
                .unwrap();
            for _ in 0..3 {
                bento::tool_span(SECRET).input(SECRET).output("fine").error(SECRET).send();
            }
            bento::flush(LONG).unwrap();
            let status = bento::status();
            assert_eq!((status.delivered(), status.panics()), (3, 3 * (1 + 4)));
            // One line an episode, which does not repeat what was withheld.
            assert_eq!((journal::count("redaction hook panicked"), journal::count("user_id")), (1, 1));
            assert_eq!(journal::count(SECRET), 0);
        },
        |child| {
            let server = child.delivers();
            let withheld = "[withheld: a redaction hook panicked]";
            let string = |text: &str| json!({"stringValue": text});
            let request = normalised(&server.only());
            assert!(!bodies(&server.requests()).contains(SECRET));
            assert_eq!(
                request["resourceSpans"][0]["scopeSpans"][0]["spans"][0],
                json!({
                    "traceId": "T1", "spanId": "S1", "name": withheld, "kind": 1,
                    "attributes": {
                        "openinference.span.kind": string("tool"),
                        "input.value": string(withheld),
                        "output.value": string("fine"),
                        "gen_ai.conversation.id": string("s1"),
                    },
                    "events": [{"name": "exception", "attributes": {
                        "exception.type": string("str"),
                        "exception.message": string(withheld),
                    }}],
                    "status": {"code": 2, "message": withheld},
                })
            );
        },
    );
}

#[test]
fn a_value_that_panics_is_told_by_its_span_instead() {
    struct Odd;
    impl serde::Serialize for Odd {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("no JSON of {SECRET}")
        }
    }
    scenario(
        || {
            bento::track_ai("answer").input(Odd).send();
            bento::flush(LONG).unwrap();
            assert_eq!(bento::status().panics(), 0);
        },
        |child| {
            let server = child.delivers();
            let request = normalised(&server.only());
            assert_eq!(
                request["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"]["bento.unserializable.input.value"],
                json!({"stringValue": "its `Serialize` panicked"})
            );
        },
    );
}
