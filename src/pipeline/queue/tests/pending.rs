//! Forms of spans that have not ended, among those of spans that have.

use proptest::prelude::*;

use super::*;
use crate::record::SpanId;

/// A form of the span `id`, taken at the moment `end`.
pub(in crate::pipeline::queue) fn form(id: u64, end: u64, is_pending: bool) -> Box<SpanRecord> {
    let mut form = record(10);
    form.span_id = SpanId::from_u64(id).expect("it is not zero");
    form.end = end;
    form.notes.is_pending = is_pending;
    form
}

pub(in crate::pipeline::queue) fn pending(id: u64) -> Box<SpanRecord> {
    form(id, 1, true)
}

pub(in crate::pipeline::queue) fn complete(id: u64) -> Box<SpanRecord> {
    form(id, 9, false)
}

/// The spans of a batch, and whether they have ended.
pub(in crate::pipeline::queue) fn forms(batch: &Batch) -> Vec<(u64, bool)> {
    let form = |entry: &Entry| (entry.record.span_id.to_u64(), !entry.record.notes.is_pending);
    batch.entries.iter().map(form).collect()
}

pub(in crate::pipeline::queue) fn balances(queue: &Queue) -> bool {
    let accounts = queue.accounts();
    let settled = accounts.delivered + accounts.lost.total() + accounts.withheld.total();
    accounts.accepted == settled + queue.held() as u64
}

pub(in crate::pipeline::queue) fn superseded(queue: &Queue) -> u64 {
    queue.accounts().withheld.of(LossReason::Superseded)
}

#[test]
fn of_the_forms_in_one_batch_the_last_goes_alone() {
    let (mut queue, now) = queue();
    for form in [pending(1), form(1, 3, true), form(2, 5, true), form(2, 4, true)] {
        queue.push(form);
    }
    let batch = sent(queue.next(now)).expect("it is full");
    assert_eq!(forms(&batch), [(1, false), (2, false)]);
    let ends: Vec<u64> = batch.entries.iter().map(|entry| entry.record.end).collect();
    assert_eq!(ends, [3, 5], "the latest moments");
    assert_eq!((superseded(&queue), batch.superseded.len(), queue.held()), (2, 2, 2));
    queue.settle(batch, accept(), now, 0);
    for form in [complete(3), pending(1), complete(1), pending(3)] {
        queue.push(form);
    }
    let batch = sent(queue.next(now)).expect("it is full");
    assert_eq!(forms(&batch), [(3, true), (1, true)], "whichever came first");
    assert!(balances(&queue));
    queue.settle(batch, retry(), now, u64::MAX);
    assert!(balances(&queue));
    assert_eq!((superseded(&queue), queue.accounts().lost.total()), (4, 0));
}

#[test]
fn a_flush_between_two_forms_is_told_of_the_first_when_it_is_sent() {
    let (mut queue, now) = queue();
    queue.push(pending(1));
    let between = queue.open_ticket(now, Telling::Told);
    queue.push(complete(1));
    let after = queue.open_ticket(now, Telling::Told);
    let batch = sent(queue.next(now)).expect("it is due");
    assert_eq!(forms(&batch), [(1, false), (1, true)], "one flush follows only one of them");
    assert!(!queue.is_settled(between));
    queue.settle(batch, accept(), now, 0);
    assert_eq!((queue.close_ticket(between), queue.close_ticket(after)), (Ok(()), Ok(())));
    for form in [pending(2), complete(2)] {
        queue.push(form);
    }
    let both = queue.open_ticket(now, Telling::Told);
    let batch = sent(queue.next(now)).expect("it is due");
    assert_eq!((forms(&batch), queue.is_settled(both)), (vec![(2, true)], false));
    queue.settle(batch, Verdict::Refused { reason: LossReason::Untrusted, cause: "no".into() }, now, 0);
    let error = queue.close_ticket(both).expect_err("it was refused");
    assert_eq!((error.undelivered(), error.losses().of(LossReason::Untrusted)), (1, 1));
    assert!(balances(&queue));
}

#[test]
fn in_a_full_queue_spans_that_have_not_ended_make_room_for_those_that_have() {
    let (mut queue, now) = queue();
    (1..=8).for_each(|id| drop(queue.push(pending(id))));
    let batch = sent(queue.next(now)).expect("there are many");
    queue.settle(batch, retry(), now, u64::MAX);
    let pushed = queue.push(pending(9));
    assert_eq!((pushed.evicted.len(), superseded(&queue), queue.held()), (1, 1, 8), "the newest goes itself");
    let flushed = queue.open_ticket(now, Telling::Told);
    let pushed = queue.push(complete(1));
    assert_eq!((pushed.evicted.len(), superseded(&queue), queue.held()), (8, 9, 1), "those of a retry, too");
    assert!(pushed.settles && queue.is_settled(flushed));
    assert_eq!(queue.close_ticket(flushed), Ok(()), "nobody has lost a span");
    (2..=8).for_each(|id| drop(queue.push(complete(id))));
    queue.push(pending(9));
    assert_eq!((queue.held(), superseded(&queue), queue.accounts().lost.total()), (8, 10, 0));
    queue.push(complete(9));
    assert_eq!(queue.accounts().lost.of(LossReason::QueueFull), 1, "from here on the oldest go as ever");
    assert!(balances(&queue));
}

#[test]
fn one_without_room_beside_what_is_on_its_way_evicts_nobody() {
    let (mut queue, now) = queue();
    queue.push(record(480_000));
    let batch = sent(queue.next(now)).expect("enough bytes");
    queue.push(pending(1));
    let mut long = pending(2);
    long.name = "x".repeat(600_000);
    queue.push(long);
    let mut long = complete(3);
    long.name = "x".repeat(600_000);
    queue.push(long);
    let lost = &queue.accounts().lost;
    assert_eq!((queue.held(), superseded(&queue), lost.of(LossReason::BytesFull)), (2, 1, 1));
    queue.settle(batch, accept(), now, 0);
    assert!(balances(&queue));
}

proptest! {
    #[test]
    #[cfg_attr(miri, ignore = "it takes minutes there")]
    fn as_many_that_have_ended_as_the_bound_allows_are_kept_whatever_else_comes(
        moves in prop::collection::vec((0..4_u8, 1..12_u64), 0..60),
    ) {
        let (mut queue, now) = queue();
        let mut ended = 0;
        for (what, id) in moves {
            match what {
                0 if ended < 8 => {
                    ended += 1;
                    queue.push(complete(id));
                }
                0 | 1 => drop(queue.push(pending(id))),
                2 => drop(queue.push(form(id, id, true))),
                _ => {
                    if let Some(batch) = sent(queue.next(now)) {
                        queue.settle(batch, retry(), now, u64::MAX);
                    }
                }
            }
            prop_assert!(balances(&queue) && queue.held() <= 8);
        }
        prop_assert_eq!(queue.accounts().lost.total(), 0);
        // All of them are still there.
        let later = now + 40 * SECOND;
        queue.open_ticket(later, Telling::Told);
        let mut kept = 0;
        while let Some(batch) = sent(queue.next(later)) {
            kept += forms(&batch).iter().filter(|(_, has_ended)| *has_ended).count();
            queue.settle(batch, accept(), later, 0);
        }
        prop_assert_eq!(kept, ended);
        prop_assert!(balances(&queue) && queue.held() == 0);
    }
}

/// One whose worker rests while nothing happens.
fn resting() -> (Queue, Instant) {
    let (mut queue, now) = queue();
    queue.policy.rests = true;
    (queue, now)
}

#[test]
fn a_worker_that_rests_is_woken_by_the_first_span_and_sends_it_at_once() {
    let (mut queue, now) = resting();
    assert!(matches!(queue.next(now), Step::Wait(until) if until == now + 5 * SECOND));
    let now = now + 5 * SECOND;
    assert!(matches!(queue.next(now), Step::Wait(until) if until > now + 1_000 * SECOND), "it sleeps");
    assert!(queue.is_resting() && !queue.has_room_for(1, 1), "whatever comes has to come by here");
    let now = now + 900 * SECOND;
    assert!(queue.push(record(1)).wake && !queue.push(record(1)).wake, "once is enough");
    let batch = sent(queue.next(now)).expect("it has waited for nobody");
    assert_eq!(batch.len(), 2);
    queue.settle(batch, accept(), now, 0);
    assert!(!queue.push(record(1)).wake && queue.has_room_for(1, 1));
    assert!(matches!(queue.next(now + SECOND), Step::Wait(until) if until == now + 5 * SECOND));
    assert!(sent(queue.next(now + 5 * SECOND)).is_some(), "what follows waits for company");
}

#[test]
fn a_worker_that_has_something_to_wait_for_does_not_rest() {
    let (mut queue, now) = resting();
    push(&mut queue, 4);
    let batch = sent(queue.next(now)).expect("it is full");
    let now = now + 5 * SECOND;
    assert!(matches!(queue.next(now), Step::Wait(until) if until == now + 5 * SECOND), "one is on its way");
    queue.settle(batch, retry(), now, u64::MAX);
    assert!(
        matches!(queue.next(now), Step::Wait(until) if until < now + 5 * SECOND),
        "and waits for a retry"
    );
    let later = now + 30 * SECOND;
    let batch = sent(queue.next(later)).expect("it is time");
    queue.settle(batch, accept(), later, 0);
    assert!(matches!(queue.next(later + 5 * SECOND), Step::Wait(_)) && queue.is_resting());
    queue.drain(later + 6 * SECOND);
    assert!(matches!(queue.next(later + 5 * SECOND), Step::Stop));
}

#[test]
fn those_in_the_halves_of_a_batch_make_room_too() {
    let (mut queue, now) = queue();
    for form in [complete(1), complete(2), pending(3), pending(4)] {
        queue.push(form);
    }
    let batch = sent(queue.next(now)).expect("it is full");
    (11..=15).for_each(|id| drop(queue.push(complete(id))));
    assert_eq!(queue.accounts().lost.of(LossReason::QueueFull), 1, "all others are in hand");
    queue.settle(batch, Verdict::TooLarge { cause: "413".to_owned() }, now, 0);
    (16..=17).for_each(|id| drop(queue.push(complete(id))));
    assert_eq!((queue.accounts().lost.total(), superseded(&queue)), (1, 2));
    assert!(balances(&queue));
}

#[test]
fn one_that_is_refused_is_no_lost_span() {
    let refused =
        || Verdict::Refused { reason: LossReason::Refused { status: 500 }, cause: "500".to_owned() };
    let rejected = |rejected| Verdict::Accepted { rejected, message: None };
    for (verdict, lost, superseded_then) in
        [(refused(), 1, 2), (rejected(1), 1, 0), (rejected(3), 1, 2), (rejected(9), 1, 2), (accept(), 0, 0)]
    {
        let (mut queue, now) = queue();
        for form in [pending(1), complete(2), pending(3)] {
            queue.push(form);
        }
        let flush = queue.open_ticket(now, Telling::Told);
        let batch = sent(queue.next(now)).expect("it is flushed");
        queue.settle(batch, verdict, now, 0);
        assert_eq!((queue.accounts().lost.total(), superseded(&queue)), (lost, superseded_then));
        assert_eq!(
            queue.close_ticket(flush).map_err(|error| error.undelivered()),
            if lost == 0 { Ok(()) } else { Err(lost) }
        );
        assert!(balances(&queue) && queue.held() == 0);
    }
}

#[test]
fn one_that_a_shutdown_or_a_panic_ends_is_no_lost_span() {
    for is_panic in [false, true] {
        let (mut queue, now) = queue();
        for form in [complete(1), pending(2), pending(3), pending(4), pending(5), complete(6)] {
            queue.push(form);
        }
        let flush = queue.open_ticket(now, Telling::Told);
        assert_eq!(sent(queue.next(now)).map(|batch| batch.len()), Some(4));
        if is_panic {
            queue.abandon();
        }
        queue.close();
        assert_eq!((queue.accounts().lost.total(), superseded(&queue)), (2, 4));
        assert_eq!(queue.close_ticket(flush).map_err(|error| error.undelivered()), Err(2));
        assert!(balances(&queue));
    }
}
