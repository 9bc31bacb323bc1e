//! The caller's own code, `Serialize` and `Display`, may call back and may panic: neither stops an emission.

use std::fmt;
use std::panic::resume_unwind;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use bento::testing::{Spans, capture};
use serde::{Serialize, Serializer};

#[derive(Serialize)]
struct Entry<T> {
    q: T,
}

/// Emits, updates and opens spans whenever it is read.
struct CallsBack;

impl CallsBack {
    fn call() {
        bento::update_current_span().property("called", "back").apply();
        bento::update_current_trace().user_id("u").apply();
        bento::track_ai("inside").input(7).send();
        let nested = bento::begin("nested").start();
        nested.output("x").finish().unwrap();
        bento::tool_span("tool").enter(|tool| tool.output("y").event_id());
    }
}

impl Serialize for CallsBack {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::call();
        serializer.serialize_str("called back")
    }
}

impl fmt::Display for CallsBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Self::call();
        f.write_str("called back")
    }
}

/// Panics whenever it is read.
struct Panics;

impl Serialize for Panics {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        resume_unwind(Box::new("in Serialize"))
    }
}

impl fmt::Display for Panics {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        resume_unwind(Box::new("in Display"))
    }
}

/// Tells a text, and panics after it.
struct Half;

impl Serialize for Half {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("half")?;
        resume_unwind(Box::new("after a text"))
    }
}

/// Panics inside a value that had begun well.
struct Fails;

impl fmt::Display for Fails {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Err(fmt::Error)
    }
}

/// A deadlock shows as a failure, not as a test that never ends.
fn captured_in_time(work: impl FnOnce() + Send + 'static) -> Spans {
    let (done, ended) = channel();
    thread::spawn(move || done.send(capture(work)));
    ended.recv_timeout(Duration::from_secs(20)).unwrap()
}

#[test]
fn what_a_value_emits_while_it_is_read_belongs_to_the_open_span() {
    let spans = captured_in_time(|| {
        let turn = bento::begin("turn").start();
        turn.output(CallsBack).property("p", CallsBack).error(&CallsBack);
        turn.properties(Entry { q: CallsBack });
        bento::update_current_span().input(CallsBack).apply();
        bento::track_ai("call").input(CallsBack).send();
        assert_eq!(turn.record(Err::<(), _>(CallsBack)).err().map(|_| ()), Some(()));
        turn.finish().unwrap();
    });
    let turn = spans.find("turn").unwrap();
    for key in ["output.value", "input.value", "p", "q"] {
        assert_eq!(turn.attribute(key), Some("called back".into()), "{key}");
    }
    assert_eq!(turn.error(), Some("called back"));
    assert_eq!(turn.attribute("called"), Some("back".into()));
    for span in spans.iter().filter(|span| span.name() != "turn") {
        assert_eq!(span.parent_id(), Some(turn.id()), "{}", span.name());
    }
}

#[test]
fn a_value_may_finish_the_span_it_is_written_to() {
    struct Finishes<'a>(&'a bento::Trajectory);
    impl Serialize for Finishes<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.0.property("last", "word").finish().unwrap();
            serializer.serialize_str("too late")
        }
    }
    let spans = captured_in_time(|| {
        let turn = bento::begin("turn").start();
        turn.output(Finishes(&turn));
    });
    assert_eq!(spans.find("turn").unwrap().attribute("last"), Some("word".into()));
    assert_eq!(spans.find("turn").unwrap().attribute("output.value"), None);
}

#[test]
fn a_panic_in_a_value_costs_that_value() {
    let spans = capture(|| {
        let turn = bento::begin("turn").user_id(Panics).convo_id("c").input(Panics).start();
        turn.output(Panics).property("p", Panics).properties(Panics);
        let call = bento::track_ai("call").input("in").output(vec![Panics]).property("p", (1, Panics));
        call.properties(Entry { q: Panics }).send();
        bento::propagate_attributes()
            .user_id(Panics)
            .property("p", Panics)
            .enter(|| bento::track_ai("x").send());
        bento::update_current_trace().user_id(Panics).apply();
    });
    let turn = spans.find("turn").unwrap();
    assert_eq!(turn.error(), None);
    assert_eq!(turn.attribute("gen_ai.user.id"), None);
    assert_eq!(turn.attribute("gen_ai.conversation.id"), Some("c".into()));
    for key in ["input.value", "output.value", "p", "properties"] {
        assert!(turn.attribute(&format!("bento.unserializable.{key}")).is_some(), "{key}");
    }
    let call = spans.find("call").unwrap();
    assert_eq!(call.attribute("input.value"), Some("in".into()));
    for key in ["output.value", "p", "q"] {
        assert!(call.attribute(&format!("bento.unserializable.{key}")).is_some(), "{key}");
    }
}

#[test]
fn an_identity_that_is_told_by_half_is_not_told() {
    let spans = capture(|| {
        bento::track_ai("before").user_id("u1").user_id(Half).convo_id("c1").convo_id(Half).send();
        bento::track_ai("first").user_id(Half).convo_id(Half).send();
        bento::track_ai("after").user_id(Half).user_id("u1").convo_id(Half).convo_id("c1").send();
        let outer = || bento::propagate_attributes().user_id("u1").session_id("c1");
        outer().enter(|| {
            let inner = bento::propagate_attributes().user_id(Half).session_id(Half);
            inner.enter(|| bento::track_ai("inner").send());
        });
        outer().user_id(Half).session_id(Half).enter(|| bento::track_ai("scope").send());
        bento::propagate_attributes().user_id(Half).session_id(Half).enter(|| bento::track_ai("none").send());
        let _turn = bento::begin("turn").user_id("u1").convo_id("c1").start();
        bento::update_current_trace().user_id(Half).session_id(Half).apply();
    });
    let told = |name: &str| {
        let span = spans.find(name).unwrap();
        ["gen_ai.user.id", "gen_ai.conversation.id"].map(|key| span.attribute(key))
    };
    for name in ["before", "after", "inner", "scope", "turn"] {
        assert_eq!(told(name), [Some("u1".into()), Some("c1".into())], "{name}");
    }
    for name in ["first", "none"] {
        assert_eq!(told(name), [None, None], "{name}");
    }
}

#[test]
fn a_display_that_fails_loses_neither_the_error_nor_the_result() {
    let spans = capture(|| {
        bento::track_ai("call").error(&Panics).send();
        assert!(bento::tool_span("panics").enter(|_| Err::<(), _>(Panics)).is_err());
        assert!(bento::begin("fails").enter(|_| Err::<(), _>(Fails)).is_err());
    });
    for span in &spans {
        assert!(span.error().is_some(), "{}", span.name());
        assert_ne!(span.error_type(), Some("panic"));
    }
}
