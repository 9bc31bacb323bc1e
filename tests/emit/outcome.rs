//! Errors: `error()`, and what code inside a span gives back.

use std::fmt;

use bento::testing::{Spans, capture, capture_async};
use bento::{Failure, Outcome};

#[derive(Debug, PartialEq)]
struct Refused(u16);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused with {}", self.0)
    }
}

fn failure<'a>(spans: &'a Spans, name: &str) -> Option<(&'a str, &'a str)> {
    let span = spans.find(name).unwrap();
    span.error_type().zip(span.error())
}

#[tokio::test]
async fn an_err_is_recorded_and_handed_back_unchanged() {
    let spans = capture_async(async {
        let result = bento::tool_span("run").run(async |_| Err::<(), _>(Refused(1))).await;
        assert_eq!(result, Err(Refused(1)));
        let result: Result<u8, Refused> = bento::begin("enter").enter(|_| Err(Refused(2)));
        assert_eq!(result, Err(Refused(2)));
        let tool = bento::tool_span("guard").start();
        assert_eq!(tool.record(Err::<(), _>(Refused(3))), Err(Refused(3)));
        assert_eq!(tool.record(Ok::<_, Refused>(4)), Ok(4));
        assert_eq!(bento::begin("fine").enter(|_| Ok::<_, Refused>(5)), Ok(5));
        assert_eq!(bento::begin("some").enter(|_| Some(6)), Some(6));
    })
    .await;
    for (name, message) in
        [("run", "refused with 1"), ("enter", "refused with 2"), ("guard", "refused with 3")]
    {
        assert_eq!(failure(&spans, name), Some((std::any::type_name::<Refused>(), message)));
    }
    assert_eq!(failure(&spans, "fine"), None);
    assert_eq!(failure(&spans, "some"), None);
}

#[test]
fn a_type_of_ones_own_looks_closer() {
    struct Reply(Option<Refused>);
    impl Outcome for Reply {
        fn failure(&self) -> Option<Failure<'_>> {
            self.0.as_ref().map(Failure::new)
        }
    }
    struct Plain;
    impl Outcome for Plain {}
    let spans = capture(|| {
        bento::begin("refused").enter(|_| Reply(Some(Refused(7))));
        bento::begin("answered").enter(|_| Box::new(Reply(None)));
        bento::begin("boxed").enter(|_| Box::new(Reply(Some(Refused(8)))));
        bento::begin("plain").enter(|_| Plain);
        bento::begin("id").enter(|turn| (turn.event_id(), turn.trace_id()));
        bento::begin("id").enter(bento::Trajectory::event_id);
    });
    assert_eq!(failure(&spans, "refused").map(|(_, message)| message), Some("refused with 7"));
    assert_eq!(failure(&spans, "boxed").map(|(_, message)| message), Some("refused with 8"));
    assert_eq!(failure(&spans, "answered").or(failure(&spans, "plain")), None);
}

#[test]
fn error_takes_whatever_displays_and_the_first_stands() {
    let spans = capture(|| {
        bento::track_ai("text").error("too long").error("later").send();
        let boxed: Box<dyn std::error::Error + Send + Sync> = "boxed".into();
        bento::tool_span("boxed").error(&boxed).send();
        let turn = bento::begin("turn").start();
        turn.error(&*boxed).error(&Refused(9));
        bento::update_current_span().error("even later").apply();
    });
    assert_eq!(failure(&spans, "text"), Some(("str", "too long")));
    assert_eq!(failure(&spans, "boxed").map(|(_, message)| message), Some("boxed"));
    assert_eq!(failure(&spans, "turn").map(|(_, message)| message), Some("boxed"));
}

#[test]
fn an_err_behind_a_pointer_or_an_option_is_still_one() {
    let spans = capture(|| {
        let failed: Result<(), String> = Err("bad".into());
        bento::tool_span("borrowed").start().record(&failed).clone().unwrap_err();
        bento::tool_span("optional").enter(|_| Some(failed.clone())).unwrap().unwrap_err();
        bento::tool_span("shared")
            .enter(|_| std::sync::Arc::new(failed.clone()))
            .as_ref()
            .clone()
            .unwrap_err();
        bento::tool_span("none").enter(|_| None::<Result<(), String>>);
    });
    assert_eq!(spans.tree(), "borrowed [tool] !\noptional [tool] !\nshared [tool] !\nnone [tool]");
}
