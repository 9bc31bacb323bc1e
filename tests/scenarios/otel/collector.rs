//! The route through an OpenTelemetry Collector: what it receives, and what its answers come to.

use std::time::Duration;

use bento::LossReason;

use super::protobuf;
use crate::support::{Answer, Child, Ended, LONG, Server, leave, scenario};

fn start() -> bento::Guard {
    let route = bento::otel::collector(&std::env::var("COLLECTOR").unwrap()).unwrap();
    bento::builder().route(route).init().unwrap()
}

fn against(child: Child, server: &Server) -> Ended {
    child.env("COLLECTOR", format!("{}/prefix/", server.url())).succeeds()
}

#[test]
fn a_collector_receives_what_bento_would() {
    scenario(
        || {
            let _bento = start();
            let turn = bento::begin("turn").user_id("u1").tags(["a"]).start();
            println!("turn={}:{}", turn.trace_id(), turn.event_id());
            let tool = bento::tool_span("fetch").start();
            tool.record("x".parse::<u8>()).unwrap_err();
            println!("tool={}", tool.event_id());
            drop(tool);
            turn.property("int", 7).property("nan", f64::NAN).property("flags", [true]).finish().unwrap();
            bento::shutdown(LONG).unwrap();
            assert_eq!(bento::status().delivered(), 2);
        },
        |child| {
            let server = Server::ok();
            let ended = against(child, &server);
            let request = server.only();
            assert!(request.head.starts_with("POST /prefix/v1/traces HTTP/1.1\r\n"), "{}", request.head);
            assert_eq!(request.header("content-type"), Some("application/x-protobuf"));
            assert_eq!(request.header("content-encoding"), Some("gzip"));
            assert_eq!(request.header("authorization"), None);

            let resource = protobuf::resource(&request);
            assert_eq!(resource["service.name"], "StringValue(\"bentolabs-sdk\")");
            let [tool, turn] = protobuf::spans(&request).try_into().unwrap();
            assert!(ended.output.contains(&format!("turn={}:{}", turn.trace_id, turn.id)));
            assert!(ended.output.contains(&format!("tool={}", tool.id)));
            assert_eq!((&tool.parent_id, &tool.trace_id), (&turn.id, &turn.trace_id));
            assert_eq!(turn.parent_id, "");
            assert!(turn.times.0 <= tool.times.0 && tool.times.1 <= turn.times.1);
            assert_eq!(tool.status, Some((2, "invalid digit found in string".to_owned())));
            assert_eq!(tool.events[0].0, "exception");
            assert_eq!(turn.attributes["gen_ai.user.id"], "StringValue(\"u1\")");
            assert_eq!(turn.attributes["int"], "IntValue(7)");
            assert_eq!(turn.attributes["nan"], "DoubleValue(NaN)");
            assert!(turn.attributes["langfuse.tags"].contains("StringValue(\"a\")"));
            assert!(turn.attributes["flags"].contains("BoolValue(true)"));
        },
    );
}

#[test]
fn a_collector_s_outage_is_ridden_out() {
    scenario(
        || {
            let _bento = start();
            bento::track_ai("answer").send();
            bento::flush(LONG).unwrap();
            assert_eq!(bento::status().retries(), 3);
        },
        |child| {
            let throttle = Answer::status(429).header("Retry-After", "1");
            let server = Server::first([Answer::status(503), Answer::close(), throttle]);
            against(child, &server);
            let requests = server.requests();
            assert_eq!(requests.len(), 4);
            assert!(requests[3].at - requests[2].at >= Duration::from_secs(1));
            assert!(requests.iter().all(|request| protobuf::spans(request) == protobuf::spans(&requests[0])));
        },
    );
}

#[test]
fn a_collector_s_refusal_is_told() {
    scenario(
        || {
            let _bento = start();
            bento::track_ai("partly").send();
            bento::track_ai("partly").send();
            let error = bento::flush(LONG).unwrap_err();
            assert_eq!(error.losses().of(LossReason::Rejected), 1);
            assert_eq!(error.cause(), Some("too old"));
            bento::track_ai("refused").send();
            let error = bento::flush(LONG).unwrap_err();
            assert_eq!(error.losses().of(LossReason::Refused { status: 400 }), 1);
            assert!(error.cause().unwrap().starts_with("the Collector answered 400"), "{error}");
            // An empty 200 is a success.
            bento::track_ai("fine").send();
            bento::flush(LONG).unwrap();
            assert_eq!(bento::status().delivered(), 2);
        },
        |child| {
            let partial = Answer::status(200).body(protobuf::partial_success(1, "too\r\n old\u{1b}"));
            let empty = Answer::status(200);
            against(child, &Server::first([partial, Answer::status(400), empty]));
        },
    );
}

#[test]
fn a_collector_that_hangs_holds_nobody() {
    scenario(
        || {
            let _bento = start();
            bento::track_ai("answer").send();
            let error = bento::flush(Duration::from_millis(300)).unwrap_err();
            assert_eq!(error.waiting(), 1);
            let error = bento::shutdown(Duration::from_millis(300)).unwrap_err();
            assert_eq!(error.losses().of(LossReason::ShutdownDeadline), 1);
            leave();
        },
        |child| {
            let lingered = against(child, &Server::always(Answer::hang())).lingered();
            assert!(lingered < Duration::from_secs(4), "{lingered:?}");
        },
    );
}

#[test]
fn an_endpoint_is_checked_at_once() {
    let error = bento::otel::collector("localhost:4318").unwrap_err();
    assert!(matches!(error, bento::otel::CollectorError::Endpoint(bento::BaseUrlError::MissingScheme)));
}
