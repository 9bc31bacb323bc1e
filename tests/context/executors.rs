//! The wrapped forms on an executor that knows of no runtime.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

use bento::testing::{Spans, capture_async};
use futures_util::future::{join, select};
use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt, pin_mut};

use super::support::{block_on, header, is_cancelled};

/// Pending once, so that another future has its turn.
struct Yield(bool);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

async fn turns() {
    for _ in 0..3 {
        Yield(false).await;
    }
}

async fn branch(name: &str) {
    bento::begin(name)
        .run(async |turn| {
            let around = header();
            assert_eq!(around, turn.context().traceparent());
            turns().await;
            bento::tool_span(format!("{name}'s tool"))
                .run(async |_| {
                    let _guard = bento::tool_span(format!("{name}'s guard")).start();
                    turns().await;
                    bento::track_ai(format!("{name}'s call")).send();
                })
                .await;
            assert_eq!(header(), around);
        })
        .await;
}

fn lines(name: &str) -> String {
    format!("{name}\n  {name}'s tool [tool]\n    {name}'s guard [tool]\n      {name}'s call")
}

#[test]
fn siblings_are_kept_apart() {
    let spans: Spans = block_on(capture_async(async {
        join(branch("a"), branch("b")).await;
        assert_eq!(header(), None);
    }));
    assert_eq!(spans.tree(), format!("{}\n{}", lines("a"), lines("b")));
}

#[test]
fn many_at_once_on_many_threads() {
    let threads: Vec<_> = (0..4)
        .map(|_| {
            thread::spawn(|| {
                let spans = block_on(capture_async(async {
                    let names: Vec<String> = (0..50).map(|name| format!("n{name}")).collect();
                    let mut all: FuturesUnordered<_> = names.iter().map(|name| branch(name)).collect();
                    while all.next().await.is_some() {}
                }));
                for n in 0..50 {
                    assert!(spans.tree().contains(&lines(&format!("n{n}"))));
                }
                assert_eq!(spans.len(), 200);
                assert!(!bento::current().has_span());
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn the_loser_is_cancelled_in_its_own_context() {
    let spans = block_on(capture_async(async {
        let loser = bento::begin("loser").run(async |_| {
            let _guard = bento::tool_span("guard").start();
            std::future::pending::<()>().await;
        });
        let winner = branch("winner");
        {
            let (loser, winner) = (Box::pin(loser), winner);
            pin_mut!(winner);
            drop(select(loser, winner).await);
        }
        assert_eq!(header(), None);
    }));
    assert_eq!(spans.tree(), format!("loser\n  guard [tool]\n{}", lines("winner")));
    assert_eq!(spans.iter().filter(|span| is_cancelled(span)).count(), 2);
}

#[test]
fn a_future_may_change_threads_between_polls() {
    let spans = block_on(capture_async(async {
        let mut future = Box::pin(bento::begin("turn").run(async |_| {
            let _guard = bento::tool_span("guard").start();
            Yield(false).await;
            bento::track_ai("call").send();
        }));
        let mut context = Context::from_waker(std::task::Waker::noop());
        assert!(future.as_mut().poll(&mut context).is_pending());
        thread::spawn(move || {
            assert!(future.as_mut().poll(&mut context_of_this_thread()).is_ready());
            assert!(!bento::current().has_span());
        })
        .join()
        .unwrap();
    }));
    assert_eq!(spans.tree(), "turn\n  guard [tool]\n    call");
}

fn context_of_this_thread() -> Context<'static> {
    Context::from_waker(std::task::Waker::noop())
}
