//! Text of spans is text, whatever it looks like.

use serde_json::json;

use crate::browser::Browser;
use crate::runs::{Backend, Step, id, trace};

const SCRIPT: &str = "<script>window.ran = 'script'</script><img src=x onerror=\"window.ran = 'image'\">";

#[test]
fn markup_in_a_span_is_shown_and_does_nothing() {
    let backend = Backend::start();
    let Some(browser) = Browser::open() else { return };
    let message = json!([{"role": "user", "content": SCRIPT}]).to_string();
    backend.send(
        1,
        [
            Step::new(1, 0, "agent", SCRIPT, 0..900)
                .user(SCRIPT)
                .with("langfuse.tags", json!([SCRIPT]))
                .with("gen_ai.conversation.id", SCRIPT)
                .with("bento.trigger", SCRIPT)
                .input(SCRIPT)
                .output(&message),
            Step::new(2, 1, SCRIPT, SCRIPT, 10..400)
                .model(SCRIPT, (1, 2))
                .input(&json!({SCRIPT: [SCRIPT]}).to_string())
                .with(SCRIPT, SCRIPT)
                .failed(SCRIPT),
        ],
    );
    browser.go(&backend.at("/"));
    browser.until(&format!("text('tr[data-run=\"{}\"]')?.includes('<script>')", trace(1)));
    for step in [1, 2] {
        browser.go(&backend.at(&format!("/runs/{}?span={}", trace(1), id(step))));
        browser.until(&format!(
            "$('.detail')?.dataset.span === '{}' && text('.detail').includes('<script>')",
            id(step)
        ));
        let tabs: Vec<String> = browser.eval("$$('[role=tab]').map((tab) => tab.dataset.tab)");
        assert!(tabs.len() >= 3, "{tabs:?}");
        for tab in tabs {
            browser.click(&format!("[role=tab][data-tab={tab}]"));
            browser.until("$('[role=tabpanel]')?.innerText.length > 0");
        }
        browser.until_is("text('[role=treeitem]').includes('<script>')", true);
    }
    // One that ran would have done so by now: an image that is not there is told within the same frame or two.
    browser.run_to_done("requestAnimationFrame(() => setTimeout(done, 50))");
    assert!(browser.eval::<bool>("window.ran === undefined"));
    assert_eq!(browser.eval::<Vec<String>>("$$('main script, main img, main iframe').map(String)"), [""; 0]);
}

#[test]
fn an_address_cannot_bring_markup_along() {
    let backend = Backend::start();
    let Some(mut browser) = Browser::open() else { return };
    // A run of that name, or a window of that length, is nowhere.
    browser.forgive("404");
    browser.forgive("400");
    browser.forgive("422");
    backend.send(1, [Step::new(1, 0, "agent", "trip", 0..900)]);
    let hostile = "%3Cimg%20src%3Dx%20onerror%3D%22window.ran%3D1%22%3E";
    for path in [
        format!("/?q={hostile}&state={hostile}&range={hostile}"),
        format!("/?ws={hostile}"),
        format!("/runs/{hostile}"),
        format!("/runs/{}?span={hostile}&tab={hostile}", trace(1)),
    ] {
        browser.go(&backend.at(&path));
        browser.until("$('main').innerText.trim().length > 0");
        browser.run_to_done("requestAnimationFrame(() => setTimeout(done, 50))");
        assert!(browser.eval::<bool>("window.ran === undefined && $$('main img').length === 0"), "{path}");
    }
}
