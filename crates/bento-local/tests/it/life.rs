//! Starting and stopping.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use bento_local::{Config, Server, StartError};
use serde_json::json;

use crate::wire::{TRACE, batch, get, hold, post, send, server, span};

#[test]
fn it_listens_when_start_returns_and_not_after_stop() {
    let server = server();
    let addr = server.addr();
    assert_eq!(server.url(), format!("http://{addr}"));
    assert_eq!(get(&server, "/healthz").status, 200);
    let _port = hold(&server);
    server.stop();
    assert!(TcpStream::connect(addr).is_err());
    let again = Server::start(Config::default().port(addr.port())).unwrap();
    assert_eq!(again.addr(), addr);
}

#[test]
fn a_port_in_use_is_told() {
    let first = server();
    let error = Server::start(Config::default().port(first.addr().port())).unwrap_err();
    assert!(matches!(&error, StartError::Listen { addr, .. } if *addr == first.addr()), "{error}");
}

#[test]
fn it_stays_on_this_machine() {
    let error = Server::start(Config::default().host([0, 0, 0, 0].into())).unwrap_err();
    assert!(error.to_string().contains("listen on 127.0.0.1"), "{error}");
}

/// The head of a good request; the server asks for its body with `100 Continue`.
const HEAD: &[u8] = b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer bl_pk_x\r\nContent-Type: application/json\r\n\
    Content-Length: 2\r\nExpect: 100-continue\r\n\r\n";

#[test]
fn a_client_that_dawdles_does_not_hold_up_the_stop() {
    let server = server();
    let mut halfway = TcpStream::connect(server.addr()).unwrap();
    halfway.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    halfway.write_all(HEAD).unwrap();
    let mut asked = [0; 25];
    halfway.read_exact(&mut asked).unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    let before = Instant::now();
    server.stop();
    assert!(before.elapsed() < Duration::from_secs(3), "{:?}", before.elapsed());
    assert_eq!(halfway.read(&mut asked).unwrap(), 0, "it hangs up");
}

#[test]
fn a_hook_that_hangs_is_left_behind() {
    let (entered, inside) = mpsc::channel();
    let (_release, never) = mpsc::channel::<()>();
    let never = Mutex::new(never);
    let hook = move |_: &[u8]| {
        entered.send(()).unwrap();
        let _ = never.lock().unwrap().recv();
    };
    let server = Server::start(Config::default().on_body(hook)).unwrap();
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    stream.write_all(&[HEAD, b"{}"].concat()).unwrap();
    inside.recv().unwrap();
    let before = Instant::now();
    server.stop();
    assert!(before.elapsed() < Duration::from_secs(6), "{:?}", before.elapsed());
}

#[test]
fn a_hook_that_panics_takes_one_request_with_it() {
    let server = Server::start(Config::default().on_body(|json| assert!(json != b"[]", "told to"))).unwrap();
    let url = format!("{}/v1/traces", server.url());
    let request =
        ureq::post(&url).header("authorization", "Bearer bl_pk_x").header("content-type", "application/json");
    assert!(request.send("[]").is_err());
    assert_eq!(post(&server, &[], &batch(&[])).status, 200);
}

#[test]
fn it_starts_and_stops_within_a_runtime() {
    for multi in [false, true] {
        let mut builder = if multi {
            tokio::runtime::Builder::new_multi_thread()
        } else {
            tokio::runtime::Builder::new_current_thread()
        };
        builder.enable_all().build().unwrap().block_on(async {
            let server = server();
            send(&server, &[span(1, 0, "turn", 0, 1, &json!({}))]);
            drop(server);
        });
    }
}

#[test]
fn a_settled_run_is_told_once_and_again_when_it_grows() {
    let server = server();
    let settled = |quiet| server.take_settled(quiet).len();
    send(&server, &[span(2, 1, "plan", 0, 1, &json!({}))]);
    assert_eq!(settled(Duration::ZERO), 0, "its root is not there");
    send(&server, &[span(1, 0, "turn", 0, 1, &json!({}))]);
    assert_eq!(settled(Duration::from_secs(3600)), 0, "it is not quiet");
    assert_eq!((settled(Duration::ZERO), settled(Duration::ZERO)), (1, 0));
    send(&server, &[span(1, 0, "turn", 0, 1, &json!({}))]);
    assert_eq!(settled(Duration::ZERO), 0, "nothing new");
    send(&server, &[span(3, 1, "late", 0, 1, &json!({}))]);
    assert_eq!(settled(Duration::ZERO), 1);
    assert!(server.run(TRACE).unwrap().is_some() && server.run("?").unwrap().is_none());
}
