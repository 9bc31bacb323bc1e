//! Steps side by side: `join!`, `select!` and spawned tasks keep their parents. `cargo run --example concurrent`
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use bento_local::{Config, Server};
use tokio::time::sleep;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start(Config::default())?;
    let _bento = bento::builder().api_key("bl_pk_local").base_url(server.url()).init()?;

    // A wrapped future carries its own context, so its siblings do not see it.
    bento::begin("user_turn")
        .run(async |_| {
            tokio::join!(search("hotels", 20), search("flights", 10));

            // The loser of a race is dropped: its span ends there, marked as cancelled.
            tokio::select! {
                () = search("fast mirror", 5) => {}
                () = search("slow mirror", 5_000) => {}
            }

            // A new task starts as a root unless the caller hands its context over.
            let task = tokio::spawn(bento::current().run(search("background", 5)));
            task.await
        })
        .await?;

    bento::flush_async(Duration::from_secs(5)).await?;
    for run in server.runs()? {
        println!("{}", run.tree());
    }
    Ok(())
}

async fn search(what: &str, millis: u64) {
    bento::tool_span("search")
        .input(what)
        .run(async |_| {
            sleep(Duration::from_millis(millis)).await;
            bento::track_ai(format!("rank {what}")).model("gpt-4o-mini").send();
        })
        .await;
}
