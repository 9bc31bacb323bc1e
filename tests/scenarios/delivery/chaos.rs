//! Everything at once: the books balance at every moment, and nothing is lost that is not counted.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::support::{Answer, LONG, Server, scenario, span_names};

fn assert_balanced() {
    let status = bento::status();
    let settled = status.delivered() + status.rejected() + status.failed() + status.dropped();
    assert_eq!(status.accepted(), settled + status.waiting(), "{status:?}");
    assert_eq!(status.losses().total(), status.rejected() + status.failed() + status.dropped());
}

#[test]
fn the_books_balance_at_every_moment() {
    scenario(
        || {
            let _bento = bento::builder().batch_spans(50).queue_bytes(500_000).init().unwrap();
            let over = AtomicBool::new(false);
            thread::scope(|scope| {
                let watcher = scope.spawn(|| {
                    let mut samples = 0;
                    while !over.load(Ordering::Relaxed) {
                        assert_balanced();
                        samples += 1;
                    }
                    samples
                });
                let emitters: Vec<_> = (0..4)
                    .map(|emitter| {
                        scope.spawn(move || {
                            for number in 0..1_000 {
                                bento::track_ai(format!("{emitter}-{number}")).send();
                                if number % 250 == 0 {
                                    bento::flush(Duration::from_millis(50)).ok();
                                }
                            }
                        })
                    })
                    .collect();
                for emitter in emitters {
                    emitter.join().unwrap();
                }
                bento::flush(LONG).ok();
                over.store(true, Ordering::Relaxed);
                assert!(watcher.join().unwrap() > 100);
            });
            let status = bento::status();
            assert_eq!((status.accepted(), status.waiting()), (4_000, 0));
            println!("delivered={}", status.delivered());
            assert_balanced();
            bento::shutdown(LONG).ok();
            bento::track_ai("after").send();
            assert_balanced();
        },
        |child| {
            let server = Server::script(|number, _| match number % 10 {
                1 => Answer::status(503),
                3 => Answer::status(400),
                5 => Answer::status(413),
                7 => Answer::close(),
                9 => Answer::ok().late(Duration::from_millis(20)),
                _ => Answer::ok(),
            });
            let ended = child.to(&server).succeeds();
            let names = span_names(&server.accepted());
            let distinct: HashSet<&String> = names.iter().collect();
            assert_eq!(names.len(), distinct.len(), "a span was accepted twice");
            assert!(ended.output.contains(&format!("delivered={}\n", names.len())), "{}", names.len());
        },
    );
}
