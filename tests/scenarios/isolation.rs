//! The host's own telemetry and proxies are not ours: hostile variables change no byte.

use crate::support::{Child, LONG, Received, Server, normalised, scenario};

fn work() {
    let turn = bento::begin("turn").input("x".repeat(1_000)).start();
    for number in 0..20 {
        bento::track_ai("answer").property("number", number).property("text", "y".repeat(200)).send();
    }
    bento::tool_span("fetch").enter(|_| "x".parse::<u8>().ok());
    turn.finish().unwrap();
    bento::shutdown(LONG).unwrap();
}

/// Sets every variable of OpenTelemetry and every proxy to what would do harm if it were obeyed.
fn hostile(mut child: Child, decoy: &Server) -> Child {
    let url = decoy.url();
    for (name, value) in [
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_TRACES_SAMPLER", "always_off"),
        ("OTEL_TRACES_SAMPLER_ARG", "0"),
        ("OTEL_RESOURCE_ATTRIBUTES", "service.name=hijacked,telemetry.sdk.name=x,evil=1"),
        ("OTEL_SERVICE_NAME", "hijacked"),
        ("OTEL_PROPAGATORS", "none"),
        ("OTEL_LOG_LEVEL", "off"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "1"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1"),
        ("OTEL_BSP_SCHEDULE_DELAY", "1"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "1"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "0"),
        ("OTEL_SPAN_LINK_COUNT_LIMIT", "0"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "1"),
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "1"),
        ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "0"),
        ("NO_PROXY", ""),
    ] {
        child = child.env(name, value);
    }
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        child = child.env(name, &url).env(name.to_lowercase(), &url);
    }
    for prefix in ["OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_TRACES_"] {
        for (name, value) in [
            ("ENDPOINT", url.as_str()),
            ("HEADERS", "authorization=Bearer%20stolen,x-evil=1,content-type=text/plain"),
            ("PROTOCOL", "grpc"),
            ("COMPRESSION", "zstd"),
            ("TIMEOUT", "1"),
            ("INSECURE", "false"),
            ("CERTIFICATE", "/nowhere"),
        ] {
            child = child.env(format!("{prefix}{name}"), value);
        }
    }
    child
}

/// The head without what differs between two servers and two bodies.
fn head(request: &Received) -> Vec<String> {
    let varies = |line: &&str| !line.starts_with("host:") && !line.starts_with("content-length:");
    request.head.to_lowercase().lines().filter(varies).map(str::to_owned).collect()
}

#[test]
fn variables_of_the_host_change_nothing_on_the_way_to_bento() {
    scenario(
        || {
            let _bento = bento::init().unwrap();
            work();
        },
        |child| {
            let (calm, stormy, decoy) = (Server::ok(), Server::ok(), Server::ok());
            child.clone().to(&calm).succeeds();
            hostile(child.to(&stormy), &decoy).succeeds();
            assert!(decoy.requests().is_empty());
            assert_eq!(normalised(&calm.only()), normalised(&stormy.only()));
            assert_eq!(head(&calm.only()), head(&stormy.only()));
        },
    );
}

#[cfg(feature = "otel")]
#[test]
fn variables_of_the_host_change_nothing_on_the_way_to_a_collector() {
    use crate::otel::protobuf;
    scenario(
        || {
            let endpoint = std::env::var("COLLECTOR").unwrap();
            let route = bento::otel::collector(&endpoint).unwrap();
            let _bento = bento::builder().route(route).init().unwrap();
            work();
        },
        |child| {
            let (calm, stormy, decoy) = (Server::ok(), Server::ok(), Server::ok());
            child.clone().env("COLLECTOR", calm.url()).succeeds();
            hostile(child.env("COLLECTOR", stormy.url()), &decoy).succeeds();
            assert!(decoy.requests().is_empty());
            assert_eq!(head(&calm.only()), head(&stormy.only()));
            let spans = |server: &Server| {
                let spans = protobuf::spans(&server.only());
                let plain =
                    |span: &protobuf::Span| (span.name.clone(), span.attributes.clone(), span.events.len());
                (protobuf::resource(&server.only()), spans.iter().map(plain).collect::<Vec<_>>())
            };
            assert_eq!(spans(&calm), spans(&stormy));
        },
    );
}

#[cfg(feature = "otel")]
#[test]
fn neither_side_sees_the_other_s_spans() {
    use opentelemetry::trace::{TraceContextExt, Tracer, TracerProvider};
    use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
    scenario(
        || {
            let theirs = InMemorySpanExporter::default();
            let provider = SdkTracerProvider::builder().with_simple_exporter(theirs.clone()).build();
            opentelemetry::global::set_tracer_provider(provider.clone());
            let _bento = bento::init().unwrap();
            provider.tracer("host").in_span("their_root", |context| {
                let turn = bento::begin("turn").start();
                bento::track_ai("answer").send();
                let current = opentelemetry::Context::current();
                assert_eq!(current.span().span_context(), context.span().span_context());
                opentelemetry::global::tracer("host").in_span("their_child", |_| ());
                turn.finish().unwrap();
            });
            bento::shutdown(LONG).unwrap();
            let spans = theirs.get_finished_spans().unwrap();
            assert_eq!(
                spans.iter().map(|span| span.name.as_ref()).collect::<Vec<_>>(),
                ["their_child", "their_root"]
            );
            assert_eq!(spans[0].parent_span_id, spans[1].span_context.span_id());
        },
        |child| {
            let server = child.delivers();
            let spans = crate::support::spans_of(&server.requests());
            assert_eq!(spans.len(), 2);
            assert_eq!(spans[0]["parentSpanId"], spans[1]["spanId"]);
            assert!(spans[1].get("parentSpanId").is_none());
        },
    );
}
