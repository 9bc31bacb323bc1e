//! A scenario is one test in two processes: the child lives through it, the parent watches.

use std::any::type_name;
use std::env;
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{LONG, Server, journal};

/// What must never show anywhere.
const SECRETS: [&str; 2] = ["Zq7hush", "Xk9quiet"];
pub(crate) const KEY: &str = "bl_pk_Zq7hush";
pub(crate) const OTHER_KEY: &str = "bl_pk_Xk9quiet";

/// Set in children.
const MARK: &str = "BENTO_TEST_CHILD";

/// Runs `inside` in a child of this process, which `outside` starts. It must be called by the test function itself.
pub(crate) fn scenario<I: FnOnce(), O: FnOnce(Child)>(inside: I, outside: O) {
    if env::var_os(MARK).is_some() {
        journal::install();
        inside();
        return;
    }
    // A closure is named for the function it stands in, which is the test.
    let path = type_name::<I>().trim_end_matches("::{{closure}}");
    let (_, test) = path.split_once("::").unwrap();
    outside(Child { test: test.to_owned(), environment: Vec::new() });
}

/// A child that is about to start.
#[derive(Clone)]
pub(crate) struct Child {
    test: String,
    environment: Vec<(String, String)>,
}

/// What a child came to.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    /// What it printed and logged.
    pub(crate) output: String,
    at: SystemTime,
}

/// What a child prints when it has nothing left to do.
const LEAVES: &str = "leaves at ";

/// Says in a child that all which is left to it is to end, for [`Ended::lingered`].
pub(crate) fn leave() {
    println!("{LEAVES}{}", SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos());
}

impl Ended {
    /// How long the child took to end from its call of [`leave`] on; its start, which a busy machine draws out, is not
    /// in it.
    pub(crate) fn lingered(&self) -> Duration {
        // The test's name may stand before it on the line.
        let (_, nanos) = self.output.lines().find_map(|line| line.split_once(LEAVES)).unwrap();
        let left = UNIX_EPOCH + Duration::from_nanos(nanos.parse().unwrap());
        self.at.duration_since(left).unwrap()
    }
}

impl Child {
    pub(crate) fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Runs it to its good end with a backend that takes everything, which is given to be looked at.
    pub(crate) fn delivers(self) -> Server {
        let server = Server::ok();
        self.to(&server).succeeds();
        server
    }

    /// Points the child's environment to `server`.
    pub(crate) fn to(self, server: &Server) -> Self {
        self.env("BENTOLABS_API_KEY", KEY).env("BENTOLABS_BASE_URL", server.url())
    }

    /// Runs the child to its end, whatever that is.
    pub(crate) fn end(self) -> Ended {
        let mut child = self.command().spawn().unwrap();
        let streams: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        let (sender, texts) = mpsc::channel();
        for mut stream in streams {
            let sender = sender.clone();
            thread::spawn(move || {
                let mut bytes = Vec::new();
                stream.read_to_end(&mut bytes).ok();
                sender.send(String::from_utf8_lossy(&bytes).into_owned()).ok();
            });
        }
        let mut output = String::new();
        for _ in 0..2 {
            if let Ok(text) = texts.recv_timeout(2 * LONG) {
                output.push_str(&text);
            } else {
                child.kill().ok();
                output.push_str("\n(killed: it did not end)\n");
            }
        }
        let code = child.wait().unwrap().code();
        let at = SystemTime::now();
        for secret in SECRETS {
            assert!(!output.contains(secret), "the key shows in the output:\n{output}");
        }
        Ended { code, output, at }
    }

    /// This test again, without what the environment happens to say of the SDK, of OpenTelemetry and of proxies.
    fn command(&self) -> Command {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", &self.test, "--nocapture", "--test-threads=1"]).env(MARK, "1");
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy().to_uppercase();
            if text.starts_with("BENTOLABS_") || text.starts_with("OTEL_") || text.ends_with("_PROXY") {
                command.env_remove(name);
            }
        }
        command.envs(self.environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the child, which must end well.
    pub(crate) fn succeeds(self) -> Ended {
        let ended = self.end();
        assert_eq!(ended.code, Some(0), "the child failed:\n{}", ended.output);
        assert!(ended.output.contains("1 passed"), "the child ran no test:\n{}", ended.output);
        ended
    }
}
