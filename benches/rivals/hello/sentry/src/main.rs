//! The smallest program that sends a span with Sentry's SDK: `hello-sentry SINK VARIANT`.

#[path = "../../resident.rs"]
mod resident;

use std::env;

use sentry::{ClientOptions, TransactionContext, start_transaction};

fn main() {
    let before = resident::look();
    let arguments: Vec<String> = env::args().collect();
    let dsn = arguments[1].replacen("http://", "http://key@", 1) + "/1";
    let _sentry =
        sentry::init(ClientOptions::new().dsn(&dsn).traces_sample_rate(1.0).auto_session_tracking(false));
    if arguments.get(3).is_some() {
        resident::tell(before);
    }
    let span = start_transaction(TransactionContext::new("user_message", "gen_ai.chat"));
    span.set_data("gen_ai.user.id", "u42".into());
    span.set_data("gen_ai.request.model", "gpt-4o".into());
    span.set_data("input.value", "Hi".into());
    span.set_data("output.value", "Hello!".into());
    span.finish();
}
