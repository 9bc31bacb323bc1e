//! What random histories have found, in its shortest form.

use std::time::Duration;

use super::subject::{Done, Subject};
use crate::export::Verdict;
use crate::pipeline::accounts::Telling;
use crate::pipeline::queue::Policy;

const SECOND: Duration = Duration::from_secs(1);

fn queue(queue_spans: usize, queue_bytes: usize, keep_within: Option<Duration>) -> Subject {
    let (batch_spans, batch_bytes) = (4, 20_000);
    Subject::new(Policy {
        queue_spans,
        queue_bytes,
        batch_spans,
        batch_bytes,
        interval: 5 * SECOND,
        rests: false,
        keep_within,
    })
}

fn accepted() -> Verdict {
    Verdict::Accepted { rejected: 0, message: None }
}

fn retry() -> Verdict {
    Verdict::Retry { after: None, cause: "503".to_owned() }
}

#[test]
fn a_file_holds_only_what_was_written() {
    let mut queue = queue(8, 30_000, Some(SECOND));
    queue.push(0, 0);
    queue.push(1, 40_000);
    queue.push(2, 0);
    queue.open_ticket(Telling::Told);
    assert_eq!(queue.keep(), [0, 2]);
    assert!(queue.kept(true).is_some());
    assert!(!queue.is_on_disk(1), "it was lost before");
    // They leave the memory, and go out from the disk.
    (3..11).for_each(|number| drop(queue.push(number, 3_400)));
    while let Done::Sends { numbers, from_disk } = queue.next() {
        assert!(!from_disk || numbers == [0, 2], "{numbers:?}");
        queue.settle(accepted(), 0);
        assert!(queue.accounts().delivered + queue.accounts().lost.total() <= 11);
    }
}

#[test]
fn a_failed_write_leaves_no_room_for_what_was_lost_meanwhile() {
    let mut queue = queue(8, 1 << 20, Some(SECOND));
    queue.push(0, 0);
    queue.open_ticket(Telling::Told);
    assert_eq!(queue.keep(), [0]);
    let lost: Vec<usize> = (1..9).flat_map(|number| queue.push(number, 0).1).collect();
    assert_eq!(lost, [1], "0 is in hand");
    assert!(queue.kept(false).is_none());
    queue.now += 2 * SECOND;
    assert_eq!(queue.keep(), [0, 2, 3, 4]);
    assert!(queue.kept(true).is_some());
    assert!(!queue.is_on_disk(1), "it was lost before");
}

#[test]
fn a_file_goes_though_its_batch_was_split() {
    let mut queue = queue(8, 1 << 20, Some(SECOND));
    let mut files = Vec::new();
    for first in [0, 2] {
        (first..first + 2).for_each(|number| drop(queue.push(number, 0)));
        let mut kept = queue.keep();
        queue.now += SECOND;
        kept.extend(queue.keep());
        assert_eq!(kept, [first, first + 1]);
        files.extend(queue.kept(true));
    }
    queue.open_ticket(Telling::Told);
    let mut removed = Vec::new();
    for verdict in [Verdict::TooLarge { cause: "413".to_owned() }, accepted(), retry()] {
        assert!(matches!(queue.next(), Done::Sends { .. }));
        removed.extend(queue.settle(verdict, u64::MAX).removed);
    }
    // The second half leaves the memory, and goes out from the disk.
    (4..13).for_each(|number| drop(queue.push(number, 0)));
    queue.now += SECOND;
    while let Done::Sends { .. } = queue.next() {
        removed.extend(queue.settle(accepted(), 0).removed);
    }
    assert!(queue.accounts().delivered >= 4);
    assert!(files.iter().all(|file| removed.contains(file)), "{removed:?} of {files:?}");
}

#[test]
fn a_disk_that_hangs_does_not_keep_the_worker_busy() {
    let mut queue = queue(8, 30_000, Some(SECOND));
    queue.push(0, 0);
    queue.open_ticket(Telling::Told);
    assert_eq!(queue.keep(), [0]);
    queue.now += 3 * SECOND;
    let now = queue.now;
    let step = queue.next();
    assert!(matches!(step, Done::Waits(until) if until > now), "{step:?}");
}

#[test]
fn what_two_flushes_have_told_is_not_told_again() {
    let mut queue = queue(8, 1 << 20, None);
    (0..4).for_each(|number| drop(queue.push(number, 0)));
    let early = queue.open_ticket(Telling::Told);
    assert!(matches!(queue.next(), Done::Sends { .. }));
    (4..8).for_each(|number| drop(queue.push(number, 0)));
    let late = queue.open_ticket(Telling::Told);
    // The batch is on its way, so three of those behind it have to go.
    (8..11).for_each(|number| drop(queue.push(number, 0)));
    assert_eq!(queue.close_ticket(late).map_err(|error| error.losses().total()), Err(3));
    // Now two of the batch itself.
    queue.settle(retry(), u64::MAX);
    (11..13).for_each(|number| drop(queue.push(number, 0)));
    assert_eq!(queue.close_ticket(early).map_err(|error| error.losses().total()), Err(2));
    queue.now += SECOND;
    let third = queue.open_ticket(Telling::Told);
    while let Done::Sends { .. } = queue.next() {
        queue.settle(accepted(), 0);
    }
    assert_eq!(queue.close_ticket(third), Ok(()), "all five losses have been told");
}
