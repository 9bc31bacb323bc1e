//! Agents that call agents: one trace, nested as the calls are. `cargo run --example nested_agents`
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use bento_local::{Config, Server};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start(Config::default())?;
    let _bento = bento::builder().api_key("bl_pk_local").base_url(server.url()).init()?;

    let turn = bento::begin("user_turn").user_id("u42").start();
    bento::track_ai("route").model("gpt-4o-mini").output("ask the coder").send();
    coder("reverse a string");
    // Work that only happens to be started here can have a trace of its own.
    let housekeeping = bento::begin("housekeeping").own_trace().start();
    bento::track_ai("summarise memory").model("gpt-4o-mini").send();
    housekeeping.finish()?;
    turn.output("s.chars().rev().collect()").finish()?;

    bento::flush(Duration::from_secs(5))?;
    for run in server.runs()? {
        println!("{}", run.tree());
    }
    Ok(())
}

fn coder(task: &str) {
    let agent = bento::begin("coder").input(task).start();
    bento::track_ai("write").model("gpt-4o").output("s.chars().rev().collect()").send();
    reviewer();
    agent.output("done");
}

fn reviewer() {
    bento::begin("reviewer").enter(|_| {
        bento::tool_span("cargo test").output("ok").send();
        bento::track_ai("approve").model("gpt-4o").send();
    });
}
