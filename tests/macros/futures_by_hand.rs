//! Functions that give a future without being `async`.

use super::*;

#[async_trait::async_trait]
trait Search {
    async fn search(&self, query: String, limit: usize) -> Result<Vec<String>, Refused>;

    #[bento::tool(name = "default")]
    async fn search_one(&self, query: &str) -> Option<String> {
        self.search(query.to_owned(), 1).await.ok()?.pop()
    }
}

struct Index(Vec<String>);

#[async_trait::async_trait]
impl Search for Index {
    #[bento::tool(skip(limit))]
    async fn search(&self, query: String, mut limit: usize) -> Result<Vec<String>, Refused> {
        yield_now().await;
        limit += 1;
        bento::track_ai("rank").send();
        if query.is_empty() {
            return Err(Refused("empty"));
        }
        Ok(self.0.iter().filter(|hit| hit.contains(&query)).take(limit).cloned().collect())
    }
}

#[test]
fn async_trait_methods_run_in_their_span() {
    let spans = block_on(capture_async(async {
        let index: Arc<dyn Search + Send + Sync> = Arc::new(Index(vec!["one".to_owned()]));
        drop(index.search("never polled".to_owned(), 1));
        assert!(index.search(String::new(), 1).await.is_err());
        assert_eq!(index.search_one("on").await.as_deref(), Some("one"));
    }));
    let expected = "search [tool] !\n  rank\ndefault [tool]\n  search [tool]\n    rank";
    assert_eq!(spans.tree(), expected);
    assert_eq!(span(&spans, "search").error(), Some("refused: empty"));
    assert_eq!(input(&spans, "search"), json!({"query": ""}));
    assert_eq!(input(&spans, "default"), json!({"query": "on"}));
    assert_eq!(output(&spans, "default").as_deref(), Some("one"));
}

#[bento::tool]
fn boxed(mut text: String, times: usize) -> Pin<Box<dyn Future<Output = Result<String, Refused>> + Send>> {
    text.push('.');
    let text = text.repeat(times);
    Box::pin(async move {
        yield_now().await;
        bento::track_ai("inside").send();
        Ok(text)
    })
}

#[bento::tool]
fn unnamed(text: &str) -> impl Future<Output = usize> + Send {
    async move {
        yield_now().await;
        bento::track_ai("inside").send();
        text.len()
    }
}

#[bento::tool]
fn borrowed(text: &str) -> impl Future<Output = impl Display> {
    async { text.len() }
}

#[bento::tool]
fn made(times: usize) -> impl Fn() -> Pin<Box<dyn Future<Output = usize>>> {
    move || -> Pin<Box<dyn Future<Output = usize>>> { Box::pin(async move { times }) }
}

#[test]
fn the_future_is_what_runs() {
    let spans = block_on(capture_async(async {
        assert_eq!(boxed("a".into(), 2).await.ok().as_deref(), Some("a.a."));
        assert_eq!(unnamed("abc").await, 3);
        assert_eq!(borrowed("abcd").await.to_string(), "4");
        assert_eq!(made(5)().await, 5);
    }));
    assert_eq!(
        spans.tree(),
        "boxed [tool]\n  inside\nunnamed [tool]\n  inside\nborrowed [tool]\nmade [tool]"
    );
    assert_eq!(input(&spans, "boxed"), json!({"text": "a", "times": 2}));
    assert_eq!(output(&spans, "boxed").as_deref(), Some("a.a."));
    assert_eq!(output(&spans, "unnamed").as_deref(), Some("3"));
    assert_eq!(output(&spans, "borrowed").as_deref(), Some("4"));
}

/// Macros that expand before ours hand us what they made of the function.
#[tokio::main(flavor = "current_thread")]
#[bento::interaction]
async fn tokio_below() -> usize {
    bento::track_ai("inside").send();
    1
}

#[bento::interaction]
#[tokio::main(flavor = "current_thread")]
async fn tokio_above() -> usize {
    bento::track_ai("inside").send();
    1
}

#[test]
fn other_attributes_may_stand_on_either_side() {
    let spans = capture(|| tokio_below() + tokio_above());
    assert_eq!(spans.tree(), "tokio_below\n  inside\ntokio_above\n  inside");
}
