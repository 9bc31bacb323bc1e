//! Connections: accepted as long as there are not too many, and none kept for a client that does not speak.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;

/// What a client may take of the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Connections at a time; who comes then waits to be accepted.
    pub(crate) connections: usize,
    /// How long a connection may be without a whole head of a request.
    pub(crate) head: Duration,
    /// How long a client may take nothing of its answer; somebody may be reading it page by page.
    pub(crate) write: Duration,
    /// How long requests that are under way may take once the server is told to stop.
    pub(crate) finish: Duration,
}

impl Patience {
    /// A process on macOS has 256 descriptors, of which the database needs some.
    pub(crate) const USUAL: Self = Self {
        connections: 192,
        head: Duration::from_secs(75),
        write: Duration::from_secs(600),
        finish: Duration::from_secs(1),
    };
}

/// How long nothing is accepted after that has failed, as it does where the process has no descriptors left.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop` is there, and then what is under way.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    patience: Patience,
    stop: impl Future<Output = ()>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience.head);
    let places = Arc::new(Semaphore::new(patience.connections));
    let graceful = GracefulShutdown::new();
    tokio::pin!(stop);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, accept(&listener).await)
        };
        let (place, stream) = tokio::select! {
            next = next => next,
            () = &mut stop => break,
        };
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(patience.write));
        // Where places become few, each serves one request: others than those that keep theirs get through, too.
        http.keep_alive(4 * places.available_permits() >= patience.connections);
        let service = TowerToHyperService::new(router.clone());
        let connection = graceful.watch(http.serve_connection(TokioIo::new(Box::pin(stream)), service));
        tokio::spawn(async move {
            // What a client does wrong is its own affair.
            let _ = connection.await;
            drop(place);
        });
    }
    // Nobody is accepted any more while the others finish.
    drop(listener);
    let _ = timeout(patience.finish, graceful.shutdown()).await;
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are small; without this some would wait for a full packet. Failing to set it costs only time.
                let _ = stream.set_nodelay(true);
                return stream;
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::oneshot;

    use super::*;

    const BRIEF: Duration = Duration::from_millis(50);

    /// Runs `client` against a server with little patience, and stops it while the client's connections are open.
    async fn with_server<F: Future<Output = io::Result<Vec<TcpStream>>>>(
        client: impl FnOnce(std::net::SocketAddr) -> F,
    ) -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let patience = Patience { connections: 2, head: BRIEF, write: BRIEF, finish: BRIEF };
        let slow = get(|| async { sleep(Duration::from_secs(3600)).await });
        let much = get(|| async { vec![b'x'; 64 << 20] });
        let stream = get(|| async {
            let pieces = futures_util::stream::unfold(0, async |piece: u8| {
                sleep(BRIEF * 2).await;
                (piece < 3).then(|| (io::Result::Ok(vec![b'0' + piece]), piece + 1))
            });
            axum::body::Body::from_stream(pieces)
        });
        let router = Router::new().route("/", get(|| async { "here" })).route("/slow", slow);
        let router = router.route("/much", much).route("/stream", stream);
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(serve(listener, router, patience, async { drop(stopped.await) }));
        let outcome = client(address).await;
        let _ = stop.send(());
        timeout(Duration::from_secs(5), server).await??;
        outcome.map(drop)
    }

    async fn ask(address: std::net::SocketAddr, path: &str) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await?;
        Ok(stream)
    }

    #[tokio::test]
    async fn who_does_not_speak_is_hung_up_on_and_makes_room() -> io::Result<()> {
        with_server(|address| async move {
            let mut silent = TcpStream::connect(address).await?;
            let mut halfway = TcpStream::connect(address).await?;
            halfway.write_all(b"GET / HTTP/1.1\r\nHos").await?;
            // The third is accepted when one of the two has been given up.
            let mut third = ask(address, "/").await?;
            let mut answer = [0; 15];
            third.read_exact(&mut answer).await?;
            assert_eq!(&answer, b"HTTP/1.1 200 OK");
            let mut rest = Vec::new();
            assert_eq!(silent.read_to_end(&mut rest).await?, 0);
            halfway.read_to_end(&mut rest).await?;
            Ok(Vec::new())
        })
        .await
    }

    #[tokio::test]
    async fn who_speaks_now_and_then_leaves_room_for_others() -> io::Result<()> {
        with_server(|address| async move {
            // Senders keep their connection, and use it too often to be given up.
            for _ in 0..2 {
                let mut sender = ask(address, "/").await?;
                tokio::spawn(async move {
                    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
                    while sender.write_all(request).await.is_ok() && sender.read(&mut [0; 500]).await? > 0 {
                        sleep(BRIEF / 5).await;
                    }
                    io::Result::Ok(())
                });
            }
            sleep(BRIEF).await;
            let mut third = ask(address, "/").await?;
            timeout(BRIEF * 40, third.read_exact(&mut [0; 15])).await??;
            Ok(Vec::new())
        })
        .await
    }

    #[tokio::test]
    async fn who_takes_nothing_of_an_answer_is_hung_up_on_and_makes_room() -> io::Result<()> {
        with_server(|address| async move {
            let idle = vec![ask(address, "/much").await?, ask(address, "/much").await?];
            let mut third = ask(address, "/").await?;
            third.read_exact(&mut [0; 15]).await?;
            Ok(idle)
        })
        .await
    }

    #[tokio::test]
    async fn an_answer_may_take_longer_than_any_patience_as_long_as_it_is_read() -> io::Result<()> {
        with_server(|address| async move {
            let mut stream = ask(address, "/stream").await?;
            let mut answer = Vec::new();
            let mut piece = [0; 500];
            while !answer.ends_with(b"0\r\n\r\n") {
                let read = timeout(BRIEF * 40, stream.read(&mut piece)).await??;
                assert!(read > 0, "{}", String::from_utf8_lossy(&answer));
                answer.extend(&piece[..read]);
            }
            assert!(answer.ends_with(b"1\r\n0\r\n1\r\n1\r\n1\r\n2\r\n0\r\n\r\n"));
            Ok(Vec::new())
        })
        .await
    }

    #[tokio::test]
    async fn a_stop_does_not_wait_for_what_takes_too_long() -> io::Result<()> {
        with_server(|address| async move {
            // Answered behind it, so that the server has begun with it.
            let slow = ask(address, "/slow").await?;
            let mut other = ask(address, "/").await?;
            other.read_exact(&mut [0; 15]).await?;
            Ok(vec![slow, other])
        })
        .await
    }
}
