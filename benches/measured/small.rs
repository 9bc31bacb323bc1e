//! A small span, eight attributes: what most spans of an agent look like.

use std::sync::LazyLock;

use super::chat;

/// What one user said in one conversation, and what came back.
pub(crate) struct Exchange {
    pub(crate) user: String,
    pub(crate) conversation: String,
    pub(crate) input: String,
    pub(crate) output: String,
}

/// Were they all alike, a compressor would make nothing of them.
static EXCHANGES: LazyLock<Vec<Exchange>> = LazyLock::new(|| (0..1_024).map(exchange).collect());

fn exchange(number: u64) -> Exchange {
    Exchange {
        user: format!("u{}", number % 97),
        conversation: format!("c{}", number % 389),
        input: chat::sentences(number, 36),
        output: chat::sentences(!number, 56),
    }
}

/// One of them.
pub(crate) fn pick(number: usize) -> &'static Exchange {
    &EXCHANGES[number % EXCHANGES.len()]
}

pub(crate) fn send(number: usize) {
    let Exchange { user, conversation, input, output } = pick(number);
    bento::track_ai("user_message")
        .user_id(user)
        .convo_id(conversation)
        .model("gpt-4o")
        .provider("openai")
        .input(input)
        .output(output)
        .property("experiment", 17)
        .property("channel", "mail")
        .send();
}
