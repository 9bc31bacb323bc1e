//! Threads: a handle takes the context along. `cargo run --example threads`
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::thread;
use std::time::Duration;

use bento_local::{Config, Server};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start(Config::default())?;
    let _bento = bento::builder().api_key("bl_pk_local").base_url(server.url()).init()?;

    let batch = bento::begin("nightly_batch").start();
    let here = bento::current();
    let workers: Vec<_> = (1..=3)
        .map(|page| {
            let here = here.clone();
            thread::spawn(move || here.enter(|| summarise(page)))
        })
        .collect();
    for worker in workers {
        worker.join().map_err(|_| "a worker panicked")?;
    }
    batch.finish()?;

    bento::flush(Duration::from_secs(5))?;
    for run in server.runs()? {
        println!("{}", run.tree());
    }
    Ok(())
}

fn summarise(page: u32) {
    let tool = bento::tool_span("read page").input(page).start();
    bento::track_ai("summarise").model("gpt-4o-mini").property("page", page).send();
    tool.output("three sentences");
}
