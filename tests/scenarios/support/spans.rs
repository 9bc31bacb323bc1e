//! Bodies as values to compare: ids and times get short names, attributes become an object.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::Received;

/// The body that the SDK sends for these spans with nothing set, as [`normalised`] shows it.
pub(crate) fn body(spans: Value) -> Value {
    json!({"resourceSpans": [{
        "resource": {"attributes": {
            "service.name": {"stringValue": "bentolabs-sdk"},
            "service.version": {"stringValue": bento::SDK_VERSION},
            "telemetry.sdk.name": {"stringValue": "bentolabs-sdk"},
            "telemetry.sdk.language": {"stringValue": "rust"},
            "telemetry.sdk.version": {"stringValue": bento::SDK_VERSION},
        }},
        "scopeSpans": [{
            "scope": {"name": "bentolabs-sdk.analytics", "version": bento::SDK_VERSION},
            "spans": spans,
        }],
    }]})
}

/// The body of a request with each id named `T1…` or `S1…` in the order of appearance, times checked and left out, and
/// lists of attributes as objects, whose keys must stand once.
pub(crate) fn normalised(request: &Received) -> Value {
    let mut value = request.json();
    normalise(&mut value, &mut HashMap::new());
    value
}

fn normalise(value: &mut Value, names: &mut HashMap<String, String>) {
    match value {
        Value::Object(object) => {
            check_times(object);
            for (key, prefix, width) in [("traceId", "T", 32), ("spanId", "S", 16), ("parentSpanId", "S", 16)]
            {
                if let Some(id) = object.get_mut(key) {
                    *id = name(prefix, width, id.as_str().unwrap(), names).into();
                }
            }
            for (key, value) in object.iter_mut() {
                match (key.as_str(), &*value) {
                    ("attributes", Value::Array(list)) => *value = attributes(list),
                    _ => normalise(value, names),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| normalise(item, names)),
        _ => {}
    }
}

fn check_times(object: &mut Map<String, Value>) {
    let mut time = |key| {
        let time: u64 = object.remove(key)?.as_str().unwrap().parse().unwrap();
        // 2020-09-13, or a time that a test has chosen.
        assert!(time > 1_600_000_000_000_000_000, "{key}: {time}");
        Some(time)
    };
    assert!(time("startTimeUnixNano") <= time("endTimeUnixNano"));
    time("timeUnixNano");
}

fn name(prefix: &str, width: usize, id: &str, names: &mut HashMap<String, String>) -> String {
    assert_eq!(id.len(), width, "{id}");
    assert!(id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{id}");
    assert!(id.bytes().any(|byte| byte != b'0'));
    let next = names.values().filter(|name| name.starts_with(prefix)).count() + 1;
    names.entry(id.to_owned()).or_insert_with(|| format!("{prefix}{next}")).clone()
}

fn attributes(list: &[Value]) -> Value {
    let mut object = Map::new();
    for pair in list {
        assert_eq!(pair.as_object().unwrap().len(), 2);
        let key = pair["key"].as_str().unwrap().to_owned();
        assert!(object.insert(key, pair["value"].clone()).is_none(), "{pair} stands twice");
    }
    object.into()
}

/// Every span of these requests, as it was sent.
pub(crate) fn spans_of(requests: &[Received]) -> Vec<Value> {
    let bodies = requests.iter().map(Received::json);
    let lists = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    bodies
        .flat_map(|body| lists(&body, "resourceSpans"))
        .flat_map(|resource| lists(&resource, "scopeSpans"))
        .flat_map(|scope| lists(&scope, "spans"))
        .collect()
}

/// The names of every span of these requests, in order.
pub(crate) fn span_names(requests: &[Received]) -> Vec<String> {
    spans_of(requests).iter().map(|span| span["name"].as_str().unwrap().to_owned()).collect()
}
