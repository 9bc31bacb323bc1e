//! The exact bytes' meaning of each call, as a backend receives it.

mod calls;
mod identity;
mod request;
mod values;

use std::time::Duration;

use serde_json::Value;

use crate::support::{LONG, Server, body, normalised, scenario};

/// Makes `calls` in a child, and compares the one request they end in.
fn sends(server: &Server, spans: Value) {
    assert_eq!(normalised(&server.only()), body(spans), "{}", String::from_utf8_lossy(&server.only().body));
}

fn flush() {
    bento::flush(LONG).unwrap();
}

#[test]
fn a_strict_reader_takes_every_body() {
    scenario(
        || {
            let _turn = bento::begin("turn").input("a\u{0}\u{7f}\"\\ é 😀").start();
            for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 5e-324, f64::MAX] {
                bento::track_ai("odd").property("value", value).property("", [value]).send();
            }
            bento::track_ai("large").property("above", u64::MAX).property("wide", i128::MIN).send();
            bento::tool_span("failing").error("no").duration(Duration::from_secs(1)).send();
            bento::shutdown(LONG).unwrap();
        },
        |child| {
            let server = child.delivers();
            let Some(validator) = std::env::var_os("BENTO_TEST_OTLP_VALIDATOR") else {
                println!("skipped: BENTO_TEST_OTLP_VALIDATOR names no program that checks OTLP/JSON files");
                return;
            };
            let file = std::env::temp_dir().join(format!("bento-otlp-{}.json", std::process::id()));
            std::fs::write(&file, server.only().body).unwrap();
            let verdict = std::process::Command::new(validator).arg(&file).output().unwrap();
            std::fs::remove_file(&file).unwrap();
            assert!(verdict.status.success(), "{}", String::from_utf8_lossy(&verdict.stdout));
        },
    );
}
