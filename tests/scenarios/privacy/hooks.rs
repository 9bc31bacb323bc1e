//! Redaction hooks: what they see, from where, and what becomes of it.

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use bento::{Field, LossReason};
use flate2::read::GzDecoder;
use futures_util::{StreamExt, stream};
use serde_json::json;

use super::{SECRET, bodies, hush};
use crate::support::{Answer, LONG, Server, scenario, span_names, spans_of};

#[bento::interaction(event = "macro_turn")]
fn handle(message: &str) -> Result<String, std::io::Error> {
    Ok(look_up(message)?.repeat(2))
}

#[bento::tool]
fn look_up(query: &str) -> Result<String, std::io::Error> {
    Err(std::io::Error::other(format!("no hits for {query}")))
}

async fn emit_all() {
    bento::propagate_attributes().session_id(SECRET).property("scope", SECRET).enter(|| {
        bento::track_ai(format!("scoped {SECRET}")).property("nested", json!({"a": [SECRET]})).send();
    });
    bento::track_ai("call")
        .input(SECRET)
        .output(json!({"a": SECRET}))
        .tags(["a", SECRET])
        .user_id(SECRET)
        .send();
    let turn = bento::begin("turn").convo_id(SECRET).input(SECRET).start();
    bento::update_current_trace().user_id(SECRET).tags(SECRET).property("plan", SECRET).apply();
    bento::update_current_span().output(SECRET).apply();
    let failed = bento::tool_span("tool").run(async |_| Err::<(), _>(format!("no {SECRET}"))).await;
    assert!(failed.unwrap_err().contains(SECRET), "what the host gets is unchanged");
    turn.finish().unwrap();
    let chunks = stream::iter([SECRET, SECRET]).map(|chunk| &chunk[..5]).chain(stream::iter([SECRET]));
    bento::track_ai("streamed").stream(chunks).collect::<Vec<_>>().await;
    handle(SECRET).unwrap_err();
    let panicked =
        std::panic::catch_unwind(|| bento::begin("panics").enter(|_| -> () { panic!("oh {SECRET}") }));
    panicked.unwrap_err();
}

#[test]
fn a_secret_leaves_from_no_source() {
    scenario(
        || {
            let _bento = bento::builder().user_id(|| SECRET).tags([SECRET]).redact(hush).init().unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(emit_all());
            bento::flush(LONG).unwrap();
            // What is still open at the end is redacted too.
            std::mem::forget(bento::begin("open").input(SECRET).start());
        },
        |child| {
            let server = child.delivers();
            let requests = server.requests();
            let mut names = span_names(&requests);
            names.sort_unstable();
            let expected = [
                "call",
                "look_up",
                "macro_turn",
                "open",
                "panics",
                "scoped [hushed]",
                "streamed",
                "tool",
                "turn",
            ];
            assert_eq!(names, expected);
            let bodies = bodies(&requests);
            assert!(!bodies.contains(SECRET), "{bodies}");
            assert!(bodies.matches("[hushed]").count() > 30, "{bodies}");
        },
    );
}

#[test]
fn hooks_run_in_order_and_may_remove_and_drop() {
    scenario(
        || {
            let _bento = bento::builder()
                .redact(|field: &mut Field<'_>| match field.key() {
                    "private" => field.remove(),
                    "step" => field.replace("one"),
                    Field::NAME if field.text() == Some("health") => field.drop_span(),
                    _ => {}
                })
                .redact(|field: &mut Field<'_>| {
                    if let Some(text) = field.text().filter(|text| *text == "one") {
                        field.replace(format!("{text}, two"));
                    }
                })
                .init()
                .unwrap();
            bento::track_ai("health").send();
            let turn = bento::begin("turn").property("private", SECRET).property("step", 0).start();
            turn.finish().unwrap();
            bento::flush(LONG).unwrap();
            let status = bento::status();
            assert_eq!((status.accepted(), status.delivered(), status.dropped()), (2, 1, 1));
            assert_eq!(status.losses().of(LossReason::Redacted), 1);
        },
        |child| {
            let server = child.delivers();
            let spans = spans_of(&server.requests());
            assert_eq!(spans.len(), 1);
            assert_eq!(
                spans[0]["attributes"],
                json!([{"key": "step", "value": {"stringValue": "one, two"}}])
            );
        },
    );
}

#[test]
fn a_span_that_a_hook_emits_goes_nowhere_and_ends_nothing() {
    scenario(
        || {
            static KEPT: Mutex<Vec<bento::Trajectory>> = Mutex::new(Vec::new());
            let _bento = bento::builder()
                .redact(|field: &mut Field<'_>| {
                    if field.key() == "input.value" {
                        bento::track_ai("inside").input(SECRET).send();
                        KEPT.lock().unwrap().push(bento::begin("begun_inside").input("x").start());
                    }
                    hush(field);
                })
                .init()
                .unwrap();
            bento::track_ai("outside").input(SECRET).send();
            let begun = std::mem::take(&mut *KEPT.lock().unwrap());
            assert_eq!(begun.len(), 1);
            // Its end is outside of any hook, so it is redacted as any other, and begins one more.
            drop(begun);
            std::mem::take(&mut *KEPT.lock().unwrap()).into_iter().for_each(std::mem::forget);
            bento::flush(LONG).unwrap();
            assert_eq!(bento::status().losses().of(LossReason::Redacted), 2);
            bento::shutdown(LONG).unwrap();
        },
        |child| {
            let server = child.delivers();
            let requests = server.requests();
            assert_eq!(span_names(&requests)[..2], ["outside", "begun_inside"]);
            assert!(!bodies(&requests).contains(SECRET));
        },
    );
}

#[test]
fn a_later_init_brings_its_hooks_to_what_runs() {
    scenario(
        || {
            // Starts the SDK without hooks.
            bento::track_ai("before").send();
            let _bento = bento::builder().redact(hush).init().unwrap();
            bento::track_ai("after").input(SECRET).send();
            // One without hooks leaves them in force.
            let _again = bento::init().unwrap();
            bento::track_ai("again").input(SECRET).send();
            bento::flush(LONG).unwrap();
        },
        |child| {
            let server = child.delivers();
            let requests = server.requests();
            assert_eq!(span_names(&requests), ["before", "after", "again"]);
            assert!(!bodies(&requests).contains(SECRET));
        },
    );
}

#[test]
fn a_secret_is_not_on_disk_either() {
    scenario(
        || {
            let directory = PathBuf::from(std::env::var_os("TEST_SPOOL").unwrap());
            let _bento = bento::builder().redact(hush).spool(&directory).init().unwrap();
            bento::track_ai("kept").input(SECRET).send();
            let error = bento::shutdown(Duration::ZERO).unwrap_err();
            assert_eq!(error.spooled(), 1);
        },
        |child| {
            let server = Server::always(Answer::status(503));
            let directory = std::env::temp_dir().join(format!("bento-privacy-{}", std::process::id()));
            child.env("TEST_SPOOL", directory.to_str().unwrap()).to(&server).succeeds();
            let slots = fs::read_dir(&directory).unwrap().map(|slot| slot.unwrap().path());
            let files = slots.filter(|slot| slot.is_dir()).flat_map(|slot| fs::read_dir(slot).unwrap());
            let bodies: Vec<String> = files
                .map(|file| file.unwrap().path())
                .filter(|path| path.extension().is_some_and(|extension| extension == "gz"))
                .map(|path| {
                    let mut body = String::new();
                    GzDecoder::new(fs::File::open(path).unwrap()).read_to_string(&mut body).unwrap();
                    body
                })
                .collect();
            fs::remove_dir_all(&directory).unwrap();
            assert_eq!(bodies.len(), 1);
            assert!(bodies[0].contains("[hushed]") && !bodies[0].contains(SECRET), "{}", bodies[0]);
        },
    );
}

#[test]
#[cfg(unix)]
fn a_forked_child_keeps_the_hooks_and_the_ratio() {
    use fork::{Fork, fork, waitpid};
    scenario(
        || {
            let _bento =
                bento::builder().redact(hush).redact(bento::Masks::emails()).sample(0.5).init().unwrap();
            match fork().unwrap() {
                Fork::Child => {
                    for _ in 0..100 {
                        bento::track_ai("child").input(format!("{SECRET} ann@example.com")).send();
                    }
                    bento::flush(LONG).unwrap();
                    let status = bento::status();
                    assert!(
                        status.accepted() == 100 && status.losses().of(LossReason::SampledOut) > 10,
                        "{status:?}"
                    );
                    std::process::exit(0)
                }
                Fork::Parent(pid) => assert_eq!(waitpid(pid).unwrap(), 0, "the child failed"),
            }
        },
        |child| {
            let server = child.delivers();
            let bodies = bodies(&server.requests());
            assert!(bodies.contains("[hushed] [e-mail]"), "{bodies}");
            assert!(!bodies.contains(SECRET) && !bodies.contains("ann@"), "{bodies}");
        },
    );
}
