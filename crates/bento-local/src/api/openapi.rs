//! `GET /openapi.json`: the description of every operation, gathered from the functions that answer.
//!
//! Clients build their commands from it, and some are simple: parameters are written so that they need follow no reference
//! and know no alternative but null. Receiving and `/healthz` are for machines that need no description.

use axum::body::Bytes;
use axum::http::{HeaderValue, header};
use axum::routing::{MethodRouter, get};
use serde_json::{Map, Value, json};
use utoipa::openapi::{Info, OpenApi, OpenApiBuilder};
use utoipa::{PartialSchema as _, ToSchema as _};

use super::problem::Told;

/// Before there are any routes.
pub(super) fn head() -> OpenApi {
    let mut info = Info::new("bento", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "The runs of AI agents that a local BentoLabs backend has received. Without a key of its own the server answers \
         everybody on its machine."
            .to_owned(),
    );
    OpenApiBuilder::new().info(info).build()
}

/// Answers with the description.
pub(super) fn route<S: Clone + Send + Sync + 'static>(description: &OpenApi) -> MethodRouter<S> {
    // It is made of maps and texts, which can always be written.
    let mut description = serde_json::to_value(description).unwrap_or_default();
    complete(&mut description);
    let json = Bytes::from(description.to_string());
    let media = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    get(move || async move { ([media], json) })
}

/// Adds what holds for all operations and is not said at each.
fn complete(description: &mut Value) {
    let groups = [
        ("workspaces", "Where runs are kept apart from those of others"),
        ("traces", "Runs and their spans"),
        ("analytics", "What runs add up to"),
        ("trajectories", "Runs, seen by whether they are done"),
    ];
    description["tags"] =
        groups.iter().map(|(name, description)| json!({"name": name, "description": description})).collect();
    description["servers"] = json!([{"url": "/"}]);
    // On loopback the server may have no key, and then takes everybody.
    description["security"] = json!([{}, {"bearer": []}]);
    let schemas = {
        let components = &mut description["components"];
        components["securitySchemes"]["bearer"] = json!({"type": "http", "scheme": "bearer"});
        components["schemas"][Told::name().as_ref()] =
            serde_json::to_value(Told::schema()).unwrap_or_default();
        components["schemas"].clone()
    };
    let paths = description["paths"].as_object_mut().into_iter().flatten();
    for operation in paths.filter_map(|(_, path)| path.as_object_mut()).flat_map(Map::values_mut) {
        complete_operation(operation, &schemas);
    }
    unwrap_lines(description);
}

fn complete_operation(operation: &mut Value, schemas: &Value) {
    let Some(operation) = operation.as_object_mut() else { return };
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    // `traces.list_traces`: the group and the function.
    let group = text(operation.get("tags").and_then(|tags| tags.get(0)));
    let name = format!("{group}.{}", text(operation.get("operationId")));
    operation.insert("operationId".to_owned(), name.into());
    let mut refusals = vec![("401", "The key is missing or wrong"), ("503", "The store is busy or full")];
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        refusals.push(match parameter["in"].as_str() {
            Some("path") => ("404", "There is nothing of that id"),
            _ => ("422", "A parameter has a value that it may not have"),
        });
        simplify(parameter, schemas);
    }
    if operation.contains_key("requestBody") {
        refusals.extend([
            ("400", "The body is not JSON"),
            ("413", "The body is too large"),
            ("415", "The body is said to be something else than JSON"),
            ("422", "A field has a value that it may not have"),
        ]);
    }
    let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
    let Some(responses) = responses else { return };
    for (status, description) in refusals {
        let schema = json!({"$ref": format!("#/components/schemas/{}", Told::name())});
        let content = json!({"application/json": {"schema": schema}});
        responses.insert(status.to_owned(), json!({"description": description, "content": content}));
    }
}

/// A parameter that may be left out may be null; its schema stands where it is used.
fn simplify(parameter: &mut Value, schemas: &Value) {
    let mut schema = parameter["schema"].take();
    inline(&mut schema, schemas);
    parameter["schema"] = if parameter["required"] == true { schema } else { nullable(schema) };
}

fn inline(schema: &mut Value, schemas: &Value) {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next()) {
        *schema = schemas[name].clone();
    }
    match schema {
        Value::Array(parts) => parts.iter_mut().for_each(|part| inline(part, schemas)),
        Value::Object(parts) => parts.values_mut().for_each(|part| inline(part, schemas)),
        _ => {}
    }
}

/// `anyOf: [X, null]`, however the generator has written it; what the parameter is by default stays outside.
fn nullable(mut schema: Value) -> Value {
    let mut outside = Map::new();
    if let Some(parts) = schema.as_object_mut() {
        // A schema and what is said beside it; what the schema says goes first.
        for (word, value) in taken(parts, "allOf").into_iter().filter_map(object).flatten() {
            parts.entry(word).or_insert(value);
        }
        let is_null = |schema: &Value| schema.get("type").is_some_and(|name| name == "null");
        for one in taken(parts, "oneOf").into_iter().filter(|one| !is_null(one)).filter_map(object) {
            parts.extend(one);
        }
        if let Some(types) = parts.get_mut("type")
            && let Some(one) = types.as_array().and_then(|types| types.iter().find(|name| *name != "null"))
        {
            *types = one.clone();
        }
        outside.extend(parts.remove_entry("default"));
        parts.remove("description");
    }
    outside.insert("anyOf".to_owned(), json!([schema, {"type": "null"}]));
    outside.into()
}

fn taken(parts: &mut Map<String, Value>, word: &str) -> Vec<Value> {
    parts.remove(word).and_then(|mut list| list.as_array_mut().map(std::mem::take)).unwrap_or_default()
}

fn object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(parts) => Some(parts),
        _ => None,
    }
}

/// Texts come with the line breaks of the code.
fn unwrap_lines(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('\n') => *text = text.replace('\n', " "),
        Value::Array(parts) => parts.iter_mut().for_each(unwrap_lines),
        Value::Object(parts) => parts.values_mut().for_each(unwrap_lines),
        _ => {}
    }
}
