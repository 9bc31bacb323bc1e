//! What no contender can go below: the text of a span copied once, written once as JSON by hand, deflated once, and sent
//! over one connection by the thread that made it.

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use flate2::{Compress, Compression, FlushCompress, Status};
use workloads::{Call, Contender, Failure, Settings, Workload};

/// Spans a request, as the SDK has it.
const BATCH: u64 = 512;
/// Bytes a request before compression, likewise.
const BYTES: usize = 4 << 20;
/// The largest window there is, as the power of two.
const WINDOW_BITS: u8 = 15;

const HEAD: &str = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"floor"}}]},"scopeSpans":[{"scope":{"name":"floor"},"spans":["#;
const TAIL: &str = "]}]}]}";

#[derive(Debug)]
pub struct Floor {
    batch: Mutex<Batch>,
    workload: Workload,
}

#[derive(Debug)]
struct Batch {
    sink: BufReader<TcpStream>,
    authority: String,
    json: String,
    spans: u64,
    deflate: Compress,
    body: Vec<u8>,
}

thread_local! {
    /// What W1 copies into, used again and again.
    static RECORDS: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(1 << 20));
}

impl Contender for Floor {
    fn start(settings: Settings<'_>) -> Result<Self, Failure> {
        let authority = settings.sink.trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(&authority)?;
        stream.set_nodelay(true)?;
        let deflate = Compress::new_gzip(Compression::new(settings.variant.parse()?), WINDOW_BITS);
        let (sink, json, body) = (BufReader::new(stream), String::new(), Vec::new());
        let batch = Batch { sink, authority, json, spans: 0, deflate, body };
        Ok(Self { batch: Mutex::new(batch), workload: settings.workload })
    }

    fn unable(workload: Workload) -> Option<&'static str> {
        let able = [Workload::W1, Workload::W4, Workload::W5].contains(&workload);
        (!able).then_some("a floor for W1, W4 and W5 only")
    }

    fn chunk(workload: Workload) -> usize {
        if workload == Workload::W5 { 192 } else { 2_048 }
    }

    fn call(&self, call: &Call<'_>) {
        if self.workload == Workload::W1 {
            return record(call);
        }
        let mut batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
        batch.write(call);
        if batch.spans == BATCH || batch.json.len() >= BYTES {
            // A batch that fails shows in what the sink counts.
            batch.send().ok();
        }
    }

    /// Not among what it is able to.
    fn trajectory(&self, _: &Call<'_>) {}

    fn flush(&self) -> Result<(), Failure> {
        RECORDS.with_borrow_mut(Vec::clear);
        self.batch.lock().unwrap_or_else(PoisonError::into_inner).send()
    }

    fn stop(self) {}
}

/// The clock, ids, and each text after its length.
fn record(call: &Call<'_>) {
    let (now, id) = (now(), id());
    RECORDS.with_borrow_mut(|records| {
        records.extend_from_slice(&now.to_le_bytes());
        records.extend_from_slice(&id.to_le_bytes());
        records.extend_from_slice(&call.experiment.to_le_bytes());
        let texts =
            [call.user, call.conversation, call.model, call.provider, call.input, call.output, call.channel];
        for text in ["user_message", "experiment", "channel"].iter().chain(&texts) {
            records.extend_from_slice(&text.len().to_le_bytes());
            records.extend_from_slice(text.as_bytes());
        }
    });
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}

/// A step of `splitmix64` per span: as good as random for a compressor.
fn id() -> u64 {
    thread_local!(static SEED: RefCell<u64> = const { RefCell::new(42) });
    SEED.with_borrow_mut(|seed| {
        *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (*seed ^ (*seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    })
}

impl Batch {
    fn write(&mut self, call: &Call<'_>) {
        let json = &mut self.json;
        json.push_str(if self.spans == 0 { HEAD } else { "," });
        self.spans += 1;
        json.push_str(r#"{"traceId":""#);
        hex(json, id());
        hex(json, id());
        json.push_str(r#"","spanId":""#);
        hex(json, id());
        json.push_str(r#"","name":"user_message","kind":1,"startTimeUnixNano":""#);
        let mut decimal = itoa::Buffer::new();
        json.push_str(decimal.format(now()));
        json.push_str(r#"","endTimeUnixNano":""#);
        json.push_str(decimal.format(now()));
        json.push_str(r#"","attributes":["#);
        json.push_str(r#"{"key":"experiment","value":{"intValue":""#);
        json.push_str(decimal.format(call.experiment));
        json.push_str(r#""}}"#);
        let texts = [
            ("channel", call.channel),
            ("gen_ai.user.id", call.user),
            ("gen_ai.conversation.id", call.conversation),
            ("gen_ai.request.model", call.model),
            ("gen_ai.system", call.provider),
            ("input.value", call.input),
            ("output.value", call.output),
        ];
        for (key, text) in texts {
            json.push_str(r#",{"key":""#);
            json.push_str(key);
            json.push_str(r#"","value":{"stringValue":""#);
            escape(json, text);
            json.push_str(r#""}}"#);
        }
        json.push_str(r#"],"status":{}}"#);
    }

    fn send(&mut self) -> Result<(), Failure> {
        if self.spans == 0 {
            return Ok(());
        }
        self.json.push_str(TAIL);
        self.deflate.reset();
        self.body.clear();
        self.body.reserve(self.json.len() + 1024);
        let status =
            self.deflate.compress_vec(self.json.as_bytes(), &mut self.body, FlushCompress::Finish)?;
        if status != Status::StreamEnd {
            return Err("the body did not fit".into());
        }
        self.json.clear();
        self.spans = 0;
        let head = format!(
            "POST /v1/traces HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
            self.authority,
            self.body.len()
        );
        self.sink.get_mut().write_all(&[head.as_bytes(), &self.body].concat())?;
        self.answer()
    }

    /// Reads one answer whole, so that the connection can be used again.
    fn answer(&mut self) -> Result<(), Failure> {
        let (mut line, mut length) = (String::new(), 0);
        while line != "\r\n" {
            line.clear();
            if self.sink.read_line(&mut line)? == 0 {
                return Err("the sink closed the connection".into());
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
        }
        self.sink.read_exact(&mut vec![0; length])?;
        Ok(())
    }
}

fn hex(json: &mut String, value: u64) {
    for shift in (0..16).rev() {
        let digit = usize::try_from((value >> (shift * 4)) & 0xF).unwrap_or_default();
        json.push_str(&"0123456789abcdef"[digit..=digit]);
    }
}

/// What needs no escape is copied in one piece.
fn escape(json: &mut String, text: &str) {
    let mut clean = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escaped = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            _ => continue,
        };
        json.push_str(&text[clean..at]);
        json.push_str(escaped);
        clean = at + 1;
    }
    json.push_str(&text[clean..]);
}
