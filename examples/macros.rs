//! Whole functions as steps: the attributes take the arguments as input and the result as output, an `Err` as error.
//!
//! `cargo run --example macros`
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use bento_local::{Config, Server};
use serde::Serialize;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start(Config::default())?;
    let _bento = bento::builder().api_key("bl_pk_local").base_url(server.url()).init()?;

    handle("How do I trace an agent?".to_owned()).await?;

    bento::flush_async(Duration::from_secs(5)).await?;
    for run in server.runs()? {
        println!("{}", run.tree());
        for span in &run.spans {
            let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
            println!("{}: {} → {}", span.name, shown(&span.input), shown(&span.output));
        }
    }
    Ok(())
}

#[bento::interaction(event = "user_turn")]
async fn handle(message: String) -> Result<String, NotFound> {
    let hits = search(&message, "bl_secret")?;
    let page = match read_page(&hits[1]).await {
        Ok(page) => page,
        // The failed call shows in the run all the same.
        Err(_) => hits[0].url.clone(),
    };
    let answer = format!("see {page}");
    bento::track_ai("answer").model("gpt-4o").input(&message).output(&answer).tokens(120, 9).send();
    Ok(answer)
}

/// What must not leave the process is skipped.
#[bento::tool(name = "web search", skip(token))]
fn search(query: &str, token: &str) -> Result<Vec<Hit>, NotFound> {
    if query.is_empty() || token.is_empty() {
        return Err(NotFound("nothing to search for".to_owned()));
    }
    Ok((1..=2).map(|number| Hit { url: format!("https://bento.example/{number}") }).collect())
}

/// Nor is an argument that is large, or no value at all.
#[bento::tool(name = "read page", capture_input = false)]
async fn read_page(hit: &Hit) -> Result<String, NotFound> {
    tokio::time::sleep(Duration::from_millis(5)).await;
    Err(NotFound(hit.url.clone()))
}

#[derive(Serialize)]
struct Hit {
    url: String,
}

#[derive(Debug, thiserror::Error)]
#[error("{0}: not found")]
struct NotFound(String);
