//! The request around the spans: where it goes, as whom, and how much of it at a time.

use serde_json::json;

use super::{flush, sends};
use crate::support::{KEY, LONG, Server, scenario, span_names, spans_of};

#[test]
fn the_head_says_what_the_contract_asks_and_no_more() {
    scenario(
        || {
            bento::track_ai("answer").send();
            flush();
        },
        |child| {
            let server = Server::ok();
            let url = format!("{}/a%20prefix/of/paths//", server.url());
            child.to(&server).env("BENTOLABS_BASE_URL", url).succeeds();
            let request = server.only();
            let mut lines: Vec<_> = request.head.trim_end().lines().map(str::to_lowercase).collect();
            assert_eq!(lines.remove(0), "post /a%20prefix/of/paths/v1/traces http/1.1");
            lines.retain(|line| !line.starts_with("content-length: "));
            lines.sort_unstable();
            let mut expected = vec![
                "accept: */*".to_owned(),
                format!("authorization: bearer {}", KEY.to_lowercase()),
                "content-encoding: gzip".to_owned(),
                "content-type: application/json".to_owned(),
                format!("host: {}", server.address()),
                format!("user-agent: bentolabs-sdk/{}", bento::SDK_VERSION),
            ];
            expected.sort_unstable();
            assert_eq!(lines, expected);
            assert_eq!(request.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
        },
    );
}

#[test]
fn the_resource_names_the_service() {
    scenario(
        || {
            let _bento = bento::builder().service_name(" shop ").service_version("2.1").init().unwrap();
            bento::track_ai("answer").send();
            flush();
        },
        |child| {
            let server = child.delivers();
            let resource = crate::support::normalised(&server.only())["resourceSpans"][0]["resource"].clone();
            assert_eq!(resource["attributes"]["service.name"], json!({"stringValue": "shop"}));
            assert_eq!(resource["attributes"]["service.version"], json!({"stringValue": "2.1"}));
            assert_eq!(resource["attributes"]["telemetry.sdk.language"], json!({"stringValue": "rust"}));
        },
    );
}

#[test]
fn an_empty_service_name_counts_as_absent() {
    scenario(
        || {
            let _bento = bento::builder().service_name("").service_version(" ").init().unwrap();
            bento::track_ai("answer").send();
            flush();
        },
        |child| {
            let server = child.delivers();
            sends(&server, json!([{"traceId": "T1", "spanId": "S1", "name": "answer", "kind": 1}]));
        },
    );
}

#[test]
fn a_request_carries_at_most_512_spans_in_order() {
    scenario(
        || {
            for number in 0..1_300 {
                bento::track_ai(number.to_string()).send();
            }
            flush();
        },
        |child| {
            let server = child.delivers();
            let requests = server.requests();
            for request in &requests {
                assert!(spans_of(std::slice::from_ref(request)).len() <= 512);
            }
            let names: Vec<String> = (0..1_300).map(|number| number.to_string()).collect();
            assert_eq!(span_names(&requests), names);
        },
    );
}

#[test]
fn a_request_carries_at_most_4_mib_unless_one_span_is_larger() {
    const MIB: usize = 1024 * 1024;
    scenario(
        || {
            let _bento = bento::builder().value_bytes(8 * MIB).init().unwrap();
            for _ in 0..6 {
                bento::track_ai("mib").input("x".repeat(MIB)).send();
            }
            // Escapes make six bytes of one.
            for _ in 0..2 {
                bento::track_ai("escaped").input("\u{1}".repeat(MIB / 2)).send();
            }
            bento::track_ai("huge").input("x".repeat(5 * MIB)).send();
            bento::flush(LONG).unwrap();
        },
        |child| {
            let server = child.delivers();
            let requests = server.requests();
            let mut sent = 0;
            for request in &requests {
                let spans = spans_of(std::slice::from_ref(request)).len();
                assert!(request.body.len() <= 4 * MIB || spans == 1, "{}", request.body.len());
                sent += spans;
            }
            assert_eq!(sent, 9);
            assert!(requests.len() <= 6, "{} requests for what fits in a handful", requests.len());
        },
    );
}
