//! A flush tells the truth in time, whoever calls it and from wherever.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{Answer, Gate, KEY, LONG, Server, await_threads, scenario, spans_of};

const SHORT: Duration = Duration::from_millis(300);

fn current_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Runs `flush` with little time, which must be what it takes.
fn in_short(flush: impl FnOnce(Duration) -> Result<(), bento::DeliveryError>) {
    let start = Instant::now();
    let error = flush(SHORT).unwrap_err();
    let took = start.elapsed();
    assert!(took >= SHORT && took < SHORT + Duration::from_secs(3), "{took:?}");
    assert_eq!((error.undelivered(), error.waiting()), (1, 1), "{error}");
}

#[test]
fn a_flush_ends_at_its_deadline() {
    scenario(
        || {
            let start = Instant::now();
            bento::track_ai("answer").send();
            // A request that hangs takes ten.
            assert!(start.elapsed() < Duration::from_secs(5), "an emission waits for nothing");
            in_short(bento::flush);
            in_short(|timeout| current_thread().block_on(bento::flush_async(timeout)));
            in_short(|timeout| pollster(bento::flush_async(timeout)));
            assert_eq!(bento::flush(Duration::ZERO).unwrap_err().waiting(), 1);
            // The request under way ends within ten seconds, then all goes on.
            let first = Instant::now();
            bento::track_ai("next").send();
            bento::flush(LONG).unwrap();
            assert!(first.elapsed() < Duration::from_secs(14), "{:?}", first.elapsed());
        },
        |child| {
            std::thread::scope(|scope| {
                for answer in
                    [Answer::hang(), Answer::endless_head().trickled_head(Duration::from_millis(50))]
                {
                    let child = child.clone();
                    scope.spawn(move || {
                        let server = Server::first([answer]);
                        child.to(&server).succeeds();
                        assert_eq!(spans_of(&server.accepted()).len(), 2);
                    });
                }
            });
        },
    );
}

/// The least of executors: a thread that parks.
fn pollster<F: Future>(future: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = std::sync::Arc::new(Unpark(std::thread::current())).into();
    let mut future = std::pin::pin!(future);
    loop {
        let mut context = std::task::Context::from_waker(&waker);
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::park();
    }
}

#[test]
fn an_async_flush_blocks_no_thread_of_the_runtime() {
    scenario(
        || {
            current_thread().block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let url = format!("http://{}", listener.local_addr().unwrap());
                // The backend is a task on the very thread that waits for it.
                tokio::spawn(async move {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    let mut piece = [0; 4096];
                    while stream.read(&mut piece).await.unwrap() == piece.len() {}
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await.unwrap();
                });
                let _bento = bento::builder().api_key(KEY).base_url(url).init().unwrap();
                bento::track_ai("answer").send();
                bento::flush_async(LONG).await.unwrap();
                assert_eq!(bento::status().delivered(), 1);
            });
        },
        |child| {
            child.succeeds();
        },
    );
}

#[test]
fn a_hundred_flushes_at_once_are_all_truthful() {
    scenario(
        || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            std::thread::scope(|scope| {
                for _ in 0..50 {
                    scope.spawn(|| {
                        bento::track_ai("thread").send();
                        let before = bento::status().accepted();
                        bento::flush(LONG).unwrap();
                        assert!(bento::status().delivered() >= before.min(100));
                    });
                }
                let tasks: Vec<_> = (0..50)
                    .map(|_| {
                        runtime.spawn(async {
                            bento::track_ai("task").send();
                            bento::flush_async(LONG).await
                        })
                    })
                    .collect();
                for task in tasks {
                    runtime.block_on(task).unwrap().unwrap();
                }
            });
            assert_eq!(bento::status().delivered(), 100);
        },
        |child| {
            let server = Server::first([503, 200, 503].map(Answer::status));
            child.to(&server).succeeds();
            assert_eq!(spans_of(&server.accepted()).len(), 100);
        },
    );
}

#[test]
fn a_loss_is_told_by_every_flush_it_concerns_and_by_no_later_one() {
    scenario(
        || {
            let gate = Gate::default();
            let server = Server::first([Answer::status(400).held(&gate)]);
            let builder = bento::builder().api_key(KEY).base_url(server.url());
            let _bento = builder.batch_interval(LONG).init().unwrap();
            bento::track_ai("answer").send();
            let told: Vec<_> = std::thread::scope(|scope| {
                let blocking = scope.spawn(|| bento::flush(LONG));
                // Nothing but that flush can have sent it, so it is under way; the others are from their call on.
                server.wait_for(1);
                let others: Vec<_> = (0..9).map(|_| bento::flush_async(LONG)).collect();
                gate.open();
                let others = others.into_iter().map(pollster);
                others.chain([blocking.join().unwrap()]).collect()
            });
            assert_eq!(told.len(), 10);
            assert!(
                told.iter().all(|told| told.as_ref().is_err_and(|error| error.undelivered() == 1)),
                "{told:?}"
            );
            bento::flush(LONG).unwrap();
        },
        |child| {
            child.succeeds();
        },
    );
}

#[test]
fn a_flush_that_moves_between_tasks_is_woken_where_it_is() {
    scenario(
        || {
            bento::track_ai("answer").send();
            let mut flush = Box::pin(bento::flush_async(SHORT));
            let mut nowhere = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(flush.as_mut().poll(&mut nowhere).is_pending());
            // The deadline must wake the task that polled last, not the first.
            let start = Instant::now();
            assert_eq!(pollster(flush).unwrap_err().waiting(), 1);
            assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
            bento::shutdown(Duration::ZERO).unwrap_err();
        },
        |child| {
            child.to(&Server::always(Answer::hang())).succeeds();
        },
    );
}

#[test]
fn a_flush_that_is_over_leaves_nothing_behind() {
    scenario(
        || {
            struct Holder(#[expect(dead_code, reason = "it counts by being held")] std::sync::Arc<()>);
            impl std::task::Wake for Holder {
                fn wake(self: std::sync::Arc<Self>) {}
            }
            let token = std::sync::Arc::new(());
            for _ in 0..100 {
                bento::track_ai("answer").send();
                let waker = std::sync::Arc::new(Holder(std::sync::Arc::clone(&token))).into();
                let mut flush = Box::pin(bento::flush_async(Duration::MAX));
                assert!(flush.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_pending());
            }
            bento::flush(LONG).unwrap();
            assert_eq!(std::sync::Arc::strong_count(&token), 1, "wakers are kept for a century");
            await_threads("bento-timer", 0);
        },
        |child| {
            child.to(&Server::always(Answer::ok().late(Duration::from_millis(20)))).succeeds();
        },
    );
}
