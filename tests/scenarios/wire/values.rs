//! What becomes of values.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::flush;
use crate::support::{Server, normalised, scenario};

fn attributes(server: &Server) -> Value {
    normalised(&server.only())["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"].clone()
}

#[test]
fn properties_keep_the_types_that_the_wire_knows() {
    #[derive(Serialize)]
    enum Mode {
        Fast,
        Slow { by: u8 },
    }
    scenario(
        || {
            bento::track_ai("answer")
                .property("string", "é")
                .property("bool", false)
                .property("int", -7_i8)
                .property("min", i64::MIN)
                .property("above", u64::MAX)
                .property("float", 1.5)
                .property("nan", f64::NAN)
                .property("infinity", f64::NEG_INFINITY)
                .property("strings", ["a", "b"])
                .property("ints", vec![1, 2])
                .property("bools", [true])
                .property("floats", [0.5, f64::INFINITY])
                .property("empty", Vec::<u8>::new())
                .property("mixed", json!([1, "a"]))
                .property("nested", json!([[1]]))
                .property("object", BTreeMap::from([("k", 1)]))
                .property("null", ())
                .property("unit", Mode::Fast)
                .property("variant", Mode::Slow { by: 2 })
                .send();
            flush();
        },
        |child| {
            let server = child.delivers();
            let array = |values: Value| json!({"arrayValue": {"values": values}});
            assert_eq!(
                attributes(&server),
                json!({
                    "string": {"stringValue": "é"},
                    "bool": {"boolValue": false},
                    "int": {"intValue": "-7"},
                    "min": {"intValue": "-9223372036854775808"},
                    "above": {"stringValue": "18446744073709551615"},
                    "float": {"doubleValue": 1.5},
                    "nan": {"doubleValue": "NaN"},
                    "infinity": {"doubleValue": "-Infinity"},
                    "strings": array(json!([{"stringValue": "a"}, {"stringValue": "b"}])),
                    "ints": array(json!([{"intValue": "1"}, {"intValue": "2"}])),
                    "bools": array(json!([{"boolValue": true}])),
                    "floats": array(json!([{"doubleValue": 0.5}, {"doubleValue": "Infinity"}])),
                    "empty": array(json!([])),
                    "mixed": {"stringValue": "[1,\"a\"]"},
                    "nested": {"stringValue": "[[1]]"},
                    "object": {"stringValue": "{\"k\":1}"},
                    "null": {"stringValue": "null"},
                    "unit": {"stringValue": "Fast"},
                    "variant": {"stringValue": "{\"Slow\":{\"by\":2}}"},
                })
            );
        },
    );
}

#[test]
fn managed_keys_win_whenever_a_property_comes() {
    scenario(
        || {
            let tool = bento::tool_span("search")
                .property("openinference.span.kind", "agent")
                .property("input.value", "property")
                .input("input")
                .start();
            tool.output("output").property("output.value", "property");
            tool.property("own", 1).property("own", 2).finish();
            flush();
        },
        |child| {
            let server = child.delivers();
            assert_eq!(
                attributes(&server),
                json!({
                    "openinference.span.kind": {"stringValue": "tool"},
                    "input.value": {"stringValue": "input"},
                    "output.value": {"stringValue": "output"},
                    "own": {"intValue": "2"},
                })
            );
        },
    );
}

#[test]
fn a_value_above_the_limit_is_cut_between_characters_and_marked() {
    scenario(
        || {
            let _bento = bento::builder().value_bytes(4).init().unwrap();
            bento::track_ai("call").input("abcé").output(json!(["12345"])).property("p", "12345").send();
            flush();
        },
        |child| {
            let server = child.delivers();
            assert_eq!(
                attributes(&server),
                json!({
                    "input.value": {"stringValue": "abc"},
                    "bento.truncated.input.value": {"intValue": "5"},
                    "output.value": {"stringValue": "[\"12"},
                    "bento.truncated.output.value": {"intValue": "9"},
                    "p": {"stringValue": "1234"},
                    "bento.truncated.p": {"intValue": "5"},
                })
            );
        },
    );
}
