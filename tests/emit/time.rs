//! Start and duration, measured or given.

use std::time::{Duration, Instant, SystemTime};

use bento::testing::capture;

#[test]
fn what_the_caller_knows_counts() {
    let second = Duration::from_secs(1);
    let hour_ago = SystemTime::now() - 3_600 * second;
    let spans = capture(|| {
        let _turn = bento::begin("turn").start();
        bento::track_ai("instant").send();
        bento::track_ai("lasted").duration(second).send();
        bento::tool_span("both").start_time(hour_ago).duration(2 * second).send();
        bento::track_ai("since").start_time(hour_ago).send();
        bento::track_ai("ahead").start_time(SystemTime::now() + 3_600 * second).send();
        bento::track_ai("before time").start_time(SystemTime::UNIX_EPOCH).duration(Duration::MAX).send();
    });
    let duration = |name| spans.find(name).unwrap().duration();
    assert_eq!(duration("instant"), Duration::ZERO);
    assert_eq!(duration("lasted"), second);
    assert_eq!(duration("both"), 2 * second);
    assert!(duration("since") >= 3_600 * second && duration("since") < 3_660 * second);
    assert_eq!(duration("ahead"), Duration::ZERO);
    assert!(duration("before time") > 100 * 365 * 86_400 * second);
    // Siblings stand in the order of their start.
    let order: Vec<&str> = spans.tree().leak().lines().map(str::trim).collect();
    assert_eq!(&order[..4], ["turn", "before time", "both [tool]", "since"]);
    assert_eq!(order.last(), Some(&"ahead"));
}

#[test]
fn an_open_span_is_measured() {
    let mut within = Duration::ZERO;
    let began = Instant::now();
    let spans = capture(|| {
        let turn = bento::begin("turn").start();
        let inside = Instant::now();
        while inside.elapsed() < Duration::from_millis(2) {
            std::hint::spin_loop();
        }
        within = inside.elapsed();
        drop(turn);
    });
    let measured = spans.find("turn").unwrap().duration();
    assert!(measured >= within && measured <= began.elapsed(), "{measured:?}");
}
