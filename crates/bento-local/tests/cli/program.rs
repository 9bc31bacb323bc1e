//! Running the program: with nothing in its environment but what a test says, and never for longer than its deadline.

use std::io::{Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long a command may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// The key in every environment that has one. No output may show it.
pub(crate) const SECRET: &str = "bl_pk_b9f3secretc07e";

/// Where nobody listens: the port is reserved, and no test can be given it.
pub(crate) const NOBODY: &str = "http://127.0.0.1:9";

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A command that is not started yet.
pub(crate) fn bento(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bento"));
    command
        .args(arguments)
        .env_clear()
        // Windows has no sockets without it.
        .envs(std::env::var_os("SystemRoot").map(|root| ("SystemRoot", root)))
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs a command to its end.
pub(crate) fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Finished {
    finish(bento(arguments, environment).spawn().unwrap())
}

/// Runs a command that asks the backend at `url`.
pub(crate) fn ask(url: &str, arguments: &[&str]) -> Finished {
    run(arguments, &[("BENTOLABS_BASE_URL", url), ("BENTOLABS_API_KEY", SECRET)])
}

/// Waits for a command's end, or kills it at the deadline. Nothing that it says may hold the key.
pub(crate) fn finish(mut child: Child) -> Finished {
    let stdout = child.stdout.take().map(read);
    let stderr = child.stderr.take().map(read);
    let deadline = Instant::now() + DEADLINE;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
        }
        thread::sleep(Duration::from_millis(2));
    };
    let text = |pipe: Option<JoinHandle<String>>| pipe.map(|pipe| pipe.join().unwrap()).unwrap_or_default();
    let finished = Finished { code: status.code(), stdout: text(stdout), stderr: text(stderr) };
    let secret = SECRET.trim_start_matches("bl_pk_");
    assert!(!finished.stdout.contains(secret) && !finished.stderr.contains(secret), "{finished:?}");
    finished
}

impl Finished {
    /// What a command printed that succeeded in silence.
    pub(crate) fn printed(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{}", self.stdout);
        self.stdout
    }

    /// What a command said that failed with this code and printed nothing.
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (Some(code), ""), "{}", self.stderr);
        self.stderr
    }
}

/// A backend that gives every request the same answer, and the requests that it got, each as a line and its headers.
pub(crate) fn canned(answers: Vec<String>) -> (String, JoinHandle<Vec<String>>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = thread::spawn(move || {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(DEADLINE)).unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") {
                stream.read_exact(&mut byte).unwrap();
                head.extend(byte);
            }
            let mut head = String::from_utf8(head).unwrap();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
            stream.read_exact(&mut body).unwrap();
            head += &String::from_utf8_lossy(&body);
            stream.write_all(answer.as_bytes()).unwrap();
            requests.push(head);
        }
        requests
    });
    (url, requests)
}

/// An answer, after which the connection is closed.
pub(crate) fn answer(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} Status\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn read(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).unwrap();
        text
    })
}
