//! A small span, eight attributes: what most spans of an agent look like.

pub(crate) const INPUT: &str = "What is the weather like in Lisbon today";
pub(crate) const OUTPUT: &str = "It is twenty-two degrees and sunny in Lisbon, with some wind";

pub(crate) fn send() {
    bento::track_ai("user_message")
        .user_id("u42")
        .convo_id("c1")
        .model("gpt-4o")
        .provider("openai")
        .input(INPUT)
        .output(OUTPUT)
        .property("experiment", 17)
        .property("channel", "mail")
        .send();
}
