//! A small agent, seen: `cargo run --example quickstart`.
//!
//! It starts a local backend in this process, runs an agent of several steps, and prints the run as it arrived there. Live
//! mode is on, so that a backend elsewhere shows the steps as they start.
//! With `BENTOLABS_API_KEY` set, the run goes to the backend the environment names instead. With `-- --serve` the backend
//! stays until Ctrl-C, to be looked at in a browser and with `bento`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::time::Duration;

use bento_local::{Config, Server, client};
use serde_json::json;
use tokio::time::sleep;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let serve = std::env::args().any(|argument| argument == "--serve");
    let local = match std::env::var("BENTOLABS_API_KEY") {
        Ok(key) if !key.trim().is_empty() && serve => {
            return Err("--serve shows a backend of this process: unset BENTOLABS_API_KEY".into());
        }
        Ok(key) if !key.trim().is_empty() => None,
        _ => Some(Server::start(Config::default())?),
    };
    let _bento = match &local {
        Some(server) => bento::builder().api_key("bl_pk_local").base_url(server.url()).live(true).init()?,
        None => bento::builder().live(true).init()?,
    };

    let run =
        bento::begin("user_turn").user_id("u42").convo_id("c1").input("Where should I go in May?").start();
    let answer = travel_agent().await?;
    run.output(&answer).finish()?;

    bento::flush_async(Duration::from_secs(5)).await?;
    let trace = run.trace_id().to_string();
    match &local {
        Some(server) => println!("{}", client::fetch_run(server.url(), &trace)?.tree()),
        None => println!("Run {trace} went to {}.", bento::resolve_options()?.base_url()),
    }
    if let (Some(server), true) = (&local, serve) {
        stay(server, &trace).await?;
    }
    Ok(())
}

/// Keeps the backend until Ctrl-C.
async fn stay(server: &Server, trace: &str) -> std::io::Result<()> {
    println!("\nThe backend is still there; Ctrl-C ends it. See the run in a browser:\n");
    println!("  {}/runs/{trace}\n\nOr in another terminal:\n", server.url());
    println!("  export BENTOLABS_BASE_URL={}", server.url());
    println!(
        "  bento traces list\n  bento traces show {trace}\n  bento traces get-body {trace} --output pretty\n"
    );
    println!("`cargo install bento-local` brings `bento`.");
    tokio::signal::ctrl_c().await
}

/// Plans, looks two things up side by side, hands over to another agent, and answers.
async fn travel_agent() -> Result<String, ToolError> {
    model("plan", "gpt-4o", "openai", "Look up weather and flights, then ask the researcher.", (212, 31))
        .await;
    let (weather, flights) = tokio::join!(
        tool("weather", json!({"city": "Lisbon"}), async || Ok("22 °C, sunny".to_owned())),
        flights_with_a_retry(),
    );
    let advice =
        bento::begin("researcher").input("Is Lisbon good in May?").run(async |_| researcher().await).await;
    let answer = format!("Lisbon: {}, {}. {advice}", weather?, flights?);
    model("answer", "gpt-4o", "openai", &answer, (534, 48)).await;
    Ok(answer)
}

/// An agent inside the agent: its steps show inside its caller's run.
async fn researcher() -> String {
    let guide = tool("guide", json!({"query": "Lisbon May"}), async || Ok("Few crowds.".to_owned())).await;
    let advice = guide.unwrap_or_default();
    model("summarise", "claude-sonnet-4-5", "anthropic", &advice, (1_180, 12)).await;
    advice
}

/// A tool that fails once: both calls show, the first one as an error.
async fn flights_with_a_retry() -> Result<String, ToolError> {
    let query = json!({"to": "LIS"});
    match tool("flights", query.clone(), async || Err(ToolError("timeout: upstream did not answer"))).await {
        Ok(flights) => Ok(flights),
        Err(_) => tool("flights", query, async || Ok("from 89 €".to_owned())).await,
    }
}

/// Stands for a call of a model: the time it takes, then what it gave.
async fn model(event: &str, model: &str, provider: &str, output: &str, (read, written): (u64, u64)) {
    let took = Duration::from_millis(20);
    sleep(took).await;
    bento::track_ai(event)
        .model(model)
        .provider(provider)
        .output(output)
        .tokens(read, written)
        .duration(took)
        .send();
}

/// Stands for a tool: what goes in and what comes out are recorded, an error too.
async fn tool(
    name: &str,
    input: serde_json::Value,
    work: impl AsyncFnOnce() -> Result<String, ToolError>,
) -> Result<String, ToolError> {
    bento::tool_span(name)
        .input(input)
        .run(async |tool| {
            sleep(Duration::from_millis(10)).await;
            let found = work().await?;
            tool.output(&found);
            Ok(found)
        })
        .await
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct ToolError(&'static str);
