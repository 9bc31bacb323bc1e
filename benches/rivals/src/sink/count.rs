//! The spans in a body, by their ids: OTLP as JSON and as protobuf, and envelopes.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use serde::Deserialize;

use crate::sink::http::Request;

pub(crate) fn span_ids(request: &Request) -> anyhow::Result<Vec<String>> {
    let body = if request.is_gzip {
        let mut inflated = Vec::new();
        MultiGzDecoder::new(request.body.as_slice()).read_to_end(&mut inflated)?;
        Cow::from(inflated)
    } else {
        Cow::from(&request.body)
    };
    if request.path.contains("/envelope") {
        envelope(&body)
    } else if !request.path.ends_with("/v1/traces") {
        // Metrics and logs that a contender sends of its own.
        Ok(Vec::new())
    } else if request.is_protobuf {
        protobuf(&body)
    } else {
        json(&body)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Export {
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans {
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Deserialize)]
struct ScopeSpans {
    spans: Vec<Span>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Span {
    span_id: String,
}

fn json(body: &[u8]) -> anyhow::Result<Vec<String>> {
    let export: Export = serde_json::from_slice(body)?;
    let scopes = export.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    Ok(scopes.flat_map(|scope| scope.spans).map(|span| span.span_id).collect())
}

fn protobuf(body: &[u8]) -> anyhow::Result<Vec<String>> {
    let export = ExportTraceServiceRequest::decode(body)?;
    let scopes = export.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    let hex = |id: &[u8]| {
        id.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    };
    Ok(scopes.flat_map(|scope| scope.spans).map(|span| hex(&span.span_id)).collect())
}

#[derive(Deserialize)]
struct Item {
    #[serde(rename = "type")]
    kind: String,
    length: Option<usize>,
}

/// A transaction is a span of its own, with those inside it.
#[derive(Deserialize)]
struct Transaction {
    contexts: Contexts,
    #[serde(default)]
    spans: Vec<EnvelopeSpan>,
}

#[derive(Deserialize)]
struct Contexts {
    trace: EnvelopeSpan,
}

#[derive(Deserialize)]
struct EnvelopeSpan {
    span_id: String,
}

/// A line of headers, then for each item a line of headers and its payload.
fn envelope(body: &[u8]) -> anyhow::Result<Vec<String>> {
    let (_, mut rest) = line(body);
    let mut ids = Vec::new();
    while !rest.is_empty() {
        let (head, after) = line(rest);
        if head.is_empty() {
            rest = after;
            continue;
        }
        let item: Item = serde_json::from_slice(head)?;
        let length = item.length.unwrap_or_else(|| line(after).0.len()).min(after.len());
        let (payload, after) = after.split_at(length);
        rest = after;
        if item.kind == "transaction" {
            let transaction: Transaction = serde_json::from_slice(payload)?;
            ids.push(transaction.contexts.trace.span_id);
            ids.extend(transaction.spans.into_iter().map(|span| span.span_id));
        }
    }
    Ok(ids)
}

fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
    (&text[..end], text.get(end + 1..).unwrap_or_default())
}
