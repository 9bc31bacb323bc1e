//! The browser's driver: a process with its browsers, none of which outlives this one.

use std::env;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError, Weak};

use tempfile::TempDir;
use thirtyfour::{ChromiumLikeCapabilities as _, DesiredCapabilities, LoggingPrefsLogLevel, WebDriver};

use super::wire::Wire;

const DRIVERS: [&str; 1] = ["chromedriver"];
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// Starts the driver and ends it, with every browser that it has started, once nobody holds this shell's input any more:
/// also where this process was killed.
const KEEPER: &str = r#""$0" --port=0 & read -r _; kill -KILL 0"#;

/// No window, no sandbox (which containers do not allow), nothing that talks to anybody else, and no timers that slow down
/// because nobody looks.
const FLAGS: [&str; 13] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
];

#[derive(Debug)]
pub(super) struct Driver {
    keeper: Child,
    /// Kept open, so that it may print.
    _output: Lines<BufReader<ChildStdout>>,
    url: String,
    browser: PathBuf,
    /// Browsers that wait for the next test.
    idle: Mutex<Vec<WebDriver>>,
    profiles: AtomicU32,
    folder: TempDir,
}

impl Driver {
    /// The one that runs, or a new one; `None`, said once, where there is no browser.
    pub(super) fn shared() -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<Driver>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = shared.upgrade() {
            return Some(running);
        }
        let (Some(driver), Some(browser)) = (find(&DRIVERS), find(&BROWSERS)) else {
            say_that_it_is_skipped();
            return None;
        };
        let started = Arc::new(Self::start(&driver, browser));
        *shared = Arc::downgrade(&started);
        Some(started)
    }

    fn start(driver: &PathBuf, browser: PathBuf) -> Self {
        let folder = tempfile::Builder::new().prefix("bento-page-").tempdir().unwrap();
        let mut keeper = Command::new("sh");
        for place in ["HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "TMPDIR"] {
            keeper.env(place, folder.path());
        }
        keeper.args(["-c", KEEPER]).arg(driver).process_group(0);
        keeper.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut keeper = keeper.spawn().unwrap();
        let mut output = BufReader::new(keeper.stdout.take().unwrap()).lines();
        let port = output.find_map(|line| {
            let line = line.unwrap();
            Some(line.split_once("started successfully on port ")?.1.trim_end_matches('.').to_owned())
        });
        let url = format!("http://127.0.0.1:{}", port.unwrap());
        let (idle, profiles) = (Mutex::default(), AtomicU32::new(0));
        Self { keeper, _output: output, url, browser, idle, profiles, folder }
    }

    /// A browser of its own, from before or new.
    pub(super) async fn browser(&self) -> WebDriver {
        let idle = self.idle.lock().unwrap().pop();
        match idle {
            Some(browser) => browser,
            None => self.launch().await,
        }
    }

    async fn launch(&self) -> WebDriver {
        let mut wanted = DesiredCapabilities::chrome();
        for flag in FLAGS {
            wanted.add_arg(flag).unwrap();
        }
        let profile = self.folder.path().join(self.profiles.fetch_add(1, Ordering::Relaxed).to_string());
        wanted.add_arg(&format!("--user-data-dir={}", profile.display())).unwrap();
        wanted.set_binary(self.browser.to_str().unwrap()).unwrap();
        wanted.set_browser_log_level(LoggingPrefsLogLevel::All).unwrap();
        WebDriver::builder(&self.url, wanted).client(Wire::new()).await.unwrap()
    }

    /// Takes a browser back.
    pub(super) fn keep(&self, browser: WebDriver) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(browser);
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Browsers that are told to go clean up; whatever does not go is ended with the driver.
        self.idle.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

fn find(names: &[&str]) -> Option<PathBuf> {
    let folders: Vec<_> = env::split_paths(&env::var_os("PATH")?).collect();
    let places = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    places.into_iter().find(|place| place.is_file())
}

/// Past the test harness, which shows nothing of tests that pass.
fn say_that_it_is_skipped() {
    static SAID: Once = Once::new();
    let required = env::var_os("BENTO_BROWSER").is_some_and(|wish| wish == "required");
    assert!(!required, "BENTO_BROWSER=required, and PATH has no chromedriver or no chromium");
    SAID.call_once(|| {
        let words = "skipped: the page was not tested, for PATH has no chromedriver or no chromium";
        let _ = writeln!(std::io::stderr(), "{words}");
    });
}
