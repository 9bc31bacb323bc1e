//! What the Lambda handler emitted has arrived before it returns: afterwards the process may be frozen.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

#[expect(dead_code, reason = "its `main` is for the real thing")]
#[path = "../examples/lambda.rs"]
mod lambda;

use std::time::{Duration, Instant};

use bento_local::{Config, RunStatus, Server};
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};

#[tokio::test]
async fn the_run_is_there_when_the_handler_returns() {
    let server = Server::start(Config::default()).unwrap();
    let _bento = bento::builder().api_key("bl_pk_test").base_url(server.url()).init().unwrap();

    let reply = lambda::handler(event("request-1", json!({"question": "why?"}))).await;
    assert_eq!(reply.unwrap(), json!({"answer": "WHY?"}));
    let runs = server.runs().unwrap();
    let [run] = &runs[..] else { unreachable!("{runs:?}") };
    assert_eq!((run.summary.name.as_str(), run.summary.status()), ("user_turn", RunStatus::Ok));
    assert_eq!(run.summary.session_id.as_deref(), Some("request-1"));
    let [turn, answer] = &run.spans[..] else { unreachable!("{run:?}") };
    assert_eq!((turn.input.as_deref(), turn.output.as_deref()), (Some("why?"), Some("WHY?")));
    assert_eq!((answer.name.as_str(), answer.model.as_deref()), ("answer", Some("gpt-4o-mini")));
    assert_eq!(answer.parent_id, Some(turn.span_id));

    let reply = lambda::handler(event("request-2", json!({}))).await;
    assert_eq!(reply.unwrap_err().to_string(), "no question");
    let runs = server.runs().unwrap();
    let [run, _] = &runs[..] else { unreachable!("{runs:?}") };
    assert_eq!(
        (run.summary.session_id.as_deref(), run.summary.status()),
        (Some("request-2"), RunStatus::Error)
    );
    assert_eq!(run.spans[0].status_message.as_deref(), Some("no question"));

    // A backend that is gone costs the trace and a bounded wait, not the answer.
    server.stop();
    let started = Instant::now();
    let reply = lambda::handler(event("request-3", json!({"question": "still?"}))).await;
    assert_eq!(reply.unwrap(), json!({"answer": "STILL?"}));
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    assert_eq!(bento::status().waiting(), 2);
    bento::shutdown(Duration::ZERO).unwrap_err();
}

fn event(request_id: &str, payload: Value) -> LambdaEvent<Value> {
    let mut context = Context::default();
    request_id.clone_into(&mut context.request_id);
    LambdaEvent::new(payload, context)
}
