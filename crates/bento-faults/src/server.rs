//! A backend that does as its plan says and remembers what it received.

use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Instant;

use crate::LONG;
use crate::answer::Answer;
use crate::plan::{Door, Early, Keep, Plan};
use crate::received::{Fate, Received};
use crate::send::{Then, send};
use crate::socket::{Connection, Socket};

/// A backend on the loopback interface; it serves until the process ends. Clones are the same server.
#[derive(Clone, Debug)]
pub struct Server {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    plan: Plan,
    address: SocketAddr,
    books: Mutex<Books>,
    changed: Condvar,
    connections: AtomicUsize,
    requests: AtomicUsize,
    received: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Books {
    requests: Vec<Received>,
    listening: Listening,
    open: Vec<Weak<TcpStream>>,
    /// It wakes the listener, and keeps the port from everybody else while nobody listens there.
    doorstop: Option<TcpStream>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Listening {
    #[default]
    Yes,
    Stopping,
    No,
    Resuming,
}

impl Server {
    /// Accepts everything.
    pub fn ok() -> Self {
        Plan::ok().start()
    }

    /// Answers the first requests as told, and accepts the rest.
    pub fn first(answers: impl IntoIterator<Item = Answer>) -> Self {
        Plan::first(answers).start()
    }

    /// Answers every request in the same way.
    pub fn always(answer: Answer) -> Self {
        Plan::always(answer).start()
    }

    /// Answers each request, of which `script` is given the number too.
    pub fn script(script: impl Fn(usize, &Received) -> Answer + Send + Sync + 'static) -> Self {
        Plan::script(script).start()
    }

    pub(crate) fn start(plan: Plan, listener: TcpListener) -> Self {
        let shared = Arc::new(Shared {
            plan,
            address: listener.local_addr().unwrap(),
            books: Mutex::default(),
            changed: Condvar::new(),
            connections: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            received: Arc::default(),
        });
        let server = Self { shared: Arc::clone(&shared) };
        thread::spawn(move || shared.listen(listener));
        server
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Its base URL, without TLS.
    pub fn url(&self) -> String {
        format!("http://{}", self.shared.address)
    }

    /// The requests so far, as far as the plan keeps them.
    pub fn requests(&self) -> Vec<Received> {
        self.shared.books().requests.clone()
    }

    /// Waits until that many requests were received.
    pub fn wait_for(&self, requests: usize) -> Vec<Received> {
        let books = self.shared.wait_until(|books| books.requests.len() >= requests);
        let came = books.requests.len();
        assert!(came >= requests, "{came} of {requests} requests came");
        books.requests.clone()
    }

    /// The requests that were answered with success.
    pub fn accepted(&self) -> Vec<Received> {
        self.requests().into_iter().filter(|request| request.fate == Fate::Accepted).collect()
    }

    /// The one request there was.
    pub fn only(&self) -> Received {
        let requests = self.requests();
        assert_eq!(requests.len(), 1);
        requests.into_iter().next().unwrap()
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Bytes received so far, whatever they were.
    pub fn received_bytes(&self) -> u64 {
        self.shared.received.load(Ordering::Relaxed)
    }

    /// Goes down: ends all connections and closes the port, until [`resume`](Self::resume). When this returns, a
    /// connection is refused.
    pub fn stop(&self) {
        let mut books = self.shared.books();
        // The system takes the connection in, so that nobody has to accept it while the books are locked.
        books.doorstop = Some(TcpStream::connect(self.shared.address).unwrap());
        books.listening = Listening::Stopping;
        drop(books);
        let mut books = self.shared.wait_until(|books| books.listening == Listening::No);
        assert_eq!(books.listening, Listening::No);
        for stream in books.open.drain(..).filter_map(|stream| stream.upgrade()) {
            stream.shutdown(Shutdown::Both).ok();
        }
    }

    /// Is up again, on the same port.
    pub fn resume(&self) {
        self.shared.books().listening = Listening::Resuming;
        self.shared.changed.notify_all();
        let mut books = self.shared.wait_until(|books| books.listening == Listening::Yes);
        assert_eq!(books.listening, Listening::Yes);
        books.doorstop = None;
    }
}

impl Books {
    fn is_doorstop(&self, peer: SocketAddr) -> bool {
        let doorstop = self.doorstop.as_ref().and_then(|stream| stream.local_addr().ok());
        self.listening == Listening::Stopping && doorstop == Some(peer)
    }
}

impl Shared {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for something to become so, though not for ever; the caller looks whether it did.
    fn wait_until(&self, is_so: impl Fn(&Books) -> bool) -> MutexGuard<'_, Books> {
        let mut books = self.books();
        let end = Instant::now() + LONG;
        while !is_so(&books) {
            let pause = end.saturating_duration_since(Instant::now());
            if pause.is_zero() {
                break;
            }
            books = self.changed.wait_timeout(books, pause).unwrap_or_else(PoisonError::into_inner).0;
        }
        books
    }

    fn listen(self: &Arc<Self>, mut listener: TcpListener) {
        loop {
            let Ok((stream, peer)) = listener.accept() else { continue };
            // Connections that came before it are served, as far as there is time.
            if self.books().is_doorstop(peer) {
                drop(listener);
                self.books().listening = Listening::No;
                self.changed.notify_all();
                while self.wait_until(|books| books.listening == Listening::Resuming).listening
                    != Listening::Resuming
                {}
                listener = TcpListener::bind(self.address).unwrap();
                self.books().listening = Listening::Yes;
                self.changed.notify_all();
                continue;
            }
            let number = self.connections.fetch_add(1, Ordering::Relaxed);
            let shared = Arc::clone(self);
            let stream = Arc::new(stream);
            let mut books = self.books();
            books.open.retain(|stream| stream.strong_count() > 0);
            books.open.push(Arc::downgrade(&stream));
            drop(books);
            thread::spawn(move || shared.serve(number, stream));
        }
    }

    fn serve(&self, number: usize, stream: Arc<TcpStream>) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let socket = Socket { stream, received: Arc::clone(&self.received) };
        let mut connection = Connection::new(socket, self.plan.tls.as_ref())?;
        match (self.plan.doors)(number) {
            Door::Open => {}
            Door::Reset => return connection.reset_at_end(),
            Door::Deaf => loop {
                thread::park();
            },
            Door::Greets(words) => return connection.write_all(&words),
        }
        let mut stream = BufReader::new(connection);
        while let Some(request) = Received::read_head(&mut stream)? {
            match self.answer(request, &mut stream)? {
                Then::Serve => {}
                Then::Close => break,
                Then::Hold => {
                    // What still comes is taken in and forgotten, so that its end is seen.
                    return io::copy(&mut stream, &mut io::sink()).map(drop);
                }
            }
        }
        Ok(())
    }

    fn answer(&self, mut request: Received, stream: &mut BufReader<Connection>) -> io::Result<Then> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        match (self.plan.heads)(number, &request) {
            Early::Read => {}
            Early::Continue => stream.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?,
            Early::Answer(answer) => {
                request.fate = answer.fate();
                return self.give(&answer, request, stream.get_mut()).map(|_| Then::Close);
            }
            Early::Reset(bytes) => {
                stream.read_exact(&mut vec![0; bytes])?;
                (self.plan.settled)(&request);
                self.enter(request);
                stream.get_ref().reset_at_end()?;
                return Ok(Then::Close);
            }
        }
        request.read_body(stream)?;
        if self.plan.keep != Keep::Packed {
            request.unpack()?;
        }
        let answer = (self.plan.script)(number, &request);
        request.fate = answer.fate();
        self.give(&answer, request, stream.get_mut())
    }

    /// Enters a request with the fate that its answer brings, and gives the answer: whoever gets it finds the request
    /// entered. Where not even the head can be said, the fate is another.
    fn give(&self, answer: &Answer, mut request: Received, connection: &mut Connection) -> io::Result<Then> {
        let place = self.enter(request.clone());
        let mut is_said = false;
        if request.fate == Fate::Unanswered {
            (self.plan.settled)(&request);
            return send(answer, connection, &mut is_said);
        }
        let sent = send(answer, connection, &mut is_said);
        if sent.is_err() && !is_said {
            request.fate = Fate::Unanswered;
            let mut books = self.books();
            if let Some(entered) = place.and_then(|place| books.requests.get_mut(place)) {
                entered.fate = request.fate;
            }
        }
        (self.plan.settled)(&request);
        sent
    }

    /// Takes note of a request, and says where, if the plan keeps it.
    fn enter(&self, mut request: Received) -> Option<usize> {
        match self.plan.keep {
            Keep::Bodies | Keep::Packed => {}
            Keep::Spans => request.shrink(),
            Keep::Nothing => return None,
        }
        let mut books = self.books();
        books.requests.push(request);
        self.changed.notify_all();
        Some(books.requests.len() - 1)
    }
}
