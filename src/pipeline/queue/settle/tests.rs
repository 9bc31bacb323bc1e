#![expect(clippy::expect_used, reason = "a test fails loudly")]

use super::super::Step;
use super::super::tests::{SECOND, books_balance, push, queue, retry, sent};
use super::*;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn time_in_which_the_process_was_frozen_makes_no_batch_older() {
    let (mut queue, mut now) = queue();
    push(&mut queue, 4);
    let batch = sent(queue.next(now)).expect("a full batch");
    // Frozen with a request in flight.
    now += HOUR;
    assert_eq!(queue.settle(batch, retry(), now, u64::MAX).lost, None);
    // Frozen while it waits for the retry.
    assert!(matches!(queue.next(now), Step::Wait(_)));
    now += HOUR;
    let batch = sent(queue.next(now)).expect("a retry is due");
    assert_eq!(queue.settle(batch, retry(), now, u64::MAX).lost, None);

    // Awake, five minutes are enough.
    let mut lost = None;
    let thawed = now;
    while lost.is_none() {
        now += SECOND;
        if let Step::Send(batch) = queue.next(now) {
            lost = queue.settle(batch, retry(), now, u64::MAX).lost;
        }
    }
    assert_eq!(lost, Some(LossReason::GivenUp));
    assert!(now - thawed > 4 * 60 * SECOND && now - thawed < 6 * 60 * SECOND, "{:?}", now - thawed);
    assert!(books_balance(&queue));
}

#[test]
fn what_a_worker_that_panicked_had_in_hand_is_counted_as_lost() {
    let (mut queue, now) = queue();
    push(&mut queue, 6);
    let ticket = queue.open_ticket(now, Telling::Told);
    drop(sent(queue.next(now)).expect("a full batch"));
    queue.abandon();
    queue.abandon();
    assert_eq!((queue.accounts().panics, queue.accounts().lost.of(LossReason::Exporter)), (2, 4));
    let rest = sent(queue.next(now)).expect("the rest");
    assert_eq!(rest.len(), 2);
    queue.settle(rest, Verdict::Accepted { rejected: 0, message: None }, now, 0);
    assert_eq!(queue.close_ticket(ticket).map_err(|error| error.losses().total()), Err(4));
    assert!(books_balance(&queue));
}

#[test]
fn losses_are_told_once_and_only_to_those_who_want_to_know() {
    let (mut queue, now) = queue();
    push(&mut queue, 10);
    assert!(matches!(queue.next(now), Step::Send(_)), "nobody wants to know");

    let (mut queue, now) = super::super::tests::queue();
    queue.tell_losses();
    push(&mut queue, 10);
    let Step::TellLosses(losses) = queue.next(now) else { unreachable!("two were lost") };
    assert_eq!((losses.total(), losses.of(LossReason::QueueFull)), (2, 2));
    let batch = sent(queue.next(now)).expect("it is told once");
    queue.settle(batch, Verdict::Refused { reason: LossReason::Exporter, cause: String::new() }, now, 0);
    let Step::TellLosses(losses) = queue.next(now) else { unreachable!("four were lost") };
    assert_eq!((losses.total(), losses.of(LossReason::Exporter)), (4, 4));
    queue.close();
    assert_eq!(queue.untold_losses().map(|losses| losses.total()), Some(4));
    assert_eq!(queue.untold_losses(), None);
}
