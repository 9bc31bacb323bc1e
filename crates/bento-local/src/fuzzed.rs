//! The one door for fuzzing. It exists in tests and under `cargo fuzz` only.

use serde_json::Value;

use crate::{Span, otlp};

/// Any bytes as an OTLP/JSON body: what is decoded follows the rules, nothing goes missing untold, and every span comes
/// back from the JSON that the API answers with.
pub fn otlp(data: &[u8]) {
    let Ok(request) = otlp::parse(data) else { return };
    let decoded: Vec<_> = request.spans().collect();
    if let Ok(request) = serde_json::from_slice(data) {
        assert_eq!(decoded.len(), spans_in(&request), "a span went missing");
    }
    for span in decoded {
        let span = match span {
            Ok(span) => span,
            Err(rejected) => {
                assert!(rejected.to_string().starts_with("resourceSpans["), "{rejected}");
                continue;
            }
        };
        assert!(span.start_time.unix_nanos() != 0 && span.start_time <= span.end_time, "{span:?}");
        assert_eq!(span.kind, span.kind.to_lowercase());
        let json = serde_json::to_string(&span);
        let mut back: Option<Span> = json.ok().and_then(|json| serde_json::from_str(&json).ok());
        if let Some(back) = &mut back {
            back.kind_said = span.kind_said;
        }
        assert_eq!(back, Some(span));
    }
}

/// Spans in a request, counted without the decoder.
fn spans_in(request: &Value) -> usize {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let resources = list(request, "resourceSpans");
    let scopes = resources.iter().flat_map(|resource| list(resource, "scopeSpans"));
    scopes.map(|scope| list(&scope, "spans").len()).sum()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io;
    use std::path::Path;

    use super::otlp;

    #[test]
    fn the_committed_corpus_holds() -> io::Result<()> {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
        if !fuzz.exists() {
            #[expect(clippy::print_stderr, reason = "a test that skips says so")]
            {
                eprintln!("skipped: the packaged crate has no corpus");
            }
            return Ok(());
        }
        let inputs = fs::read_dir(fuzz.join("corpus/otlp"))?;
        let inputs = inputs.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        assert!(!inputs.is_empty(), "there is no corpus");
        for input in inputs {
            otlp(&fs::read(input)?);
        }
        Ok(())
    }
}
