//! Requests in OTLP protobuf, read by OpenTelemetry's own types.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1 as otlp;
use prost::Message;

use crate::support::Received;

/// What is compared of a span.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Span {
    pub(crate) name: String,
    pub(crate) trace_id: String,
    pub(crate) id: String,
    pub(crate) parent_id: String,
    pub(crate) times: (u64, u64),
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) events: Vec<(String, BTreeMap<String, String>)>,
    pub(crate) status: Option<(i32, String)>,
}

fn decode(request: &Received) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest::decode(&*request.body).unwrap()
}

fn attributes(pairs: &[KeyValue]) -> BTreeMap<String, String> {
    let value = |pair: &KeyValue| format!("{:?}", pair.value.as_ref().unwrap().value.as_ref().unwrap());
    pairs.iter().map(|pair| (pair.key.clone(), value(pair))).collect()
}

/// The attributes of the one resource.
pub(crate) fn resource(request: &Received) -> BTreeMap<String, String> {
    let request = decode(request);
    assert_eq!(request.resource_spans.len(), 1);
    attributes(&request.resource_spans[0].resource.as_ref().unwrap().attributes)
}

pub(crate) fn spans(request: &Received) -> Vec<Span> {
    let resources = decode(request).resource_spans;
    let scopes = resources.into_iter().flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).map(|span| plain(&span)).collect()
}

fn plain(span: &otlp::Span) -> Span {
    Span {
        name: span.name.clone(),
        trace_id: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent_id: hex(&span.parent_span_id),
        times: (span.start_time_unix_nano, span.end_time_unix_nano),
        attributes: attributes(&span.attributes),
        events: span.events.iter().map(|event| (event.name.clone(), attributes(&event.attributes))).collect(),
        status: span.status.as_ref().map(|status| (status.code, status.message.clone())),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// The body of an answer that rejects some spans.
pub(crate) fn partial_success(rejected: i64, message: &str) -> Vec<u8> {
    let partial = ExportTracePartialSuccess { rejected_spans: rejected, error_message: message.to_owned() };
    ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec()
}
