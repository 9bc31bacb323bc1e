//! Several wrapped futures in one task: each has a context of its own, also while it is dropped.

use std::future::pending;

use bento::InContextExt;
use bento::testing::{Spans, capture_async};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::task::yield_now;

use super::support::{PARENT, Random, assert_parents, header, is_cancelled};

/// A wrapped form of each kind, nested at random, with guards inside.
async fn branch(seed: u64, depth: u64) {
    let mut random = Random::new(seed);
    let parent = || header().map(|header| header[36..52].to_owned());
    let around = header();
    for _ in 0..4 {
        yield_now().await;
        assert_eq!(header(), around, "a sibling shows");
        let seed = seed * 31 + random.below(1_000);
        match random.below(if depth == 0 { 2 } else { 6 }) {
            0 => {
                bento::track_ai("call").property(PARENT, parent()).send();
            }
            1 => {
                let guard = bento::tool_span("guard").property(PARENT, parent()).start();
                yield_now().await;
                assert_eq!(parent(), Some(guard.event_id().to_string()));
            }
            2 => {
                let turn = bento::begin("turn").property(PARENT, parent());
                turn.run(async |_| Box::pin(branch(seed, depth - 1)).await).await;
            }
            3 => {
                let tool = bento::tool_span("tool").property(PARENT, parent());
                tool.run(async |_| Box::pin(branch(seed, depth - 1)).await).await;
            }
            4 => {
                let work = Box::pin(branch(seed, depth - 1));
                bento::current().run(work).await;
            }
            _ => {
                let (a, b) = (Box::pin(branch(seed, depth - 1)), Box::pin(branch(seed + 1, depth - 1)));
                let here = bento::current();
                tokio::join!(here.run(a), b.in_context(here.clone()));
            }
        }
    }
}

async fn captured(work: impl AsyncFnOnce()) -> Spans {
    let mut root = None;
    let spans = capture_async(async {
        let turn = bento::begin("root");
        turn.run(async |turn| {
            root = Some(turn.event_id());
            work().await;
        })
        .await;
        assert!(!bento::current().has_span());
    })
    .await;
    assert_parents(&spans, root.unwrap());
    spans
}

#[tokio::test]
async fn futures_unordered_of_nested_branches() {
    let spans = captured(async || {
        let here = bento::current();
        let mut all: FuturesUnordered<_> = (0..200).map(|seed| here.run(branch(seed, 4))).collect();
        while all.next().await.is_some() {
            assert!(bento::current().has_span());
        }
    })
    .await;
    assert!(spans.len() > 1_000, "{}", spans.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn branches_handed_to_tasks() {
    captured(async || {
        let here = bento::current();
        let mut tasks: Vec<_> = (0..200).map(|seed| tokio::spawn(here.run(branch(seed, 3)))).collect();
        for task in tasks.drain(..) {
            task.await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn join_keeps_siblings_apart() {
    let spans = capture_async(async {
        let work = |name| {
            bento::begin(name).run(async move |_| {
                let _tool = bento::tool_span(format!("{name}'s tool")).start();
                yield_now().await;
                bento::track_ai(format!("{name}'s call")).send();
                yield_now().await;
            })
        };
        tokio::join!(work("a"), work("b"));
    })
    .await;
    let tree = spans.tree();
    assert_eq!(tree, "a\n  a's tool [tool]\n    a's call\nb\n  b's tool [tool]\n    b's call");
}

#[tokio::test]
async fn the_loser_of_a_select_closes_in_its_own_context() {
    struct Last;
    impl Drop for Last {
        fn drop(&mut self) {
            bento::track_ai("last words").send();
            let _guard = bento::tool_span("clean up").start();
        }
    }
    let spans = capture_async(async {
        let outer = bento::begin("outer").start();
        let loser = bento::begin("loser").run(async |_| {
            let _turn = bento::begin("inner").start();
            let _tool = bento::tool_span("guard").start();
            let _last = Last;
            bento::tool_span("deep").run(async |_| pending::<()>().await).await;
        });
        let winner = bento::begin("winner").run(async |_| {
            let _tool = bento::tool_span("fine").start();
            yield_now().await;
        });
        tokio::select! {
            biased;
            () = loser => unreachable!(),
            () = winner => {}
        }
        assert_eq!(bento::current().traceparent(), outer.context().traceparent());
        bento::track_ai("after").send();
    })
    .await;
    let tree = [
        "outer",
        "  loser",
        "    inner",
        "      guard [tool]",
        "        deep [tool]",
        "        last words",
        "        clean up [tool]",
        "  winner",
        "    fine [tool]",
        "  after",
    ];
    assert_eq!(spans.tree(), tree.join("\n"));
    let mut cancelled: Vec<_> =
        spans.iter().filter(|span| is_cancelled(span)).map(bento::testing::Span::name).collect();
    cancelled.sort_unstable();
    assert_eq!(cancelled, ["deep", "guard", "inner", "loser"]);
}

#[tokio::test]
async fn a_future_that_completes_is_not_cancelled() {
    let spans = capture_async(async {
        let here = bento::current();
        let kept = here.run(async { bento::begin("kept").start() }).await;
        let moved = bento::tool_span("moved").start();
        // A future that has ended keeps what it holds until it is dropped.
        let mut ended = Box::pin(here.run(std::future::poll_fn(move |_| {
            let _ = &moved;
            std::task::Poll::Ready(())
        })));
        ended.as_mut().await;
        drop(ended);
        drop(kept);
    })
    .await;
    assert_eq!(spans.len(), 2);
    assert!(!spans.iter().any(is_cancelled));
}

#[tokio::test]
async fn a_future_that_was_never_polled_leaves_no_trace() {
    let spans = capture_async(async {
        drop(bento::begin("never").run(async |_| ()));
        drop(bento::tool_span("never").run(async |_| ()));
        drop(bento::propagate_attributes().user_id("u").run(async || ()));
    })
    .await;
    assert!(spans.is_empty());
}

#[tokio::test]
async fn an_aborted_task_closes_what_it_was_handed() {
    let spans = capture_async(async {
        let root = bento::begin("root").start();
        let (tell, told) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(bento::current().run(async move {
            let _turn = bento::begin("turn").start();
            tell.send(()).unwrap();
            pending::<()>().await;
        }));
        told.await.unwrap();
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        root.finish().unwrap();
    })
    .await;
    assert_eq!(spans.tree(), "root\n  turn");
    assert!(is_cancelled(spans.find("turn").unwrap()));
    assert!(!is_cancelled(spans.find("root").unwrap()));
}
