//! What a host that wants to know of losses is told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bento::LossReason;

use crate::support::{Answer, LONG, Server, await_moment, scenario};

#[test]
fn a_host_is_told_of_every_loss_once() {
    scenario(
        || {
            let told = Arc::new(Mutex::new(Vec::new()));
            let hook = Arc::clone(&told);
            let guard = bento::builder()
                .on_loss(move |losses| {
                    // It may emit: that leads nowhere.
                    bento::track_ai("lost").send();
                    hook.lock().unwrap().extend(losses.iter());
                })
                .init();
            let _bento = guard.unwrap();
            for number in 0..3_000 {
                bento::track_ai(number.to_string()).send();
            }
            bento::flush(LONG).unwrap_err();
            await_moment(|| told.lock().unwrap().len() >= 2);
            bento::track_ai("late").send();
            bento::shutdown(Duration::ZERO).unwrap_err();
            let told = told.lock().unwrap();
            let sum = |reason| told.iter().filter(|loss| loss.0 == reason).map(|loss| loss.1).sum::<u64>();
            let losses = bento::status().losses().clone();
            assert_eq!(losses.total(), told.iter().map(|loss| loss.1).sum::<u64>(), "{losses}: {told:?}");
            assert_eq!(sum(LossReason::ShutdownDeadline), 1);
            assert!(sum(LossReason::Refused { status: 400 }) > 0 && sum(LossReason::QueueFull) > 0);
            assert_eq!(bento::status().accepted(), 3_001);
        },
        |child| {
            let gate = crate::support::Gate::default();
            let server = Server::always(Answer::status(400).held(&gate));
            std::thread::scope(|scope| {
                scope.spawn(|| child.to(&server).succeeds());
                server.wait_for(1);
                gate.open();
            });
        },
    );
}

#[test]
fn a_hook_that_panics_is_counted_and_costs_nothing_else() {
    scenario(
        || {
            let _bento = bento::builder().on_loss(|_| panic!("a fault of the host's")).init().unwrap();
            bento::track_ai("refused").send();
            bento::flush(LONG).unwrap_err();
            await_moment(|| bento::status().panics() == 1);
            bento::track_ai("accepted").send();
            bento::flush(LONG).unwrap();
            assert_eq!(bento::status().panics(), 1);
        },
        |child| {
            let server = Server::first([Answer::status(400)]);
            child.to(&server).succeeds();
            assert_eq!(server.accepted().len(), 1);
        },
    );
}
