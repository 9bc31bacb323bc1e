#![expect(clippy::expect_used, reason = "a test fails loudly")]

use super::super::tests::pending::{balances, complete, form, forms, pending, superseded};
use super::super::tests::{SECOND, accept, queue, record, retry, sent};
use super::*;
use crate::error::LossReason;
use crate::export::Verdict;
use crate::pipeline::accounts::Telling;
use crate::pipeline::queue::Policy;

const LIVE: Duration = Duration::from_millis(100);

/// One with the bounds of the defaults, which is looked at so often.
fn large(interval: Duration) -> (Queue, Instant) {
    let now = Instant::now();
    let policy = Policy {
        queue_spans: 10_000,
        queue_bytes: 64 << 20,
        batch_spans: 512,
        batch_bytes: 4 << 20,
        interval,
        rests: interval == LIVE,
        keep_within: None,
    };
    (Queue::new(policy, now), now)
}

/// Sends what is due at `now`; gives how many spans each request had.
fn work(queue: &mut Queue, now: Instant, verdict: &Verdict, random: &mut u64) -> Vec<usize> {
    let mut sizes = Vec::new();
    while let Some(batch) = sent(queue.next(now)) {
        sizes.push(batch.len());
        // Pauses of many lengths.
        *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        queue.settle(batch, verdict.clone(), now, *random);
        assert!(balances(queue));
    }
    sizes
}

/// Ten runs of 100 ms begin in every second of a minute in which the backend takes nothing; gives the number of requests
/// in that time, and the sizes of those that a flush makes of the rest.
fn outage(interval: Duration) -> (usize, Vec<usize>) {
    let (mut queue, begin) = large(interval);
    let (mut requests, mut random) = (0, 1);
    for tick in 1..=6_000_u64 {
        let now = begin + Duration::from_millis(10) * u32::try_from(tick).expect("it is small");
        if tick % 10 == 0 {
            queue.push(complete(tick));
            if interval == LIVE {
                queue.push(pending(tick + 10));
            }
        }
        requests += work(&mut queue, now, &retry(), &mut random).len();
    }
    let now = begin + 60 * SECOND;
    let flush = queue.open_ticket(now, Telling::Told);
    let sizes = work(&mut queue, now, &accept(), &mut random);
    assert!(queue.is_settled(flush));
    assert_eq!(queue.close_ticket(flush), Ok(()));
    assert_eq!((queue.held(), queue.accounts().lost.total()), (0, 0));
    (requests, sizes)
}

#[test]
fn an_outage_takes_no_more_requests_in_live_mode_and_its_rest_goes_in_full_batches() {
    let (usual, sizes) = outage(5 * SECOND);
    assert_eq!((sizes.len(), sizes.iter().sum()), (2, 600), "{sizes:?}");
    let (live, sizes) = outage(LIVE);
    assert!(usual <= 60 && live <= usual * 3 / 2, "{usual} usually, {live} in live mode");
    assert!(sizes.len() <= 2, "{sizes:?}: one form of each span is left");
}

#[test]
fn live_mode_is_as_prompt_as_ever_once_the_backend_is_back() {
    let (mut queue, now) = large(LIVE);
    queue.push(complete(1));
    let batch = sent(queue.next(now + LIVE)).expect("it is due");
    queue.settle(batch, retry(), now + LIVE, u64::MAX);
    queue.push(complete(2));
    assert!(sent(queue.next(now + 4 * LIVE)).is_none(), "it waits for the retry");
    let later = now + LIVE + SECOND / 2;
    let batch = sent(queue.next(later)).expect("the retry is due");
    assert_eq!(forms(&batch), [(1, true), (2, true)]);
    queue.settle(batch, accept(), later, 0);
    queue.push(complete(3));
    assert!(sent(queue.next(later + LIVE)).is_some());
}

#[test]
fn what_is_new_is_tried_beside_a_retry_that_waits_for_long() {
    let (mut queue, now) = large(LIVE);
    queue.push(complete(1));
    let mut batch = sent(queue.next(now + LIVE)).expect("it is due");
    batch.attempts = 9;
    queue.settle(batch, retry(), now + LIVE, u64::MAX);
    queue.push(complete(2));
    assert!(sent(queue.next(now + 5 * SECOND)).is_none());
    let batch = sent(queue.next(now + LIVE + CALM)).expect("as often as without live mode");
    assert_eq!(forms(&batch), [(2, true)]);
}

#[test]
fn forms_of_a_span_that_meet_in_a_retry_supersede_each_other() {
    let (mut queue, now) = large(LIVE);
    queue.push(pending(1));
    let batch = sent(queue.next(now + LIVE)).expect("it is due");
    queue.settle(batch, retry(), now + LIVE, u64::MAX);
    let between = queue.open_ticket(now + LIVE, Telling::Told);
    queue.push(form(1, 5, true));
    let batch = sent(queue.next(now + LIVE)).expect("it is flushed");
    assert_eq!(batch.len(), 2, "a flush follows one of them only");
    queue.settle(batch, retry(), now + LIVE, u64::MAX);
    assert!(!queue.is_settled(between));
    queue.forget_ticket(between);
    queue.push(complete(1));
    let both = queue.open_ticket(now + LIVE, Telling::Told);
    let batch = sent(queue.next(now + LIVE)).expect("it is flushed");
    assert_eq!((forms(&batch), superseded(&queue), batch.superseded.len()), (vec![(1, true)], 2, 2));
    assert!(balances(&queue) && !queue.is_settled(both));
    queue.settle(batch, accept(), now + LIVE, 0);
    assert_eq!(queue.close_ticket(both), Ok(()));
    assert!(balances(&queue) && queue.held() == 0);
}

#[test]
fn each_span_has_its_own_five_minutes_with_whatever_it_travels() {
    let (mut queue, now) = large(5 * SECOND);
    queue.push(complete(1));
    queue.open_ticket(now, Telling::Told);
    let batch = sent(queue.next(now)).expect("it is flushed");
    queue.settle(batch, retry(), now, u64::MAX);
    let later = now + SECOND;
    queue.push(complete(2));
    let batch = sent(queue.next(later)).expect("the retry is due");
    assert_eq!(batch.len(), 2);
    let lost = queue.settle(batch, retry(), later, u64::MAX).lost;
    assert_eq!(lost, None);
    let mut at = later;
    while at < now + 300 * SECOND {
        at += SECOND;
        work(&mut queue, at, &retry(), &mut 1);
    }
    let flush = queue.open_ticket(at, Telling::Told);
    let batch = sent(queue.next(at)).expect("it is flushed");
    let settled = queue.settle(batch, retry(), at, u64::MAX);
    assert_eq!(settled.lost, Some(LossReason::GivenUp));
    assert_eq!((settled.spent.len(), queue.held()), (1, 1), "the other one is a second younger");
    assert!(balances(&queue));
    let error = queue.close_ticket(flush).expect_err("one is lost and one waits");
    assert_eq!((error.undelivered(), error.waiting()), (2, 1));
}

#[test]
fn the_parts_of_what_was_too_large_are_not_put_together_again() {
    let (mut queue, now) = queue();
    (1..=4).for_each(|id| drop(queue.push(complete(id))));
    let batch = sent(queue.next(now)).expect("it is full");
    queue.settle(batch, Verdict::TooLarge { cause: "413".to_owned() }, now, 0);
    queue.push(record(1));
    let first = sent(queue.next(now)).expect("a half");
    assert_eq!(forms(&first), [(1, true), (2, true)]);
    queue.settle(first, retry(), now, u64::MAX);
    let second = sent(queue.next(now)).expect("the other half");
    assert_eq!(forms(&second), [(3, true), (4, true)]);
    queue.settle(second, accept(), now, 0);
    let first = sent(queue.next(now + SECOND)).expect("it is time");
    assert_eq!(forms(&first), [(1, true), (2, true)], "and nothing else");
}
