#![expect(clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

use super::super::tests::{SECOND, accept, books_balance, push, retry, sent};
use super::*;
use crate::pipeline::accounts::Telling;

/// A queue of at most 8 spans in batches of at most 4, with a spool.
fn queue() -> (Queue, Instant) {
    let now = Instant::now();
    let policy = Policy {
        queue_spans: 8,
        queue_bytes: 920_000,
        batch_spans: 4,
        batch_bytes: 500_000,
        interval: 5 * SECOND,
        rests: false,
        keep_within: Some(SECOND / 10),
    };
    let mut queue = Queue::new(policy, now);
    queue.adopt(Found::default());
    (queue, now)
}

fn file(sequence: u64, spans: usize) -> SpoolFile {
    SpoolFile::new(sequence, u32::try_from(spans).expect("few"))
}

/// Brings what waits to the disk.
fn keep_all(queue: &mut Queue, now: Instant) -> Vec<usize> {
    let mut sizes = Vec::new();
    while let Keep::Write(batch) = queue.next_keep(now) {
        sizes.push(batch.len());
        let file = file(queue.next_number * 100 + sizes.len() as u64, batch.len());
        assert_eq!(queue.kept(batch, vec![file], now), []);
        assert!(books_balance(queue));
    }
    sizes
}

fn spooled(step: Step) -> Spooled {
    match step {
        Step::SendSpooled(spooled) => spooled,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_emitted_is_on_disk_within_the_time_promised_and_travels_together() {
    let (mut queue, now) = queue();
    push(&mut queue, 1);
    assert!(matches!(queue.next_keep(now), Keep::Wait(Some(until)) if until == now + SECOND / 10));
    assert_eq!(keep_all(&mut queue, now + SECOND / 10), [1]);
    push(&mut queue, 2);
    assert!(keep_all(&mut queue, now + SECOND / 10).is_empty());
    assert_eq!(keep_all(&mut queue, now + SECOND / 5), [2]);
    assert_eq!(queue.on_disk(&(0..9)), 3);
    assert!(sent(queue.next(now + SECOND)).is_none());

    let batch = sent(queue.next(now + 5 * SECOND)).expect("the interval is over");
    assert_eq!((batch.len(), batch.copies.len(), queue.on_disk(&(0..9))), (3, 2, 3));
    let settled = queue.settle(batch, accept(), now + 5 * SECOND, 0);
    assert_eq!((settled.files.len(), queue.held(), queue.on_disk(&(0..9))), (2, 0, 0));
}

#[test]
fn a_disk_that_hangs_or_fails_holds_nothing_up_for_long() {
    let (mut queue, now) = queue();
    push(&mut queue, 4);
    let Keep::Write(batch) = queue.next_keep(now) else { panic!("a full batch waits") };
    push(&mut queue, 2);
    let ticket = queue.open_ticket(now, Telling::Told);
    assert!(matches!(queue.next(now), Step::Wait(until) if until <= now + 2 * SECOND));
    let late = sent(queue.next(now + 2 * SECOND)).expect("the disk hangs");
    assert_eq!((late.len(), late.is_on_disk()), (2, false));
    queue.settle(late, accept(), now, 0);

    assert_eq!(queue.kept(batch, Vec::new(), now + 3 * SECOND), []);
    let batch = sent(queue.next(now + 3 * SECOND)).expect("the disk takes nothing");
    assert_eq!((batch.len(), batch.is_on_disk()), (4, false));
    queue.settle(batch, accept(), now, 0);
    assert_eq!(queue.close_ticket(ticket), Ok(()));
    assert!(books_balance(&queue));
}

#[test]
fn a_keeper_that_never_looks_or_dies_holds_nothing_up() {
    let (mut queue, now) = queue();
    push(&mut queue, 4);
    assert!(matches!(queue.next(now), Step::Wait(until) if until <= now + 2 * SECOND));
    let batch = sent(queue.next(now + 2 * SECOND)).expect("it has waited long enough");
    queue.settle(batch, accept(), now, 0);

    push(&mut queue, 4);
    assert!(matches!(queue.next_keep(now), Keep::Write(_)));
    push(&mut queue, 4);
    queue.keep_nothing();
    assert_eq!(queue.accounts().lost.of(LossReason::Exporter), 4);
    assert!(sent(queue.next(now)).is_some() && books_balance(&queue));
}

#[test]
fn a_batch_in_several_files_is_told_apart() {
    let (mut queue, now) = queue();
    push(&mut queue, 4);
    let Keep::Write(batch) = queue.next_keep(now) else { panic!("a full batch waits") };
    assert_eq!(queue.kept(batch, vec![file(1, 1), file(2, 3)], now), []);
    let batch = sent(queue.next(now)).expect("a full batch");
    queue.settle(batch, retry(), now, u64::MAX);
    push(&mut queue, 8);
    assert_eq!((queue.held(), queue.spans), (12, 8));
    for (expected, numbers) in [(file(1, 1), vec![0]), (file(2, 3), vec![1, 2, 3])] {
        let spooled = spooled(queue.due_spooled(now + SECOND).expect("it is on disk only"));
        assert_eq!((spooled.file(), spooled.numbers()), (expected, numbers));
        queue.settle_spooled(spooled, &accept(), now, 0);
    }
    assert!(books_balance(&queue));
}

#[test]
fn what_was_not_written_is_tried_again_and_keeps_its_place() {
    let (mut queue, now) = queue();
    push(&mut queue, 4);
    let Keep::Write(batch) = queue.next_keep(now) else { panic!("a full batch waits") };
    push(&mut queue, 1);
    queue.kept(batch, Vec::new(), now);
    assert!(matches!(queue.next_keep(now), Keep::Wait(Some(until)) if until == now + STALL));
    assert_eq!(keep_all(&mut queue, now + STALL), [4]);
    let batch = sent(queue.next(now + STALL)).expect("a full batch");
    assert_eq!(batch.numbers(), [0, 1, 2, 3]);
}

#[test]
fn a_full_queue_leaves_to_the_disk_what_is_there() {
    let (mut queue, now) = queue();
    for _ in 0..5 {
        push(&mut queue, 4);
        keep_all(&mut queue, now);
        if let Some(batch) = sent(queue.next(now)) {
            queue.settle(batch, retry(), now, u64::MAX);
        }
    }
    let accounts = queue.accounts();
    assert_eq!((accounts.accepted, accounts.lost.total()), (20, 0));
    assert!(queue.spans <= 8 && queue.held() == 20 && queue.on_disk(&(0..20)) == 20);

    // A flush waits for those on disk too, and says where they are.
    let ticket = queue.open_ticket(now, Telling::Told);
    let error = queue.close_ticket(ticket).expect_err("nothing is delivered");
    assert_eq!((error.waiting(), error.spooled()), (20, 20));
    let ticket = queue.open_ticket(now, Telling::Told);
    let mut delivered = Vec::new();
    loop {
        match queue.next(now) {
            Step::Send(batch) => {
                delivered.extend(batch.numbers());
                queue.settle(batch, accept(), now, 0);
            }
            Step::SendSpooled(spooled) => {
                delivered.extend(spooled.numbers());
                assert_eq!(queue.settle_spooled(spooled, &accept(), now, 0).len(), 1);
            }
            _ => break,
        }
        assert!(books_balance(&queue));
    }
    delivered.sort_unstable();
    assert_eq!(delivered, (0..20).collect::<Vec<_>>());
    assert_eq!(queue.close_ticket(ticket), Ok(()));
}

#[test]
fn after_five_minutes_and_at_a_shutdown_the_disk_keeps_what_it_has() {
    let (mut queue, now) = queue();
    push(&mut queue, 4);
    keep_all(&mut queue, now);
    let batch = sent(queue.next(now)).expect("a full batch");
    queue.settle(batch, retry(), now, 0);
    let later = now + 6 * 60 * SECOND;
    queue.expected = None;
    let batch = sent(queue.next(later)).expect("a retry is due");
    let settled = queue.settle(batch, retry(), later, 0);
    assert!(settled.files.is_empty() && settled.lost.is_none());
    assert_eq!((queue.spans, queue.held(), queue.on_disk(&(0..4))), (0, 4, 4));

    let again = spooled(queue.next(later));
    push(&mut queue, 1);
    queue.drain(later);
    assert_eq!(keep_all(&mut queue, later), [1]);
    push(&mut queue, 1);
    queue.close();
    assert_eq!(queue.accounts().lost.of(LossReason::ShutdownDeadline), 0);
    assert_eq!(queue.accounts().lost.of(LossReason::NotRunning), 1);
    assert_eq!((queue.held(), queue.on_disk(&(0..9))), (5, 5));
    // An answer that comes after the end still counts, or the next process would send it again.
    assert_eq!(queue.settle_spooled(again, &accept(), later, 0).len(), 1);
    assert_eq!((queue.held(), queue.accounts().delivered), (1, 4));
    assert!(books_balance(&queue));
}

#[test]
fn an_answer_after_the_shutdown_settles_what_the_disk_has() {
    for (verdict, held, files) in [(accept(), 0, 1), (retry(), 4, 0)] {
        let (mut queue, now) = queue();
        push(&mut queue, 4);
        keep_all(&mut queue, now);
        let batch = sent(queue.next(now)).expect("a full batch");
        queue.drain(now);
        queue.close();
        assert_eq!((queue.held(), queue.on_disk(&(0..4))), (4, 4));
        assert_eq!(queue.settle(batch, verdict, now, 0).files.len(), files);
        assert_eq!((queue.held(), queue.on_disk(&(0..4))), (held, held as u64));
        assert!(books_balance(&queue));
    }
}

#[test]
fn what_earlier_processes_left_is_sent_and_no_flush_waits_for_it() {
    let (mut queue, now) = queue();
    queue.adopt(Found { files: vec![file(1, 3), file(2, 2)], damaged: 7 });
    assert_eq!((queue.accounts().accepted, queue.accounts().recovered, queue.held()), (12, 12, 5));
    assert_eq!(queue.accounts().lost.of(LossReason::SpoolDamaged), 7);
    let ticket = queue.open_ticket(now, Telling::Told);
    assert!(queue.is_settled(ticket) && queue.has_found());

    let first = spooled(queue.next(now));
    assert_eq!(first.file(), file(1, 3));
    queue.settle_spooled(first, &retry(), now, u64::MAX);
    assert!(matches!(queue.next(now), Step::Wait(until) if until == now + SECOND / 2));
    let first = spooled(queue.next(now + SECOND / 2));
    let halves = [file(3, 1), file(4, 2)];
    assert_eq!(queue.replace_spooled(first, halves), [file(1, 3)]);
    assert!(books_balance(&queue) && queue.held() == 5);
    for expected in [file(3, 1), file(4, 2), file(2, 2)] {
        let next = spooled(queue.next(now + SECOND));
        assert_eq!(next.file(), expected);
        assert_eq!(queue.settle_spooled(next, &accept(), now, 0), [expected]);
        assert!(books_balance(&queue));
    }
    assert!(!queue.has_found() && queue.accounts().delivered == 5);
}

#[test]
fn a_full_spool_loses_the_oldest_and_counts_it() {
    let (mut queue, _) = queue();
    queue.adopt(Found { files: vec![file(1, 3), file(2, 2)], damaged: 0 });
    assert_eq!(queue.evict_spooled(), Some(vec![file(1, 3)]));
    assert_eq!(queue.accounts().lost.of(LossReason::SpoolFull), 3);
    queue.evict_spooled();
    assert_eq!(queue.evict_spooled(), None);
    assert!(books_balance(&queue));
}

#[test]
fn the_halves_of_a_split_share_their_file_until_both_are_settled() {
    let (mut queue, now) = queue();
    push(&mut queue, 4);
    keep_all(&mut queue, now);
    let batch = sent(queue.next(now)).expect("a full batch");
    queue.settle(batch, Verdict::TooLarge { cause: "413".into() }, now, 0);
    let first = sent(queue.next(now)).expect("a half");
    assert_eq!(first.numbers(), [0, 1]);
    assert!(queue.settle(first, accept(), now, 0).files.is_empty());
    queue.drain(now);
    queue.close();
    assert_eq!((queue.held(), queue.on_disk(&(0..4))), (2, 2));
    assert!(books_balance(&queue));
}
