//! The files of the web page: what they are served as, and what they may do.

use std::fs;
use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use bento_local::{Config, Server};
use flate2::read::GzDecoder;

use crate::agent::agent;
use crate::wire::{raw, server};

/// Bytes of all files together, as a browser loads them.
const LARGEST_PAGE: usize = 100 << 10;

struct Answer {
    status: String,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

fn get(server: &Server, path: &str, headers: &str) -> Answer {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\r\n");
    let answer = raw(server, &request);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().to_owned();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/page")
}

/// The page's files, by their names below the folder.
fn files(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                let below = files(&path).into_iter();
                below.map(|(file, text)| (format!("{name}/{file}"), text)).collect()
            } else {
                vec![(name, fs::read_to_string(path).unwrap())]
            }
        })
        .collect()
}

#[test]
fn every_file_is_served_as_what_it_is() {
    let server = server();
    for (name, text) in files(&folder()) {
        let (path, media) = match name.rsplit_once('.').unwrap().1 {
            "html" => ("/".to_owned(), "text/html; charset=utf-8"),
            "css" => (format!("/assets/{name}"), "text/css; charset=utf-8"),
            "svg" => (format!("/assets/{name}"), "image/svg+xml"),
            "js" => (format!("/assets/{name}"), "text/javascript; charset=utf-8"),
            other => unreachable!("{name} is of an unknown kind: {other}"),
        };
        let answer = get(&server, &path, "");
        assert_eq!((&*answer.status, answer.header("content-type")), ("200", Some(media)), "{path}");
        assert!(answer.body == text, "{path}");
        let tag = answer.header("etag").unwrap();
        let again = get(&server, &path, &format!("If-None-Match: {tag}\r\n"));
        assert_eq!((&*again.status, &*again.body), ("304", ""), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-cache"), "{path}");
    }
    assert_eq!(get(&server, "/assets/nothing.js", "").status, "404");
    assert_eq!(get(&server, "/assets/../api/page.rs", "").status, "404");
}

#[test]
fn one_document_serves_every_address_of_the_page() {
    let server = server();
    let runs = get(&server, "/", "");
    let run = get(&server, "/runs/4bf92f3577b34da6a3ce929d0e0e4736?tab=output", "");
    assert_eq!((&*run.status, &run.body), ("200", &runs.body));
}

#[test]
fn the_page_may_load_and_run_nothing_but_its_own() {
    let server = server();
    let answer = get(&server, "/", "");
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    for (name, text) in files(&folder()) {
        for forbidden in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", " style=\""]
        {
            assert!(!text.contains(forbidden), "{name} has {forbidden}");
        }
        let outside = ["https://", "//cdn"].iter().any(|place| text.contains(place));
        assert!(!outside, "{name} names a place outside");
    }
}

#[test]
fn the_page_stays_small() {
    let server = server();
    let mut bytes = 0;
    for (name, text) in files(&folder()) {
        let path = if name == "index.html" { "/".to_owned() } else { format!("/assets/{name}") };
        let asked =
            agent().get(format!("{}{path}", server.url())).header("accept-encoding", "br, gzip;q=1.0");
        let gzip = asked.call().unwrap().body_mut().read_to_vec().unwrap();
        let mut inflated = String::new();
        GzDecoder::new(&*gzip).read_to_string(&mut inflated).unwrap();
        assert!(inflated == text, "{name} inflates to something else");
        bytes += gzip.len();
        assert!(text.lines().count() <= 420, "{name} has {} lines", text.lines().count());
    }
    assert!(bytes <= LARGEST_PAGE, "{bytes} bytes");
}

#[test]
fn the_page_is_there_without_the_key_and_not_under_another_name() {
    let config = Config::default().host(IpAddr::V4(Ipv4Addr::LOCALHOST)).key("bl_pk_5ecret");
    let server = Server::start(config).unwrap();
    assert_eq!(get(&server, "/", "").status, "200");
    assert_eq!(get(&server, "/assets/app.js", "").status, "200");
    assert_eq!(get(&server, "/workspaces", "").status, "401");
    let other = raw(&server, "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    assert!(other.starts_with("HTTP/1.1 403"), "{other}");
}
