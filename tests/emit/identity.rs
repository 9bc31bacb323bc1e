//! Who a span belongs to: precedence, and what the root learns from its children.

use bento::testing::{Span, Spans, capture};
use serde_json::{Value, json};

const USER: &str = "gen_ai.user.id";
const SESSION: &str = "gen_ai.conversation.id";
const TAGS: &str = "langfuse.tags";

fn of(spans: &Spans, name: &str, key: &str) -> Option<Value> {
    spans.find(name).unwrap().attribute(key)
}

#[test]
fn the_call_comes_before_the_trace_and_the_trace_before_the_scope() {
    let spans = capture(|| {
        bento::propagate_attributes().user_id("scope").session_id("scope").tags("scope").enter(|| {
            let _turn = bento::begin("turn").start();
            bento::track_ai("before").send();
            bento::update_current_trace().user_id("trace").session_id("trace").apply();
            bento::track_ai("after").send();
            let tool = bento::tool_span("tool").start();
            bento::track_ai("own").user_id("call").send();
            drop(tool);
        });
    });
    assert_eq!(of(&spans, "before", USER), Some("scope".into()));
    assert_eq!(of(&spans, "after", USER), Some("trace".into()));
    assert_eq!(of(&spans, "after", TAGS), Some(json!(["scope"])));
    assert_eq!(of(&spans, "tool", SESSION), Some("trace".into()));
    assert_eq!(of(&spans, "own", USER), Some("call".into()));
    assert_eq!(of(&spans, "own", SESSION), Some("trace".into()));
    assert_eq!(of(&spans, "turn", SESSION), Some("trace".into()));
    assert_eq!(of(&spans, "turn", TAGS), Some(json!(["scope"])));
}

#[test]
fn an_explicit_argument_of_a_child_overwrites_the_root() {
    let spans = capture(|| {
        let _turn = bento::begin("turn").user_id("root").convo_id("root").start();
        bento::tool_span("tool").enter(|_| {
            bento::track_ai("call").user_id("child").tags("t").send();
        });
        bento::begin("nested").convo_id("nested").enter(|_| ());
    });
    assert_eq!(of(&spans, "turn", USER), Some("child".into()));
    assert_eq!(of(&spans, "turn", SESSION), Some("nested".into()));
    assert_eq!(of(&spans, "turn", TAGS), Some(json!(["t"])));
    assert_eq!(of(&spans, "tool", USER), None, "only the root learns");
}

#[test]
fn what_a_child_knows_by_its_scope_only_fills() {
    let spans = capture(|| {
        let _turn = bento::begin("turn").user_id("root").start();
        for scope in ["first", "second"] {
            let attributes = bento::propagate_attributes().user_id(scope).session_id(scope).tags([scope]);
            attributes.enter(|| bento::track_ai(scope).send());
        }
    });
    assert_eq!(of(&spans, "turn", USER), Some("root".into()));
    assert_eq!(of(&spans, "turn", SESSION), Some("first".into()));
    assert_eq!(of(&spans, "turn", TAGS), Some(json!(["first"])));
    assert_eq!(of(&spans, "second", SESSION), Some("second".into()));
}

#[test]
fn the_newest_word_about_the_root_counts() {
    let spans = capture(|| {
        bento::begin("a").enter(|_| {
            bento::update_current_trace().user_id("trace").apply();
            bento::track_ai("call").user_id("child").send();
        });
        bento::begin("b").user_id("root").enter(|_| {
            bento::track_ai("call").user_id("child").send();
            bento::update_current_trace().user_id("trace").apply();
        });
    });
    assert_eq!(of(&spans, "a", USER), Some("child".into()));
    assert_eq!(of(&spans, "b", USER), Some("trace".into()));
}

#[test]
fn properties_of_children_stay_theirs() {
    let spans = capture(|| {
        let _turn = bento::begin("turn").start();
        bento::tool_span("tool").property("a", 1).enter(|tool| tool.property("b", 2).event_id());
        bento::track_ai("call").property("c", 3).send();
    });
    let keys: Vec<&str> = spans.find("turn").unwrap().attributes().map(|(key, _)| key).collect();
    assert!(keys.is_empty(), "{keys:?}");
}

#[test]
fn a_scope_inherits_sets_or_clears() {
    let spans = capture(|| {
        bento::propagate_attributes().user_id("u").session_id("s").tags(["a", "b"]).property("p", 1).enter(
            || {
                let nothing = None::<&str>;
                let inner = bento::propagate_attributes().user_id(nothing).clear_session_id().tags("c");
                inner.property("q", 2).enter(|| bento::track_ai("inner").property("p", "own").send());
                let clear = bento::propagate_attributes().clear_user_id().clear_tags();
                clear.enter(|| bento::track_ai("cleared").send());
                bento::track_ai("outer").user_id(nothing).send();
            },
        );
        bento::track_ai("outside").send();
    });
    let all = |name| [USER, SESSION, TAGS, "p", "q"].map(|key| of(&spans, name, key));
    assert_eq!(
        all("inner"),
        [Some("u".into()), None, Some(json!(["c"])), Some("own".into()), Some(2.into())]
    );
    assert_eq!(all("cleared"), [None, Some("s".into()), None, Some(1.into()), None]);
    assert_eq!(
        all("outer"),
        [Some("u".into()), Some("s".into()), Some(json!(["a", "b"])), Some(1.into()), None]
    );
    assert_eq!(all("outside"), [None, None, None, None, None]);
}

#[test]
fn a_marker_goes_with_the_property_of_its_scope() {
    const MIB: usize = 1 << 20;
    let scope = |p: &str| bento::propagate_attributes().property("p", p);
    let spans = capture(|| {
        scope("outer").enter(|| {
            scope(&"x".repeat(MIB + 1)).enter(|| {
                bento::track_ai("cut").send();
                scope("inner").enter(|| bento::track_ai("whole").send());
            });
        });
    });
    let marker = |name| of(&spans, name, "bento.truncated.p");
    assert_eq!(marker("cut"), Some((MIB + 1).into()));
    assert_eq!(of(&spans, "whole", "p"), Some("inner".into()));
    assert_eq!(marker("whole"), None);
}

#[test]
fn nested_scopes_count_the_properties_past_the_maximum() {
    let scope = |name: &str| {
        (0..1_000).fold(bento::propagate_attributes(), |scope, i| scope.property(format!("{name}{i}"), i))
    };
    let spans = capture(|| {
        scope("outer").property("outer", 0).enter(|| {
            let inner = scope("inner").property("outer", 1);
            (0..30).fold(inner, |inner, i| inner.property(format!("more{i}"), i)).enter(|| {
                bento::track_ai("call").send();
            });
        });
    });
    let call = spans.find("call").unwrap();
    let properties = call.attributes().filter(|(key, _)| key.starts_with(['o', 'i', 'm']));
    assert_eq!(properties.count(), 1_024);
    assert_eq!(call.attribute("outer"), Some(1.into()));
    assert_eq!(call.attribute("bento.dropped_properties"), Some((1_001 + 1_030 - 1_024).into()));
}

#[tokio::test]
async fn a_scope_is_exact_among_siblings() {
    let spans = bento::testing::capture_async(async {
        let job = async |user: &'static str| {
            bento::propagate_attributes()
                .user_id(user)
                .run(async || {
                    tokio::task::yield_now().await;
                    bento::track_ai(user).send();
                })
                .await;
        };
        tokio::join!(job("a"), job("b"));
        bento::track_ai("after").send();
    })
    .await;
    for user in ["a", "b"] {
        assert_eq!(of(&spans, user, USER), Some(user.into()));
    }
    assert_eq!(of(&spans, "after", USER), None);
}

#[test]
fn ids_may_be_of_any_type_and_tags_one_string_or_many() {
    let spans = capture(|| {
        let turn = bento::begin("turn").user_id(42).convo_id("").tags("one").start();
        assert_eq!(turn.convo_id().as_deref(), Some(""));
        bento::track_ai("many").tags(vec!["a".to_owned(), "b".to_owned()]).send();
    });
    assert_eq!(of(&spans, "turn", USER), Some("42".into()));
    assert_eq!(of(&spans, "turn", SESSION), Some("".into()));
    assert_eq!(of(&spans, "many", TAGS), Some(json!(["a", "b"])));
}

#[test]
fn tags_are_bounded_as_other_values_are() {
    const MIB: usize = 1 << 20;
    let spans = capture(|| {
        bento::track_ai("one").tags("é".repeat(MIB)).send();
        bento::track_ai("many").tags(vec!["0123456789abcdef"; MIB]).send();
        bento::track_ai("few").tags(["a", "b"]).send();
    });
    let tags = |name| of(&spans, name, TAGS).unwrap().as_array().unwrap().len();
    let cut = |name| of(&spans, name, "bento.truncated.langfuse.tags");
    assert_eq!((tags("one"), cut("one")), (1, Some((2 * MIB).into())));
    assert_eq!(of(&spans, "one", TAGS).unwrap()[0].as_str().unwrap().len(), MIB);
    assert_eq!((tags("many"), cut("many")), (MIB / 16, Some((16 * MIB).into())));
    assert_eq!((tags("few"), cut("few")), (2, None));
}

#[test]
fn a_trajectory_knows_its_conversation() {
    capture(|| {
        let turn = bento::propagate_attributes().session_id("scope").enter(|| bento::begin("turn").start());
        assert_eq!(turn.convo_id().as_deref(), Some("scope"));
        bento::update_current_trace().session_id("nowhere").apply();
        assert_eq!(turn.convo_id().as_deref(), Some("scope"), "the scope's seat is not the current one");
        turn.context().enter(|| bento::update_current_trace().session_id("trace").apply());
        assert_eq!(turn.convo_id().as_deref(), Some("trace"));
    });
}

#[test]
fn a_conversation_is_known_when_its_root_has_ended() {
    capture(|| {
        let turn = bento::begin("turn").convo_id("c1").start();
        let child = bento::begin("child").start();
        let grandchild = child.begin("grandchild").start();
        let ids = || [&child, &grandchild].map(bento::Trajectory::convo_id);
        let known = || [Some("c1".to_owned()), Some("c1".to_owned())];
        assert_eq!(ids(), known());
        drop(turn);
        assert_eq!(ids(), known(), "the root has ended");
        drop(child);
        assert_eq!(grandchild.convo_id().as_deref(), Some("c1"), "the parent has ended too");
    });
}

#[test]
fn a_root_without_a_conversation_leaves_none_behind() {
    capture(|| {
        let turn = bento::begin("turn").start();
        let child = bento::begin("child").start();
        drop(turn);
        assert_eq!(child.convo_id(), None);
    });
}

#[test]
fn an_own_trace_mirrors_to_its_own_root() {
    let spans = capture(|| {
        let _outer = bento::begin("outer").start();
        let own = bento::begin("own").own_trace().start();
        bento::track_ai("call").user_id("u").send();
        drop(own);
    });
    let users: Vec<_> = spans.iter().filter(|span| span.attribute(USER).is_some()).map(Span::name).collect();
    assert_eq!(users, ["call", "own"]);
}
