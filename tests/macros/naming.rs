//! Names, and how spans nest.

use super::*;

#[bento::interaction(event = "user_turn")]
async fn handle(message: String) -> Result<String, Refused> {
    Ok(search(&message).await)
}

#[bento::tool]
async fn search(query: &str) -> String {
    yield_now().await;
    sync_tool();
    query.to_uppercase()
}

#[bento::tool()]
fn sync_tool() {
    bento::track_ai("plan").send();
}

#[bento::tool(name = "other")]
fn r#match() -> u8 {
    1
}

#[bento::interaction]
fn r#loop() {
    r#match();
}

#[test]
fn spans_nest_as_the_calls_do() {
    let spans = block_on(capture_async(async {
        assert_eq!(handle("hi".to_owned()).await.ok(), Some("HI".to_owned()));
    }));
    assert_eq!(spans.tree(), "user_turn\n  search [tool]\n    sync_tool [tool]\n      plan");
    assert_eq!(input(&spans, "user_turn"), json!({"message": "hi"}));
    assert_eq!(output(&spans, "user_turn").as_deref(), Some("HI"));
    assert_eq!(input(&spans, "search"), json!({"query": "hi"}));
    assert_eq!(input(&spans, "sync_tool"), Value::Null);
    assert_eq!(output(&spans, "sync_tool"), None);
}

#[test]
fn the_default_is_the_name_of_the_function() {
    assert_eq!(capture(r#loop).tree(), "loop\n  other [tool]");
}
