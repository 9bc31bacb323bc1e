//! AWS Lambda: flush before the handler returns, because the process is frozen right after.
//!
//! `cargo lambda build --example lambda` builds it for the real thing; `tests/lambda.rs` calls the same handler.
#![expect(clippy::print_stderr, reason = "standard error is a function's log")]

use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let _bento = bento::init()?;
    lambda_runtime::run(service_fn(handler)).await
}

pub(crate) async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let question = event.payload["question"].as_str().unwrap_or_default();
    let reply = bento::begin("user_turn")
        .convo_id(&event.context.request_id)
        .input(question)
        .run(async |turn| {
            let answer = answer(question).await?;
            turn.output(&answer);
            Ok::<_, Error>(json!({"answer": answer}))
        })
        .await;
    // The answer matters more than its trace: a span that did not arrive is told, not thrown.
    if let Err(error) = bento::flush_async(Duration::from_secs(2)).await {
        eprintln!("{error}");
    }
    reply
}

async fn answer(question: &str) -> Result<String, Error> {
    if question.is_empty() {
        return Err("no question".into());
    }
    // Stands for a call of a model.
    tokio::time::sleep(Duration::from_millis(5)).await;
    let answer = question.to_uppercase();
    bento::track_ai("answer").model("gpt-4o-mini").input(question).output(&answer).send();
    Ok(answer)
}
