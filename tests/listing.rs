//! The API as its user reads it: the listing the crate was designed from, held to compile as it stands.

#![expect(dead_code, clippy::unused_async, reason = "the listing is compiled, not run")]

use std::time::Duration;

use serde_json::json;

type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

#[derive(serde::Serialize)]
struct Hit(String);

#[derive(Debug, thiserror::Error)]
#[error("no hits")]
struct Error;

async fn fetch(q: &str) -> Result<Vec<Hit>, Error> {
    if q.is_empty() { Err(Error) } else { Ok(vec![Hit(q.to_owned())]) }
}

async fn agent(q: &str, turn: &bento::Trajectory) -> String {
    format!("{q} {}", turn.event_id())
}

fn work() {}

async fn job() {}

mod auth {
    pub(crate) fn current_user() -> Option<String> {
        None
    }
}

fn start(key: &str) -> Result<()> {
    let _bento = bento::init()?;
    let _bento = bento::builder().api_key(key).base_url("http://localhost:8080").init()?;
    let _bento = bento::builder().user_id(auth::current_user).session_id("s1").tags(["env:prod"]).init()?;
    Ok(())
}

async fn emit(question: String, q: &str, answer: &str) -> Result<()> {
    let id = bento::track_ai("answer")
        .user_id("u42")
        .convo_id("c1")
        .model("gpt-4o")
        .provider("openai")
        .input("Hi")
        .output(json!({"a": 1}))
        .tokens(12, 7)
        .property("experiment", 17)
        .send();

    let turn = bento::begin("user_turn").user_id("u42").input(&question).start();
    bento::track_ai("plan").send();
    let hits = bento::tool_span("search").input(json!({"q": q})).run(async |_tool| fetch(q).await).await?;
    turn.output(answer).property("hits", hits.len()).property("answer", id.to_string()).finish()?;

    let reply = bento::begin("user_turn").run(async |turn| agent(q, turn).await).await;
    drop(reply);
    Ok(())
}

#[bento::interaction(event = "user_turn")]
async fn handle(message: String) -> Result<String> {
    Ok(format!("{} hits", search(&message)?.len()))
}

#[bento::tool(capture_input = false)]
fn search(query: &str) -> Result<Vec<Hit>, Error> {
    if query.is_empty() { Err(Error) } else { Ok(Vec::new()) }
}

async fn say_who(id: u64) {
    bento::propagate_attributes().user_id("u42").clear_tags().run(async || job().await).await;
    bento::update_current_trace().user_id(id).property("plan", "pro").apply();
}

fn hand_over() {
    let here = bento::current();
    std::thread::spawn(move || here.enter(work));
    tokio::spawn(bento::current().run(async move { job().await }));
}

async fn deliver() -> Result<()> {
    bento::flush(Duration::from_secs(2))?;
    bento::flush_async(Duration::from_secs(2)).await?;
    Ok(())
}

fn is_send<T: Send>(_: T) {}

#[test]
fn futures_are_send() {
    is_send(emit(String::new(), "q", "a"));
    is_send(handle(String::new()));
    is_send(say_who(7));
    is_send(deliver());
}

#[test]
fn a_tree_is_compared_as_text() {
    let handle = |question: &str| {
        let _turn = bento::begin("user_turn").input(question).start();
        bento::track_ai("plan").send();
        bento::tool_span("search").send();
    };
    let spans = bento::testing::capture(|| handle("hi"));
    assert_eq!(spans.tree(), "user_turn\n  plan\n  search [tool]");
}
