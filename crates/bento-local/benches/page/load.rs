//! What a load costs, as the page's own clock says.

use serde::Deserialize;
use serde_json::json;

use crate::browser::Browser;

/// Measured from the beginning of the navigation.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Load {
    /// Milliseconds until anything was painted.
    pub(crate) paint: f64,
    /// Milliseconds until what was looked for was there, and a frame was about to be painted with it.
    pub(crate) there: f64,
    /// Milliseconds of the longest task until then; 0 for none of 50 or more, which is all that browsers tell.
    pub(crate) longest: f64,
    /// Bytes of documents, styles and modules on the wire, heads included.
    pub(crate) bytes: f64,
}

/// What is on the screen while one scrolls.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Scroll {
    /// Frames a second.
    pub(crate) rate: f64,
    /// Milliseconds of the longest time between two frames.
    pub(crate) gap: f64,
    /// Milliseconds of the longest task; 0 for none of 50 or more.
    pub(crate) longest: f64,
}

/// Loads an address again and again, until the expression is worth something each time.
pub(crate) fn loads(browser: &Browser, address: &str, expression: &str, times: usize) -> Vec<Load> {
    let watch = format!(
        "window.tasks = [];
        new PerformanceObserver((list) => tasks.push(...list.getEntries().map((task) => task.duration)))
            .observe({{ type: 'longtask', buffered: true }});
        const $ = (selector) => document.querySelector(selector);
        const look = () => {{ if ({expression}) window.thereAt = performance.now(); else requestAnimationFrame(look); }};
        requestAnimationFrame(look);"
    );
    let script = browser.tell("Page.addScriptToEvaluateOnNewDocument", &json!({"source": watch}));
    let loads = (0..times).map(|_| {
        browser.tell("Network.clearBrowserCache", &json!({}));
        browser.go(address);
        // A task is told once it is over.
        browser.until("window.thereAt && performance.now() > thereAt + 150");
        browser.eval(
            "{
                paint: performance.getEntriesByName('first-contentful-paint')[0].startTime,
                there: thereAt,
                longest: Math.max(0, ...tasks),
                bytes: [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
                    .filter(({ initiatorType }) => initiatorType !== 'fetch')
                    .reduce((sum, { transferSize }) => sum + transferSize, 0),
            }",
        )
    });
    let loads = loads.collect();
    browser.tell("Page.removeScriptToEvaluateOnNewDocument", &script);
    loads
}

/// Scrolls what `selector` is in from its top to its end in two seconds, a step a frame.
pub(crate) fn scroll(browser: &Browser, selector: &str) -> Scroll {
    let script = format!(
        "const scroller = area('{selector}');
        const longest = [];
        const observer = new PerformanceObserver((list) => longest.push(...list.getEntries().map((task) => task.duration)));
        observer.observe({{ type: 'longtask' }});
        const frames = [];
        const end = scroller.scrollHeight - scroller.clientHeight;
        const step = (now) => {{
            frames.push(now);
            const part = (now - frames[0]) / 2_000;
            scroller.scrollTop = end * Math.min(part, 1);
            if (part < 1) return requestAnimationFrame(step);
            const gaps = frames.slice(1).map((frame, index) => frame - frames[index]);
            setTimeout(() => done({{ rate: gaps.length / (now - frames[0]) * 1_000, gap: Math.max(...gaps),
                longest: Math.max(0, ...longest) }}), 150);
        }};
        scroller.scrollTop = 0;
        requestAnimationFrame(step);"
    );
    serde_json::from_value(browser.run_to_done(&script)).unwrap()
}

/// MiB that the page's scripts hold on to.
pub(crate) fn heap(browser: &Browser) -> f64 {
    browser.tell("HeapProfiler.collectGarbage", &json!({}));
    let usage = browser.tell("Runtime.getHeapUsage", &json!({}));
    usage["usedSize"].as_f64().unwrap() / f64::from(1 << 20)
}
