//! Threads without tasks: each nests its own guards, and belongs to a span only where one was handed over.

use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;

use bento::Trajectory;
use bento::testing::capture;
use tokio::runtime::{self, Runtime};
use tokio::task::block_in_place;

use super::support::{Open, PARENT, Random, assert_parents, check, close, header, step};

type Job = Box<dyn FnOnce() + Send>;

fn work(seed: u64, root: &Trajectory) {
    let mut random = Random::new(seed);
    assert_eq!(header(), None, "nothing is left of the job before");
    let first = root.begin("job").property(PARENT, root.event_id().to_string()).start();
    let mut open = vec![Open::Turn(first)];
    for _ in 0..12 {
        step(&mut random, &mut open);
        thread::yield_now();
        check(&open);
    }
    close(&mut open);
    assert_eq!(header(), None, "nothing is left over");
}

#[test]
fn jobs_of_a_pool() {
    let mut id = None;
    let spans = capture(|| {
        let root = Arc::new(bento::begin("root").start());
        id = Some(root.event_id());
        let (send, jobs) = mpsc::channel::<Job>();
        let jobs = Arc::new(Mutex::new(jobs));
        let pool: Vec<_> = (0..4)
            .map(|_| {
                let jobs = Arc::clone(&jobs);
                thread::spawn(move || {
                    loop {
                        let next = jobs.lock().unwrap().recv();
                        let Ok(job) = next else { break };
                        job();
                    }
                    assert!(!bento::current().has_span());
                })
            })
            .collect();
        for seed in 0..400 {
            let root = Arc::clone(&root);
            send.send(Box::new(move || work(seed, &root))).unwrap();
        }
        drop(send);
        for thread in pool {
            thread.join().unwrap();
        }
    });
    assert_parents(&spans, id.unwrap());
    assert_eq!(spans.iter().filter(|span| span.name() == "job").count(), 400);
}

#[test]
fn a_scoped_split_hands_its_context_to_each_half() {
    fn split(depth: usize) {
        let parent = header().map(|header| header[36..52].to_owned());
        let _tool = bento::tool_span("half").property(PARENT, parent).start();
        if depth > 0 {
            let here = bento::current();
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| here.enter(|| split(depth - 1)));
                }
            });
        }
    }
    let mut id = None;
    let spans = capture(|| {
        let root = bento::begin("root").start();
        id = Some(root.event_id());
        split(5);
    });
    assert_parents(&spans, id.unwrap());
    assert_eq!(spans.len(), 1 + 63);
}

#[test]
fn a_new_thread_is_root() {
    let _turn = bento::begin("turn").start();
    assert!(!thread::spawn(|| bento::current().has_span()).join().unwrap());
    assert!(bento::current().has_span());
}

#[test]
fn two_threads_share_a_frame() {
    let spans = capture(|| {
        let turn = bento::begin("turn").start();
        let here = turn.context();
        let both = Barrier::new(2);
        thread::scope(|scope| {
            for name in ["a", "b"] {
                let (here, both) = (&here, &both);
                scope.spawn(move || {
                    here.enter(|| {
                        let _tool = bento::tool_span(name).start();
                        both.wait();
                        bento::track_ai(format!("{name}'s")).send();
                        both.wait();
                    });
                });
            }
        });
    });
    for name in ["a", "b"] {
        let call = spans.find(&format!("{name}'s")).unwrap();
        assert_eq!(call.parent_id(), Some(spans.find(name).unwrap().id()));
    }
}

fn one_thread() -> Runtime {
    runtime::Builder::new_current_thread().build().unwrap()
}

#[test]
fn a_nested_block_on_goes_on_where_its_thread_is() {
    let spans = capture(|| {
        let turn = bento::begin("turn").start();
        one_thread().block_on(async {
            bento::track_ai("inside").send();
            let task = tokio::spawn(async {
                assert!(!bento::current().has_span(), "a task starts as root");
                let _own = bento::begin("own").start();
                tokio::task::yield_now().await;
                bento::current().traceparent()
            });
            let _tool = bento::tool_span("tool").start();
            let own = task.await.unwrap();
            assert!(own.is_some());
            assert_ne!(own, header());
            bento::track_ai("deep").send();
        });
        turn.context().enter(|| {
            one_thread().block_on(async {
                let task = tokio::spawn(async { bento::current().has_span() });
                assert!(!task.await.unwrap());
                let handed = tokio::spawn(bento::current().run(async { header() }));
                assert_eq!(handed.await.unwrap(), header());
            });
        });
    });
    assert_eq!(spans.tree(), "turn\n  inside\n  tool [tool]\n    deep");
    assert!(!bento::current().has_span());
}

#[test]
fn block_in_place_stays_in_its_task() {
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let task = tokio::spawn(async {
            let turn = bento::begin("turn").start();
            let inside = block_in_place(|| {
                let header = header();
                let nested = one_thread().block_on(async {
                    let _tool = bento::tool_span("tool").start();
                    assert!(!tokio::spawn(async { bento::current().has_span() }).await.unwrap());
                    super::support::header()
                });
                assert_ne!(nested, header);
                header
            });
            assert_eq!(inside, turn.context().traceparent());
            drop(turn);
            bento::current().has_span()
        });
        assert!(!task.await.unwrap());
    });
}
