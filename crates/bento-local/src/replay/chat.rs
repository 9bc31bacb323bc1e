//! Chat logs: OpenAI-style messages, in which a `tool` message answers the call that it names.

use serde_json::{Map, Value, json};

use super::recording::{Call, Recording, Speaker, Turn};

/// The runs of a chat log; `None` if the file is something else.
pub(super) fn read(file: &Value, speaker: &Speaker) -> Option<Vec<Recording>> {
    let runs = file.as_array().filter(|runs| !runs.is_empty())?;
    runs.iter().map(|run| recording(run, speaker)).collect()
}

fn recording(run: &Value, speaker: &Speaker) -> Option<Recording> {
    let messages = run["traj"].as_array()?;
    let turns = turns(messages);
    let known = ["task_id", "trial", "reward"].into_iter().filter(|key| !run[key].is_null());
    Some(Recording {
        event: "conversation",
        source: "tau-bench",
        convo_id: format!("{}-{}", run["task_id"], run["trial"]),
        user_id: text(&run["info"]["task"]["user_id"]),
        model: Some(speaker.model.clone()),
        provider: Some(speaker.provider.clone()),
        properties: known.map(|key| (key.to_owned(), run[key].clone())).collect::<Map<_, _>>(),
        input: first_request(messages),
        output: turns.last().and_then(|turn| turn.output.clone()),
        tokens: None,
        turns,
    })
}

/// The model's turns. What went into one are the messages since the one before, so that a run is not sent over and over.
pub(super) fn turns(messages: &[Value]) -> Vec<Turn> {
    let mut seen = 0;
    let mut turns = Vec::new();
    for (at, message) in messages.iter().enumerate().filter(|(_, message)| is_turn(message)) {
        let calls = message["tool_calls"].as_array().into_iter().flatten();
        turns.push(Turn {
            input: json!(messages[seen..at]).to_string(),
            output: text(&message["content"]).or_else(|| text(&message["tool_calls"])),
            calls: calls.map(|call| answered(call, &messages[at + 1..])).collect(),
        });
        seen = at + 1;
    }
    turns
}

/// Whether the model spoke, and not a demonstration that it was shown.
pub(super) fn is_turn(message: &Value) -> bool {
    message["role"] == "assistant" && message["is_demo"] != true
}

/// What the user asked for at the start.
pub(super) fn first_request(messages: &[Value]) -> Option<String> {
    let asked = messages.iter().find(|message| message["role"] == "user" && message["is_demo"] != true);
    asked.and_then(|message| text(&message["content"]))
}

/// A string as it is, anything else as JSON, nothing for null and the empty string.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    }
}

fn answered(call: &Value, later: &[Value]) -> Call {
    let answers = |message: &&Value| {
        let ids = message["tool_call_ids"].as_array();
        message["tool_call_id"] == call["id"] || ids.is_some_and(|ids| ids.contains(&call["id"]))
    };
    let answer = later.iter().filter(|message| message["role"] == "tool").find(answers);
    Call {
        tool: text(&call["function"]["name"]).unwrap_or_default(),
        arguments: text(&call["function"]["arguments"]).unwrap_or_default(),
        result: answer.and_then(|answer| text(&answer["content"])),
    }
}
