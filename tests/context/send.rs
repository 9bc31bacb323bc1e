//! What a caller may send to another thread; the compiler proves it.

use std::pin::Pin;

use bento::testing::capture_async;
use bento::{
    Begin, Context, InContextExt, Propagation, SpanUpdate, Tool, ToolSpan, TraceUpdate, TracedStream,
    TrackAi, Trajectory,
};
use futures_util::{StreamExt, stream};
use tokio::task::yield_now;

fn send<T: Send>(value: T) -> T {
    value
}

fn send_static<T: Send + 'static>(value: T) -> T {
    value
}

const fn send_sync<T: Send + Sync + Unpin>() {}

const _: () = {
    send_sync::<Trajectory>();
    send_sync::<Tool>();
    send_sync::<Context>();
    send_sync::<Begin>();
    send_sync::<ToolSpan>();
    send_sync::<TrackAi>();
    send_sync::<Propagation>();
    send_sync::<TraceUpdate>();
    send_sync::<SpanUpdate>();
    send_sync::<TracedStream<stream::Empty<String>, fn(&String, &mut bento::Output)>>();
};

async fn guards(question: String) -> usize {
    let turn = bento::begin("turn").input(&question).start();
    yield_now().await;
    let tool = bento::tool_span("tool").start();
    yield_now().await;
    tool.output(&question);
    turn.output(question.len());
    question.len()
}

async fn borrowed(question: &str, turn: &Trajectory) -> Result<usize, std::fmt::Error> {
    yield_now().await;
    turn.property("question", question);
    Ok(question.len())
}

#[tokio::test]
async fn futures_stay_send() {
    capture_async(async {
        send_static(guards("a".to_owned())).await;
        let question = "b".to_owned();
        let length = send(bento::begin("turn").run(async |turn| {
            let _tool = bento::tool_span("tool").start();
            borrowed(&question, turn).await
        }))
        .await;
        assert_eq!(length, Ok(1));
        send_static(bento::begin("turn").run(async move |turn| borrowed(&question, turn).await))
            .await
            .unwrap();
        send_static(bento::tool_span("tool").run(async |tool| {
            yield_now().await;
            tool.output("c");
        }))
        .await;
        send_static(bento::propagate_attributes().user_id("u").run(async || guards("d".to_owned()).await))
            .await;
        send_static(bento::current().run(guards("e".to_owned()))).await;
        send_static(guards("f".to_owned()).in_context(bento::current())).await;
        let boxed: Pin<Box<dyn Future<Output = usize> + Send>> = Box::pin(guards("g".to_owned()));
        send_static(bento::current().run(boxed)).await;
        let nested = bento::begin("outer").run(async |_| {
            bento::tool_span("tool")
                .run(async |_| bento::begin("inner").run(async |_| yield_now().await).await)
                .await;
        });
        send_static(nested).await;
        let chunks = bento::track_ai("answer").stream(stream::iter(["a", "b"]));
        send_static(chunks.collect::<Vec<_>>()).await;
        let events = bento::track_ai("answer").stream_with(stream::iter([1, 2]), |event, output| {
            output.push(&event.to_string());
        });
        send_static(events.collect::<Vec<_>>()).await;
        send_static(bento::testing::capture_async(guards("h".to_owned()))).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trait_object_runs_as_a_task() {
    trait Agent: Send + Sync {
        fn answer<'a>(&'a self, question: &'a str) -> Pin<Box<dyn Future<Output = usize> + Send + 'a>>;
    }
    struct Echo;
    impl Agent for Echo {
        fn answer<'a>(&'a self, question: &'a str) -> Pin<Box<dyn Future<Output = usize> + Send + 'a>> {
            Box::pin(bento::begin("echo").run(async move |turn| borrowed(question, turn).await.unwrap_or(0)))
        }
    }
    let spans = capture_async(async {
        let agent: std::sync::Arc<dyn Agent> = std::sync::Arc::new(Echo);
        let task = bento::current().run(async move { agent.answer("four").await });
        assert_eq!(tokio::spawn(task).await.unwrap(), 4);
    })
    .await;
    assert_eq!(spans.tree(), "echo");
}
