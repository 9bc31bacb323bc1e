//! Pictures of the page for those who change it: `cargo test -p bento-local --test page -- --ignored screenshots`.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::browser::Browser;
use crate::runs::{Backend, Step, failed_turn, id, trace, turn};

/// Beside what is built: this is `tmp` in the target directory.
const FOLDER: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/../page-screenshots");

/// What is drawn once the data is there has been drawn, and what moves has come to rest.
const SETTLED: &str = "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 300)))";

/// A view, where it is, and what is there once it is drawn.
type View = (&'static str, String, &'static str);

#[test]
#[ignore = "it draws, and judges nothing"]
fn screenshots_of_the_list() {
    let (backend, empty) = (backend(), Backend::start());
    draw(&[
        ("list", backend.at("/"), "$('tr[data-run]')"),
        ("list-24h-failed", backend.at("/?range=24h&state=failed"), "$('tr[data-run]')"),
        ("list-nothing-found", backend.at("/?q=nowhere"), "$('.empty')"),
        ("list-empty", empty.at("/"), "$('.empty')"),
    ]);
}

#[test]
#[ignore = "it draws, and judges nothing"]
fn screenshots_of_runs() {
    let backend = backend();
    let run = |run, rest: &str| backend.at(&format!("/runs/{}{rest}", trace(run)));
    draw(&[
        ("run-error", run(200, ""), "$('[role=treeitem]')"),
        ("run-tool", run(200, &format!("?span={}&tab=input", id(6))), "$('.payload')"),
        ("run-conversation", run(200, &format!("?span={}&tab=input", id(2))), "$('.payload')"),
        ("run-attributes", run(200, &format!("?span={}&tab=attributes", id(2))), "$('[role=tabpanel]')"),
        ("run-long", run(203, ""), "$('[role=treeitem]')"),
        ("run-live", run(202, ""), "$('[role=treeitem]')"),
        ("run-missing", run(999, ""), "$('main').innerText.length > 10"),
    ]);
}

fn draw(views: &[View]) {
    let Some(browser) = Browser::open() else { return };
    let folder = Path::new(FOLDER);
    fs::create_dir_all(folder).unwrap();
    for (width, height) in [(1280, 800), (390, 844)] {
        browser.size(width, height);
        for scheme in ["light", "dark"] {
            browser.colours(scheme);
            for (view, address, is_there) in views {
                browser.go(address);
                browser.until(is_there);
                browser.run_to_done(SETTLED);
                fs::write(folder.join(format!("{view}-{scheme}-{width}.png")), browser.screenshot()).unwrap();
            }
        }
    }
    // A run that is not there is no failure of the page.
    browser.complaints();
}

/// Some days of runs, as a small team would have them.
fn backend() -> Backend {
    let backend = Backend::start();
    let names = ["plan_trip", "answer_mail", "review_pull_request", "find_flights", "summarise_meeting"];
    for run in 1..200_u64 {
        let minutes = i64::try_from(run * run / 4 % 4_000).unwrap();
        let name = names[usize::try_from(run).unwrap() % names.len()];
        let steps =
            if run % 9 == 0 { failed_turn(name, -minutes * 60_000) } else { turn(name, -minutes * 60_000) };
        backend.send(run, steps);
    }
    let mut failed = failed_turn("find_flights", -30_000);
    let chat = json!([
        {"role": "system", "content": "You are a travel agent. Be brief, and never promise a price."},
        {"role": "user", "content": "Where should I go in May? I like the sea,\nand I have no more than **300 €**."},
        {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function",
            "function": {"name": "weather", "arguments": "{\"city\":\"Lisbon\",\"month\":5}"}}]},
        {"role": "tool", "tool_call_id": "call_1", "content": "{\"sky\":\"clear\",\"celsius\":22}"},
    ]);
    failed[1] = failed[1].clone().input(&chat.to_string()).with("temperature", 1).with("top_p", "0.9");
    failed[0] =
        failed[0].clone().with("langfuse.tags", json!(["env:prod", "beta"])).with("bento.trigger", "manual");
    backend.send(200, failed);
    let [root, ..] = <[_; 3]>::try_from(turn("stopped", -20_000)).unwrap();
    backend.send(201, [root.cancelled()]);
    let now = backend.now();
    backend.send(
        202,
        [
            Step::new(1, 0, "agent", "plan_trip", now - 4_000..now).pending().user("u42").input("Where to?"),
            Step::new(2, 1, "llm", "plan", now - 3_900..now - 2_000)
                .model("gpt-4o", (120, 30))
                .output("Look it up."),
            Step::new(3, 1, "tool", "weather", now - 1_900..now).input(r#"{"city":"Lisbon"}"#).pending(),
        ],
    );
    let steps = (2..600_u64).map(|number| {
        let at = i64::try_from(number).unwrap() * 50 - 100_000;
        let parent = if number % 20 == 2 { 1 } else { (number - 2) / 20 * 20 + 2 };
        let kind = if parent == 1 {
            "agent"
        } else if number % 3 == 0 {
            "llm"
        } else {
            "tool"
        };
        let end = if parent == 1 { at + 1_000 } else { at + 45 };
        let step = Step::new(number, parent, kind, &format!("{kind} {number}"), at..end);
        if number == 333 { step.failed("rate limited") } else { step }
    });
    let root = Step::new(1, 0, "agent", "marathon", -100_000..-65_000).input("Run.");
    backend.send(203, std::iter::once(root).chain(steps));
    backend
}
