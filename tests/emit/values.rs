//! What a value becomes, and which keys win.

use std::collections::{BTreeMap, HashMap};

use bento::testing::{Span, capture};
use serde_json::{Value, json};

const MIB: usize = 1 << 20;

fn one<T>(work: impl FnOnce() -> T) -> Span {
    let spans = capture(work);
    assert_eq!(spans.len(), 1);
    spans.iter().next().unwrap().clone()
}

fn property(value: impl serde::Serialize) -> Option<Value> {
    one(|| bento::track_ai("call").property("p", value).send()).attribute("p")
}

fn input(value: impl serde::Serialize) -> Option<Value> {
    one(|| bento::track_ai("call").input(value).send()).attribute("input.value")
}

#[test]
fn a_property_keeps_its_type_or_becomes_json_text() {
    assert_eq!(property("text"), Some("text".into()));
    assert_eq!(property(""), Some("".into()));
    assert_eq!(property('c'), Some("c".into()));
    assert_eq!(property(true), Some(true.into()));
    assert_eq!(property(i64::MIN), Some(i64::MIN.into()));
    assert_eq!(property(u64::MAX), Some("18446744073709551615".into()));
    assert_eq!(property(i128::MAX), Some(i128::MAX.to_string().into()));
    assert_eq!(property(0.1_f64), Some(0.1.into()));
    assert_eq!(property([1, 2]), Some(json!([1, 2])));
    assert_eq!(property(["a", "b"]), Some(json!(["a", "b"])));
    assert_eq!(property([true]), Some(json!([true])));
    assert_eq!(property([0.5, 1.5]), Some(json!([0.5, 1.5])));
    assert_eq!(property(Vec::<String>::new()), Some(json!([])));
    assert_eq!(property(json!([1, "a"])), Some(r#"[1,"a"]"#.into()));
    assert_eq!(property(json!([1, 0.5])), Some("[1,0.5]".into()));
    assert_eq!(property(json!([u64::MAX])), Some("[18446744073709551615]".into()));
    assert_eq!(property(json!([[]])), Some("[[]]".into()));
    assert_eq!(property(json!({"a": {"b": [null]}})), Some(r#"{"a":{"b":[null]}}"#.into()));
    assert_eq!(property((1, "a")), Some(r#"[1,"a"]"#.into()));
    assert_eq!(property(BTreeMap::from([(1, "a")])), Some(r#"{"1":"a"}"#.into()));
    assert_eq!(property(None::<u8>), Some("null".into()), "a property is never dropped silently");
}

#[test]
fn numbers_that_json_lacks_stay_numbers() {
    // JSON reads both as null: the attribute is there, and it is a number on the wire.
    assert_eq!(property(f64::NAN), Some(Value::Null));
    assert_eq!(property([f64::INFINITY]), Some(json!([null])));
    let span = one(|| bento::track_ai("call").properties(HashMap::from([("p", f64::NAN)])).send());
    assert_eq!(span.attribute("p"), Some(Value::Null), "inside a map as outside");
    assert_eq!(input(json!({"n": 0.5})), Some(r#"{"n":0.5}"#.into()));
    assert_eq!(input([f64::NAN]), Some("[null]".into()));
}

#[test]
fn inputs_are_strings_or_json_text_and_null_is_left_out() {
    assert_eq!(input("{\"not\": touched}\n"), Some("{\"not\": touched}\n".into()));
    assert_eq!(input(""), Some("".into()));
    assert_eq!(input(json!({"ü": [1, null]})), Some(r#"{"ü":[1,null]}"#.into()));
    assert_eq!(input(7), Some("7".into()));
    assert_eq!(input([1, 2]), Some("[1,2]".into()));
    assert_eq!(input(None::<&str>), None);
    assert_eq!(input(()), None);
    assert_eq!(input(Value::Null), None);
    let span = one(|| {
        let nothing = None::<String>;
        let call = bento::track_ai("call").model(&nothing).provider(&nothing).user_id(&nothing);
        call.convo_id(&nothing).output(&nothing).kind(&nothing).properties(Value::Null).send();
    });
    assert_eq!(span.attributes().count(), 0);
}

#[test]
fn a_later_null_takes_nothing_back() {
    let span = one(|| {
        let turn = bento::begin("turn").input("a").user_id("u").user_id(None::<&str>).start();
        turn.input(None::<&str>).output("b").output("c");
    });
    assert_eq!(span.attribute("input.value"), Some("a".into()));
    assert_eq!(span.attribute("output.value"), Some("c".into()));
    assert_eq!(span.attribute("gen_ai.user.id"), Some("u".into()));
}

#[test]
fn managed_keys_win_whenever_they_are_set() {
    let clash = json!({
        "input.value": 1, "output.value": 2, "openinference.span.kind": "llm", "gen_ai.user.id": 3,
        "gen_ai.usage.input_tokens": 4, "mine": 5,
    });
    let spans = capture(|| {
        let tool = bento::tool_span("tool").input("in").properties(&clash).start();
        tool.output("out").properties(&clash);
        bento::update_current_span().properties(&clash).apply();
        bento::track_ai("call").input("in").tokens(9, 9).user_id("u").properties(&clash).send();
    });
    let tool = spans.find("tool").unwrap();
    assert_eq!(tool.attribute("input.value"), Some("in".into()));
    assert_eq!(tool.attribute("output.value"), Some("out".into()));
    assert_eq!(tool.attribute("openinference.span.kind"), Some("tool".into()));
    let call = spans.find("call").unwrap();
    assert_eq!(call.attribute("gen_ai.user.id"), Some("u".into()));
    assert_eq!(call.attribute("gen_ai.usage.input_tokens"), Some(9.into()));
    assert_eq!(call.attribute("mine"), Some(5.into()));
    for span in &spans {
        let mut keys: Vec<&str> = span.attributes().map(|(key, _)| key).collect();
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all, "a key stands once in a span");
    }
}

#[test]
fn tokens_stand_under_both_sets_of_keys() {
    let span = one(|| bento::track_ai("call").tokens(12, 7).cached_tokens(3).send());
    for (key, count) in [
        ("gen_ai.usage.input_tokens", 12),
        ("gen_ai.usage.output_tokens", 7),
        ("gen_ai.usage.cache_read.input_tokens", 3),
        ("llm.token_count.prompt", 12),
        ("llm.token_count.completion", 7),
        ("llm.token_count.total", 19),
        ("llm.token_count.prompt_details.cache_read", 3),
    ] {
        assert_eq!(span.attribute(key), Some(count.into()), "{key}");
    }
    let most = one(|| bento::track_ai("call").tokens(u64::MAX, u64::MAX).send());
    assert_eq!(most.attribute("llm.token_count.total"), Some(i64::MAX.into()));
}

#[test]
fn a_long_value_is_cut_at_a_character_and_says_so() {
    let long = format!("a{}", "é".repeat(MIB));
    let span = one(|| {
        let call = bento::track_ai("call").input(&long).output([&long]).property("p", &long);
        call.property("fits", "x".repeat(MIB)).error(&long).send();
    });
    let length = |key: &str| span.attribute(key).unwrap().as_str().unwrap().len();
    assert_eq!(length("input.value"), MIB - 1);
    assert_eq!(span.attribute("bento.truncated.input.value"), Some((2 * MIB + 1).into()));
    assert_eq!(length("output.value"), MIB - 1);
    assert_eq!(span.attribute("bento.truncated.output.value"), Some((2 * MIB + 5).into()));
    assert_eq!(length("p"), MIB - 1);
    assert_eq!(span.attribute("bento.truncated.p"), Some((2 * MIB + 1).into()));
    assert_eq!(length("fits"), MIB);
    assert_eq!(span.attribute("bento.truncated.fits"), None);
    assert_eq!(span.error().unwrap().len(), MIB - 1);
}

#[test]
fn a_property_that_loses_its_key_brings_no_marker_of_its_cut() {
    let long = || "x".repeat(MIB + 1);
    let spans = [
        one(|| bento::track_ai("call").input("whole").property("input.value", long()).send()),
        one(|| bento::track_ai("call").property("input.value", long()).input("whole").send()),
        one(|| bento::track_ai("call").input("whole").properties(json!({"input.value": long()})).send()),
        one(|| bento::begin("turn").input("whole").start().property("input.value", long()).finish()),
        one(|| bento::begin("turn").property("input.value", long()).start().input("whole").finish()),
    ];
    for span in spans {
        assert_eq!(span.attribute("input.value"), Some("whole".into()), "{}", span.name());
        assert_eq!(span.attribute("bento.truncated.input.value"), None, "{}", span.name());
    }
}

#[test]
fn no_text_is_cut_without_its_marker() {
    let long = "é".repeat(MIB);
    let span = one(|| {
        let call = bento::track_ai(&long).user_id(&long).convo_id(&long).model(&long);
        call.error(&long).send()
    });
    for marker in [
        "bento.truncated_name",
        "bento.truncated_message",
        "bento.truncated.gen_ai.user.id",
        "bento.truncated.gen_ai.conversation.id",
        "bento.truncated.gen_ai.request.model",
    ] {
        assert_eq!(span.attribute(marker), Some((2 * MIB).into()), "{marker}");
    }
    assert_eq!((span.name().len(), span.error().map(str::len)), (MIB, Some(MIB)));
}

#[test]
fn properties_take_maps_structs_and_anything_else_whole() {
    #[derive(serde::Serialize)]
    struct Run {
        name: &'static str,
        #[serde(flatten)]
        more: BTreeMap<&'static str, u64>,
        nothing: Option<u8>,
    }
    let run = Run { name: "n", more: BTreeMap::from([("big", u64::MAX)]), nothing: None };
    let span = one(|| bento::track_ai("call").properties(&run).properties([1, 2]).property("", 1).send());
    let all: BTreeMap<_, _> = span.attributes().collect();
    let expected = [
        ("name", json!("n")),
        ("big", json!("18446744073709551615")),
        ("nothing", json!("null")),
        ("properties", json!([1, 2])),
        ("bento.unnamed", json!(1)),
    ];
    assert_eq!(all, BTreeMap::from(expected));
}

#[test]
fn deep_values_are_cut_not_followed() {
    let mut deep = json!(1);
    for _ in 0..20_000 {
        deep = Value::Object([("a".to_owned(), deep)].into_iter().collect());
    }
    let work = move || {
        let span = one(|| {
            let call = bento::track_ai("call").input(&deep).property("p", &deep);
            call.properties(&deep).properties(json!([1])).send();
        });
        assert!(span.attribute("bento.unserializable.input.value").is_some());
        assert!(span.attribute("bento.unserializable.p").is_some());
        assert!(span.attribute("bento.unserializable.a").is_some());
        // Its own drop recurses.
        std::mem::forget(deep);
    };
    std::thread::spawn(work).join().unwrap();
}
