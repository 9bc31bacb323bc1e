//! `bento serve` on a database, as a process that can be killed.

use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Kept open, so that it may print.
    _output: Lines<BufReader<ChildStdout>>,
    url: String,
    agent: ureq::Agent,
}

impl Server {
    pub(crate) fn start(file: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bento"))
            .args(["serve", "--port", "0", "--db", file.to_str().unwrap()])
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines.find_map(|line| Some(line.unwrap().split_once("BENTOLABS_BASE_URL=")?.1.to_owned()));
        Self { child, _output: lines, url: url.unwrap(), agent: crate::agent::agent() }
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// SIGKILL: nothing in the process can see it coming.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The answer to a question; `None` for 404.
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        let mut response = self.agent.get(format!("{}{path}", self.url)).call().unwrap();
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap();
        assert!([200, 404].contains(&status), "{path}: {status} {}", String::from_utf8_lossy(&body));
        (status == 200).then(|| serde_json::from_slice(&body).unwrap())
    }

    /// How many spans it has.
    pub(crate) fn spans(&self) -> usize {
        let all = "start=1970-01-01T00:00:00Z&end=2200-01-01T00:00:00Z";
        let summary = self.get(&format!("/workspaces/local/traces/summary?{all}")).unwrap();
        usize::try_from(summary["span_count"].as_u64().unwrap()).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
