//! What of the arguments is captured.

use super::*;

struct Pair {
    left: u8,
    right: u8,
}

#[bento::tool]
#[expect(clippy::too_many_arguments, clippy::toplevel_ref_arg, reason = "it shows them all")]
fn patterns(
    mut plain: Vec<u8>,
    (a, mut b): (u8, u8),
    Pair { left, right: other }: Pair,
    [first, ..]: [u8; 3],
    ref by_ref: u8,
    whole @ (_, _): (u8, u8),
    _: u8,
    _unused: u8,
    opaque: Opaque,
) -> usize {
    plain.push(a);
    b += 1;
    let Opaque = opaque;
    plain.len() + usize::from(b + left + other + first + *by_ref + whole.0)
}

#[test]
fn every_name_that_is_bound_and_serialises_is_captured() {
    let spans = capture(|| {
        let pair = Pair { left: 4, right: 5 };
        assert_eq!(patterns(vec![1], (2, 3), pair, [6, 7, 8], 9, (10, 11), 12, 13, Opaque), 40);
    });
    let expected = json!({
        "plain": [1], "a": 2, "b": 3, "left": 4, "other": 5, "first": 6, "by_ref": 9, "whole": [10, 11],
        "_unused": 13,
    });
    assert_eq!(input(&spans, "patterns"), expected);
}

#[bento::tool(skip(secret, token))]
fn skipping(name: &str, mut secret: String, token: &str) -> usize {
    secret.push_str(token);
    name.len() + secret.len()
}

#[bento::tool(capture_input = false, capture_output = false)]
fn silent(mut name: String) -> Result<String, Refused> {
    name.push('!');
    Ok(name)
}

#[bento::tool(capture_output = false, capture_input = true)]
fn failing(name: &str) -> Result<String, Refused> {
    Err(Refused(if name.is_empty() { "empty" } else { "full" }))
}

#[test]
fn what_is_switched_off_stays_out() {
    let spans = capture(|| {
        skipping("n", "s".into(), "t");
        assert_eq!(silent("x".into()).ok().as_deref(), Some("x!"));
        assert!(failing("").is_err());
    });
    assert_eq!(input(&spans, "skipping"), json!({"name": "n"}));
    assert_eq!(input(&spans, "silent"), Value::Null);
    assert_eq!(output(&spans, "silent"), None);
    assert_eq!(input(&spans, "failing"), json!({"name": ""}));
    assert_eq!(span(&spans, "failing").error(), Some("refused: empty"));
}

#[bento::tool]
fn conditional(#[cfg(any())] never: u8, #[cfg(not(any()))] mut always: u8) -> u8 {
    always += 1;
    always
}

#[test]
fn an_argument_may_be_conditional() {
    let spans = capture(|| assert_eq!(conditional(1), 2));
    assert_eq!(input(&spans, "conditional"), json!({"always": 1}));
}

#[bento::tool]
fn unbounded<T, U: Serialize>(first: T, second: U) -> (T, U) {
    (first, second)
}

#[bento::tool]
fn bounded<T>(value: &T) -> &T
where
    T: Serialize + ?Sized,
{
    value
}

#[bento::tool]
fn of_any_kind(
    words: impl IntoIterator<Item = &'static str>,
    limit: impl Into<u64> + Serialize + Copy,
) -> u64 {
    words.into_iter().count() as u64 + limit.into()
}

#[test]
fn a_generic_argument_is_captured_where_its_bounds_allow() {
    let spans = capture(|| {
        unbounded(1, 2);
        bounded("text");
        of_any_kind(["a"], 2u8);
    });
    assert_eq!(input(&spans, "unbounded"), json!({"second": 2}));
    assert_eq!(output(&spans, "unbounded"), None);
    assert_eq!(input(&spans, "bounded"), json!({"value": "text"}));
    assert_eq!(output(&spans, "bounded").as_deref(), Some("text"));
    assert_eq!(input(&spans, "of_any_kind"), json!({"limit": 2}));
}

struct Broken;

impl Serialize for Broken {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("out of order"))
    }
}

struct Explosive;

impl Serialize for Explosive {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("boom")
    }
}

#[bento::tool]
fn odd(before: u8, broken: Broken, explosive: Explosive, after: u8) -> Explosive {
    let _ = (before, broken, after);
    explosive
}

#[test]
fn what_fails_to_serialise_costs_only_itself() {
    let spans = capture(|| odd(1, Broken, Explosive, 2));
    let expected = json!({
        "before": 1,
        "broken": "not captured: out of order",
        "explosive": "not captured: its implementation panicked",
        "after": 2,
    });
    assert_eq!(input(&spans, "odd"), expected);
    let told = span(&spans, "odd").attribute("bento.unserializable.output.value");
    assert_eq!(told, Some("its `Serialize` panicked".into()));
    assert_eq!(span(&spans, "odd").error(), None);
}

#[bento::tool]
fn large(first: &str, second: &str) -> usize {
    first.len() + second.len()
}

#[test]
fn a_large_input_is_cut_and_its_whole_size_told() {
    let long = "x".repeat(3 << 20);
    let spans = capture(|| large(&long, &long));
    let whole = json!({"first": long, "second": long}).to_string().len();
    assert_eq!(text(&spans, "large", "input.value").map(|text| text.len()), Some(1 << 20));
    let marks: Vec<_> =
        span(&spans, "large").attributes().filter(|(_, value)| *value == json!(whole)).collect();
    assert_eq!(marks.len(), 1, "{marks:?}");
}
