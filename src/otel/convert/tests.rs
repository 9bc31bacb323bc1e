use opentelemetry::trace as otel;
use opentelemetry::{Array as OtelArray, StringValue, Value as Otel};

use super::*;

const LIMITS: Limits = Limits { value_bytes: 64 };

fn span(attributes: Vec<KeyValue>) -> SpanData {
    let (trace, span) = (opentelemetry::TraceId::from(1_u128), opentelemetry::SpanId::from(2_u64));
    SpanData {
        span_context: SpanContext::new(trace, span, TraceFlags::SAMPLED, false, TraceState::default()),
        parent_span_id: opentelemetry::SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: otel::SpanKind::Internal,
        name: "answer".into(),
        start_time: UNIX_EPOCH,
        end_time: UNIX_EPOCH,
        attributes,
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: otel::Status::Unset,
        instrumentation_scope: InstrumentationScope::builder("agent").build(),
    }
}

fn converted(span: SpanData) -> SpanRecord {
    record(span, &Arc::default(), LIMITS)
}

fn state(key: &str) -> TraceState {
    let members = (0..9).map(|number| (format!("{key}{number}"), "value".to_owned()));
    TraceState::from_key_value(members).unwrap_or_default()
}

#[test]
fn every_text_of_a_span_is_within_the_limits() {
    let long = "x".repeat(100);
    // A name or a key has a limit of its own, which no small limit for values makes smaller.
    let longer = "x".repeat(Limits::NAMES.value_bytes + 1);
    let mut span = span(vec![KeyValue::new(longer.clone(), 1), KeyValue::new("text", long.clone())]);
    span.name = longer.clone().into();
    span.status = otel::Status::error(long.clone());
    let (trace, id) = (span.span_context.trace_id(), span.span_context.span_id());
    span.span_context = SpanContext::new(trace, id, TraceFlags::SAMPLED, false, state("own"));
    let attributes = || vec![KeyValue::new("text", long.clone())];
    span.events.events = vec![otel::Event::new(longer.clone(), UNIX_EPOCH, attributes(), 0)];
    let context = SpanContext::new(trace, id, TraceFlags::SAMPLED, true, state("linked"));
    span.links.links = vec![otel::Link::new(context, attributes(), 0)];

    let record = converted(span);
    let cut = "x".repeat(64);
    let name = &longer[1..];
    let size = || Some(Value::Int(100));
    let named = i64::try_from(longer.len()).map(Value::Int).ok();
    assert!(record.name == name);
    assert_eq!(record.attributes.get(keys::TRUNCATED_NAME), named);
    assert_eq!(record.status, Status::Error(cut.clone()));
    assert_eq!(record.attributes.get(keys::TRUNCATED_MESSAGE), size());
    assert_eq!(record.attributes.get(name), Some(Value::Int(1)));
    let (event, link) = (&record.events[0], &record.links[0]);
    assert!(event.name == name);
    assert_eq!(event.attributes.get(keys::TRUNCATED_NAME), named);
    for attributes in [&record.attributes, &event.attributes, &link.attributes] {
        assert_eq!(attributes.get("text"), Some(Value::from(cut.as_str())));
        assert_eq!(attributes.get("bento.truncated.text"), size());
    }
    // A trace state loses whole members, so that what is left can be read.
    let first = |count: usize, key: &str| {
        Some((0..count).map(|number| format!("{key}{number}=value")).collect::<Vec<_>>().join(","))
    };
    assert_eq!(record.trace_state, first(5, "own"));
    assert_eq!(record.attributes.get(keys::TRUNCATED_TRACE_STATE), Some(Value::Int(98)));
    assert_eq!(link.trace_state, first(4, "linked"));
    assert_eq!(link.attributes.get(keys::TRUNCATED_TRACE_STATE), Some(Value::Int(125)));
}

#[test]
fn no_span_that_has_ended_says_that_it_has_not() {
    let record = converted(span(vec![KeyValue::new("bento.pending", true), KeyValue::new("mine", 1)]));
    assert!(record.attributes.get("bento.pending").is_none() && record.attributes.get("mine").is_some());
}

#[test]
fn what_is_within_the_limits_is_untouched() {
    let items = OtelArray::I64(vec![7; 8]);
    let record = converted(span(vec![KeyValue::new("items", Otel::Array(items))]));
    assert_eq!(record.attributes.get("items"), Some(Value::from(Array::Int(vec![7; 8]))));
    assert_eq!(record.attributes.iter().count(), 1);
}

#[test]
fn an_array_past_the_limit_becomes_its_text() {
    let texts = ["a", "b", "c"].map(|text| StringValue::from(text.repeat(14)));
    let cases = [
        (OtelArray::Bool(vec![true; 65]), "true,"),
        (OtelArray::I64(vec![7; 9]), "7,7,7,7,7,7,7,7,7]"),
        (OtelArray::F64(vec![1.5; 100]), "1.5,"),
        (OtelArray::String(texts.to_vec()), r#""aaaaaaaaaaaaaa","bbbbbbbbbbbbbb","cccccccccccccc"]"#),
    ];
    for (items, text) in cases {
        let record = converted(span(vec![KeyValue::new("items", Otel::Array(items))]));
        let kept = match record.attributes.get("items") {
            Some(Value::String(kept)) => kept.into_owned(),
            _ => String::new(),
        };
        assert!(kept.starts_with(&format!("[{text}")) && kept.len() <= 64, "{kept:?}");
        let is_marked = record.attributes.get("bento.truncated.items").is_some();
        assert_eq!(is_marked, !kept.ends_with(']'), "{kept}");
    }
}

#[test]
fn what_is_too_many_is_counted() {
    let attributes = |count: i64| (0..count).map(|number| KeyValue::new(format!("k{number}"), number));
    let mut span = span(attributes(1030).collect());
    span.dropped_attributes_count = 2;
    let event = otel::Event::new("chunk", UNIX_EPOCH, attributes(1025).collect(), 0);
    span.events.events = vec![otel::Event::with_name("chunk"); 1034];
    span.events.events[0] = event;
    span.events.dropped_count = 1;
    let link = otel::Link::new(span.span_context.clone(), attributes(1025).collect(), 3);
    span.links.links = vec![otel::Link::with_context(span.span_context.clone()); 1025];
    span.links.links[0] = link;

    let record = converted(span);
    assert_eq!((record.events.len(), record.links.len()), (1024, 1024));
    assert!(
        record.events.capacity() < 1100 && record.links.capacity() < 1100,
        "no memory is kept for the rest"
    );
    let count = |attributes: &Attributes, key: &str| attributes.get(key).map(Value::into_owned);
    assert_eq!(record.attributes.iter().count(), 1024 + 3);
    assert_eq!(count(&record.attributes, "bento.dropped_properties"), Some(Value::Int(8)));
    assert_eq!(count(&record.attributes, "bento.dropped_events"), Some(Value::Int(11)));
    assert_eq!(count(&record.attributes, "bento.dropped_links"), Some(Value::Int(1)));
    assert_eq!(count(&record.events[0].attributes, "bento.dropped_properties"), Some(Value::Int(1)));
    assert_eq!(count(&record.links[0].attributes, "bento.dropped_properties"), Some(Value::Int(4)));
}

#[test]
fn spans_of_one_scope_share_it() {
    let of = |name: &'static str| {
        let mut span = span(Vec::new());
        let scope = InstrumentationScope::builder(name).with_attributes([KeyValue::new("part", "planner")]);
        span.instrumentation_scope = scope.build();
        converted(span).scope
    };
    // Two libraries take turns.
    let (one, other) = (of("one"), of("other"));
    assert!(Arc::ptr_eq(&one, &of("one")) && Arc::ptr_eq(&other, &of("other")));
    assert_eq!((&*one.name, &*other.name), ("one", "other"));
    // A host that makes up a scope for each span is not remembered for ever.
    for number in 0..100 {
        scope_of(&InstrumentationScope::builder(format!("scope {number}")).build());
    }
    assert!(SCOPES.here().lock().is_ok_and(|known| known.len() <= KNOWN_SCOPES));
}

#[test]
fn events_and_links_count_in_the_size_of_a_span() {
    let empty = converted(span(Vec::new())).size();
    let mut span = span(Vec::new());
    span.events.events = vec![otel::Event::new("e".repeat(50), UNIX_EPOCH, Vec::new(), 0)];
    let mut record = converted(span);
    assert!(record.size() >= empty + 50 + size_of::<Event>(), "{} {empty}", record.size());
    let before = record.size();
    record.events.reserve_exact(100);
    record.links.reserve_exact(10);
    assert!(record.size() >= before + 99 * size_of::<Event>() + 10 * size_of::<Link>());
}
