//! A span with a long input.

pub(crate) fn send(input: &str, output: &str) {
    bento::track_ai("user_message").model("gpt-4o").provider("openai").input(input).output(output).send();
}
