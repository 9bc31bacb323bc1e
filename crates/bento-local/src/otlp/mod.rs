//! From an OTLP/JSON body to spans. A body that is not OTLP/JSON fails as a whole; a span that does not fit fails alone.

mod message;
mod span;

use std::fmt;
use std::rc::Rc;

use serde_json::value::RawValue;

use self::message::{List, MOST_SPANS, Object, Request, Resource, ResourceSpans};
use self::span::Service;
pub(crate) use self::span::SpanError;
use crate::Span;
use crate::terminal::shorten;

/// A request that is well-formed throughout and whose spans are still to be read.
#[derive(Debug)]
pub(crate) struct Parsed<'a>(Option<Resources<'a>>);

type Resources<'a> = List<Object<ResourceSpans<'a>>, MOST_SPANS>;

/// A span that was valid JSON and still could not be kept.
#[derive(Debug)]
pub(crate) struct Rejected {
    place: Place,
    reason: SpanError,
}

/// The body is not an OTLP/JSON trace request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecodeError {
    #[error("the body is not an OTLP/JSON trace request: it is not UTF-8 at line {line} column {column}")]
    NotUtf8 { line: usize, column: usize },
    #[error("the body is not an OTLP/JSON trace request: {0}")]
    Json(#[from] serde_json::Error),
}

/// Where in the request a span stands, by the indices of the three nested lists.
#[derive(Clone, Copy, Debug)]
struct Place {
    resource: usize,
    scope: usize,
    span: usize,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { resource, scope, span } = self.place;
        let reason = shorten(self.reason.to_string());
        write!(f, "resourceSpans[{resource}].scopeSpans[{scope}].spans[{span}]: {reason}")
    }
}

/// Reads one request body, so far that no span in it can make it fail any more.
///
/// Spans are cut out of the body as raw JSON and each is decoded on its own when its turn comes: one that does not fit
/// takes no other with it, and no two are in memory at once.
pub(crate) fn parse(body: &[u8]) -> Result<Parsed<'_>, DecodeError> {
    // serde does not look at what it skips.
    let text = std::str::from_utf8(body).map_err(|error| not_utf8(&body[..error.valid_up_to()]))?;
    let Object(request): Object<Request<'_>> = serde_json::from_str(text)?;
    Ok(Parsed(request.resource_spans))
}

/// The place is counted as `serde_json` does: in bytes, from one.
fn not_utf8(before: &[u8]) -> DecodeError {
    let mut lines = before.rsplit(|byte| *byte == b'\n');
    let column = 1 + lines.next().unwrap_or_default().len();
    DecodeError::NotUtf8 { line: 1 + lines.count(), column }
}

impl<'a> Parsed<'a> {
    /// The spans, in the order of the request.
    pub(crate) fn spans(self) -> impl Iterator<Item = Result<Span, Rejected>> + 'a {
        self.0.into_iter().flatten().enumerate().flat_map(|(resource, Object(group))| {
            let service = Rc::new(service(group.resource));
            group.scope_spans.into_iter().flatten().enumerate().flat_map(move |(scope, Object(group))| {
                let service = Rc::clone(&service);
                group.spans.into_iter().flatten().enumerate().map(move |(span, raw)| {
                    let decoded = match &*service {
                        Ok(service) => span::decode(raw, service),
                        Err(reason) => Err(SpanError::Resource(Rc::clone(reason))),
                    };
                    decoded.map_err(|reason| Rejected { place: Place { resource, scope, span }, reason })
                })
            })
        })
    }
}

/// Who sent the group; every span of the group shares the error.
fn service(resource: Option<&RawValue>) -> Result<Service, Rc<str>> {
    let Some(raw) = resource else { return Ok(Service::default()) };
    if span::has_too_many_values(raw.get()) {
        return Err(Rc::from(SpanError::TooManyValues.to_string()));
    }
    let Object(resource): Object<Resource> =
        serde_json::from_str(raw.get()).map_err(|error| Rc::from(shorten(error.to_string())))?;
    Ok(Service::of(resource))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::SpanStatus;

    #[derive(Debug, Default)]
    struct Batch {
        spans: Vec<Span>,
        rejected: Vec<Rejected>,
    }

    fn decode(body: &[u8]) -> Result<Batch, DecodeError> {
        let mut batch = Batch::default();
        for span in parse(body)?.spans() {
            match span {
                Ok(span) => batch.spans.push(span),
                Err(rejected) => batch.rejected.push(rejected),
            }
        }
        Ok(batch)
    }

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    /// A good span with `changes` on top.
    fn span(changes: Value) -> Value {
        let mut span = json!({"traceId": TRACE, "spanId": SPAN, "name": "step", "startTimeUnixNano": "1000", "endTimeUnixNano": "3000"});
        if let (Value::Object(span), Value::Object(changes)) = (&mut span, changes) {
            span.extend(changes);
        }
        span
    }

    fn batch(spans: &Value) -> Batch {
        let body = json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]});
        decode(body.to_string().as_bytes()).unwrap_or_default()
    }

    fn only(changes: Value) -> Result<Span, String> {
        let mut batch = batch(&json!([span(changes)]));
        batch
            .spans
            .pop()
            .ok_or_else(|| batch.rejected.first().map_or("nothing".to_owned(), ToString::to_string))
    }

    fn with_attributes(attributes: Value) -> Result<Span, String> {
        let Value::Object(attributes) = attributes else { return Err("not an object".to_owned()) };
        let pairs: Vec<_> =
            attributes.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
        only(json!({"attributes": pairs}))
    }

    #[test]
    fn a_bare_span_is_enough() -> Result<(), String> {
        let span = only(json!({}))?;
        assert_eq!((span.name.as_str(), span.kind.as_str(), span.kind_said), ("step", "llm", false));
        assert_eq!(
            (span.status, span.parent_id, span.duration().as_nanos()),
            (SpanStatus::Unset, None, 2000)
        );
        assert!(span.attributes.is_empty() && span.events.is_empty() && span.tags.is_empty());
        Ok(())
    }

    #[test]
    fn what_other_senders_write_is_read() -> Result<(), String> {
        let span = only(json!({
            "traceId": TRACE.to_uppercase(), "parentSpanId": "", "startTimeUnixNano": 1000, "kind": 1, "flags": 257, "traceState": "a=b",
            "droppedAttributesCount": 3, "links": [], "status": {"code": 0}, "attributes": null, "somethingNew": {"deep": [1]},
        }))?;
        assert_eq!(
            (span.trace_id.to_string().as_str(), span.status, span.parent_id),
            (TRACE, SpanStatus::Unset, None)
        );
        assert_eq!(only(json!({"parentSpanId": "0000000000000000"}))?.parent_id, None);
        assert_eq!(only(json!({"status": {"code": 9}}))?.status, SpanStatus::Unset);
        Ok(())
    }

    #[test]
    fn every_kind_of_value_becomes_json() -> Result<(), String> {
        let span = with_attributes(json!({
            "text": {"stringValue": "a\u{0}é"}, "yes": {"boolValue": true},
            "int": {"intValue": "-9223372036854775808"}, "int2": {"intValue": 17},
            "double": {"doubleValue": 0.5}, "whole": {"doubleValue": 3}, "nan": {"doubleValue": "NaN"}, "less": {"doubleValue": "-Infinity"},
            "bytes": {"bytesValue": "AQI="}, "empty": {"arrayValue": {}}, "nothing": {},
            "mixed": {"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "b"}]}},
            "map": {"kvlistValue": {"values": [{"key": "k", "value": {"boolValue": false}}]}},
        }))?;
        let expected = json!({
            "text": "a\u{0}é", "yes": true, "int": i64::MIN, "int2": 17, "double": 0.5, "whole": 3.0, "nan": "NaN", "less": "-Infinity",
            "bytes": "AQI=", "empty": [], "nothing": null, "mixed": [1, "b"], "map": {"k": false},
        });
        assert_eq!(Value::Object(span.attributes), expected);
        Ok(())
    }

    #[test]
    fn a_double_is_read_to_its_last_digit() -> Result<(), String> {
        for double in [5.620_397_327_632_48e303, 0.1 + 0.2, 5e-324, f64::MAX, -1.0 / 3.0] {
            let span = with_attributes(json!({"double": {"doubleValue": double}}))?;
            assert_eq!(span.attributes["double"].as_f64(), Some(double));
        }
        Ok(())
    }

    #[test]
    fn columns_fill_from_our_keys() -> Result<(), String> {
        let span = with_attributes(json!({
            "openinference.span.kind": {"stringValue": "TOOL"}, "gen_ai.request.model": {"stringValue": "gpt-4o"},
            "gen_ai.response.model": {"stringValue": "gpt-4o-2024"}, "gen_ai.system": {"stringValue": "openai"},
            "input.value": {"stringValue": "in"}, "output.value": {"stringValue": "{\"a\":1}"},
            "gen_ai.user.id": {"stringValue": "u"}, "gen_ai.conversation.id": {"stringValue": "c"},
            "langfuse.tags": {"arrayValue": {"values": [{"stringValue": "x"}, {"stringValue": "y"}]}},
            "gen_ai.usage.input_tokens": {"intValue": "12"}, "gen_ai.usage.output_tokens": {"intValue": 7}, "mine": {"intValue": "1"},
        }))?;
        assert_eq!(
            (span.kind.as_str(), span.model.as_deref(), span.provider.as_deref()),
            ("tool", Some("gpt-4o"), Some("openai"))
        );
        assert_eq!((span.input.as_deref(), span.output.as_deref()), (Some("in"), Some("{\"a\":1}")));
        assert_eq!((span.user_id.as_deref(), span.session_id.as_deref()), (Some("u"), Some("c")));
        assert_eq!(
            (span.tags, span.input_tokens, span.output_tokens),
            (vec!["x".into(), "y".into()], Some(12), Some(7))
        );
        assert_eq!(
            Value::Object(span.attributes),
            json!({"gen_ai.response.model": "gpt-4o-2024", "mine": 1})
        );
        Ok(())
    }

    #[test]
    fn columns_fill_from_the_other_conventions() -> Result<(), String> {
        let span = with_attributes(json!({
            "gen_ai.operation.name": {"stringValue": "execute_tool"}, "llm.model_name": {"stringValue": "m"},
            "gen_ai.provider.name": {"stringValue": "p"}, "user.id": {"stringValue": "u"}, "session.id": {"stringValue": "s"},
            "tag.tags": {"stringValue": "one"}, "llm.token_count.prompt": {"intValue": 1}, "llm.token_count.completion": {"doubleValue": 2.5},
            "input.value": {"kvlistValue": {"values": [{"key": "q", "value": {"intValue": 1}}]}},
        }))?;
        assert_eq!(
            (span.kind.as_str(), span.model.as_deref(), span.provider.as_deref()),
            ("tool", Some("m"), Some("p"))
        );
        assert_eq!(
            (span.user_id.as_deref(), span.session_id.as_deref(), span.tags),
            (Some("u"), Some("s"), vec!["one".into()])
        );
        assert_eq!(
            (span.input_tokens, span.output_tokens, span.input.as_deref()),
            (Some(1), None, Some("{\"q\":1}"))
        );
        let rest = json!({"gen_ai.operation.name": "execute_tool", "llm.token_count.completion": 2.5});
        assert_eq!(Value::Object(span.attributes), rest, "what no column can hold stays");
        Ok(())
    }

    #[test]
    fn the_error_message_is_the_status_or_the_exception() -> Result<(), String> {
        let exception = json!([{"name": "exception", "timeUnixNano": "1500", "attributes": [
            {"key": "exception.message", "value": {"stringValue": "raised"}}]}]);
        let failed = only(json!({"status": {"code": 2}, "events": exception}))?;
        assert_eq!((failed.status, failed.status_message.as_deref()), (SpanStatus::Error, Some("raised")));
        assert_eq!(failed.events.first().map(|event| event.time.unix_nanos()), Some(1500));
        let told = only(json!({"status": {"code": 2, "message": "told"}, "events": exception}))?;
        assert_eq!(told.status_message.as_deref(), Some("told"));
        let handled = only(json!({"status": {"code": 1}, "events": exception}))?;
        assert_eq!((handled.status, handled.status_message), (SpanStatus::Ok, None));
        Ok(())
    }

    #[test]
    fn a_span_that_does_not_fit_says_where_and_why() {
        let place = "resourceSpans[0].scopeSpans[0].spans[0]: ";
        for (changes, reason) in [
            (json!({"traceId": null}), "traceId is missing"),
            (json!({"spanId": ""}), "spanId is missing"),
            (json!({"traceId": "00000000000000000000000000000000"}), "traceId is all zeros"),
            (json!({"spanId": "AQIDBAUGBwg="}), "spanId has 12 characters instead of 16 hex digits"),
            (json!({"parentSpanId": "00f067aa0ba902bx"}), "parentSpanId is not made of hex digits"),
            (json!({"startTimeUnixNano": "0"}), "startTimeUnixNano is missing"),
            (json!({"endTimeUnixNano": null}), "endTimeUnixNano is missing"),
            (json!({"endTimeUnixNano": "999"}), "endTimeUnixNano is before startTimeUnixNano"),
        ] {
            assert_eq!(only(changes).err(), Some(format!("{place}{reason}")));
        }
        for changes in [
            json!({"startTimeUnixNano": -1}),
            json!({"endTimeUnixNano": "18446744073709551616"}),
            json!({"name": 7}),
            json!({"status": {"code": "STATUS_CODE_ERROR"}}),
            json!({"attributes": [{"key": "k", "value": {"intValue": 1.5}}]}),
            json!({"attributes": [{"key": "k", "value": {"intValue": "9223372036854775808"}}]}),
            json!({"attributes": {"k": "v"}}),
            json!({"attributes": [["k", {"stringValue": "v"}]]}),
            json!({"status": [2, "an array is no message"]}),
        ] {
            let reason = only(changes).err().unwrap_or_default();
            assert!(reason.contains(" at line 1 column "), "{reason}");
        }
    }

    #[test]
    fn a_bad_span_takes_no_good_one_with_it() {
        let batch = batch(&json!([span(json!({"name": 1})), span(json!({})), 17, [], null, span(json!({}))]));
        assert_eq!((batch.spans.len(), batch.rejected.len()), (2, 4));
    }

    #[test]
    fn nesting_without_end_is_a_bad_span_and_no_crash() {
        let deep = format!("{}{}", r#"{"arrayValue":{"values":["#.repeat(100_000), "]}}".repeat(100_000));
        let body = format!(
            r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"attributes":[{{"key":"k","value":{deep}}}]}}]}}]}}]}}"#
        );
        let rejected = decode(body.as_bytes()).map(|batch| batch.rejected.len());
        assert_eq!(rejected.ok(), Some(1));
    }

    #[test]
    fn little_text_does_not_become_much_memory() {
        let list = |element: &str, count: usize| format!("[{}]", vec![element; count].join(","));
        let values = |list: String| format!(r#"{{"arrayValue":{{"values":{list}}}}}"#);
        let nested = values(list(&values(list("{}", 50_000)), 20));
        let body = |attribute: &str| {
            format!(
                r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"{TRACE}","spanId":"{SPAN}","startTimeUnixNano":1,
                "endTimeUnixNano":2,"attributes":[{{"key":"k","value":{attribute}}}]}}]}}]}}]}}"#
            )
        };
        let refused = decode(body(&nested).as_bytes()).unwrap_or_default().rejected;
        assert!(
            refused.iter().any(|span| span.to_string().ends_with("more than 500000 values")),
            "{refused:?}"
        );
        let text = json!({"stringValue": r#"a,"{[\"#.repeat(1_000_000)}).to_string();
        assert_eq!(decode(body(&text).as_bytes()).unwrap_or_default().spans.len(), 1, "a text is one value");
        let too_long = format!(r#"{{"resourceSpans":{}}}"#, list("{}", 1_000_001));
        assert!(decode(too_long.as_bytes()).is_err());
    }

    #[test]
    fn the_resource_tells_the_service() {
        let body = |resource: Value| {
            let body = json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span(json!({}))]}]}]});
            decode(body.to_string().as_bytes()).unwrap_or_default()
        };
        let named = body(json!({"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}));
        assert_eq!(named.spans.first().and_then(|span| span.service_name.as_deref()), Some("shop"));
        let bad = body(json!({"attributes": 1}));
        assert_eq!((bad.spans.len(), bad.rejected.len()), (0, 1));
    }

    #[test]
    fn what_is_no_request_fails_with_the_place() {
        for (body, place) in [
            ("", "line 1 column 0"),
            ("[]", "expected an object at line 1 column 0"),
            ("{\"resourceSpans\":\n 7}", "line 2 column 2"),
            (r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"a":tru}]}]}]}"#, "line 1 column 52"),
            ("{} {}", "line 1 column 4"),
            (r#"{"resourceSpans":[[[]]]}"#, "line 1 column 18"),
            (r#"{"resourceSpans":[{"scopeSpans":[[[]]]}]}"#, "line 1 column 33"),
        ] {
            let error = decode(body.as_bytes()).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.ends_with(place), "{body}: {error}");
        }
        for skipped in [
            &b"{\"resourceSpans\":[{\n\"resource\":\"\xff\"}]}"[..],
            b"{\"resourceSpans\":[\n{\"schema\": \"\xff\"}]}",
        ] {
            let error = decode(skipped).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.ends_with("it is not UTF-8 at line 2 column 13"), "{error}");
        }
        assert!(decode(b"{}").is_ok() && decode(br#"{"resourceSpans":null}"#).is_ok());
    }
}
