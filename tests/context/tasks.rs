//! A guard held across `.await` belongs to its task, whichever thread resumes it.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use bento::testing::{Spans, capture_async};
use bento::{InContextExt, SpanId, Trajectory};
use tokio::runtime::{self, Runtime};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::{AbortHandle, JoinSet, LocalSet, spawn_blocking, yield_now};

use super::support::{Open, PARENT, Random, assert_parents, check, close, header, is_cancelled, step};

const TASKS: u64 = 1_000;
const STEPS: u64 = 12;

fn four_workers() -> Runtime {
    runtime::Builder::new_multi_thread().worker_threads(4).enable_time().build().unwrap()
}

fn one_thread() -> Runtime {
    runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

async fn pause(random: &mut Random) {
    match random.below(8) {
        0 => tokio::time::sleep(Duration::from_millis(random.below(3))).await,
        1 => spawn_blocking(|| assert_eq!(header(), None)).await.unwrap(),
        2..=6 => yield_now().await,
        _ => {}
    }
}

/// What one task does inside `root`. With `stuck`, it tells that it is midway and never goes on.
async fn work(seed: u64, root: Arc<Trajectory>, stuck: Option<UnboundedSender<u64>>) {
    let mut random = Random::new(seed);
    assert_eq!(header(), None, "a task starts as root");
    let first = root.begin("task").property(PARENT, root.event_id().to_string()).start();
    let mut open = vec![Open::Turn(first)];
    for round in 0..STEPS {
        step(&mut random, &mut open);
        pause(&mut random).await;
        check(&open);
        if let Some(stuck) = &stuck
            && round == STEPS / 2
        {
            stuck.send(seed).unwrap();
            pending::<()>().await;
        }
    }
    close(&mut open);
    assert_eq!(header(), None, "nothing is left over");
}

/// A thousand tasks, of which every tenth is aborted midway.
async fn many(spawn: impl Fn(&mut JoinSet<()>, Work) -> AbortHandle) -> (Spans, SpanId) {
    let mut id = None;
    let spans = capture_async(async {
        let root = bento::begin("root").start();
        id = Some(root.event_id());
        let root = Arc::new(root);
        let (midway, mut stuck) = unbounded_channel();
        let mut tasks = JoinSet::new();
        let mut handles = Vec::new();
        for seed in 0..TASKS {
            let midway = (seed % 10 == 0).then(|| midway.clone());
            handles.push(spawn(&mut tasks, Work { seed, root: Arc::clone(&root), midway }));
        }
        for _ in 0..TASKS / 10 {
            handles[usize::try_from(stuck.recv().await.unwrap()).unwrap()].abort();
        }
        let mut aborted = 0;
        while let Some(result) = tasks.join_next().await {
            match result {
                Ok(()) => {}
                Err(error) if error.is_cancelled() => aborted += 1,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
        assert_eq!(aborted, TASKS / 10);
        assert_eq!(Arc::strong_count(&root), 1, "the tasks are gone");
    })
    .await;
    (spans, id.unwrap())
}

struct Work {
    seed: u64,
    root: Arc<Trajectory>,
    midway: Option<UnboundedSender<u64>>,
}

impl Work {
    fn start(self) -> impl Future<Output = ()> + Send {
        work(self.seed, self.root, self.midway)
    }
}

fn check_many((spans, root): &(Spans, SpanId)) {
    assert_parents(spans, *root);
    let tasks = spans.iter().filter(|span| span.name() == "task").count();
    assert_eq!(tasks as u64, TASKS);
    assert!(spans.len() as u64 > TASKS * STEPS / 2, "{}: what tasks emit was lost", spans.len());
    let trace = spans.find("root").unwrap().trace_id();
    assert!(spans.iter().all(|span| span.trace_id() == trace));
}

#[test]
fn guards_in_a_thousand_tasks_on_four_workers() {
    check_many(&four_workers().block_on(many(|tasks, work| tasks.spawn(work.start()))));
}

#[test]
fn guards_in_a_thousand_tasks_on_one_thread() {
    check_many(&one_thread().block_on(many(|tasks, work| tasks.spawn(work.start()))));
}

#[test]
fn guards_in_a_thousand_local_tasks() {
    let all = LocalSet::new().block_on(&one_thread(), many(|tasks, work| tasks.spawn_local(work.start())));
    check_many(&all);
}

#[test]
fn guards_in_a_thousand_wrapped_tasks_on_four_workers() {
    let all = four_workers()
        .block_on(many(|tasks, work| tasks.spawn(work.start().in_context(bento::Context::default()))));
    check_many(&all);
    let cancelled = all.0.iter().filter(|span| span.name() == "task" && is_cancelled(span)).count();
    assert_eq!(cancelled as u64, TASKS / 10, "a guard that goes with its wrapped future says so");
}

#[test]
fn each_task_its_own_capture() {
    four_workers().block_on(async {
        let mut tasks = JoinSet::new();
        for seed in 0..TASKS {
            tasks.spawn(async move {
                let spans = capture_async(async {
                    let root = Arc::new(bento::begin("root").start());
                    let header = header();
                    tokio::spawn(work(seed, Arc::clone(&root), None)).await.unwrap();
                    assert_eq!(super::support::header(), header);
                })
                .await;
                assert_parents(&spans, spans.find("root").unwrap().id());
                assert!(!bento::current().has_span());
            });
        }
        while let Some(result) = tasks.join_next().await {
            result.unwrap();
        }
    });
}

#[test]
fn nothing_stays_with_a_worker_or_a_pool_thread() {
    let runtime = four_workers();
    runtime.block_on(many(|tasks, work| tasks.spawn(work.start())));
    let (tell, told) = std::sync::mpsc::channel();
    for _ in 0..200 {
        let tell = tell.clone();
        runtime.spawn(async move { tell.send(bento::current().has_span()) });
    }
    drop(tell);
    assert_eq!(told.iter().filter(|left| *left).count(), 0);
    assert!(!bento::current().has_span());
}
