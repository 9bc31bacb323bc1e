//! Async functions: under `join!`, `select!`, panics, and when their arguments are dropped.

use super::*;

#[bento::tool]
async fn step(name: &str, yields: usize) -> usize {
    for _ in 0..yields {
        yield_now().await;
    }
    bento::track_ai(format!("in {name}")).send();
    yields
}

#[bento::interaction]
async fn turn(name: String) -> usize {
    let (a, b) = tokio::join!(step(&name, 3), step("other", 1));
    a + b
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[test]
fn siblings_do_not_see_each_other() {
    let spans = block_on(capture_async(async { turn("one".into()).await }));
    assert_eq!(spans.tree(), "turn\n  step [tool]\n    in one\n  step [tool]\n    in other");
}

#[test]
fn a_future_stays_send() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    let spans = runtime.block_on(capture_async(async {
        let here = bento::current();
        tokio::spawn(here.run(async { turn("one".into()).await })).await.expect("it ends");
        let boxed: Pin<Box<dyn Future<Output = usize> + Send>> = Box::pin(turn("two".into()));
        boxed.await;
        is_send(step("local", 1)).await;
    }));
    assert_eq!(spans.iter().filter(|span| span.name() == "turn").count(), 2);
}

#[bento::tool(skip(numbers))]
async fn outer(numbers: [u64; 30]) -> u64 {
    middle(numbers).await
}

#[bento::tool(skip(numbers))]
async fn middle(numbers: [u64; 30]) -> u64 {
    inner(numbers).await
}

#[bento::tool(skip(numbers))]
async fn inner(numbers: [u64; 30]) -> u64 {
    yield_now().await;
    numbers[0]
}

#[test]
fn a_future_grows_with_each_macro_by_a_sum_and_not_a_product() {
    let inner = size_of_val(&inner([0; 30]));
    let middle = size_of_val(&middle([0; 30]));
    let outer = size_of_val(&outer([0; 30]));
    assert!(outer - middle <= middle - inner + 64);
}

#[test]
fn nothing_happens_before_the_first_poll() {
    let spans = capture(|| drop(turn("one".into())));
    assert!(spans.is_empty());
}

#[bento::tool]
async fn endless(_permit: Arc<()>) {
    std::future::pending::<()>().await;
}

#[test]
fn the_loser_of_a_select_is_cancelled() {
    let permit = Arc::new(());
    let spans = block_on(capture_async(async {
        tokio::select! {
            () = endless(Arc::clone(&permit)) => {}
            () = async { yield_now().await; assert_eq!(Arc::strong_count(&permit), 2); } => {}
        }
        assert_eq!(Arc::strong_count(&permit), 1);
    }));
    assert_eq!(span(&spans, "endless").attribute("bento.cancelled"), Some(json!(true)));
    assert_eq!(span(&spans, "endless").error(), None);
}

#[bento::tool]
fn sync_panic(why: &str) -> u8 {
    panic!("because {why}")
}

#[bento::tool]
async fn async_panic(why: &str) -> Result<u8, Refused> {
    yield_now().await;
    panic!("because {why}")
}

#[test]
fn a_panic_is_recorded_and_goes_on() {
    let spans = capture(|| {
        assert!(catch_unwind(|| sync_panic("sync")).is_err());
        let caught = catch_unwind(AssertUnwindSafe(|| {
            tokio::runtime::Builder::new_current_thread()
                .build()
                .expect("a runtime")
                .block_on(async_panic("async"))
        }));
        assert!(caught.is_err());
    });
    for (name, message) in [("sync_panic", "because sync"), ("async_panic", "because async")] {
        assert_eq!(span(&spans, name).error(), Some(message));
        assert_eq!(span(&spans, name).error_type(), Some("panic"));
    }
}

struct Drops<'a>(&'a str, &'a RefCell<Vec<String>>);

impl Drop for Drops<'_> {
    fn drop(&mut self) {
        self.1.borrow_mut().push(self.0.to_owned());
    }
}

#[bento::tool]
fn drop_order(first: Drops<'_>, _second: Drops<'_>) {
    let _local = Drops("local", first.1);
}

#[bento::tool]
async fn drop_order_async(first: Drops<'_>, _second: Drops<'_>) {
    let _local = Drops("local", first.1);
    yield_now().await;
}

#[test]
fn arguments_live_as_long_as_without_the_macro() {
    let log = RefCell::default();
    drop_order(Drops("first", &log), Drops("second", &log));
    assert_eq!(log.take(), ["local", "second", "first"]);
    block_on(drop_order_async(Drops("first", &log), Drops("second", &log)));
    assert_eq!(log.take(), ["local", "second", "first"]);
}
