//! One span for a whole stream, whatever becomes of it.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, SystemTime};

use bento::testing::{Span, Spans, capture, capture_async};
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, Stream, StreamExt, TryStreamExt};

const OUTPUT: &str = "output.value";
const FIRST: &str = "gen_ai.response.time_to_first_chunk";
const CANCELLED: &str = "bento.cancelled";

fn only(spans: &Spans) -> &Span {
    assert_eq!(spans.len(), 1);
    spans.iter().next().unwrap()
}

#[tokio::test]
async fn a_stream_that_ends() {
    let mut id = None;
    let spans = capture_async(async {
        let turn = bento::begin("turn").start();
        let answer = bento::track_ai("answer").model("m").stream(stream::iter(["Hel", "lo", ""]));
        id = Some(answer.event_id());
        drop(turn);
        assert_eq!(answer.size_hint(), (3, Some(3)));
        assert_eq!(answer.collect::<Vec<_>>().await, ["Hel", "lo", ""]);
    })
    .await;
    assert_eq!(spans.tree(), "turn\n  answer");
    let answer = spans.find("answer").unwrap();
    assert_eq!(Some(answer.id()), id);
    assert_eq!(answer.attribute(OUTPUT), Some("Hello".into()));
    assert_eq!(answer.attribute(CANCELLED), None);
    let first = answer.attribute(FIRST).unwrap().as_f64().unwrap();
    assert!(first >= 0.0 && first <= answer.duration().as_secs_f64(), "{first}");
}

#[tokio::test]
async fn a_stream_that_is_dropped_midway() {
    let spans = capture_async(async {
        let mut answer = bento::track_ai("answer").stream(stream::iter(["Hel", "lo"]));
        assert_eq!(answer.next().await, Some("Hel"));
    })
    .await;
    assert_eq!(only(&spans).attribute(OUTPUT), Some("Hel".into()));
    assert_eq!(only(&spans).attribute(CANCELLED), Some(true.into()));
}

#[test]
fn a_stream_that_is_never_polled() {
    let spans = capture(|| drop(bento::track_ai("answer").stream(stream::iter(["a"]))));
    assert_eq!(only(&spans).attribute(CANCELLED), Some(true.into()));
    assert_eq!(only(&spans).attribute(FIRST), None);
    assert_eq!(only(&spans).attribute(OUTPUT), None, "nothing had come");
}

#[tokio::test]
async fn a_stream_that_fails_is_failed_not_cancelled() {
    let chunks = || stream::iter([Ok("Hel"), Err("reset"), Ok("lo")]);
    let stopped = capture_async(async {
        let mut answer = bento::track_ai("answer").stream(chunks());
        let error = async {
            while answer.try_next().await?.is_some() {}
            Ok::<_, &str>(())
        }
        .await;
        assert_eq!(error, Err("reset"));
    })
    .await;
    let span = only(&stopped);
    assert_eq!((span.error_type(), span.error()), (Some("&str"), Some("reset")));
    assert_eq!((span.attribute(OUTPUT), span.attribute(CANCELLED)), (Some("Hel".into()), None));
    let read_on = capture_async(bento::track_ai("answer").stream(chunks()).count()).await;
    assert!(read_on.is_empty(), "it was asked for outside");
    let read_on = capture_async(async { bento::track_ai("answer").stream(chunks()).count().await }).await;
    assert_eq!(only(&read_on).attribute(OUTPUT), Some("Hello".into()));
    assert_eq!(only(&read_on).error(), Some("reset"));
}

#[tokio::test]
async fn a_stream_is_bounded_at_a_character() {
    const MIB: usize = 1 << 20;
    let spans = capture_async(async {
        let chunk = "é".repeat(1_000);
        let chunks = stream::once(async { "a".to_owned() }).chain(stream::repeat(chunk).take(600));
        bento::track_ai("answer").stream(chunks).for_each(|_| async {}).await;
    })
    .await;
    let output = only(&spans).attribute(OUTPUT).unwrap();
    assert_eq!(output.as_str().unwrap().len(), MIB - 1);
    assert_eq!(only(&spans).attribute("bento.truncated.output.value"), Some(1_200_001.into()));
}

#[tokio::test]
async fn chunks_of_ones_own_type_bring_tokens_and_properties() {
    struct Delta {
        text: Option<&'static str>,
        usage: Option<(u64, u64)>,
    }
    impl bento::Chunk for Delta {
        fn record(&self, output: &mut bento::Output) {
            if let Some(text) = self.text {
                output.push(text);
            }
            if let Some((input, written)) = self.usage {
                output.tokens(input, written);
                output.property("finish_reason", "stop");
            }
        }
    }
    let deltas = || {
        let text = ["Hi", "!"].map(|text| Delta { text: Some(text), usage: None });
        stream::iter(text).chain(stream::iter([Delta { text: None, usage: Some((3, 2)) }]))
    };
    let spans = capture_async(async {
        let answer: BoxStream<'_, Delta> = bento::track_ai("answer").tokens(1, 1).stream(deltas()).boxed();
        assert_eq!(answer.count().await, 3);
        let with = bento::track_ai("with").stream_with(deltas(), |delta, output| {
            output.push(delta.text.unwrap_or_default());
        });
        with.count().await;
    })
    .await;
    let answer = spans.find("answer").unwrap();
    assert_eq!(answer.attribute(OUTPUT), Some("Hi!".into()));
    assert_eq!(answer.attribute("gen_ai.usage.input_tokens"), Some(3.into()));
    assert_eq!(answer.attribute("llm.token_count.total"), Some(5.into()));
    assert_eq!(answer.attribute("finish_reason"), Some("stop".into()));
    assert_eq!(spans.find("with").unwrap().attribute(OUTPUT), Some("Hi!".into()));
}

#[tokio::test]
async fn a_stream_without_text_keeps_the_output_of_the_call() {
    let spans = capture_async(async {
        let calls = bento::track_ai("answer").output("given").stream_with(stream::iter([1, 2]), |_, _| ());
        assert_eq!(calls.count().await, 2);
    })
    .await;
    assert_eq!(only(&spans).attribute(OUTPUT), Some("given".into()));
}

#[tokio::test]
async fn a_stream_whose_request_was_made_before_is_timed_from_there() {
    let spans = capture_async(async {
        let asked = SystemTime::now() - Duration::from_secs(3);
        let stream = bento::track_ai("answer").start_time(asked).stream(stream::iter(["a"]));
        stream.collect::<Vec<_>>().await;
    })
    .await;
    let answer = only(&spans);
    assert!(answer.duration() >= Duration::from_secs(3), "{:?}", answer.duration());
    let first = answer.attribute(FIRST).unwrap().as_f64().unwrap();
    assert!((3.0..60.0).contains(&first), "{first}");
}

#[tokio::test]
async fn a_stream_that_panics_has_failed() {
    let spans = capture_async(async {
        let chunks = stream::iter(["a", "b"])
            .map(|chunk| if chunk == "b" { std::panic::resume_unwind(Box::new("boom")) } else { chunk });
        let stream = bento::track_ai("answer").stream(chunks);
        AssertUnwindSafe(stream.collect::<Vec<_>>()).catch_unwind().await.unwrap_err();
    })
    .await;
    let answer = only(&spans);
    assert_eq!((answer.error_type(), answer.attribute(CANCELLED)), (Some("panic"), None));
    assert_eq!(answer.attribute(OUTPUT), Some("a".into()));
}

#[tokio::test]
async fn a_panic_in_what_records_a_chunk_costs_the_chunk() {
    let spans = capture_async(async {
        let record = |chunk: &&str, output: &mut bento::Output| match *chunk {
            "b" => std::panic::resume_unwind(Box::new("boom")),
            chunk => output.push(chunk),
        };
        let stream = bento::track_ai("answer").stream_with(stream::iter(["a", "b", "c"]), record);
        assert_eq!(stream.collect::<Vec<_>>().await, ["a", "b", "c"]);
    })
    .await;
    let answer = only(&spans);
    assert_eq!((answer.error(), answer.attribute(OUTPUT)), (Some("boom"), Some("ac".into())));
}

#[tokio::test]
async fn an_empty_answer_is_an_answer() {
    let spans = capture_async(async {
        bento::track_ai("answer").stream(stream::iter([""])).collect::<Vec<_>>().await
    })
    .await;
    assert_eq!(only(&spans).attribute(OUTPUT), Some("".into()));
}
