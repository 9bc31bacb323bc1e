//! A recording that `bento replay` sends in live mode, step by step, watched from its first step to its end.

use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::browser::Browser;
use crate::runs::Backend;

const RECORDING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/chat.json");

/// The steps in the tree, with what became of each.
const STEPS: &str =
    "$$('[role=treeitem]').map((item) => [item.querySelector('.name').innerText, item.dataset.status])";

/// The program at its work. It ends with the test at the latest.
#[derive(Debug)]
struct Replay(Child);

impl Replay {
    fn start(backend: &Backend) -> Self {
        let mut program = Command::new(env!("CARGO_BIN_EXE_bento"));
        program.args(["replay", "--live", "--step", "1500ms", RECORDING]).env_clear();
        program.env("BENTOLABS_BASE_URL", backend.server.url()).env("BENTOLABS_API_KEY", "bl_pk_test");
        program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(program.spawn().unwrap())
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_recording_is_watched_while_it_is_replayed() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    browser.go(&backend.at("/"));
    browser.until("$('.empty')?.checkVisibility()");
    browser.run("window.marker = 'same document'");

    let _replay = Replay::start(&backend);
    browser.click("tr[data-run] a[href^=\"/runs/\"]");
    browser.until_is("$('[data-run-state]')?.dataset.runState", "running");
    // A step is there before it is over, and is marked where it stands once it is.
    let open = format!("{STEPS}.findIndex(([, status], index) => index > 0 && status === 'PENDING')");
    let open = browser.until(&format!("{open} > 0 && {open}")).as_u64().unwrap();
    browser.until(&format!("{STEPS}[{open}][1] !== 'PENDING'"));
    browser.until_is("$('[data-run-state]').dataset.runState", "failed");
    browser.until_is(
        STEPS,
        json!([
            ["conversation", "UNSET"],
            ["turn", "UNSET"],
            ["find_table", "UNSET"],
            ["free_slots", "ERROR"],
            ["turn", "UNSET"]
        ]),
    );
    browser.until_is("window.marker", "same document");
}
