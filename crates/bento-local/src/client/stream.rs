//! Listening to what changes at a backend.

use std::io::Read;
use std::time::Duration;

use ureq::Body;
use ureq::http::header::{ACCEPT, CONTENT_TYPE};
use ureq::http::{Response, StatusCode};

use super::{Answer, Client, FetchError};
use crate::event_stream::EventStream;

/// How long the backend may take to begin.
const BEGINS: Duration = Duration::from_secs(15);

/// How long a stream may be silent. Backends write a comment every 15 s.
const SILENT: Duration = Duration::from_secs(45);

/// A wish to be told, on a connection of its own, which another thread can end.
pub(crate) struct Subscription {
    client: Client,
    path: String,
}

/// What came of a wish to be told.
pub(crate) enum Listened<R> {
    Stream(EventStream<R>),
    /// There is nothing of that name: what was to be listened to, or streams at all.
    Missing,
    /// The backend has no streams.
    None,
}

impl Client {
    /// Wishes to be told what happens at `path`, which begins with a slash and whose parts are escaped.
    pub(crate) fn subscription(&self, path: String) -> Subscription {
        let agent = ureq::Agent::new_with_config(self.agent.config().clone());
        let client =
            Self { agent, base_url: self.base_url.clone(), authorization: self.authorization.clone() };
        Subscription { client, path }
    }
}

impl Subscription {
    /// Begins to listen. Reading the stream fails once it was silent for 45 s, or when the subscription ends.
    pub(crate) fn listen(&self) -> Result<Listened<impl Read>, FetchError> {
        let Self { client, path } = self;
        let url = format!("{}{path}", client.base_url);
        let request = client.authorized(client.agent.get(&url)).header(ACCEPT, "text/event-stream");
        let request = request.config().timeout_connect(Some(BEGINS)).timeout_recv_response(Some(BEGINS));
        let response = request.timeout_per_read(Some(SILENT)).build().call();
        let response = match response {
            Ok(response) if response.status() == StatusCode::NOT_FOUND => return Ok(Listened::Missing),
            Ok(response) if is_none(&response) => return Ok(Listened::None),
            Ok(response) if response.status().is_success() => response,
            refused => return Answer::of(url, BEGINS, refused).map(|_| Listened::None),
        };
        Ok(Listened::Stream(EventStream::new(response.into_body().into_reader())))
    }

    /// Ends it: what listens or begins to listen fails at once.
    pub(crate) fn end(&self) {
        self.client.agent.clone().shutdown();
    }
}

/// Whether this is how a backend answers that has nothing to listen to.
fn is_none(response: &Response<Body>) -> bool {
    let status = response.status();
    if status.is_success() {
        let media = response.headers().get(CONTENT_TYPE).and_then(|media| media.to_str().ok());
        let media = media.and_then(|media| media.split(';').next()).unwrap_or_default().trim();
        return !media.eq_ignore_ascii_case("text/event-stream");
    }
    matches!(
        status,
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_ACCEPTABLE | StatusCode::NOT_IMPLEMENTED
    )
}

#[cfg(test)]
mod tests {
    use std::io::{self, BufRead as _, BufReader, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    use super::*;

    /// A backend that gives this answer and leaves the connection open, which it gives back.
    fn backend(answer: &'static str) -> io::Result<(String, thread::JoinHandle<io::Result<TcpStream>>)> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let answered = thread::spawn(move || {
            let (mut stream, _) = listener.accept()?;
            let asked: io::Result<Vec<_>> = BufReader::new(&stream)
                .lines()
                .take_while(|line| !matches!(line, Ok(line) if line.is_empty()))
                .collect();
            let asked = asked?;
            assert_eq!(asked[0], "GET /a/stream HTTP/1.1");
            assert!(asked.contains(&"accept: text/event-stream".to_owned()), "{asked:?}");
            assert!(asked.contains(&"authorization: Bearer bl_pk_x".to_owned()), "{asked:?}");
            stream.write_all(answer.as_bytes())?;
            Ok(stream)
        });
        Ok((url, answered))
    }

    fn subscription(url: &str) -> io::Result<Subscription> {
        let client = Client::new(url).key("bl_pk_x").ok_or_else(|| io::Error::other("a key"))?;
        Ok(client.subscription("/a/stream".to_owned()))
    }

    const STREAM: &str =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\nevent: ready\ndata: {}\n\n";

    #[test]
    fn what_is_listened_to_ends_when_it_is_ended() -> Result<(), Box<dyn std::error::Error>> {
        let (url, backend) = backend(STREAM)?;
        let subscription = subscription(&url)?;
        let Listened::Stream(mut events) = subscription.listen()? else { return Err("no stream".into()) };
        assert_eq!(events.next().ok_or("no event")??.name, "ready");
        let _open = backend.join().map_err(|_| "the backend")??;
        let told = thread::scope(|scope| {
            // It waits for an event that never comes.
            let listening = scope.spawn(move || events.next().is_some_and(|event| event.is_ok()));
            subscription.end();
            listening.join()
        });
        assert_eq!(told.ok(), Some(false));
        assert!(subscription.listen().is_err(), "what has ended begins no more");
        Ok(())
    }

    #[test]
    fn a_backend_without_streams_is_told_apart_from_one_that_refuses()
    -> Result<(), Box<dyn std::error::Error>> {
        for (answer, expected) in [
            ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", Some("missing")),
            ("HTTP/1.1 405 No\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n", None),
            ("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n", None),
            (
                "HTTP/1.1 401 No\r\nContent-Length: 15\r\n\r\n{\"detail\":\"no\"}",
                Some("the backend answered 401: no"),
            ),
            (
                "HTTP/1.1 503 Busy\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n",
                Some("is text/plain"),
            ),
        ] {
            let (url, backend) = backend(answer)?;
            let subscription = subscription(&url)?;
            let told = subscription.listen();
            match expected {
                None => assert!(matches!(told, Ok(Listened::None)), "{answer}"),
                Some("missing") => assert!(matches!(told, Ok(Listened::Missing)), "{answer}"),
                Some(expected) => {
                    let told = told.err().map(|error| error.to_string()).unwrap_or_default();
                    assert!(told.ends_with(expected), "{told}");
                }
            }
            backend.join().map_err(|_| "the backend")??;
        }
        Ok(())
    }
}
