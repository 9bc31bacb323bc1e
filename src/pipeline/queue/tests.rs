#![expect(clippy::expect_used, reason = "a test fails loudly")]

pub(super) mod pending;

use super::*;
use crate::export::Verdict;
use crate::pipeline::accounts::Telling;
use crate::record::SpanRecord;

pub(super) fn record(text: usize) -> Box<SpanRecord> {
    Box::new(SpanRecord::named("x".repeat(text)))
}

pub(super) const SECOND: Duration = Duration::from_secs(1);

#[cfg(not(bento_loom))]
impl Queue {
    /// Whether the worker has looked, found nothing to do, and sleeps.
    pub(in crate::pipeline) fn is_left_alone(&self) -> bool {
        self.expected.is_some()
    }
}

/// A queue of at most 8 spans in batches of at most 4, and the moment of its birth.
pub(super) fn queue() -> (Queue, Instant) {
    let now = Instant::now();
    let policy = Policy {
        queue_spans: 8,
        queue_bytes: 920_000,
        batch_spans: 4,
        batch_bytes: 500_000,
        interval: 5 * SECOND,
        rests: false,
        keep_within: None,
    };
    (Queue::new(policy, now), now)
}

pub(super) fn push(queue: &mut Queue, spans: usize) {
    for _ in 0..spans {
        queue.push(record(10));
    }
}

pub(super) fn sent(step: Step) -> Option<Batch> {
    match step {
        Step::Send(batch) => Some(batch),
        Step::SendSpooled(_) | Step::TellOverflow(_) | Step::TellLosses(_) | Step::Wait(_) | Step::Stop => {
            None
        }
    }
}

pub(super) fn accept() -> Verdict {
    Verdict::Accepted { rejected: 0, message: None }
}

pub(super) fn retry() -> Verdict {
    Verdict::Retry { after: None, cause: "503".into() }
}

pub(super) fn books_balance(queue: &Queue) -> bool {
    let accounts = queue.accounts();
    accounts.accepted == accounts.delivered + accounts.lost.total() + queue.held() as u64
}

/// Sends everything that is due and settles it by `verdict`; gives the sizes of the batches.
fn settle_all(queue: &mut Queue, now: Instant, verdict: &Verdict) -> Vec<usize> {
    let mut sizes = Vec::new();
    while let Some(batch) = sent(queue.next(now)) {
        sizes.push(batch.len());
        queue.settle(batch, verdict.clone(), now, u64::MAX);
        assert!(books_balance(queue));
    }
    sizes
}

#[test]
fn few_spans_wait_for_the_interval_and_many_do_not() {
    let (mut queue, now) = queue();
    push(&mut queue, 3);
    assert!(matches!(queue.next(now), Step::Wait(until) if until == now + 5 * SECOND));
    assert_eq!(settle_all(&mut queue, now + 5 * SECOND, &accept()), [3]);
    push(&mut queue, 6);
    assert_eq!(settle_all(&mut queue, now + 6 * SECOND, &accept()), [4], "the rest waits for company");
}

#[test]
fn the_worker_is_woken_once_a_batch_is_full() {
    let (mut queue, _) = queue();
    let wakes: Vec<bool> = (0..5).map(|_| queue.push(record(1)).wake).collect();
    assert_eq!(wakes, [false, false, false, true, false]);
}

#[test]
fn a_batch_is_cut_by_bytes_and_a_giant_travels_alone() {
    let (mut queue, now) = queue();
    for size in [200_000, 200_000, 510_000] {
        queue.push(record(size));
    }
    assert_eq!(queue.held(), 3);
    let ticket = queue.open_ticket(now, Telling::Told);
    assert_eq!(settle_all(&mut queue, now, &accept()), [2, 1]);
    assert!(queue.is_settled(ticket));
}

#[test]
fn past_the_bound_the_oldest_goes_and_the_episode_is_told_at_its_end() {
    let (mut queue, now) = queue();
    push(&mut queue, 11);
    assert_eq!(queue.held(), 8);
    assert_eq!(queue.accounts().lost.of(LossReason::QueueFull), 3);
    let batch = sent(queue.next(now)).expect("the queue is full");
    assert_eq!(batch.numbers(), [3, 4, 5, 6]);
    push(&mut queue, 1);
    queue.settle(batch, accept(), now, 0);
    let batch = sent(queue.next(now)).expect("there is more");
    queue.settle(batch, accept(), now, 0);
    assert_eq!(queue.untold_overflow(now), Some(4), "there is room again");
    assert_eq!(queue.untold_overflow(now), None, "it was told");
    assert!(books_balance(&queue));
}

#[test]
fn an_overflow_without_an_end_is_told_now_and_then() {
    let (mut queue, now) = queue();
    push(&mut queue, 10);
    assert!(!matches!(queue.next(now), Step::TellOverflow(_)));
    push(&mut queue, 5);
    assert!(matches!(queue.next(now + 30 * SECOND), Step::TellOverflow(dropped) if dropped > 2));
}

#[test]
fn many_bytes_are_sent_at_once_and_before_they_crowd_each_other_out() {
    let (mut queue, now) = queue();
    let wakes: Vec<bool> = (0..4).map(|_| queue.push(record(100_000)).wake).collect();
    assert_eq!(wakes, [false, false, true, false], "at a quarter of the bytes of the queue");
    assert_eq!(settle_all(&mut queue, now, &accept()), [4]);
    assert_eq!(queue.accounts().lost.total(), 0);
}

#[test]
fn what_cannot_fit_beside_what_is_on_its_way_evicts_nobody() {
    let (mut queue, now) = queue();
    queue.push(record(480_000));
    let batch = sent(queue.next(now)).expect("enough bytes");
    push(&mut queue, 3);
    queue.push(record(600_000));
    assert_eq!((queue.held(), queue.accounts().lost.of(LossReason::BytesFull)), (4, 1));
    queue.settle(batch, accept(), now, 0);
    assert!(books_balance(&queue));
}

#[test]
fn a_silent_flush_leaves_the_loss_to_be_told() {
    let (mut queue, now) = queue();
    push(&mut queue, 1);
    let silent = queue.open_ticket(now, Telling::Silent);
    settle_all(&mut queue, now, &Verdict::Refused { reason: LossReason::Untrusted, cause: "tls".into() });
    assert!(queue.close_ticket(silent).is_err());
    let told = queue.open_ticket(now, Telling::Told);
    assert!(queue.close_ticket(told).is_err());
    let after = queue.open_ticket(now, Telling::Told);
    assert_eq!(queue.close_ticket(after), Ok(()));
}

#[test]
fn a_ticket_for_some_records_knows_of_no_others() {
    let (mut queue, now) = queue();
    push(&mut queue, 2);
    let refused = Verdict::Refused { reason: LossReason::Untrusted, cause: "tls".into() };
    let all = queue.open_ticket(now, Telling::Told);
    settle_all(&mut queue, now, &refused);
    let (mine, _) = queue.push_all(vec![record(1), record(1)]);
    push(&mut queue, 1);
    assert!(!queue.is_settled(mine));
    settle_all(&mut queue, now, &accept());
    assert!(queue.is_settled(mine));
    assert_eq!(queue.close_ticket(mine), Ok(()));
    assert!(queue.close_ticket(all).is_err());
}

#[test]
fn a_pause_that_outlasts_the_shutdown_is_not_waited_for() {
    let (mut queue, now) = queue();
    push(&mut queue, 4);
    settle_all(&mut queue, now, &Verdict::Retry { after: Some(50 * SECOND), cause: "503".into() });
    queue.drain(now + 4 * SECOND);
    assert!(matches!(queue.next(now), Step::Stop));
    assert_eq!(queue.accounts().lost.of(LossReason::ShutdownDeadline), 4);
}

#[test]
fn what_is_in_flight_counts_but_is_not_evicted() {
    let (mut queue, now) = queue();
    push(&mut queue, 4);
    let batch = sent(queue.next(now)).expect("a full batch");
    push(&mut queue, 8);
    assert_eq!(queue.accounts().lost.of(LossReason::QueueFull), 4);
    queue.settle(batch, accept(), now, 0);
    assert_eq!((queue.accounts().delivered, queue.held()), (4, 4));
    assert!(books_balance(&queue));
}

#[test]
fn past_the_bytes_the_oldest_goes() {
    let (mut queue, _) = queue();
    for size in [200_000, 200_000, 600_000] {
        queue.push(record(size));
    }
    assert_eq!((queue.held(), queue.accounts().lost.of(LossReason::BytesFull)), (2, 1));
    assert!(books_balance(&queue));
}

#[test]
fn a_span_larger_than_the_whole_budget_is_lost_and_counted() {
    let (mut queue, _) = queue();
    queue.push(record(2_000_000));
    assert_eq!(queue.accounts().lost.of(LossReason::BytesFull), 1);
    assert!(books_balance(&queue));
}

#[test]
fn a_failed_batch_backs_off_while_newer_ones_pass() {
    let (mut queue, now) = queue();
    push(&mut queue, 4);
    assert_eq!(settle_all(&mut queue, now, &retry()), [4]);
    push(&mut queue, 4);
    assert_eq!(settle_all(&mut queue, now, &accept()), [4], "the newer one");
    assert!(matches!(queue.next(now), Step::Wait(until) if until > now && until <= now + SECOND / 2));
    assert_eq!(settle_all(&mut queue, now + SECOND, &accept()), [4], "the older one");
    assert_eq!((queue.accounts().delivered, queue.accounts().retries), (8, 1));
}

#[test]
fn a_throttle_holds_back_everything_also_for_a_flush() {
    let (mut queue, now) = queue();
    push(&mut queue, 4);
    let throttle = Verdict::Retry { after: Some(7 * SECOND), cause: "429".into() };
    settle_all(&mut queue, now, &throttle);
    push(&mut queue, 4);
    queue.open_ticket(now, Telling::Told);
    assert!(matches!(queue.next(now), Step::Wait(until) if until == now + 7 * SECOND));
    assert_eq!(settle_all(&mut queue, now + 7 * SECOND, &accept()), [4, 4]);
}

#[test]
fn a_batch_is_given_up_when_it_is_five_minutes_old() {
    let (mut queue, now) = queue();
    push(&mut queue, 4);
    let mut later = now;
    while queue.held() > 0 && later < now + 400 * SECOND {
        settle_all(&mut queue, later, &retry());
        later += SECOND;
    }
    assert_eq!(queue.accounts().lost.of(LossReason::GivenUp), 4);
    assert!(later > now + 300 * SECOND, "not before");
}

#[test]
fn a_batch_that_is_too_large_is_split_down_to_the_span() {
    let (mut queue, now) = queue();
    push(&mut queue, 4);
    let mut sizes = Vec::new();
    while let Some(batch) = sent(queue.next(now)) {
        sizes.push(batch.len());
        // Only single spans pass, and the last of them does not.
        let verdict = match batch.numbers()[..] {
            [3] => Verdict::TooLarge { cause: "413".into() },
            [_] => accept(),
            _ => Verdict::TooLarge { cause: "413".into() },
        };
        queue.settle(batch, verdict, now, 0);
    }
    assert_eq!(sizes, [4, 2, 1, 1, 2, 1, 1]);
    assert_eq!(queue.accounts().delivered, 3);
    assert_eq!(queue.accounts().lost.of(LossReason::Refused { status: 413 }), 1);
}

#[test]
fn flush_tells_each_loss_once_but_to_everyone_who_waits() {
    let (mut queue, now) = queue();
    push(&mut queue, 2);
    let (first, second) = (queue.open_ticket(now, Telling::Told), queue.open_ticket(now, Telling::Told));
    let refused =
        Verdict::Refused { reason: LossReason::Refused { status: 401 }, cause: "check the key".into() };
    settle_all(&mut queue, now, &refused);
    for ticket in [first, second] {
        let error = queue.close_ticket(ticket).expect_err("two spans were lost");
        assert_eq!((error.undelivered(), error.cause()), (2, Some("check the key")));
    }
    let third = queue.open_ticket(now, Telling::Told);
    assert_eq!(queue.close_ticket(third), Ok(()), "it has been told");

    push(&mut queue, 1);
    settle_all(&mut queue, now + 5 * SECOND, &refused);
    let fourth = queue.open_ticket(now, Telling::Told);
    let error = queue.close_ticket(fourth).expect_err("lost between two flushes");
    assert_eq!(error.losses().of(LossReason::Refused { status: 401 }), 1);
}

#[test]
fn flush_answers_for_what_came_before_it_only() {
    let (mut queue, now) = queue();
    push(&mut queue, 2);
    let ticket = queue.open_ticket(now, Telling::Told);
    let batch = sent(queue.next(now)).expect("the flush makes it due");
    push(&mut queue, 8);
    queue.settle(batch, accept(), now, 0);
    assert!(queue.is_settled(ticket));
    assert_eq!(queue.close_ticket(ticket), Ok(()), "what was dropped came after the call");
}

#[test]
fn flush_that_ends_early_tells_what_waits() {
    let (mut queue, now) = queue();
    push(&mut queue, 2);
    let ticket = queue.open_ticket(now, Telling::Told);
    settle_all(&mut queue, now, &retry());
    let error = queue.close_ticket(ticket).expect_err("nothing was delivered");
    assert_eq!((error.waiting(), error.undelivered(), error.cause()), (2, 2, Some("503")));
}

#[test]
fn partial_success_counts_and_is_told() {
    let (mut queue, now) = queue();
    push(&mut queue, 3);
    let ticket = queue.open_ticket(now, Telling::Told);
    settle_all(&mut queue, now, &Verdict::Accepted { rejected: 2, message: Some("too old".into()) });
    let error = queue.close_ticket(ticket).expect_err("two were rejected");
    assert_eq!((error.undelivered(), error.cause()), (2, Some("too old")));
    assert_eq!(queue.accounts().delivered, 1);
}

#[test]
fn draining_refuses_new_spans_sends_the_rest_and_stops() {
    let (mut queue, now) = queue();
    push(&mut queue, 6);
    let ticket = queue.open_ticket(now, Telling::Told);
    queue.drain(now + SECOND);
    push(&mut queue, 1);
    assert_eq!(queue.accounts().lost.of(LossReason::NotRunning), 1);
    assert_eq!(settle_all(&mut queue, now, &accept()), [4, 2]);
    assert!(matches!(queue.next(now), Step::Stop) && queue.phase == Phase::Closed);
    assert_eq!(queue.close_ticket(ticket), Ok(()));
    assert!(books_balance(&queue));
}

#[test]
fn the_deadline_of_a_drain_costs_what_is_left_and_is_told() {
    let (mut queue, now) = queue();
    push(&mut queue, 6);
    let ticket = queue.open_ticket(now, Telling::Told);
    queue.drain(now + SECOND);
    settle_all(&mut queue, now, &retry());
    assert!(matches!(queue.next(now + SECOND), Step::Stop));
    let error = queue.close_ticket(ticket).expect_err("nothing was delivered");
    assert_eq!(error.losses().of(LossReason::ShutdownDeadline), 6);
    assert!(books_balance(&queue));
}

#[test]
fn what_is_in_flight_when_the_queue_closes_is_counted_once() {
    let (mut queue, now) = queue();
    push(&mut queue, 4);
    let batch = sent(queue.next(now)).expect("a full batch");
    queue.close();
    queue.settle(batch, accept(), now, 0);
    assert_eq!((queue.accounts().delivered, queue.accounts().lost.total()), (0, 4));
    assert!(books_balance(&queue));
}

#[test]
fn nothing_is_never_enough_to_send() {
    let now = Instant::now();
    let policy = Policy {
        queue_spans: 8,
        queue_bytes: 0,
        batch_spans: 4,
        batch_bytes: 9,
        interval: SECOND,
        rests: false,
        keep_within: None,
    };
    let mut queue = Queue::new(policy, now);
    assert!(matches!(queue.next(now), Step::Wait(_)));
    assert!(!queue.push(record(1)).wake);
    assert!(matches!(queue.next(now), Step::TellOverflow(1) | Step::Wait(_)));
}
