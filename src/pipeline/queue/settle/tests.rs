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
