//! The description of the HTTP face: what a client needs that builds its commands from it.

use std::collections::{BTreeMap, BTreeSet};

use bento_local::Server;
use serde_json::{Value, json};

use crate::read::turn;
use crate::wire::{TRACE, call, get};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// An operation as a command: `traces get-body`.
#[derive(Debug)]
struct Command {
    method: &'static str,
    path: String,
    described: Value,
}

/// The commands that a client makes of the description: the operation's id is split at the first dot, the group's noun is
/// left out of the rest, and underscores become hyphens.
fn commands(document: &Value) -> BTreeMap<String, Command> {
    let mut commands = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS.into_iter().filter(|method| item.get(method).is_some()) {
            let described = item[method].clone();
            let (group, function) = described["operationId"].as_str().unwrap().split_once('.').unwrap();
            let singular = group
                .strip_suffix("ies")
                .map_or_else(|| group.trim_end_matches('s').to_owned(), |stem| format!("{stem}y"));
            let words = function
                .split('_')
                .filter(|word| *word != group && *word != singular || group == "analytics");
            let name = format!("{group} {}", words.collect::<Vec<_>>().join("-"));
            let command = Command { method, path: path.clone(), described };
            assert!(commands.insert(name.clone(), command).is_none(), "{name} is there twice");
        }
    }
    commands
}

impl Command {
    /// Whether its answer has no end.
    fn is_stream(&self) -> bool {
        self.described["responses"]["200"]["content"].get("text/event-stream").is_some()
    }
}

fn document(server: &Server) -> Value {
    let answer = get(server, "/openapi.json");
    assert_eq!(answer.status, 200);
    answer.body
}

fn parameters(command: &Command) -> &[Value] {
    command.described["parameters"].as_array().map(Vec::as_slice).unwrap_or_default()
}

#[test]
fn every_operation_becomes_a_command() {
    let document = document(&turn());
    let names: Vec<_> = commands(&document).into_keys().collect();
    assert_eq!(
        names,
        [
            "analytics trace-summary",
            "analytics trace-timeline",
            "traces get",
            "traces get-body",
            "traces get-span",
            "traces list",
            "traces list-issues",
            "traces list-spans",
            "traces stream",
            "traces stream-spans",
            "trajectories get",
            "trajectories list",
            "trajectories list-findings",
            "workspaces create",
            "workspaces list",
            "workspaces update",
        ]
    );
}

/// What a value of a parameter may look like.
fn sample(parameter: &Value) -> Vec<&'static str> {
    match parameter["name"].as_str().unwrap() {
        "limit" => vec!["1"],
        "start" | "start_time" | "after" => vec!["2023-11-14T00:00:00Z"],
        "end" | "end_time" | "before" => vec!["2023-11-16T00:00:00Z"],
        "after_id" => vec!["0000000000000001"],
        "has_errors" => vec!["true"],
        "has_findings" => vec!["false"],
        "q" => vec!["user"],
        "tag" => vec!["a", "b"],
        "model" => vec!["gpt-4o"],
        // A cursor is a page's, a run to begin behind goes with its moment, and what is enumerated is tried value by value.
        _ => vec![],
    }
}

#[test]
fn every_reading_command_can_be_called() {
    let server = turn();
    let document = document(&server);
    let mut called = 0;
    let commands = commands(&document);
    let answered = |command: &Command| command.method == "get" && !command.is_stream();
    for (name, command) in commands.iter().filter(|(_, command)| answered(command)) {
        let mut path = command.path.clone();
        let (mut required, mut all) = (Vec::new(), Vec::new());
        for parameter in parameters(command) {
            let key = parameter["name"].as_str().unwrap();
            match (parameter["in"].as_str().unwrap(), key) {
                ("path", "workspace_id") => path = path.replace("{workspace_id}", "local"),
                ("path", "span_id") => path = path.replace("{span_id}", "0000000000000001"),
                ("path", key) => path = path.replace(&format!("{{{key}}}"), TRACE),
                _ => {
                    let pairs: Vec<_> =
                        sample(parameter).into_iter().map(|value| format!("{key}={value}")).collect();
                    if parameter["required"] == true {
                        required.extend(pairs.clone());
                    }
                    all.extend(pairs);
                }
            }
        }
        assert!(!path.contains('{'), "{name}: {path}");
        for query in [required, all] {
            let answer = get(&server, &format!("{path}?{}", query.join("&")));
            assert_eq!(answer.status, 200, "{name} {query:?}: {}", answer.detail());
            assert!(answer.body.as_object().is_none_or(|body| !body.is_empty()));
            called += 1;
        }
        let enumerated = parameters(command).iter().filter(|parameter| parameter["in"] == "query");
        for parameter in enumerated {
            let schema = &parameter["schema"]["anyOf"][0];
            let values = schema["items"].get("enum").or(schema.get("enum"));
            for value in values.and_then(Value::as_array).into_iter().flatten() {
                let key = parameter["name"].as_str().unwrap();
                let start = "start=2023-11-14T00:00:00Z&end=2023-11-16T00:00:00Z";
                let answer = get(&server, &format!("{path}?{start}&{key}={}", value.as_str().unwrap()));
                assert_eq!(answer.status, 200, "{name} {key}={value}: {}", answer.detail());
                called += 1;
            }
        }
    }
    assert!(called > 50, "{called}");
}

#[test]
fn every_described_parameter_is_read() {
    let server = turn();
    let document = document(&server);
    let mut refused = 0;
    for (name, command) in commands(&document).iter().filter(|(_, command)| command.method == "get") {
        let path = command.path.replace("{workspace_id}", "local").replace("{span_id}", "0000000000000001");
        let path = path.replace("{trace_id}", TRACE).replace("{trajectory_id}", TRACE);
        for parameter in parameters(command).iter().filter(|parameter| parameter["in"] == "query") {
            let key = parameter["name"].as_str().unwrap();
            let schema = if parameter["required"] == true {
                &parameter["schema"]
            } else {
                &parameter["schema"]["anyOf"][0]
            };
            let schema = schema.get("items").unwrap_or(schema);
            // What may have any text cannot be wrong, unless there is too much of it.
            let bad = if schema["type"] == "string"
                && !["enum", "format", "pattern"].iter().any(|word| schema.get(word).is_some())
            {
                match key {
                    "q" => "x".repeat(2_000),
                    "cursor" => "x".to_owned(),
                    _ => format!("x{}", format!("&{key}=x").repeat(200)),
                }
            } else {
                "%21".to_owned()
            };
            let answer = get(
                &server,
                &format!("{path}?start=2023-11-14T00:00:00Z&end=2023-11-16T00:00:00Z&{key}={bad}"),
            );
            assert_eq!(answer.status, 422, "{name} {key}");
            assert!(answer.detail().starts_with(&format!("{key}: ")), "{name}: {}", answer.detail());
            refused += 1;
        }
    }
    assert_eq!(refused, 42);
}

#[test]
fn operations_are_described_so_that_simple_clients_can_read_them() {
    let document = document(&turn());
    let groups: BTreeSet<_> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    for (name, command) in commands(&document) {
        let described = &command.described;
        let [group] = &described["tags"].as_array().unwrap()[..] else {
            unreachable!("{name} has one group")
        };
        assert!(groups.contains(group.as_str().unwrap()), "{name}");
        let id = described["operationId"].as_str().unwrap();
        assert!(id.starts_with(&format!("{}.", group.as_str().unwrap())), "{id}");
        assert!(
            id.split_once('.').unwrap().1.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
            "{id}"
        );
        for text in ["summary", "description"] {
            assert!(described[text].as_str().is_some_and(|text| !text.is_empty()), "{name} has no {text}");
        }
        let template: Vec<_> =
            command.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let given = parameters(&command).iter().filter(|parameter| parameter["in"] == "path");
        let given: Vec<_> = given.map(|parameter| parameter["name"].as_str().unwrap()).collect();
        assert_eq!(given, template, "{name}: in the template's order");
        for parameter in parameters(&command) {
            let written = parameter.to_string();
            assert!(
                !written.contains("$ref") && !written.contains("oneOf") && !written.contains("allOf"),
                "{name}: {written}"
            );
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
            assert!(parameter["name"].as_str().unwrap().bytes().all(plain), "{name}: {written}");
            assert!(
                parameter["description"].as_str().is_some_and(|text| !text.is_empty()),
                "{name}: {written}"
            );
            let schema = &parameter["schema"];
            let types = match schema["anyOf"].as_array() {
                Some(alternatives) => {
                    assert_eq!(
                        (alternatives.len(), &alternatives[1]),
                        (2, &json!({"type": "null"})),
                        "{name}: {written}"
                    );
                    &alternatives[0]["type"]
                }
                None => &schema["type"],
            };
            assert_eq!(schema["anyOf"].is_array(), parameter["required"] != true, "{name}: {written}");
            let plain = ["string", "integer", "number", "boolean", "array"];
            assert!(types.as_str().is_some_and(|name| plain.contains(&name)), "{name}: {written}");
        }
    }
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
}

#[test]
fn parameters_are_those_of_the_contract() {
    let document = document(&turn());
    let commands = commands(&document);
    let named = |command: &str, is_repeated: bool| {
        let query = parameters(&commands[command]).iter().filter(|parameter| parameter["in"] == "query");
        let is_array =
            |parameter: &&Value| (parameter["schema"]["anyOf"][0]["type"] == "array") == is_repeated;
        query
            .filter(is_array)
            .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
            .collect::<BTreeSet<_>>()
    };
    let set = |names: &str| names.split(' ').map(str::to_owned).collect::<BTreeSet<_>>();
    let filters = set("status state tag model finding_kind");
    assert_eq!(named("traces list", false), set("limit sort before before_id cursor start_time end_time q"));
    assert_eq!(named("analytics trace-summary", false), set("start end q"));
    assert_eq!(named("analytics trace-timeline", false), set("start end q bucket"));
    for command in ["traces list", "analytics trace-summary", "analytics trace-timeline"] {
        assert_eq!(named(command, true), filters, "{command}");
    }
    assert_eq!(named("traces list-spans", false), set("limit after after_id status"));
    assert_eq!(
        named("trajectories list", false),
        set("status has_errors has_findings q sort_by limit cursor")
    );
}

/// Every key that a schema names is in the row, and the other way round.
fn matches(document: &Value, schema: &Value, row: &Value, place: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return matches(document, &document["components"]["schemas"][name], row, name);
    }
    match row {
        Value::Object(columns) => {
            let mut described = BTreeSet::new();
            let parts = schema["allOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
            for part in parts {
                let part = part["$ref"].as_str().map_or(part.clone(), |name| {
                    document["components"]["schemas"][name.rsplit('/').next().unwrap()].clone()
                });
                for (key, schema) in part["properties"].as_object().into_iter().flatten() {
                    matches(document, schema, &row[key], &format!("{place}.{key}"));
                    described.insert(key.clone());
                }
            }
            let found: BTreeSet<_> = columns.keys().cloned().collect();
            assert!(described.is_empty() || described == found, "{place}: {described:?} {found:?}");
        }
        Value::Array(rows) => rows.iter().for_each(|row| matches(document, &schema["items"], row, place)),
        _ => {}
    }
}

#[test]
fn answers_have_the_columns_that_are_described() {
    let server = turn();
    let document = document(&server);
    let stretch = "start=2023-11-14T00:00:00Z&end=2023-11-16T00:00:00Z";
    for (path, template) in [
        ("/workspaces".to_owned(), "/workspaces"),
        ("/workspaces/local/traces".to_owned(), "/workspaces/{workspace_id}/traces"),
        (format!("/traces/{TRACE}"), "/traces/{trace_id}"),
        (format!("/traces/{TRACE}/body"), "/traces/{trace_id}/body"),
        (format!("/traces/{TRACE}/spans"), "/traces/{trace_id}/spans"),
        ("/spans/0000000000000005".to_owned(), "/spans/{span_id}"),
        (format!("/workspaces/local/traces/summary?{stretch}"), "/workspaces/{workspace_id}/traces/summary"),
        (
            format!("/workspaces/local/traces/timeline?{stretch}"),
            "/workspaces/{workspace_id}/traces/timeline",
        ),
        ("/workspaces/local/trajectories".to_owned(), "/workspaces/{workspace_id}/trajectories"),
        (
            format!("/workspaces/local/trajectories/{TRACE}"),
            "/workspaces/{workspace_id}/trajectories/{trajectory_id}",
        ),
    ] {
        let schema =
            &document["paths"][template]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{template}");
        matches(&document, schema, &get(&server, &path).body, template);
    }
    let problem = &document["paths"]["/traces/{trace_id}"]["get"]["responses"]["404"]["content"]["application/json"]
        ["schema"];
    matches(&document, problem, &get(&server, "/traces/x").body, "404");
    assert_eq!(call(&server, "HEAD", "/openapi.json", &[], b"").status, 200);
}
