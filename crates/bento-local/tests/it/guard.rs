//! Who may talk to a server.

use std::net::{IpAddr, Ipv4Addr};

use bento_local::{Config, Server};
use serde_json::{Value, json};

use crate::wire::{KEY, TRACE, batch, call, post, raw, server, span};

const SECRET: &str = "Bearer bl_pk_5ecret";

fn one() -> Vec<u8> {
    batch(&[span(1, 0, "turn", 0, 10, &json!({}))])
}

#[test]
fn only_this_machine_is_answered() {
    let server = server();
    let status = |head: &str| {
        let answer = raw(&server, &format!("GET /healthz HTTP/1.1\r\n{head}Connection: close\r\n\r\n"));
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    for good in [
        "Host: localhost\r\n",
        "Host: 127.0.0.1:1\r\n",
        "Host: localhost:5\r\nOrigin: http://localhost:5\r\n",
    ] {
        assert_eq!(status(good), "200", "{good}");
    }
    for bad in [
        "Host: evil.example\r\n",
        "",
        "Host: localhost\r\nOrigin: http://evil.example\r\n",
        "Host: localhost\r\nOrigin: null\r\n",
    ] {
        assert_eq!(status(bad), "403", "{bad}");
    }
    let answer = post(&server, &[("origin", "http://evil.example")], &one());
    assert_eq!((answer.status, server.runs().unwrap().len()), (403, 0));
    assert!(answer.detail().contains("web page"), "{answer:?}");
    let other: Value = answer.body;
    assert_eq!(other.as_object().map(serde_json::Map::len), Some(1));
}

#[test]
fn without_a_key_reading_is_open() {
    let server = server();
    assert_eq!(post(&server, &[], &one()).status, 200);
    for headers in [&[][..], &[("authorization", "Bearer anything")], &[("authorization", KEY)]] {
        assert_eq!(call(&server, "GET", "/workspaces", headers, b"").status, 200, "{headers:?}");
    }
}

/// Whoever has no key learns nothing, whatever is asked for.
fn wants_its_key(server: &Server) {
    let shown = |method: &str, path: &str, key: &str, body: &[u8]| {
        let headers = [("content-type", "application/json"), ("authorization", key)];
        call(server, method, path, &headers[..if key.is_empty() { 1 } else { 2 }], body)
    };
    let operations = [
        ("GET", "/workspaces", &b""[..]),
        ("POST", "/workspaces", br#"{"name": "x"}"#),
        ("PATCH", "/workspaces/local", br#"{"name": "x"}"#),
        ("GET", "/workspaces/local/traces", b""),
        ("GET", &format!("/traces/{TRACE}/body"), b""),
        ("GET", "/openapi.json", b""),
        ("GET", "/nowhere", b""),
        ("GET", "/v1/traces", b""),
        ("POST", "/v1/traces", &one()),
    ];
    for (method, path, body) in operations {
        for key in [
            "",
            "Bearer bl_pk_other",
            "Bearer bl_pk_5ecre",
            "Bearer bl_pk_5ecrett",
            "Bearer",
            "Basic bl_pk_5ecret",
            "bl_pk_5ecret",
        ] {
            let answer = shown(method, path, key, body);
            assert_eq!(
                (answer.status, answer.header("www-authenticate")),
                (401, "Bearer"),
                "{method} {path} {key}"
            );
            assert!(!answer.body.to_string().contains("5ecret"), "{answer:?}");
        }
    }
    // A large body is taken and thrown away, so that its sender sees the answer and no reset.
    let large = shown("POST", "/v1/traces", "", &vec![b' '; 20 << 20]);
    assert_eq!((large.status, server.bodies_received()), (401, 0));
    assert_eq!(shown("GET", "/healthz", "", b"").status, 200);
    for (method, path, body) in operations.into_iter().rev() {
        let status = shown(method, path, SECRET, body).status;
        assert!(
            [200, 201, 404, 405].contains(&status) && (status != 404 || path == "/nowhere"),
            "{method} {path}: {status}"
        );
    }
    assert_eq!(server.runs().unwrap().len(), 1);
    assert_eq!(shown("GET", "/workspaces", "bearer  bl_pk_5ecret", b"").status, 200);
    let page = [("authorization", SECRET), ("origin", "http://evil.example")];
    assert_eq!(
        call(server, "GET", "/workspaces", &page, b"").status,
        403,
        "a page that has the key is still a page"
    );
}

#[test]
fn a_server_with_a_key_wants_it_for_everything() {
    let server = Server::start(Config::default().key("bl_pk_5ecret")).unwrap();
    wants_its_key(&server);
    let elsewhere = [("authorization", SECRET), ("host", "evil.example")];
    assert_eq!(call(&server, "GET", "/workspaces", &elsewhere, b"").status, 403, "it is on loopback");
}

#[test]
fn a_server_for_other_machines_takes_any_host_with_the_key() {
    let everywhere: IpAddr = Ipv4Addr::UNSPECIFIED.into();
    let server = Server::start(Config::default().host(everywhere).key("bl_pk_5ecret")).unwrap();
    let named = [("authorization", SECRET), ("host", "build.example:8080")];
    assert_eq!(call(&server, "GET", "/workspaces", &named, b"").status, 200);
    let own_page = [("authorization", SECRET), ("host", "build.example"), ("origin", "http://build.example")];
    assert_eq!(call(&server, "GET", "/workspaces", &own_page, b"").status, 200);
    wants_its_key(&server);
}
