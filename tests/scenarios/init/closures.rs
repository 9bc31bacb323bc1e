//! What the host's closures own: it goes when the SDK is rotated, and a panic as it goes reaches nobody.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use crate::support::{LONG, OTHER_KEY, await_moment, journal, scenario, span_names};

/// Panics as it goes.
struct Bomb;

static GONE: AtomicUsize = AtomicUsize::new(0);

impl Drop for Bomb {
    fn drop(&mut self) {
        GONE.fetch_add(1, Ordering::SeqCst);
        resume_unwind(Box::new("a fault of the host's"));
    }
}

/// A thread that has emitted, and so remembers the client that it found. It emits again when it is told to, and ends
/// when it can no longer be told.
fn remembering() -> (Sender<()>, JoinHandle<()>) {
    let (tell, told) = channel();
    let (ready, is_ready) = channel();
    let thread = thread::spawn(move || {
        bento::track_ai("before").send();
        ready.send(()).unwrap();
        while told.recv().is_ok() {
            bento::track_ai("after").send();
            ready.send(()).ok();
        }
    });
    is_ready.recv_timeout(LONG).unwrap();
    (tell, thread)
}

/// Rotates the SDK away from `former`, while one thread that remembers it emits afterwards, and another only ends.
fn rotate_away_from(former: bento::Builder) {
    let _former = former.init().unwrap();
    let (emits, emitting) = remembering();
    let (ends, ending) = remembering();
    bento::shutdown(LONG).unwrap();
    let _new = bento::builder().api_key(OTHER_KEY).redact(|_: &mut bento::Field<'_>| {}).init().unwrap();
    emits.send(()).unwrap();
    drop((emits, ends));
    emitting.join().unwrap();
    ending.join().unwrap();
    bento::flush(LONG).unwrap();
    // The worker of the former one may be the last to let go.
    await_moment(|| GONE.load(Ordering::SeqCst) == 1);
}

const ARRIVED: [&str; 3] = ["before", "before", "after"];

#[test]
fn a_redaction_hook_that_panics_as_it_goes_reaches_no_thread() {
    scenario(
        || {
            let bomb = Bomb;
            let hook = move |_: &mut bento::Field<'_>| {
                let _owned = &bomb;
            };
            rotate_away_from(bento::builder().redact(hook));
        },
        |child| assert_eq!(span_names(&child.delivers().requests()), ARRIVED),
    );
}

#[test]
fn a_source_that_panics_as_it_goes_reaches_no_thread() {
    scenario(
        || {
            let bomb = Bomb;
            let source = move || {
                let _owned = &bomb;
                "u1"
            };
            rotate_away_from(bento::builder().user_id(source));
        },
        |child| assert_eq!(span_names(&child.delivers().requests()), ARRIVED),
    );
}

#[test]
fn a_loss_hook_that_panics_as_it_goes_reaches_no_thread() {
    scenario(
        || {
            let bomb = Bomb;
            let hook = move |_: &bento::Losses| {
                let _owned = &bomb;
            };
            rotate_away_from(bento::builder().on_loss(hook));
        },
        |child| assert_eq!(span_names(&child.delivers().requests()), ARRIVED),
    );
}

/// Tells when it goes.
struct Flag(Arc<AtomicBool>);

impl Drop for Flag {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_hook_is_let_go_when_the_sdk_is_rotated() {
    scenario(
        || {
            let (hooked, asked, told): (Arc<AtomicBool>, Arc<AtomicBool>, Arc<AtomicBool>) =
                Default::default();
            let (hook, source) = (Flag(Arc::clone(&hooked)), Flag(Arc::clone(&asked)));
            let on_loss = Flag(Arc::clone(&told));
            let former = bento::builder().redact(move |_: &mut bento::Field<'_>| {
                let _owned = &hook;
            });
            let former = former.user_id(move || {
                let _owned = &source;
                "u1"
            });
            let former = former.on_loss(move |_| {
                let _owned = &on_loss;
            });
            let _former = former.init().unwrap();
            let (idles, idling) = remembering();
            bento::shutdown(LONG).unwrap();
            let _new =
                bento::builder().api_key(OTHER_KEY).redact(|_: &mut bento::Field<'_>| {}).init().unwrap();
            let gone = [&hooked, &asked].map(|gone| gone.load(Ordering::SeqCst));
            assert_eq!(gone, [true, true], "an idle thread keeps them");
            // The former worker may still hold it for a moment.
            await_moment(|| told.load(Ordering::SeqCst));
            drop(idles);
            idling.join().unwrap();
        },
        |child| assert_eq!(span_names(&child.delivers().requests()), ["before"]),
    );
}

/// Rotates the SDK away from a former one while its closure is at work on another thread: `former` is given what the
/// closure is to do.
fn rotate_amid(former: impl FnOnce(Box<dyn Fn() + Send + Sync>) -> bento::Builder) {
    let bomb = Bomb;
    let (entered, is_entered) = channel();
    let (go, may_go) = channel::<()>();
    let may_go = Mutex::new(may_go);
    let work = move || {
        let _owned = &bomb;
        entered.send(()).ok();
        may_go.lock().unwrap().recv_timeout(LONG).ok();
    };
    let _former = former(Box::new(work)).init().unwrap();
    let emitting = thread::spawn(|| bento::track_ai("amid").send());
    is_entered.recv_timeout(LONG).unwrap();
    bento::shutdown(LONG).unwrap();
    let _new = bento::builder().api_key(OTHER_KEY).redact(|_: &mut bento::Field<'_>| {}).init().unwrap();
    drop(go);
    emitting.join().unwrap();
    await_moment(|| GONE.load(Ordering::SeqCst) == 1);
}

#[test]
fn a_closure_at_work_amid_a_rotation_goes_with_who_emits_and_reaches_nobody() {
    scenario(
        || {
            rotate_amid(|work| {
                bento::builder().redact(move |field: &mut bento::Field<'_>| {
                    if field.key() == bento::Field::NAME {
                        work();
                    }
                })
            });
        },
        |child| assert!(child.delivers().requests().is_empty(), "the former one takes nothing more"),
    );
}

#[test]
fn a_source_at_work_amid_a_rotation_goes_with_who_emits_and_reaches_nobody() {
    scenario(
        || {
            rotate_amid(|work| {
                bento::builder().user_id(move || {
                    work();
                    "u1"
                })
            });
        },
        |child| assert!(child.delivers().requests().is_empty(), "the former one takes nothing more"),
    );
}

#[test]
fn closures_that_are_replaced_reach_no_init_as_they_go() {
    scenario(
        || {
            let bombs = [Bomb, Bomb];
            let [hook, source] = bombs;
            let former = bento::builder().redact(move |_: &mut bento::Field<'_>| {
                let _owned = &hook;
            });
            let former = former.user_id(move || {
                let _owned = &source;
                "u1"
            });
            let _former = former.init().unwrap();
            let _same = bento::builder().user_id("u2").redact(|_: &mut bento::Field<'_>| {}).init().unwrap();
            assert_eq!(GONE.load(Ordering::SeqCst), 2);
        },
        |child| assert!(child.delivers().requests().is_empty()),
    );
}

#[test]
fn a_logger_that_panics_reaches_no_init() {
    scenario(
        || {
            let _bento = bento::init().unwrap();
            journal::fail();
            let _same = bento::builder().on_loss(|_: &bento::Losses| {}).init().unwrap();
        },
        |child| assert!(child.delivers().requests().is_empty()),
    );
}
