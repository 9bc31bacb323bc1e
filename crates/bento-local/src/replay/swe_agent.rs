//! Trajectories of SWE-agent: steps of thought, action and observation, beside the messages they came from.

use serde_json::{Map, Value, json};

use super::chat::{first_request, is_turn, text, turns};
use super::recording::{Call, Recording, Turn};

/// The run of a trajectory; `None` if the file is something else.
pub(super) fn read(file: &Value, name: &str) -> Option<Recording> {
    let list = |key: &str| file[key].as_array().map(Vec::as_slice);
    let (steps, history) = (list("trajectory"), list("history"));
    let is_history =
        history.is_some_and(|messages| messages.iter().all(|message| message["role"].is_string()));
    if steps.is_none() && !is_history {
        return None;
    }
    let (steps, history) = (steps.unwrap_or_default(), history.unwrap_or_default());
    // Only the messages know which functions were called, and with what.
    let calls_functions = history.iter().any(|message| message["tool_calls"].is_array());
    let turns = if calls_functions || steps.is_empty() { turns(history) } else { of_steps(steps, history) };
    let stats = &file["info"]["model_stats"];
    let [read, written] = ["tokens_sent", "tokens_received"].map(|key| stats[key].as_u64().unwrap_or(0));
    let submission = text(&file["info"]["submission"]).filter(|patch| !patch.trim().is_empty());
    Some(Recording {
        event: "swe_agent",
        source: "swe-agent",
        convo_id: name.to_owned(),
        model: model(file),
        properties: properties(file),
        input: first_request(history),
        output: submission.or_else(|| turns.last().and_then(|turn| turn.output.clone())),
        tokens: (read + written > 0).then_some((read, written)),
        turns,
        ..Recording::default()
    })
}

/// Each step sees the observation of the one before, the first one the messages up to it.
fn of_steps(steps: &[Value], history: &[Value]) -> Vec<Turn> {
    let start: Vec<_> = history.iter().take_while(|message| !is_turn(message)).collect();
    let mut input = json!(start).to_string();
    let mut turns = Vec::with_capacity(steps.len());
    for step in steps {
        let result = text(&step["observation"]);
        let next = json!([{"role": "user", "content": result}]).to_string();
        let action = step["action"].as_str().unwrap_or_default();
        let command = action.split_whitespace().next().map(|command| Call {
            tool: command.to_owned(),
            arguments: action.to_owned(),
            result,
        });
        turns.push(Turn {
            input: std::mem::replace(&mut input, next),
            output: text(&step["response"]).or_else(|| text(&step["thought"])),
            calls: command.into_iter().collect(),
        });
    }
    turns
}

/// The model that the run was configured with; a replay or a human is none.
fn model(file: &Value) -> Option<String> {
    let config = &file["replay_config"];
    // Some versions wrote it as a string of JSON.
    let config =
        config.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| config.clone());
    let name = text(&config["agent"]["model"]["name"])?;
    let stands_in = ["replay", "human", "instant"].iter().any(|kind| name.starts_with(kind));
    (!stands_in).then_some(name)
}

fn properties(file: &Value) -> Map<String, Value> {
    let info = &file["info"];
    let known = [
        ("environment", &file["environment"]),
        ("exit_status", &info["exit_status"]),
        ("api_calls", &info["model_stats"]["api_calls"]),
        ("cost", &info["model_stats"]["instance_cost"]),
    ];
    let said = known.into_iter().filter(|(_, value)| !value.is_null());
    said.map(|(key, value)| (key.to_owned(), value.clone())).collect()
}
