//! The context across processes: W3C Trace Context's `traceparent`.

use super::context::{Context, Remote, current};
use crate::error::TraceparentError;
use crate::record::{SpanId, TraceId};

impl Context {
    /// The `traceparent` header that makes a span elsewhere a child of the current one; `None` outside of any span.
    ///
    /// ```
    /// let turn = bento::begin("user_turn").start();
    /// let header = bento::current().traceparent().expect("a span is open");
    /// assert_eq!(header, format!("00-{}-{}-01", turn.trace_id(), turn.event_id()));
    /// ```
    ///
    /// Its flags say whether that span is sent: `01`, or `00` where [sampling](crate::Builder::sample) leaves its trace
    /// out. A span of another process is handed on as it came.
    pub fn traceparent(&self) -> Option<String> {
        let (trace_id, span_id) = self.parent_ids()?;
        let flags = u8::from(self.is_sampled());
        Some(format!("00-{trace_id}-{span_id}-{flags:02x}"))
    }

    /// The current context, but with the span that a `traceparent` header names as its parent.
    ///
    /// ```
    /// # fn handle() {}
    /// let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    /// let caller = bento::Context::from_traceparent(header)?;
    /// caller.enter(|| handle());
    /// # Ok::<(), bento::TraceparentError>(())
    /// ```
    ///
    /// Blanks around the header go. Whether what is emitted inside is sent does not depend on its flags: the trace id
    /// alone decides, where [`Builder::sample`](crate::Builder::sample) asks for it.
    ///
    /// # Errors
    ///
    /// [`TraceparentError`] says which rule of W3C Trace Context the header breaks.
    pub fn from_traceparent(header: &str) -> Result<Self, TraceparentError> {
        let malformed = TraceparentError::Malformed;
        let mut fields = header.trim().splitn(5, '-');
        let mut field = |width: usize| {
            let digits = fields.next().filter(|field| field.len() == width).ok_or(malformed)?;
            let lower_hex = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            if lower_hex { u128::from_str_radix(digits, 16).map_err(|_| malformed) } else { Err(malformed) }
        };
        let version = field(2)?;
        let trace_id = field(32)?;
        let span_id = field(16)?;
        let flags = field(2)?;
        if version == 0xff {
            return Err(TraceparentError::ForbiddenVersion);
        }
        // Later versions may add fields; version 00 has none.
        if version == 0 && fields.next().is_some() {
            return Err(malformed);
        }
        let span_id = u64::try_from(span_id).ok().and_then(SpanId::from_u64);
        match (TraceId::from_u128(trace_id), span_id) {
            (Some(trace_id), Some(span_id)) => {
                Ok(current().with_remote_parent(Remote { trace_id, span_id, is_sampled: flags & 1 == 1 }))
            }
            _ => Err(TraceparentError::ZeroId),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_header_survives_the_round_trip() {
        let context = Context::from_traceparent(VALID);
        assert_eq!(context.map(|context| context.traceparent()), Ok(Some(VALID.to_owned())));
        let unsampled = VALID.replace("-01", "-00");
        let context = Context::from_traceparent(&unsampled);
        assert_eq!(context.map(|context| context.traceparent()), Ok(Some(unsampled)));
        let later = format!("cc-{}-what-comes", &VALID[3..]);
        assert!(Context::from_traceparent(&later).is_ok());
    }

    #[test]
    fn ill_formed_headers_are_refused() {
        let cases = [
            ("", TraceparentError::Malformed),
            ("00", TraceparentError::Malformed),
            (&VALID[..54], TraceparentError::Malformed),
            (&VALID.to_uppercase(), TraceparentError::Malformed),
            (&VALID.replace("0af", "+af"), TraceparentError::Malformed),
            (&format!("{VALID}-x"), TraceparentError::Malformed),
            (&VALID.replacen("00", "ff", 1), TraceparentError::ForbiddenVersion),
            ("00-00000000000000000000000000000000-b7ad6b7169203331-01", TraceparentError::ZeroId),
            ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", TraceparentError::ZeroId),
        ];
        for (header, expected) in cases {
            assert_eq!(Context::from_traceparent(header).err(), Some(expected), "{header:?}");
        }
    }
}
