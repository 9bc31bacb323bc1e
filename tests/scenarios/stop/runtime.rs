//! Start and stop from inside async runtimes, also while they end.

use std::future::pending;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::support::{Answer, Gate, KEY, LONG, Server, await_workers, scenario, span_names};

fn runtimes() -> [Runtime; 2] {
    let single = Builder::new_current_thread().enable_all().build().unwrap();
    let multi = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    [single, multi]
}

/// A whole life of the SDK.
fn life() {
    let guard = bento::init().unwrap();
    bento::track_ai("answer").send();
    bento::flush(LONG).unwrap();
    bento::track_ai("answer").send();
    drop(guard);
    bento::shutdown(LONG).unwrap();
    await_workers(0);
}

#[test]
fn a_life_fits_anywhere() {
    scenario(
        || {
            life();
            for runtime in runtimes() {
                runtime.block_on(async { life() });
                runtime.block_on(async { tokio::spawn(async { life() }).await.unwrap() });
                runtime.block_on(async { tokio::task::spawn_blocking(life).await.unwrap() });
                runtime.block_on(async {
                    let local = tokio::task::LocalSet::new();
                    local
                        .run_until(async { tokio::task::spawn_local(async { life() }).await.unwrap() })
                        .await;
                });
                life();
            }
        },
        |child| {
            let server = child.delivers();
            assert_eq!(span_names(&server.requests()).len(), 2 * (1 + 2 * 5));
        },
    );
}

#[test]
fn a_task_may_flush_while_its_runtime_ends() {
    struct AtDrop(fn());
    impl Drop for AtDrop {
        fn drop(&mut self) {
            (self.0)();
        }
    }
    scenario(
        || {
            let ends: [fn(); 3] = [
                || drop(bento::init().unwrap()),
                || bento::flush(LONG).unwrap(),
                || bento::shutdown(LONG).unwrap(),
            ];
            for end in ends {
                for runtime in runtimes() {
                    let _bento = bento::init().unwrap();
                    bento::track_ai("answer").send();
                    let (sender, started) = std::sync::mpsc::channel();
                    runtime.spawn(async move {
                        let _turn = bento::begin("turn").start();
                        let _end = AtDrop(end);
                        sender.send(()).unwrap();
                        pending::<()>().await;
                    });
                    runtime.block_on(tokio::task::yield_now());
                    started.recv_timeout(LONG).unwrap();
                    drop(runtime);
                    bento::shutdown(LONG).unwrap();
                }
            }
        },
        |child| {
            let server = child.delivers();
            assert_eq!(span_names(&server.requests()).len(), 12);
        },
    );
}

#[test]
fn a_flush_may_be_dropped_with_its_runtime() {
    scenario(
        || {
            let gate = Gate::default();
            let server = Server::first([Answer::ok().held(&gate)]);
            let _bento = bento::builder().api_key(KEY).base_url(server.url()).init().unwrap();
            bento::track_ai("answer").send();
            for runtime in runtimes() {
                runtime.spawn(bento::flush_async(Duration::MAX));
                runtime.block_on(tokio::task::yield_now());
                runtime.shutdown_background();
            }
            server.wait_for(1);
            // Were anything left to wait for here, it would be the answer.
            bento::track_ai("answer").send();
            gate.open();
            bento::flush(LONG).unwrap();
            assert_eq!(span_names(&server.accepted()).len(), 2);
        },
        |child| {
            child.succeeds();
        },
    );
}

#[test]
fn an_executor_that_is_gone_takes_no_emission_with_it() {
    use std::future::Future;
    use std::pin::Pin;
    use std::sync::{Arc, Mutex};
    use std::task::{Context, Wake};

    /// A task that only its wakers own: the last of them takes the future along when it goes.
    struct Task(Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>);
    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }
    scenario(
        || {
            bento::track_ai("answer").send();
            let task = Arc::new(Task(Mutex::default()));
            *task.0.lock().unwrap() = Some(Box::pin(async {
                bento::flush_async(LONG).await.ok();
            }));
            let waker = Arc::clone(&task).into();
            let mut future = task.0.lock().unwrap().take().unwrap();
            assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            *task.0.lock().unwrap() = Some(future);
            drop((task, waker));
            bento::flush(LONG).unwrap();
            bento::track_ai("later").send();
            bento::flush(LONG).unwrap();
        },
        |child| {
            let server = Server::always(Answer::ok().late(Duration::from_millis(200)));
            child.to(&server).succeeds();
            assert_eq!(span_names(&server.requests()), ["answer", "later"]);
        },
    );
}
