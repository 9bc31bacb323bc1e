//! The way to a Bento backend: OTLP/JSON, compressed, over HTTP.

use std::time::Instant;

use super::body::Compressor;
use super::retry::{Peer, classify, unanswered};
use super::transport::{Answer, Transport};
use super::{Export, Verdict};
use crate::config::{Destination, Settings};
use crate::credential::ApiKey;
use crate::error::LossReason;
use crate::record::SpanRecord;

/// Sends batches to a Bento backend.
pub(crate) struct OtlpJson {
    transport: Transport,
    /// What no verdict may repeat.
    key: ApiKey,
    compressor: Compressor,
}

impl OtlpJson {
    pub(crate) fn new(destination: &Destination) -> Self {
        let key = destination.api_key.clone();
        Self { transport: Transport::bento(destination), key, compressor: Compressor::default() }
    }
}

impl Export for OtlpJson {
    fn open(&mut self) {
        self.transport.open();
    }

    /// A retried batch is encoded again: retries are rare, and keeping bodies for them would cost memory always.
    fn export(&mut self, batch: &[&SpanRecord], deadline: Instant) -> Verdict {
        let Self { transport, key, compressor } = self;
        let sent = compressor.compress(batch, |body, size| {
            if size > Settings::BATCH_BYTES && batch.len() > 1 {
                // Escapes can make JSON several times larger than the records were when the batch was cut.
                Verdict::TooLarge { cause: format!("a body of {size} bytes") }
            } else {
                post(transport, key, body, deadline)
            }
        });
        sent.unwrap_or_else(|error| {
            let cause = format!("the batch could not be encoded: {error}");
            Verdict::Refused { reason: LossReason::Exporter, cause }
        })
    }

    fn export_body(&mut self, body: &[u8], deadline: Instant) -> Verdict {
        post(&mut self.transport, &self.key, body, deadline)
    }
}

fn post(transport: &mut Transport, key: &ApiKey, body: &[u8], deadline: Instant) -> Verdict {
    match transport.post(body, deadline) {
        Ok(answer) => discreet(answer, key),
        Err(error) => unanswered(&error),
    }
}

/// What `answer` makes of the batch, without the backend's own words where they give the key away.
pub(crate) fn discreet(mut answer: Answer, key: &ApiKey) -> Verdict {
    match classify(&answer, Peer::Bento) {
        Verdict::Accepted { rejected, message } => {
            Verdict::Accepted { rejected, message: message.filter(|message| !key.is_revealed_by(message)) }
        }
        Verdict::Retry { cause, .. } | Verdict::TooLarge { cause } | Verdict::Refused { cause, .. }
            if key.is_revealed_by(&cause) =>
        {
            answer.body.clear();
            classify(&answer, Peer::Bento)
        }
        verdict => verdict,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, BufReader, Read, Write};
    use std::net::SocketAddr;
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;
    use crate::config::{Environment, Explicit, Secret};
    use crate::export::encode::encode;
    use crate::export::encode::tests::plain_span;
    use crate::export::transport::tests::{ClosedPort, Fallible, header, read_request, serve};

    struct NoEnvironment;

    impl Environment for NoEnvironment {
        fn variable(&self, _: &str) -> Option<String> {
            None
        }
    }

    fn exporter(address: SocketAddr) -> Result<OtlpJson, Box<dyn std::error::Error>> {
        let explicit = Explicit {
            api_key: Some(Secret("bl_pk_hunter2".to_owned())),
            base_url: Some(Secret(format!("http://{address}/bento/"))),
            ..Explicit::default()
        };
        Ok(OtlpJson::new(&Destination::resolve(&explicit, &NoEnvironment)?))
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    fn inflate(body: &[u8]) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(body).read_to_end(&mut plain)?;
        Ok(plain)
    }

    #[test]
    fn a_batch_arrives_as_the_wire_wants_it() -> Fallible {
        let (sender, requests) = mpsc::channel();
        let address = serve(move |_, stream| {
            let mut stream = BufReader::new(stream);
            while let Some(request) = read_request(&mut stream)? {
                let _ = sender.send(request);
                let body = r#"{"partialSuccess":{"rejectedSpans":"1"}}"#;
                write!(stream.get_mut(), "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
            }
            Ok(())
        })?;
        let record = plain_span("answer").ok_or("ids")?;
        let mut expected = Vec::new();
        encode(&[&record], &mut expected)?;
        let mut exporter = exporter(address)?;
        for _ in 0..2 {
            let verdict = exporter.export(&[&record], soon());
            assert_eq!(verdict, Verdict::Accepted { rejected: 1, message: None });
            let request = requests.recv_timeout(Duration::from_secs(60))?;
            assert!(request.head.starts_with("POST /bento/v1/traces HTTP/1.1\r\n"), "{}", request.head);
            assert_eq!(header(&request.head, "authorization"), Some("Bearer bl_pk_hunter2"));
            assert_eq!(header(&request.head, "content-type"), Some("application/json"));
            assert_eq!(header(&request.head, "content-encoding"), Some("gzip"));
            assert_eq!(inflate(&request.body)?, expected);
        }
        Ok(())
    }

    #[test]
    fn no_cause_repeats_the_key() -> Fallible {
        // A backend that says back whatever it was told.
        let address = serve(|_, stream| {
            let mut stream = BufReader::new(stream);
            while let Some(request) = read_request(&mut stream)? {
                let status = "HTTP/1.1 401 Unauthorized";
                let length = request.head.len();
                write!(stream.get_mut(), "{status}\r\nContent-Length: {length}\r\n\r\n{}", request.head)?;
            }
            Ok(())
        })?;
        let verdict = exporter(address)?.export(&[], soon());
        assert!(matches!(verdict, Verdict::Refused { reason: LossReason::Refused { status: 401 }, .. }));
        assert!(!format!("{verdict:?}").contains("hunter2"), "{verdict:?}");

        let closed = ClosedPort::new()?;
        let verdict = exporter(closed.address)?.export(&[], soon());
        assert!(matches!(verdict, Verdict::Retry { after: None, .. }), "{verdict:?}");
        assert!(!format!("{verdict:?}").contains("hunter2"), "{verdict:?}");
        Ok(())
    }

    #[test]
    fn no_cause_repeats_a_part_of_the_key() -> Fallible {
        let statuses = ["401 Unauthorized", "503 Service Unavailable", "413 Content Too Large", "200 OK"];
        for status in statuses {
            for said in ["unknown key hunter2", "key HUNTER2 of bento", "use unter2", "try hun-ter2"] {
                let address = serve(move |_, stream| {
                    let mut stream = BufReader::new(stream);
                    while read_request(&mut stream)?.is_some() {
                        let body = match status {
                            "200 OK" => {
                                format!(
                                    r#"{{"partialSuccess":{{"rejectedSpans":"1","errorMessage":"{said}"}}}}"#
                                )
                            }
                            _ => format!(r#"{{"message":"{said}"}}"#),
                        };
                        let length = body.len();
                        write!(
                            stream.get_mut(),
                            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}"
                        )?;
                    }
                    Ok(())
                })?;
                let verdict = exporter(address)?.export(&[], soon());
                let shown = format!("{verdict:?}");
                assert_eq!(shown.contains(said), said == "try hun-ter2", "{shown}");
                let (number, rejected) = (&status[..3], "rejected: 1");
                assert!(shown.contains(number) || number == "200" && shown.contains(rejected), "{shown}");
            }
        }
        Ok(())
    }

    #[test]
    fn a_batch_whose_json_is_too_large_is_split_before_it_is_sent() -> Fallible {
        let mut record = plain_span("answer").ok_or("ids")?;
        // Each of these is six bytes of JSON.
        record.attributes.set("input.value", "\u{1}".repeat(1024 * 1024));
        let closed = ClosedPort::new()?;
        let verdict = exporter(closed.address)?.export(&[&record, &record], soon());
        assert!(matches!(verdict, Verdict::TooLarge { .. }), "{verdict:?}");
        let verdict = exporter(closed.address)?.export(&[&record], soon());
        assert!(matches!(verdict, Verdict::Retry { .. }), "alone it travels: {verdict:?}");
        Ok(())
    }
}
