//! Accessibility, as axe-core judges it: contrast, names, roles, and what else a program can see.
//!
//! `.ci/axe` fetches it; where it is missing the test says so and passes, or fails with `BENTO_AXE=required`.

use std::path::Path;
use std::{env, fs, io::Write as _};

use serde_json::Value;
use thirtyfour::Key;

use crate::browser::Browser;
use crate::runs::{Backend, Step, failed_turn, id, trace, turn};

/// Beside what is built: this is `tmp` in the target directory.
const SCRIPT: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/../axe-core/axe.min.js");

/// A view, where it is, and what is there once it is drawn.
type View = (&'static str, String, &'static str);

#[test]
fn the_list_is_in_nobody_s_way() {
    let (backend, empty) = (backend(), Backend::start());
    judge(&[
        ("list", backend.at("/"), "$('tr[data-run]')"),
        ("one state", backend.at("/?state=failed"), "$('tr[data-run]')"),
        ("nothing found", backend.at("/?q=nowhere"), "$('.empty')"),
        ("no runs", empty.at("/"), "$('.empty')"),
    ]);
}

#[test]
fn a_run_is_in_nobody_s_way() {
    let backend = backend();
    let run = |rest: &str| backend.at(&format!("/runs/{}{rest}", trace(1)));
    judge(&[
        ("error", run(""), "$('[role=tab][data-tab=error]')"),
        ("arguments", run(&format!("?span={}&tab=input", id(6))), "$('.payload')"),
        ("conversation", run(&format!("?span={}&tab=input", id(2))), "$('.payload')"),
        (
            "attributes",
            run(&format!("?span={}&tab=attributes", id(2))),
            "text('.detail')?.includes('temperature')",
        ),
        ("running", backend.at(&format!("/runs/{}", trace(3))), "$('[role=treeitem]')"),
    ]);
}

/// Looks at each view wide and narrow, light and dark, and at the dialog that tells the keys of the first.
fn judge(views: &[View]) {
    let Some(script) = script() else { return };
    let Some(browser) = Browser::open() else { return };
    let mut found = Vec::new();
    for (width, height) in [(1280, 800), (390, 844)] {
        browser.size(width, height);
        for scheme in ["light", "dark"] {
            browser.colours(scheme);
            for (at, (view, address, is_there)) in views.iter().enumerate() {
                browser.go(address);
                browser.until(is_there);
                browser.run(&script);
                let place = format!("{view}, {scheme}, {width} wide");
                found.extend(violations(&browser, &place));
                if at == 0 {
                    browser.write("?");
                    browser.until("$('dialog[open]')");
                    found.extend(violations(&browser, &format!("{place}, keys")));
                    browser.press(Key::Escape);
                }
            }
        }
    }
    for (_, words) in &found {
        let _ = writeln!(std::io::stderr(), "axe: {words}");
    }
    found.retain(|(is_serious, _)| *is_serious);
    assert!(found.is_empty(), "{} are serious: {found:#?}", found.len());
}

#[test]
fn the_question_for_the_key_is_in_nobody_s_way() {
    let Some(script) = script() else { return };
    let backend = Backend::of(bento_local::Config::default().key("bl_pk_secret"), "bl_pk_secret");
    let Some(mut browser) = Browser::open() else { return };
    browser.forgive("401");
    for scheme in ["light", "dark"] {
        browser.colours(scheme);
        browser.go(&backend.at("/"));
        browser.until("$('dialog[open]')");
        browser.run(&script);
        let found = violations(&browser, scheme);
        assert!(found.is_empty(), "{found:#?}");
    }
}

fn script() -> Option<String> {
    let script = fs::read_to_string(Path::new(SCRIPT)).ok();
    let required = env::var_os("BENTO_AXE").is_some_and(|wish| wish == "required");
    assert!(script.is_some() || !required, "BENTO_AXE=required, and there is no {SCRIPT}");
    if script.is_none() {
        let _ =
            writeln!(std::io::stderr(), "skipped: accessibility was not tested, for there is no {SCRIPT}");
    }
    script
}

/// What stands in somebody's way, and whether that is serious.
fn violations(browser: &Browser, place: &str) -> Vec<(bool, String)> {
    // What moves is looked at where it comes to rest.
    let found = browser.run_to_done(
        "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => done(violations.map((one) =>
            [one.impact, `${one.id}: ${one.help}`, one.nodes.map(({ html, failureSummary }) => `${html.slice(0, 300)} ${failureSummary}`)])),
            (error) => done([['serious', String(error), []]]))",
    );
    let found: Vec<(Option<String>, String, Vec<Value>)> = serde_json::from_value(found).unwrap();
    let found = found.into_iter().map(|(impact, rule, nodes)| {
        let impact = impact.unwrap_or_default();
        let is_serious = impact == "serious" || impact == "critical";
        let first = nodes.first().and_then(Value::as_str).unwrap_or_default();
        (is_serious, format!("{place}: {impact}: {rule} ({}): {first}", nodes.len()))
    });
    found.collect()
}

/// A failed run, one that went well, one that runs; with everything that a step can have.
fn backend() -> Backend {
    let backend = Backend::start();
    let mut failed = failed_turn("find_flights", 0);
    let chat = r#"[{"role":"system","content":"Be brief."},{"role":"user","content":"Where to?"},
        {"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Lisbon\"}"}}]},
        {"role":"tool","tool_call_id":"1","content":"clear"}]"#;
    failed[1] = failed[1].clone().input(chat).with("temperature", 1).with("langfuse.tags", vec!["env:test"]);
    backend.send(1, failed);
    backend.send(2, turn("trip", -3_600_000));
    backend.send(3, [Step::new(1, 0, "agent", "running", 0..backend.now()).pending()]);
    let [root, ..] = <[_; 3]>::try_from(turn("stopped", -7_200_000)).unwrap();
    backend.send(4, [root.cancelled()]);
    backend
}
