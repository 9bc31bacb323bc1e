//! A real browser, and what a reader does with it.
//!
//! A script's expressions are looked at inside the page, so that what is awaited is seen when it is there. They may use `$`
//! and `$$`, which give the first and all elements of a selector, `text`, which gives what the first one shows, `texts`, and
//! `area`, which gives what scrolls it.

mod driver;
mod wire;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use thirtyfour::{By, Key, WebDriver};
use tokio::runtime::{Builder, Runtime};

use driver::Driver;

/// What a page may take that is busy and shares the machine: it is no goal of ours.
const PATIENCE: Duration = Duration::from_secs(10);

/// What every script knows.
const WORDS: &str = "
    const $ = (selector) => document.querySelector(selector);
    const $$ = (selector) => [...document.querySelectorAll(selector)];
    const shown = (node) => node?.innerText?.replace(/\\s+/g, ' ').trim();
    const text = (selector) => shown($(selector));
    const texts = (selector) => $$(selector).map(shown);
    const scrolls = (node) => node.scrollHeight > node.clientHeight + 1
        && /auto|scroll/.test(getComputedStyle(node).overflowY);
    const area = (selector) => {
        let node = $(selector);
        while (node && !scrolls(node)) node = node.parentElement;
        return node ?? document.scrollingElement;
    };
";

/// A browser with one tab. It has to have nothing to complain about when it is dropped.
#[derive(Debug)]
pub(crate) struct Browser {
    /// Gone only while it is dropped.
    session: Option<WebDriver>,
    runtime: Runtime,
    forgiven: Vec<&'static str>,
    driver: Arc<Driver>,
}

impl Browser {
    /// A browser with an empty tab of 1280 × 800; `None` where there is none.
    pub(crate) fn open() -> Option<Self> {
        let driver = Driver::shared()?;
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let session = runtime.block_on(async {
            let session = driver.browser().await;
            // A tab of its own: no history, no storage, no colours from before.
            let old = session.window().await.unwrap();
            let new = session.new_tab().await.unwrap();
            session.switch_to_window(old).await.unwrap();
            session.close_window().await.unwrap();
            session.switch_to_window(new).await.unwrap();
            session.browser_log().await.unwrap();
            session
        });
        let browser = Self { session: Some(session), runtime, forgiven: Vec::new(), driver };
        browser.size(1280, 800);
        Some(browser)
    }

    fn session(&self) -> &WebDriver {
        self.session.as_ref().unwrap()
    }

    /// Loads a page, until its modules have run.
    pub(crate) fn go(&self, url: &str) {
        self.runtime.block_on(self.session().goto(url)).unwrap();
    }

    pub(crate) fn back(&self) {
        self.runtime.block_on(self.session().back()).unwrap();
    }

    pub(crate) fn forward(&self) {
        self.runtime.block_on(self.session().forward()).unwrap();
    }

    /// The address from its path on.
    pub(crate) fn address(&self) -> String {
        self.eval("location.pathname + location.search")
    }

    /// What an expression is worth now.
    #[track_caller]
    pub(crate) fn eval<T: DeserializeOwned>(&self, expression: &str) -> T {
        let value = self.run(&format!("{WORDS} return ({expression});"));
        serde_json::from_value(value).unwrap()
    }

    /// Runs statements, and gives what they return.
    #[track_caller]
    pub(crate) fn run(&self, script: &str) -> Value {
        self.runtime.block_on(self.session().execute(script, [])).unwrap().json().clone()
    }

    /// Runs statements that call `done` with what they give.
    #[track_caller]
    pub(crate) fn run_to_done(&self, script: &str) -> Value {
        let script = format!("{WORDS} const done = arguments[arguments.length - 1]; {script}");
        self.runtime.block_on(self.session().execute_async(script, [])).unwrap().json().clone()
    }

    /// Waits until an expression is worth something, and gives that.
    #[track_caller]
    pub(crate) fn until(&self, expression: &str) -> Value {
        let (seen, error) = self.look(expression, PATIENCE);
        let is_there = !matches!(&seen, Value::Null | Value::Bool(false)) && seen != json!(0) && seen != "";
        assert!(is_there, "not within {PATIENCE:?}: {expression}{error}\n{}", self.describe());
        seen
    }

    /// Waits until an expression has that value.
    #[track_caller]
    pub(crate) fn until_is(&self, expression: &str, expected: impl Into<Value>) {
        let expected = expected.into();
        let wanted = format!("JSON.stringify({expression}) === JSON.stringify({expected})");
        if self.look(&wanted, PATIENCE).0 != true {
            let seen: Value = self.eval(expression);
            assert_eq!(seen, expected, "{expression}\n{}", self.describe());
        }
    }

    /// The expression's value once it is worth something or time is up, and what it threw last.
    fn look(&self, expression: &str, within: Duration) -> (Value, String) {
        let script = format!(
            "const end = performance.now() + {};
            const look = () => {{
                let seen = null, error = '';
                try {{ seen = ({expression}); }} catch (thrown) {{ error = `: ${{thrown}}`; }}
                if (seen || performance.now() > end) done([seen ?? null, error]);
                else setTimeout(look, 4);
            }};
            look();",
            within.as_millis()
        );
        serde_json::from_value(self.run_to_done(&script)).unwrap()
    }

    /// Waits until an element is shown, and clicks on it.
    #[track_caller]
    pub(crate) fn click(&self, selector: &str) {
        self.until(&format!("$({selector:?})?.checkVisibility()"));
        self.runtime.block_on(async {
            let element = self.session().find(By::Css(selector)).await.unwrap();
            element.click().await.unwrap();
        });
    }

    /// Types on whatever has the focus.
    pub(crate) fn write(&self, text: &str) {
        let none = Some(Duration::ZERO);
        let chain = self.session().action_chain_with_delay(none, none).send_keys(text);
        self.runtime.block_on(chain.perform()).unwrap();
    }

    pub(crate) fn press(&self, key: Key) {
        self.write(&char::from(key).to_string());
    }

    /// Presses the button of the mouse on one element and lets go of it on another.
    pub(crate) fn drag(&self, from: &str, to: &str) {
        let none = Some(Duration::ZERO);
        self.runtime.block_on(async {
            let session = self.session();
            let from = session.find(By::Css(from)).await.unwrap();
            let to = session.find(By::Css(to)).await.unwrap();
            let chain = session.action_chain_with_delay(none, none);
            chain.drag_and_drop_element(&from, &to).perform().await.unwrap();
        });
    }

    /// How large the page is, in CSS pixels.
    pub(crate) fn size(&self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.tell("Emulation.setDeviceMetricsOverride", &size);
    }

    /// What the system's colours are.
    pub(crate) fn colours(&self, scheme: &str) {
        let feature = json!({"name": "prefers-color-scheme", "value": scheme});
        self.tell("Emulation.setEmulatedMedia", &json!({"features": [feature]}));
    }

    /// A command of the developer tools.
    pub(crate) fn tell(&self, method: &str, parameters: &Value) -> Value {
        self.runtime.block_on(self.session().cdp().send_raw(method, parameters)).unwrap()
    }

    pub(crate) fn screenshot(&self) -> Vec<u8> {
        self.runtime.block_on(self.session().screenshot_as_png()).unwrap()
    }

    /// Says that a complaint with these words in it belongs to the test.
    pub(crate) fn forgive(&mut self, words: &'static str) {
        self.forgiven.push(words);
    }

    /// What the browser's console has been told since it was asked last: errors, what was refused, and what could not be
    /// loaded.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = self.runtime.block_on(self.session().browser_log()).unwrap();
        let severe = log.into_iter().filter(|entry| entry.level == "SEVERE" || entry.level == "WARNING");
        let unforgiven = |words: &String| !self.forgiven.iter().any(|forgiven| words.contains(forgiven));
        severe.map(|entry| entry.message).filter(unforgiven).collect()
    }

    /// What a reader of a failed test wants to know.
    fn describe(&self) -> String {
        let page: String = self.eval("`${location.href}\\n${document.body.innerText.slice(0, 1500)}`");
        format!("{page}\n{:#?}", self.complaints())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if thread::panicking() {
            // It goes, with whatever the test has left in it.
            return drop(self.session.take());
        }
        let complaints = self.complaints();
        assert!(complaints.is_empty(), "the browser complains: {complaints:#?}");
        self.driver.keep(self.session.take().unwrap());
    }
}
