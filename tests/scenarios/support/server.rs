//! A backend that answers by script and remembers what it received.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use serde_json::Value;

use super::LONG;

/// What the server does with a request.
#[derive(Clone, Debug, Default)]
pub(crate) enum Answer {
    #[default]
    Ok,
    /// A status with a body and further header lines.
    Status(u16, Vec<u8>, &'static str),
    /// The same as `Ok`, but so much later.
    Late(Duration),
    /// A status, once the gate is open.
    Held(Gate, u16),
    /// Ends the connection without an answer.
    Close,
    /// Never answers.
    Hang,
    /// Sends a byte of an endless head every 50 ms.
    Trickle,
}

/// Holds answers back until the test has seen what it wants to see: unlike a pause, it fits every machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

/// A request as it was received.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) head: String,
    /// Inflated, where it was compressed.
    pub(crate) body: Vec<u8>,
    pub(crate) at: Instant,
    accepted: bool,
}

type Script = dyn Fn(usize, &Received) -> Answer + Send + Sync;

#[derive(Default)]
struct Log {
    requests: Mutex<Vec<Received>>,
    more: Condvar,
}

/// A backend on the loopback interface; it serves until the process ends.
pub(crate) struct Server {
    address: SocketAddr,
    log: Arc<Log>,
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self::Status(status, Vec::new(), "")
    }
}

impl Gate {
    pub(crate) fn open(&self) {
        let (is_open, opened) = &*self.0;
        *is_open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        opened.notify_all();
    }

    /// Waits for the gate to open, though not for ever: a test may fail before it does.
    fn pass(&self) {
        let (is_open, opened) = &*self.0;
        let closed = is_open.lock().unwrap_or_else(PoisonError::into_inner);
        drop(opened.wait_timeout_while(closed, LONG, |is_open| !*is_open));
    }
}

impl Received {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, wanted: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case(wanted).then_some(value)
        })
    }
}

impl Server {
    /// Accepts everything.
    pub(crate) fn ok() -> Self {
        Self::script(|_, _| Answer::Ok)
    }

    /// Answers the first requests as told, and accepts the rest.
    pub(crate) fn first(answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers: Vec<Answer> = answers.into_iter().collect();
        Self::script(move |number, _| answers.get(number).cloned().unwrap_or_default())
    }

    pub(crate) fn always(answer: Answer) -> Self {
        Self::script(move |_, _| answer.clone())
    }

    /// Answers each request, of which `script` is given the number too.
    pub(crate) fn script(script: impl Fn(usize, &Received) -> Answer + Send + Sync + 'static) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap(), script)
    }

    pub(crate) fn on(
        listener: TcpListener,
        script: impl Fn(usize, &Received) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let log = Arc::new(Log::default());
        let script: Arc<Script> = Arc::new(script);
        let shared = Arc::clone(&log);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (log, script) = (Arc::clone(&shared), Arc::clone(&script));
                thread::spawn(move || serve(&log, &*script, stream?));
            }
        });
        Self { address, log }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.log.requests().clone()
    }

    /// Waits until that many requests were received.
    pub(crate) fn wait_for(&self, requests: usize) -> Vec<Received> {
        let mut received = self.log.requests();
        let end = Instant::now() + LONG;
        while received.len() < requests {
            let pause = end.saturating_duration_since(Instant::now());
            assert!(!pause.is_zero(), "{} of {requests} requests came", received.len());
            received = self.log.more.wait_timeout(received, pause).unwrap().0;
        }
        received.clone()
    }

    /// The requests that were answered with success.
    pub(crate) fn accepted(&self) -> Vec<Received> {
        self.requests().into_iter().filter(|request| request.accepted).collect()
    }

    /// The one request there was.
    pub(crate) fn only(&self) -> Received {
        let requests = self.requests();
        assert_eq!(requests.len(), 1);
        requests.into_iter().next().unwrap()
    }
}

impl Log {
    fn requests(&self) -> MutexGuard<'_, Vec<Received>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of a request once it is known how it will be answered.
    fn push(&self, mut request: Received, script: &Script) -> Answer {
        let mut requests = self.requests();
        let answer = script(requests.len(), &request);
        request.accepted = match &answer {
            Answer::Ok | Answer::Late(_) => true,
            Answer::Status(status, ..) | Answer::Held(_, status) => (200..300).contains(status),
            Answer::Close | Answer::Hang | Answer::Trickle => false,
        };
        requests.push(request);
        self.more.notify_all();
        answer
    }
}

fn serve(log: &Log, script: &Script, stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream)? {
        let (status, body, headers) = match log.push(request, script) {
            Answer::Ok => (200, b"{}".to_vec(), ""),
            Answer::Status(status, body, headers) => (status, body, headers),
            Answer::Late(pause) => {
                thread::sleep(pause);
                (200, b"{}".to_vec(), "")
            }
            Answer::Held(gate, status) => {
                gate.pass();
                (status, b"{}".to_vec(), "")
            }
            Answer::Close => return Ok(()),
            Answer::Hang => loop {
                thread::park();
            },
            Answer::Trickle => {
                stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nX-Slow: ")?;
                loop {
                    stream.get_mut().write_all(b"x")?;
                    thread::sleep(Duration::from_millis(50));
                }
            }
        };
        let head = format!("HTTP/1.1 {status} Status\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
        stream.get_mut().write_all(&[head.into_bytes(), body].concat())?;
    }
    Ok(())
}

fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Received>> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head)? == 0 {
            return Ok(None);
        }
    }
    let mut request = Received { head, body: Vec::new(), at: Instant::now(), accepted: false };
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    if request.header("content-encoding") == Some("gzip") {
        GzDecoder::new(&*body).read_to_end(&mut request.body)?;
    } else {
        request.body = body;
    }
    Ok(Some(request))
}
