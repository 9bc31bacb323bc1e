//! Who a span belongs to: the call's own argument, then the trace, the scope, and what `init` was given.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::flush;
use crate::support::{Server, normalised, scenario, span_names};

/// User, session and tags of each span, by name.
fn identities(server: &Server) -> Value {
    let request = normalised(&server.only());
    let spans = request["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().cloned().unwrap();
    let identity = |span: &Value| {
        let attributes = &span["attributes"];
        let tags = attributes["langfuse.tags"]["arrayValue"]["values"].as_array().map(|tags| {
            tags.iter().map(|tag| tag["stringValue"].as_str().unwrap()).collect::<Vec<_>>().join(",")
        });
        json!([
            attributes["gen_ai.user.id"]["stringValue"],
            attributes["gen_ai.conversation.id"]["stringValue"],
            tags,
        ])
    };
    spans.iter().map(|span| (span["name"].as_str().unwrap().to_owned(), identity(span))).collect()
}

#[test]
fn the_nearest_source_wins_field_by_field() {
    scenario(
        || {
            static CALLS: AtomicUsize = AtomicUsize::new(0);
            let counted = || format!("init{}", CALLS.fetch_add(1, Ordering::Relaxed));
            let _bento = bento::builder()
                .user_id(counted)
                .session_id(|| -> Option<String> { panic!("the host's closure fails") })
                .tags("init")
                .init()
                .unwrap();
            bento::track_ai("plain").send();
            bento::track_ai("again").send();
            bento::track_ai("own").user_id("call").tags(vec!["a", "b"]).send();
            bento::propagate_attributes().user_id("scope").session_id("scope").enter(|| {
                bento::track_ai("scoped").send();
                bento::track_ai("scoped_own").user_id("call").send();
                bento::propagate_attributes().clear_user_id().clear_tags().session_id("inner").enter(|| {
                    bento::track_ai("cleared").send();
                });
                let turn = bento::begin("turn").start();
                bento::update_current_trace().user_id("trace").apply();
                bento::track_ai("updated").send();
                bento::track_ai("updated_own").convo_id("call").send();
                turn.finish().unwrap();
            });
            flush();
        },
        |child| {
            let server = child.delivers();
            assert_eq!(
                identities(&server),
                json!({
                    "plain": ["init0", null, "init"],
                    "again": ["init1", null, "init"],
                    "own": ["call", null, "a,b"],
                    "scoped": ["scope", "scope", "init"],
                    "scoped_own": ["call", "scope", "init"],
                    "cleared": [null, "inner", null],
                    "updated": ["trace", "scope", "init"],
                    "updated_own": ["trace", "call", "init"],
                    // An argument of a child replaces what the root has.
                    "turn": ["trace", "call", "init"],
                })
            );
        },
    );
}

#[test]
fn the_root_gets_what_its_children_know() {
    scenario(
        || {
            let turn = bento::begin("turn").user_id("root").start();
            bento::propagate_attributes().user_id("scope").session_id("scope").tags("scope").enter(|| {
                // An implicit user fills only where there is none.
                bento::tool_span("tool").property("private", 1).enter(|_| ());
            });
            turn.finish().unwrap();

            let replaced = bento::begin("replaced").user_id("root").start();
            bento::track_ai("child").user_id("child").send();
            replaced.finish().unwrap();
            flush();
        },
        |child| {
            let server = child.delivers();
            assert_eq!(
                identities(&server),
                json!({
                    "tool": ["scope", "scope", "scope"],
                    "turn": ["root", "scope", "scope"],
                    "child": ["child", null, null],
                    "replaced": ["child", null, null],
                })
            );
            let bodies = String::from_utf8(server.only().body).unwrap();
            assert_eq!(bodies.matches("private").count(), 1, "a tool's properties are its own");
        },
    );
}

#[test]
fn a_second_init_updates_the_sources_it_names() {
    scenario(
        || {
            let _first = bento::builder().user_id("u1").session_id("s1").init().unwrap();
            bento::track_ai("before").send();
            let _second = bento::builder().user_id("u2").init().unwrap();
            bento::track_ai("after").send();
            flush();
        },
        |child| {
            let server = child.delivers();
            // The second guard's drop found nothing left to send.
            assert_eq!(span_names(&server.requests()), ["before", "after"]);
            assert_eq!(
                identities(&server),
                json!({"before": ["u1", "s1", null], "after": ["u2", "s1", null]})
            );
        },
    );
}
