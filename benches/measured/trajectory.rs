//! A short turn of an agent: a trajectory with three tool calls and two model calls, six spans in all.

/// Spans in it.
pub(crate) const SPANS: u32 = 6;

pub(crate) const QUESTION: &str = "Where should I go in May?";
pub(crate) const PLAN: &str = "Look up the weather, the flights and a guide.";
pub(crate) const ANSWER: &str = "Lisbon: twenty-two degrees, from 89 euros, and few crowds.";
pub(crate) const TOOLS: [(&str, &str, &str); 3] = [
    ("weather", r#"{"city":"Lisbon"}"#, "22 degrees, sunny"),
    ("flights", r#"{"to":"LIS"}"#, "from 89 euros"),
    ("guide", r#"{"query":"Lisbon May"}"#, "Few crowds."),
];

pub(crate) fn send() {
    let turn = bento::begin("user_turn").user_id("u42").convo_id("c1").input(QUESTION).start();
    bento::track_ai("plan").model("gpt-4o").provider("openai").output(PLAN).send();
    for (name, input, output) in TOOLS {
        bento::tool_span(name).input(input).start().output(output);
    }
    bento::track_ai("answer").model("gpt-4o").provider("openai").output(ANSWER).send();
    turn.output(ANSWER);
}
