//! A web service: one trajectory a request, which continues the caller's trace if it sends a `traceparent`.
//!
//! `cargo run --example axum_service` serves one request that it makes itself, and prints the run.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use bento::{Context, InContextExt};
use bento_local::{Config, Server};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start(Config::default())?;
    let _bento =
        bento::builder().api_key("bl_pk_local").base_url(server.url()).service_name("shop").init()?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let service = axum::serve(listener, Router::new().route("/ask", post(ask))).into_future();
    tokio::spawn(service);

    let reply = bento::begin("client").run(async |_| request(address).await).await?;
    println!("{}", reply.lines().last().unwrap_or_default());

    bento::flush_async(Duration::from_secs(5)).await?;
    for run in server.runs()? {
        println!("{}", run.tree());
    }
    Ok(())
}

async fn ask(headers: HeaderMap, Json(body): Json<Value>) -> Json<Value> {
    let caller = headers.get("traceparent").and_then(|header| header.to_str().ok());
    let caller = caller.and_then(|header| Context::from_traceparent(header).ok()).unwrap_or_default();
    let turn = bento::begin("ask").input(&body).run(async |turn| {
        bento::track_ai("answer").model("gpt-4o").output("42").tokens(9, 1).send();
        turn.output("42");
        Json(json!({"answer": "42"})).0
    });
    Json(turn.in_context(caller).await)
}

/// A request by hand, so that the example needs no HTTP client.
async fn request(address: std::net::SocketAddr) -> std::io::Result<String> {
    let traceparent = bento::current().traceparent().unwrap_or_default();
    let body = json!({"question": "meaning of life"}).to_string();
    let head = format!(
        "POST /ask HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nTraceparent: {traceparent}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(head.as_bytes()).await?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await?;
    Ok(reply)
}
