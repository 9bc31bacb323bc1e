//! Random histories of the queue: whatever callers, the backend and the clock do, and in whatever order, the books
//! balance after every step.

mod found;
mod model;
mod subject;
mod verdict;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::export::Verdict;
use crate::pipeline::accounts::Telling;
use model::Model;
use subject::{Done, Subject};

/// One thing that happens.
#[derive(Clone, Debug)]
enum Move {
    Push(usize),
    PushAll(Vec<usize>),
    Work,
    Settle(Verdict, u64),
    Keep,
    Kept { written: bool },
    EvictSpooled,
    Pass(Duration),
    Open(Telling),
    End(usize),
    Forget(usize),
    Drain(Duration),
    Close,
}

fn telling() -> impl Strategy<Value = Telling> {
    prop_oneof![3 => Just(Telling::Told), 1 => Just(Telling::Silent)]
}

/// From a microsecond to ten minutes, every magnitude as likely as any other.
fn time() -> impl Strategy<Value = Duration> {
    (0..9_u32, 1..10_u64)
        .prop_map(|(magnitude, factor)| Duration::from_micros(factor * 10_u64.pow(magnitude)))
        .prop_map(|time| time.min(Duration::from_secs(600)))
}

/// Bytes that a record has at most, or nearly so.
const LARGEST: usize = 20_000;

fn padding() -> impl Strategy<Value = usize> {
    prop_oneof![8 => 0..100_usize, 3 => 0..3_000_usize, 1 => 0..LARGEST]
}

fn verdict() -> impl Strategy<Value = Verdict> {
    let accepted = |rejected| Verdict::Accepted { rejected, message: None };
    let refused = |reason| Verdict::Refused { reason, cause: "no".to_owned() };
    prop_oneof![
        4 => Just(accepted(0)),
        2 => (1..6_u64).prop_map(accepted),
        1 => Just(accepted(u64::MAX)),
        4 => prop::option::weighted(0.3, time())
            .prop_map(|after| Verdict::Retry { after, cause: "503".to_owned() }),
        3 => Just(Verdict::TooLarge { cause: "413".to_owned() }),
        1 => Just(refused(LossReason::Refused { status: 401 })),
        1 => Just(refused(LossReason::Untrusted)),
        // An exporter that panicked.
        1 => Just(refused(LossReason::Exporter)),
    ]
}

fn a_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        12 => padding().prop_map(Move::Push),
        2 => vec(padding(), 0..6).prop_map(Move::PushAll),
        10 => Just(Move::Work),
        8 => (verdict(), any::<u64>()).prop_map(|(verdict, random)| Move::Settle(verdict, random)),
        5 => Just(Move::Keep),
        5 => prop::bool::weighted(0.85).prop_map(|written| Move::Kept { written }),
        1 => Just(Move::EvictSpooled),
        6 => time().prop_map(Move::Pass),
        3 => telling().prop_map(Move::Open),
        3 => (0..8_usize).prop_map(Move::End),
        1 => (0..8_usize).prop_map(Move::Forget),
        // A shutdown ends the interesting part.
        1 => prop_oneof![6 => Just(Move::Work), 1 => time().prop_map(Move::Drain), 1 => Just(Move::Close)],
    ]
}

/// Small bounds, so that every one of them is reached. As in the defaults there is room for more than what is in hand:
/// a batch of the worker's, and one of the keeper's where there is a spool.
fn policy() -> impl Strategy<Value = Policy> {
    let bounds = (2..24_usize, 1_000..60_000_usize, 200..20_000_usize, time());
    (bounds, prop::option::of(time())).prop_flat_map(|(bounds, keep_within)| {
        let (queue_spans, queue_bytes, batch_bytes, interval) = bounds;
        let queue_spans = queue_spans + usize::from(keep_within.is_some());
        let batches = 1 + usize::from(keep_within.is_some());
        (1..=(queue_spans - 1) / batches).prop_map(move |batch_spans| Policy {
            queue_spans,
            queue_bytes,
            batch_spans,
            batch_bytes,
            interval,
            rests: false,
            keep_within,
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    #[cfg_attr(miri, ignore = "it takes minutes there; the other tests cover the same code")]
    fn the_books_balance_through_every_history(policy in policy(), moves in vec(a_move(), 0..150)) {
        let mut model = Model::new(policy);
        for a_move in moves {
            match a_move {
                Move::Push(padding) => model.push(padding),
                Move::PushAll(paddings) => model.push_all(&paddings),
                Move::Work => model.work(),
                Move::Settle(verdict, random) => model.settle(&verdict, random),
                Move::Keep => model.keep(),
                Move::Kept { written } => model.kept(written),
                Move::EvictSpooled => model.evict_spooled(),
                Move::Pass(time) => model.pass(time),
                Move::Open(telling) => model.open(telling),
                Move::End(choice) => model.end(choice),
                Move::Forget(choice) => model.forget(choice),
                Move::Drain(patience) => model.drain(patience),
                Move::Close => model.close(),
            }
            model.check();
        }
        model.finish();
    }

    #[test]
    #[cfg_attr(miri, ignore = "it takes minutes there; the other tests cover the same code")]
    fn what_a_413_splits_arrives_once_and_in_order(
        paddings in vec(0..2_000_usize, 1..40),
        largest in 300..6_000_usize,
        batch_spans in 1..16_usize,
        batch_bytes in 200..8_000_usize,
    ) {
        let policy =
            Policy { queue_spans: 64, queue_bytes: 1 << 20, batch_spans, batch_bytes, interval: Duration::from_secs(5), rests: false, keep_within: None };
        let mut queue = Subject::new(policy);
        let sizes: Vec<usize> =
            paddings.iter().enumerate().map(|(number, padding)| queue.push(number, *padding).0).collect();
        queue.open_ticket(Telling::Told);
        let bytes = |numbers: &[usize]| numbers.iter().map(|number| sizes[*number]).sum::<usize>();
        let mut settled: Vec<usize> = Vec::new();
        while let Done::Sends { numbers, .. } = queue.next() {
            prop_assert!(numbers.len() <= batch_spans);
            prop_assert!(bytes(&numbers) <= batch_bytes || numbers.len() == 1);
            let fits = bytes(&numbers) <= largest;
            if fits || numbers.len() == 1 {
                settled.extend(&numbers);
            }
            let verdict = if fits { Verdict::Accepted { rejected: 0, message: None } } else { Verdict::TooLarge { cause: "413".to_owned() } };
            queue.settle(verdict, 0);
        }
        let too_large = sizes.iter().filter(|size| **size > largest).count() as u64;
        prop_assert_eq!(settled, (0..sizes.len()).collect::<Vec<_>>(), "each settles once, in order");
        prop_assert_eq!(queue.accounts().lost.of(LossReason::Refused { status: 413 }), too_large);
        prop_assert_eq!(queue.accounts().delivered, sizes.len() as u64 - too_large);
        prop_assert_eq!(queue.held(), 0);
    }
}
