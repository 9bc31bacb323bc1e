//! The commands are the operations that the backend describes.

use serde_json::Value;

use crate::program::run;

/// The words that a group's name stands for, which its commands leave out.
const NOUNS: [(&str, &[&str]); 4] = [
    ("traces", &["trace", "traces"]),
    ("analytics", &[]),
    ("workspaces", &["workspace", "workspaces"]),
    ("trajectories", &["trajectory", "trajectories"]),
];

/// The group and the command for an operation such as `traces.get_trace_body`; `None` if there are no commands for it yet.
fn command(operation: &str) -> Option<(&'static str, String)> {
    let (group, function) = operation.split_once('.')?;
    let (group, nouns) = NOUNS.into_iter().find(|(name, _)| *name == group)?;
    let words: Vec<_> = function.split('_').filter(|word| !nouns.contains(word)).collect();
    Some((group, words.join("-")))
}

#[test]
fn every_operation_has_its_command_and_every_parameter_its_option() {
    let server = bento_local::Server::start(bento_local::Config::default()).unwrap();
    let description =
        ureq::get(format!("{}/openapi.json", server.url())).call().unwrap().body_mut().read_to_vec();
    let description: Value = serde_json::from_slice(&description.unwrap()).unwrap();
    let paths = description["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|path| path.as_object().unwrap().values());
    let mut mirrored = 0;
    for operation in paths {
        let Some((group, command)) = operation["operationId"].as_str().and_then(command) else { continue };
        // What has no end is for programs, and for who watches.
        if operation["responses"]["200"]["content"].get("text/event-stream").is_some() {
            continue;
        }
        let help = run(&[group, &command, "--help"], &[]).printed();
        let usage = help.lines().find(|line| line.starts_with("Usage: ")).unwrap();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap();
            let option = format!("--{}", name.replace('_', "-"));
            let is_there = match parameter["in"].as_str().unwrap() {
                "path" => {
                    usage.contains(&format!("<{}>", name.to_uppercase())) || help.contains("--workspace <ID>")
                }
                _ => help.split_whitespace().any(|word| word == option),
            };
            assert!(is_there, "`bento {group} {command}` does not take {name}:\n{help}");
        }
        mirrored += 1;
    }
    assert_eq!(mirrored, 14, "{description}");
}
