//! What of the value is captured, and what is an error.

use super::*;

type Alias<T> = Result<T, Refused>;
struct NoWords;
#[derive(Debug)]
#[expect(dead_code, reason = "read by Debug")]
struct OnlyDebug(u8);

#[bento::tool]
fn io() -> std::io::Result<u8> {
    Err(std::io::Error::other("disk"))
}

#[bento::tool]
fn any() -> anyhow::Result<Hit> {
    let missing: Option<u8> = None;
    missing.map(|id| Hit { id: id.into() }).ok_or_else(|| anyhow::anyhow!("missing"))
}

#[bento::tool]
async fn alias(good: bool) -> Alias<Hit> {
    let hit = (if good { Ok(7) } else { Err(Refused("no")) })?;
    Ok(Hit { id: hit })
}

#[bento::tool]
fn debug() -> Result<Opaque, OnlyDebug> {
    Err(OnlyDebug(3))
}

#[bento::tool]
fn wordless() -> Result<Opaque, NoWords> {
    Err(NoWords)
}

#[bento::tool]
fn generic<T: Serialize, E: Display>(result: Result<T, E>) -> Result<T, E> {
    result
}

#[bento::tool]
fn boxed() -> Result<(), Box<dyn std::error::Error>> {
    Err("plain")?
}

#[test]
fn a_result_is_known_by_its_type() {
    let spans = block_on(capture_async(async {
        assert_eq!(io().map_err(|error| error.to_string()), Err("disk".to_owned()));
        assert!(any().is_err());
        assert!(alias(false).await.is_err());
        assert!(debug().is_err());
        assert!(wordless().is_err());
        assert!(generic::<u8, _>(Err("generic")).is_err());
        assert!(boxed().is_err());
    }));
    let told =
        |name| (span(&spans, name).error().unwrap_or("-"), span(&spans, name).error_type().unwrap_or("-"));
    assert_eq!(told("io"), ("disk", "std::io::error::Error"));
    assert_eq!(told("any"), ("missing", "anyhow::Error"));
    assert_eq!(told("alias"), ("refused: no", "macros::Refused"));
    assert_eq!(told("debug"), ("OnlyDebug(3)", "macros::results::OnlyDebug"));
    assert_eq!(told("wordless"), ("macros::results::NoWords", "macros::results::NoWords"));
    assert_eq!(told("generic"), ("generic", "&str"));
    assert_eq!(told("boxed").0, "plain");
    assert!(spans.iter().all(|span| span.attribute("output.value").is_none()));
}

#[test]
fn ok_is_the_output() {
    let spans = block_on(capture_async(async {
        assert!(alias(true).await.is_ok());
        assert!(generic::<_, String>(Ok(())).is_ok());
    }));
    assert_eq!(output(&spans, "alias").as_deref(), Some(r#"{"id":7}"#));
    assert_eq!(output(&spans, "generic"), None);
}

struct Unspeakable;

impl Display for Unspeakable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("boom")
    }
}

#[bento::tool]
fn unspeakable() -> Result<(), Unspeakable> {
    Err(Unspeakable)
}

#[test]
fn an_error_that_panics_when_it_is_read_is_still_an_error() {
    let spans = capture(|| assert!(unspeakable().is_err()));
    assert_eq!(span(&spans, "unspeakable").error(), Some("not captured: its implementation panicked"));
}
