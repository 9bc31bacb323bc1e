//! What can befall a body: as a tree, and as bytes.

use fastrand::Rng;
use serde_json::{Map, Value};

/// Stands in a tree for what no tree can hold.
const RAW: &str = "@raw@";

const NUMBERS: [&str; 16] = [
    "1e999",
    "-1e999",
    "123456789012345678901234567890",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "-1",
    "-0",
    "0.1",
    "1E2",
    "2.0",
    "01",
    "1.",
    "+1",
    "NaN",
];
const TEXTS: [&str; 15] = [
    r#""\ud800""#,
    r#""\udc00\ud800""#,
    r#""\u0000""#,
    r#""\ud83d\ude00""#,
    r#""\x""#,
    "\"\n\"",
    r#""é""#,
    r#""""#,
    r#""00000000000000000000000000000000""#,
    r#""0000000000000000""#,
    r#""4BF92F3577B34DA6A3CE929D0E0E4736""#,
    r#""00f067aa0ba902bg""#,
    r#"" 12""#,
    r#""-5""#,
    r#""1.5""#,
];
const DEPTHS: [usize; 8] = [2, 30, 60, 90, 130, 300, 5_000, 60_000];
const WRONG: [&[u8]; 8] = [
    b"\xff",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"\xf8\x88\x80\x80\x80",
    b"\xc0\xaf",
    b"\x80",
    b"\xef\xbb\xbf",
    b"\0",
];

/// The text of a tree in which something, somewhere, is not as it was.
pub(crate) fn of_tree(rng: &mut Rng, mut tree: Value) -> Vec<u8> {
    let mut raws = Vec::new();
    for _ in 0..rng.usize(1..=3) {
        let nodes = count(&tree);
        let mut chosen = rng.usize(..nodes);
        if let Some(node) = find(&mut tree, &mut chosen) {
            change(rng, node, &mut raws);
        }
    }
    let mut text = tree.to_string();
    for raw in raws {
        text = text.replacen(&format!("\"{RAW}\""), &raw, 1);
    }
    text.into_bytes()
}

fn count(node: &Value) -> usize {
    1 + match node {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

fn find<'a>(node: &'a mut Value, left: &mut usize) -> Option<&'a mut Value> {
    if *left == 0 {
        return Some(node);
    }
    *left -= 1;
    match node {
        Value::Array(items) => items.iter_mut().find_map(|item| find(item, left)),
        Value::Object(fields) => fields.values_mut().find_map(|field| find(field, left)),
        _ => None,
    }
}

fn change(rng: &mut Rng, node: &mut Value, raws: &mut Vec<String>) {
    let mut raw = |text: String| {
        raws.push(text);
        Value::from(RAW)
    };
    match rng.u8(..12) {
        0 => *node = Value::Null,
        1 => {
            *node = [Value::from(true), 0.into(), 17.into(), (-3).into(), "text".into(), "".into()]
                [rng.usize(..6)]
            .clone();
        }
        2 => *node = [Value::Array(vec![]), Value::Object(Map::new())][rng.usize(..2)].clone(),
        3 => *node = Value::Array(vec![node.take()]),
        4 => *node = raw(NUMBERS[rng.usize(..NUMBERS.len())].to_owned()),
        5 => *node = raw(TEXTS[rng.usize(..TEXTS.len())].to_owned()),
        6 => *node = raw(nested(rng)),
        7 | 8 => *node = raw(repeated(rng, node)),
        9 => unwrap(node),
        _ => rearrange(rng, node),
    }
}

fn nested(rng: &mut Rng) -> String {
    let depth = DEPTHS[rng.usize(..DEPTHS.len())];
    match rng.u8(..4) {
        0 => format!("{}{}", "[".repeat(depth), "]".repeat(depth)),
        1 => "[".repeat(depth),
        2 => format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth)),
        // As deep as a value of an attribute can be.
        _ => format!("{}{{}}{}", r#"{"arrayValue":{"values":["#.repeat(depth / 3), "]}}".repeat(depth / 3)),
    }
}

/// An object with one of its keys twice; anything else in a list, twice.
fn repeated(rng: &mut Rng, node: &Value) -> String {
    let Some(fields) = node.as_object().filter(|fields| !fields.is_empty()) else {
        return format!("[{node},{node}]");
    };
    let mut pairs: Vec<_> =
        fields.iter().map(|(key, value)| format!("{}:{value}", Value::from(key.as_str()))).collect();
    let (key, value) = fields.iter().nth(rng.usize(..fields.len())).unwrap();
    let value = if rng.bool() { value.to_string() } else { "null".to_owned() };
    pairs.insert(rng.usize(..=pairs.len()), format!("{}:{value}", Value::from(key.as_str())));
    format!("{{{}}}", pairs.join(","))
}

/// An object as the list of its values, a number as text and the reverse.
fn unwrap(node: &mut Value) {
    *node = match node.take() {
        Value::Object(fields) => Value::Array(fields.into_iter().map(|(_, value)| value).collect()),
        Value::Number(number) => number.to_string().into(),
        Value::String(text) => text.parse::<i64>().map_or(Value::from(text), Value::from),
        Value::Array(mut items) => items.pop().unwrap_or_default(),
        other => other,
    };
}

fn rearrange(rng: &mut Rng, node: &mut Value) {
    match node {
        Value::Array(items) if !items.is_empty() => {
            let at = rng.usize(..items.len());
            match rng.u8(..3) {
                0 => drop(items.remove(at)),
                1 => items.push(items[at].clone()),
                _ => items.swap(at, 0),
            }
        }
        Value::Object(fields) if !fields.is_empty() => {
            let key = fields.keys().nth(rng.usize(..fields.len())).unwrap().clone();
            let value = fields.remove(&key).unwrap_or_default();
            match rng.u8(..3) {
                0 => {}
                1 => drop(fields.insert(key.to_lowercase(), value)),
                _ => drop(fields.insert(format!("{key}_"), value)),
            }
        }
        Value::String(text) => *text = text.chars().rev().collect(),
        _ => {}
    }
}

/// Changes bytes; `other` is a body to take some from.
pub(crate) fn of_bytes(rng: &mut Rng, mut body: Vec<u8>, other: &[u8]) -> Vec<u8> {
    for _ in 0..rng.usize(1..=2) {
        if body.is_empty() {
            return body;
        }
        let (from, to) = range(rng, body.len());
        match rng.u8(..9) {
            0 | 1 => body[from] ^= 1 << rng.u8(..8),
            2 => body.truncate(from),
            3 => drop(body.drain(from..to)),
            4 => {
                let copy = body[from..to].to_vec();
                body.splice(to..to, copy);
            }
            5 if !other.is_empty() => {
                let (start, end) = range(rng, other.len());
                body.splice(from..to, other[start..end].iter().copied());
            }
            6 => drop(body.splice(from..from, WRONG[rng.usize(..WRONG.len())].iter().copied())),
            7 => body.insert(from, b"{}[]\",:\\0-e \n"[rng.usize(..13)]),
            _ => body.extend_from_slice(&other[..range(rng, other.len().max(1)).0.min(other.len())]),
        }
    }
    body
}

/// Mostly short, as damage is.
fn range(rng: &mut Rng, length: usize) -> (usize, usize) {
    let from = rng.usize(..length);
    let most = if rng.u8(..4) == 0 { length } else { 16 };
    (from, (from + rng.usize(1..=most)).min(length))
}
