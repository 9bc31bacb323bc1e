//! What is in a recording, counted from the file itself.

use std::path::Path;

use serde_json::Value;

/// A run that should be there.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    pub(crate) name: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) session: String,
    pub(crate) user: Option<String>,
    pub(crate) models: Vec<String>,
    pub(crate) tokens: (u64, u64),
    pub(crate) input: Option<String>,
    pub(crate) output: Option<String>,
    /// Everything but the root, in the order it happened.
    pub(crate) steps: Vec<Step>,
}

/// A model's turn or a tool's call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Step {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) input: Option<String>,
    pub(crate) output: Option<String>,
    pub(crate) error: Option<String>,
}

pub(crate) fn runs(file: &Path) -> Vec<Recorded> {
    let json: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let name = file.file_stem().unwrap().to_str().unwrap();
    match json {
        Value::Array(runs) => runs.iter().map(chat).collect(),
        run => vec![trajectory(&run, name)],
    }
}

/// A run of tau-bench.
fn chat(run: &Value) -> Recorded {
    let messages = run["traj"].as_array().unwrap();
    let steps = conversation(messages);
    let user = run["info"]["task"]["user_id"].as_str().map(str::to_owned);
    Recorded {
        name: "conversation",
        tag: "tau-bench",
        session: format!("{}-{}", run["task_id"], run["trial"]),
        user,
        models: if steps.is_empty() { Vec::new() } else { vec!["gpt-4o".to_owned()] },
        input: request(messages),
        output: last_turn(&steps),
        steps,
        ..Recorded::default()
    }
}

/// A run of SWE-agent.
fn trajectory(run: &Value, name: &str) -> Recorded {
    let none = Vec::new();
    let history = run["history"].as_array().unwrap_or(&none);
    let steps = match run["trajectory"].as_array().filter(|steps| !steps.is_empty()) {
        Some(steps) if history.iter().all(|message| message["tool_calls"].is_null()) => {
            commands(steps, history)
        }
        _ => conversation(history),
    };
    let config = match &run["replay_config"] {
        Value::String(text) => serde_json::from_str(text).unwrap(),
        other => other.clone(),
    };
    let model = config["agent"]["model"]["name"].as_str().filter(|model| {
        !model.starts_with("replay") && !model.starts_with("human") && !model.starts_with("instant")
    });
    let stats = &run["info"]["model_stats"];
    let patch = run["info"]["submission"].as_str().filter(|patch| !patch.trim().is_empty());
    Recorded {
        name: "swe_agent",
        tag: "swe-agent",
        session: name.to_owned(),
        models: model.into_iter().map(str::to_owned).collect(),
        tokens: (stats["tokens_sent"].as_u64().unwrap_or(0), stats["tokens_received"].as_u64().unwrap_or(0)),
        input: request(history),
        output: patch.map(str::to_owned).or_else(|| last_turn(&steps)),
        steps,
        ..Recorded::default()
    }
}

/// Messages in the manner of `OpenAI`: what the model says is a turn, what it calls is answered further down.
fn conversation(messages: &[Value]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut heard = Vec::new();
    for message in messages {
        if !speaks(message) {
            heard.push(message.clone());
            continue;
        }
        let said = said(&message["content"]).or_else(|| self::said(&message["tool_calls"]));
        steps.push(turn(Value::Array(std::mem::take(&mut heard)).to_string(), said));
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let function = &call["function"];
            let id = call["id"].as_str().unwrap();
            let answers = |message: &&Value| {
                message["role"] == "tool"
                    && (message["tool_call_id"] == id
                        || message["tool_call_ids"].to_string().contains(&format!("\"{id}\"")))
            };
            // Ids come again in some logs: the next answer counts.
            let at = messages.iter().position(|other| std::ptr::eq(other, message)).unwrap();
            let answer = messages[at..].iter().find(answers);
            steps.push(tool(
                function["name"].as_str().unwrap(),
                function["arguments"].as_str().unwrap(),
                answer.and_then(|answer| self::said(&answer["content"])),
            ));
        }
    }
    steps
}

/// Steps that each say something, run a command and observe what it does.
fn commands(trajectory: &[Value], history: &[Value]) -> Vec<Step> {
    let first = history.iter().position(speaks).unwrap_or(history.len());
    let mut heard = Value::from(history[..first].to_vec()).to_string();
    let mut steps = Vec::new();
    for step in trajectory {
        let observed = said(&step["observation"]);
        steps.push(turn(heard, said(&step["response"]).or_else(|| said(&step["thought"]))));
        let action = step["action"].as_str().unwrap();
        if let Some(command) = action.split_whitespace().next() {
            steps.push(tool(command, action, observed.clone()));
        }
        heard = serde_json::json!([{"role": "user", "content": observed}]).to_string();
    }
    steps
}

fn turn(input: String, output: Option<String>) -> Step {
    Step { kind: "llm".to_owned(), name: "turn".to_owned(), input: Some(input), output, error: None }
}

fn tool(name: &str, arguments: &str, result: Option<String>) -> Step {
    let error = result.clone().filter(|result| result.starts_with("Error:"));
    let input = Some(arguments.to_owned()).filter(|arguments| !arguments.is_empty());
    Step { kind: "tool".to_owned(), name: name.to_owned(), input, output: result, error }
}

fn last_turn(steps: &[Step]) -> Option<String> {
    steps.iter().rfind(|step| step.kind == "llm")?.output.clone()
}

fn request(messages: &[Value]) -> Option<String> {
    messages
        .iter()
        .find(|message| message["role"] == "user" && message["is_demo"] != true)
        .and_then(|message| said(&message["content"]))
}

fn speaks(message: &Value) -> bool {
    message["role"] == "assistant" && message["is_demo"] != true
}

/// A text to the byte, anything else as JSON; null and nothing are not said at all.
fn said(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
